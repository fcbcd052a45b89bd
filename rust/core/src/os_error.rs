//! Errors of the operating system, as Python's own calls raise them.

use std::io::{self, ErrorKind};

use pyo3::PyErr;
use pyo3::exceptions::{PyOSError, PyValueError};

/// OSError with errno, where there is one; ValueError for what no disk and no network can help.
pub fn os_error(error: &io::Error) -> PyErr {
    const ENOENT: i32 = 2;
    const EEXIST: i32 = 17;
    const ENOTSUP: i32 = 95;
    let text = error.to_string();
    let message = text.split_once(" (os error").map_or(text.as_str(), |(message, _)| message).to_owned();
    match (error.raw_os_error(), error.kind()) {
        (Some(number), _) => PyOSError::new_err((number, message)),
        (None, ErrorKind::NotFound) => PyOSError::new_err((ENOENT, message)),
        (None, ErrorKind::AlreadyExists) => PyOSError::new_err((EEXIST, message)),
        (None, ErrorKind::Unsupported) => PyOSError::new_err((ENOTSUP, message)),
        (None, ErrorKind::InvalidInput) => PyValueError::new_err(message),
        (None, _) => PyOSError::new_err(message),
    }
}
