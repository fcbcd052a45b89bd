//! Why reading failed, and what to do about it.

use std::{fmt, io};

#[derive(Debug)]
pub enum ReadError {
    /// A file of the snapshot is gone: a newer manifest knows what took its place.
    Stale(String),
    /// The file is not what its format says.
    Damaged {
        path: String,
        what: String,
    },
    Io {
        path: String,
        error: io::Error,
    },
}

impl ReadError {
    pub fn damaged(path: &str, what: impl fmt::Display) -> ReadError {
        ReadError::Damaged { path: path.into(), what: what.to_string() }
    }

    /// Of an index that can't be used: it is damaged, or of a format that is not known here.
    pub fn of_index(path: &str, error: io::Error) -> ReadError {
        match error.kind() {
            io::ErrorKind::Unsupported => ReadError::io(path, error),
            _ => ReadError::damaged(path, error),
        }
    }

    /// A file that is not there was taken away after the snapshot was made.
    pub fn io(path: &str, error: io::Error) -> ReadError {
        match error.kind() {
            io::ErrorKind::NotFound => ReadError::Stale(path.into()),
            _ => ReadError::Io { path: path.into(), error },
        }
    }
}

impl ReadError {
    /// The file that this says can be read neither now nor later.
    pub fn blames(&self) -> Option<&str> {
        match self {
            ReadError::Damaged { path, .. } => Some(path),
            ReadError::Io { path, error } if error.raw_os_error() == Some(EIO) => Some(path),
            _ => None,
        }
    }
}

/// What a disk says of a sector that it can't read.
const EIO: i32 = 5;

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Stale(path) => {
                write!(f, "{path} is gone: refresh the view with the newest manifest and try again")
            }
            ReadError::Damaged { path, what } => write!(f, "{path} is damaged: {what}; verify it and take it out"),
            ReadError::Io { path, error } => write!(f, "{path} can't be read: {error}"),
        }
    }
}

impl std::error::Error for ReadError {}
