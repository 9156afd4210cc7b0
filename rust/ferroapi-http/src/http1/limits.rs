//! How much of a request is taken in before it is refused.

/// Bounds of one request; what goes beyond is refused while it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head, from the request line to the empty line inclusive.
    pub head: usize,
    /// Field lines of a head, and of a trailer section.
    pub fields: usize,
    /// Bytes of a chunk's first line with its extensions, without the line end.
    pub chunk_line: usize,
    /// Bytes of a trailer section, without the empty line.
    pub trailers: usize,
    /// Bytes of a body, chunked ones without their framing.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 256 * 1024,
            fields: 1024,
            chunk_line: 8 * 1024,
            trailers: 64 * 1024,
            body: u64::MAX,
        }
    }
}
