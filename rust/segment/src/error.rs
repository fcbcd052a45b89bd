//! What can go wrong between log and segments.

use std::fmt;
use std::io;

use parquet::errors::ParquetError;

#[derive(Debug)]
pub enum Error {
    /// The disk failed.
    Disk(io::Error),
    /// A segment's files hold something that no writer of ours wrote.
    Damaged { path: String, what: String },
}

impl Error {
    pub fn damaged(path: &str, what: impl fmt::Display) -> Error {
        Error::Damaged { path: path.to_owned(), what: what.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Disk(error) => write!(out, "{error}"),
            Error::Damaged { path, what } => write!(out, "{path}: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Disk(error)
    }
}

/// Of a file being written: the sink's own error is inside.
impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Error {
        match error {
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(error) => Error::Disk(*error),
                Err(inner) => Error::Disk(io::Error::other(inner)),
            },
            other => Error::Disk(io::Error::other(other)),
        }
    }
}
