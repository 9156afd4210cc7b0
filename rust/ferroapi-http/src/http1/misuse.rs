//! What an application may not send.

use std::error::Error;
use std::fmt;

/// Why a part of a response is refused. `Display` gives uvicorn's message where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// A field name with a byte that ends names.
    InvalidName,
    /// A field value with a control character.
    InvalidValue,
    /// A `content-length` that is not a number of 64 bits.
    BadContentLength,
    /// More body than `content-length` told.
    TooLong,
    /// Less body than `content-length` told.
    TooShort,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidName => "Invalid HTTP header name.",
            Self::InvalidValue => "Invalid HTTP header value.",
            Self::BadContentLength => "Invalid Content-Length header value.",
            Self::TooLong => "Response content longer than Content-Length",
            Self::TooShort => "Response content shorter than Content-Length",
        })
    }
}

impl Error for Misuse {}
