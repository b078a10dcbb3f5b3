//! A note of how many commits were acknowledged, so that one that is missing is missed.
//!
//! After a crash the database takes back a last commit that is not whole. That is right for one that nobody was told of, and it cannot
//! know better; were the bytes of an acknowledged one damaged, it would take that back as well. The note tells the two apart. It is written
//! after the flush and not flushed itself, which costs nothing: it survives the end of the process, though perhaps not that of the
//! machine, and can be too small but never too great.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use userops::error::Result;

use super::failure::{damaged, from_io};

/// The number of commits, as a text.
const NOTE_FILE: &str = "acknowledged";

/// The open note.
#[derive(Debug)]
pub(super) struct Note {
    file: File,
}

impl Note {
    /// Opens the note of a folder, and refuses a database that has fewer commits than were acknowledged.
    pub(super) fn open(folder: &Path, commit_count: u64) -> Result<Self> {
        let path = folder.join(NOTE_FILE);
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(from_io)?;
        // One that the loss of power has left unreadable says nothing.
        let noted = std::io::read_to_string(&mut file).ok().and_then(|text| text.trim().parse::<u64>().ok());
        match noted {
            Some(noted) if noted > commit_count => Err(damaged(format!(
                "{noted} commits were acknowledged, and the database has {commit_count} of them; to go on with those, \
                 delete the file {NOTE_FILE:?}"
            ))),
            _ => Ok(Self { file }),
        }
    }

    /// Notes how many commits are acknowledged.
    pub(super) fn write(&mut self, commit_count: u64) {
        // In one piece and always as long, so that it is never half a number. The commit is on disk: that its note fails is
        // no reason to say otherwise.
        let text = format!("{commit_count:>20}\n");
        let _ = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(text.as_bytes()));
    }
}
