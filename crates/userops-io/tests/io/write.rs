//! Tables out, and in again.

use std::fs;

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;
use userops::column::{Column, Packed};
use userops::error::ErrorKind;
use userops::table::Table;
use userops_io::{TableFormat, table_to_arrow, write_table, write_table_as};

use crate::support::to_bytes;

fn table() -> Table {
    Table::new(3)
        .with("te,xt", vec![Some("a \"b\"\n"), None, Some("")])
        .unwrap()
        .with("whole", vec![Some(i64::MIN), None, Some(7)])
        .unwrap()
        .with("float", vec![Some(0.1), None, Some(1e300)])
        .unwrap()
        .with("flag", Column::Bool([Some(true), None, Some(false)].into_iter().collect()))
        .unwrap()
        .with("time", Column::Time(Packed::from(vec![0i64, 1, 1_700_000_000_500_000])))
        .unwrap()
        .with("date", Column::Date(Packed::from(vec![0i32, -1, 20_000])))
        .unwrap()
}

#[test]
fn texts_are_written_as_the_formats_ask() {
    assert_eq!(
        String::from_utf8(to_bytes(&table(), TableFormat::Csv)).unwrap(),
        "\"te,xt\",whole,float,flag,time,date\n\
         \"a \"\"b\"\"\n\",-9223372036854775808,0.1,true,1970-01-01T00:00:00Z,1970-01-01\n\
         ,,,,1970-01-01T00:00:00.000001Z,1969-12-31\n\
         \"\",7,1e300,false,2023-11-14T22:13:20.500Z,2024-10-04\n"
    );
    assert_eq!(
        String::from_utf8(to_bytes(&table(), TableFormat::JsonLines)).unwrap(),
        "{\"te,xt\":\"a \\\"b\\\"\\n\",\"whole\":-9223372036854775808,\"float\":0.1,\"flag\":true,\
         \"time\":\"1970-01-01T00:00:00Z\",\"date\":\"1970-01-01\"}\n\
         {\"te,xt\":null,\"whole\":null,\"float\":null,\"flag\":null,\"time\":\"1970-01-01T00:00:00.000001Z\",\
         \"date\":\"1969-12-31\"}\n\
         {\"te,xt\":\"\",\"whole\":7,\"float\":1e300,\"flag\":false,\"time\":\"2023-11-14T22:13:20.500Z\",\
         \"date\":\"2024-10-04\"}\n"
    );
}

#[test]
fn a_parquet_file_gives_the_same_batch_back() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("answer.parquet");
    write_table(&table(), &path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    assert_eq!(batches, [table_to_arrow(&table()).unwrap()]);
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("answer.CSV");
    fs::write(&path, "before").unwrap();
    write_table(&table(), &path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), to_bytes(&table(), TableFormat::Csv));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    // A folder in the way: nothing is left behind.
    let blocked = folder.path().join("blocked");
    fs::create_dir(&blocked).unwrap();
    fs::write(blocked.join("full"), "").unwrap();
    let error = write_table_as(&table(), &blocked, TableFormat::Csv).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().starts_with(&blocked.display().to_string()), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

    let error = write_table(&table(), folder.path().join("no/such/folder.csv")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let error = write_table(&table(), folder.path().join("answer.xlsx")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}
