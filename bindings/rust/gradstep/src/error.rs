// SPDX-License-Identifier: Apache-2.0
use std::ffi::{CStr, CString};
use std::fmt;

use gradstep_sys as sys;

/// Why a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An inconsistent argument, or arrays that overlap.
    InvalidArgument,
    /// Nothing has this name; the sentence lists similar names.
    UnknownName,
    /// A number outside its bounds, or an index past the end.
    OutOfRange,
    /// Valid, but this machine, build or object does not have it.
    Unsupported,
    /// The system refused memory or a thread.
    OutOfMemory,
    /// The call would wait for ever.
    Busy,
    /// Another call has to come first.
    WrongOrder,
    /// A file cannot be read or written.
    Io,
    /// The file is truncated, damaged, or not a checkpoint.
    Corrupt,
    /// The checkpoint was saved from another model.
    Mismatch,
    /// A defect of the library: please report the sentence.
    Internal,
}

/// A failed call. It has changed nothing. For a wrong argument the sentence gives the argument's name,
/// its value, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    sentence: String,
}

/// What calls return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Why the call failed.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// An error of a crate that is built on this one.
    pub fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
        }
    }

    pub(crate) fn invalid(sentence: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidArgument, sentence)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        std::io::Error::other(error)
    }
}

fn kind_of(status: sys::gradstep_status) -> ErrorKind {
    match status {
        sys::GRADSTEP_INVALID_ARGUMENT => ErrorKind::InvalidArgument,
        sys::GRADSTEP_UNKNOWN_NAME => ErrorKind::UnknownName,
        sys::GRADSTEP_OUT_OF_RANGE => ErrorKind::OutOfRange,
        sys::GRADSTEP_UNSUPPORTED => ErrorKind::Unsupported,
        sys::GRADSTEP_OUT_OF_MEMORY => ErrorKind::OutOfMemory,
        sys::GRADSTEP_BUSY => ErrorKind::Busy,
        sys::GRADSTEP_WRONG_ORDER => ErrorKind::WrongOrder,
        sys::GRADSTEP_IO_ERROR => ErrorKind::Io,
        sys::GRADSTEP_CORRUPT => ErrorKind::Corrupt,
        sys::GRADSTEP_MISMATCH => ErrorKind::Mismatch,
        _ => ErrorKind::Internal,
    }
}

/// The sentence is this thread's, so this is called right after the call, on its thread.
pub(crate) fn check(status: sys::gradstep_status) -> Result<()> {
    if status == sys::GRADSTEP_OK {
        return Ok(());
    }
    // SAFETY: the text is valid until this thread's next failed call.
    let sentence = unsafe { CStr::from_ptr(sys::gradstep_last_error()) };
    Err(Error {
        kind: kind_of(status),
        sentence: sentence.to_string_lossy().into_owned(),
    })
}

/// `what` is the argument's name.
pub(crate) fn c_text(what: &str, text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| {
        Error::invalid(format!(
            "{what} {text:?} contains a zero byte; none is allowed"
        ))
    })
}

/// Whether an array, or a shape, has as many elements as the param.
pub(crate) fn expect_length(what: &str, length: usize, param: usize) -> Result<()> {
    if length == param {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{what} has {length} elements, and param has {param}; both must be the same"
    )))
}
