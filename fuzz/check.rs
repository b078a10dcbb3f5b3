//! What must hold for any bytes. The fuzz targets and the tests of userops-io both call these functions.

use userops::event::EventSchema;
use userops::ingest::{IngestReport, Mapping};
use userops::log::EventLog;
use userops_io::{CsvOptions, FileFormat, LogReader};

/// A record this long is refused, so that no input takes much memory.
const RECORD_BYTES_MAX: usize = 1 << 12;

/// Reads bytes as CSV: the first byte chooses the options and the size of blocks, the rest is the file.
pub fn csv(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else { return };
    let options = match choice % 6 {
        0 => CsvOptions::new(),
        1 => CsvOptions::blanks(),
        2 => CsvOptions::new().comment(b'#'),
        3 => CsvOptions::new().without_header().columns(["user", "time", "event", "amount"]),
        4 => CsvOptions::new().quote(None),
        _ => CsvOptions::new().delimiter(b'\t').quote(Some(b'\'')),
    };
    check(FileFormat::Csv(options), file, usize::from(choice / 6) + 1);
}

/// Reads bytes as JSON Lines: the first byte chooses the size of blocks, the rest is the file.
pub fn jsonl(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else { return };
    check(FileFormat::JsonLines, file, usize::from(*choice) + 1);
}

/// Reads without a panic, accounts for every row, and gives the same for any size of blocks.
fn check(format: FileFormat, file: &[u8], block_bytes: usize) {
    let small = read(format.clone(), file, block_bytes);
    let large = read(format, file, 1 << 20);
    match (small, large) {
        (Ok((log, report)), Ok((large_log, large_report))) => {
            assert_eq!(report.read, report.accepted + report.duplicate + report.rejected);
            assert_eq!(report.accepted, log.event_count() as u64);
            assert_eq!(report.rejected, report.rejections.len() as u64);
            assert_eq!((log, report), (large_log, large_report));
        }
        // A record may be longer than the limit only where its block is not read whole.
        (Err(_), Err(_) | Ok(_)) => {}
        (Ok(_), Err(error)) => panic!("large blocks fail where small ones do not: {error}"),
    }
}

fn read(format: FileFormat, file: &[u8], block_bytes: usize) -> userops::error::Result<(EventLog, IngestReport)> {
    let mapping = Mapping::new("user", "time").amount("amount").all_other_columns();
    LogReader::new(EventSchema::default(), mapping)
        .format(format)
        .block_bytes(block_bytes)
        .record_bytes_max(RECORD_BYTES_MAX)
        .bytes("fuzz", file.to_vec())
        .read()
}
