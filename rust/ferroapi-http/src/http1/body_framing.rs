//! What goes around a piece of a response's body (RFC 9112, section 7.1).

use super::misuse::Misuse;

/// Sixteen hexadecimal digits and a line end.
const LONGEST: usize = 18;

/// The first line of a chunk, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct ChunkLine {
    bytes: [u8; LONGEST],
    start: u8,
}

impl ChunkLine {
    /// No line.
    pub(super) const NONE: Self = Self {
        bytes: *b"0000000000000000\r\n",
        start: LONGEST as u8,
    };

    /// The line of a chunk of `len` bytes.
    pub(super) fn new(len: usize) -> Self {
        let mut line = Self {
            start: LONGEST as u8 - 2,
            ..Self::NONE
        };
        let mut rest = len;
        loop {
            line.start -= 1;
            line.bytes[usize::from(line.start)] = b"0123456789abcdef"[rest & 15];
            rest >>= 4;
            if rest == 0 {
                return line;
            }
        }
    }

    /// The bytes, with the line end.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.start)..]
    }
}

/// How one piece of a body goes on the wire: `prefix`, the piece itself if `send`, `suffix`.
#[derive(Clone, Copy, Debug)]
pub struct BodyFraming {
    /// In front of the piece.
    pub prefix: ChunkLine,
    /// Whether the piece is sent at all.
    pub send: bool,
    /// Behind it.
    pub suffix: &'static [u8],
    /// What to report once all this is written: [`Misuse::TooShort`] is known only after the last piece.
    pub outcome: Result<(), Misuse>,
}

impl BodyFraming {
    /// The piece as it is, or nothing.
    pub(super) fn plain(send: bool) -> Self {
        Self {
            prefix: ChunkLine::NONE,
            send,
            suffix: b"",
            outcome: Ok(()),
        }
    }

    /// The piece as a chunk, and the last chunk if there is no more.
    pub(super) fn chunk(len: usize, more: bool) -> Self {
        let (prefix, suffix): (_, &[u8]) = match (len, more) {
            (0, true) => (ChunkLine::NONE, b""),
            (0, false) => (ChunkLine::NONE, b"0\r\n\r\n"),
            (_, true) => (ChunkLine::new(len), b"\r\n"),
            (_, false) => (ChunkLine::new(len), b"\r\n0\r\n\r\n"),
        };
        Self {
            prefix,
            send: len > 0,
            suffix,
            outcome: Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_hexadecimal() {
        for len in [1, 9, 10, 15, 16, 255, 256, 4096, 0x1234_5678, usize::MAX] {
            let line = format!("{len:x}\r\n");
            assert_eq!(ChunkLine::new(len).as_bytes(), line.as_bytes());
        }
        assert_eq!(ChunkLine::NONE.as_bytes(), b"");
    }
}
