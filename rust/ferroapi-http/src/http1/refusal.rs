//! Why a byte stream is refused.

use std::error::Error;
use std::fmt;

/// A byte stream that is no request, or one that is not served. After it the connection has no further use: where
/// the next request would begin is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not the protocol; says what is wrong.
    BadRequest(&'static str),
    /// A body above [`Limits::body`](super::Limits::body), or beyond 64 bits.
    BodyTooLarge,
    /// A head or trailer section above its limits.
    HeadTooLarge,
    /// Right, but not offered here; says what.
    NotImplemented(&'static str),
}

impl Refusal {
    /// The status code to answer with (RFC 9110, section 15.5; RFC 6585, section 5).
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest(_) => 400,
            Self::BodyTooLarge => 413,
            Self::HeadTooLarge => 431,
            Self::NotImplemented(_) => 501,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadRequest(reason) | Self::NotImplemented(reason) => reason,
            Self::BodyTooLarge => "request body too large",
            Self::HeadTooLarge => "request head too large",
        })
    }
}

impl Error for Refusal {}
