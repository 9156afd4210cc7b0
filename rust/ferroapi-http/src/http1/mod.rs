//! HTTP/1.1 on the wire (RFC 9112): requests out of bytes, and responses into bytes, without input or output.
//!
//! [`Decoder`] is strict where leniency lets two programs read one stream in two ways: every line ends in CRLF, a body
//! has one length, a request one host. [`ResponseWriter`] gives what uvicorn 0.54 gives.

mod body_framing;
mod boundary;
mod chunk_extension;
mod chunked;
mod decoder;
mod fields;
mod framing;
mod head;
mod host;
mod limits;
mod misuse;
mod parse;
mod refusal;
mod response;
mod target;
mod trailers;
mod transfer_coding;

pub use body_framing::{BodyFraming, ChunkLine};
pub use decoder::{Decoder, Event};
pub use head::{Body, Field, Head, Span, Version};
pub use limits::Limits;
pub use misuse::Misuse;
pub use refusal::Refusal;
pub use response::ResponseWriter;
