//! What can go wrong between log and segments.

use std::fmt;
use std::io;

use parquet::errors::ParquetError;

#[derive(Debug)]
pub enum WriteError {
    /// The disk failed.
    Disk(io::Error),
    /// A segment's files hold something that no writer of ours wrote.
    Damaged { path: String, what: String },
}

impl WriteError {
    pub fn damaged(path: &str, what: impl fmt::Display) -> WriteError {
        WriteError::Damaged { path: path.to_owned(), what: what.to_string() }
    }

    /// Of an index that can't be used: it is damaged, or of a format that is not known here.
    pub fn of_index(path: &str, error: io::Error) -> WriteError {
        match error.kind() {
            io::ErrorKind::Unsupported => WriteError::Disk(error),
            _ => WriteError::damaged(path, error),
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            WriteError::Disk(error) => write!(out, "{error}"),
            WriteError::Damaged { path, what } => write!(out, "{path}: {what}"),
        }
    }
}

impl std::error::Error for WriteError {}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Disk(error)
    }
}

/// Of a file being written: the sink's own error is inside.
impl From<ParquetError> for WriteError {
    fn from(error: ParquetError) -> WriteError {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => WriteError::Disk(*error),
                Err(inner) => WriteError::Disk(io::Error::other(inner)),
            },
            other => WriteError::Disk(io::Error::other(other)),
        }
    }
}
