//! Where a head ends, found byte by byte, so that a head may come in any number of pieces.

use super::fields::{is_token_byte, is_value_byte};
use super::refusal::Refusal;

/// Bytes of a method. The longest registered one has 17.
pub(super) const METHOD: u32 = 64;

/// Empty lines that are skipped before a request (RFC 9112, section 2.2, asks for one).
const EMPTY_LINES: u8 = 8;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Method,
    Text,
    Cr,
    LineStart,
    EndCr,
}

/// Looks for the empty line, and refuses what no head can contain as soon as it is there.
///
/// Its verdict depends on the bytes alone and not on how they were split, and each is looked at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Boundary {
    at: At,
    len: u32,
    empty_lines: u8,
    /// The carriage return of an empty line has been seen.
    empty_cr: bool,
}

impl Boundary {
    /// Whether no byte of the request line has been seen.
    #[inline]
    pub(super) fn is_before(&self) -> bool {
        self.len == 0
    }

    /// Drops empty lines in front of a request line.
    #[inline]
    pub(super) fn skip_empty_lines(&mut self, input: &mut &[u8]) -> Result<(), Refusal> {
        if self.len == 0 && (self.empty_cr || input.first() == Some(&b'\r')) {
            return self.skip_slowly(input);
        }
        Ok(())
    }

    #[cold]
    fn skip_slowly(&mut self, input: &mut &[u8]) -> Result<(), Refusal> {
        while let Some((&byte, rest)) = input.split_first() {
            match (self.empty_cr, byte) {
                (false, b'\r') if self.empty_lines < EMPTY_LINES => self.empty_cr = true,
                (false, b'\r') => return Err(Refusal::BadRequest("too many empty lines")),
                (false, _) => break,
                (true, b'\n') => {
                    self.empty_cr = false;
                    self.empty_lines += 1;
                }
                (true, _) => return Err(Refusal::BadRequest("invalid line end")),
            }
            *input = rest;
        }
        Ok(())
    }

    /// Takes more of the head. Gives the number of bytes up to its end, or `None` if it goes on behind `input`.
    pub(super) fn advance(&mut self, input: &[u8], limit: u32) -> Result<Option<usize>, Refusal> {
        for (before, byte) in input.iter().enumerate() {
            if self.len >= limit {
                return Err(Refusal::HeadTooLarge);
            }
            if self.at == At::EndCr && *byte == b'\n' {
                return Ok(Some(before + 1));
            }
            self.at = self.after(*byte)?;
            self.len += 1;
        }
        Ok(None)
    }

    fn after(&self, byte: u8) -> Result<At, Refusal> {
        match (self.at, byte) {
            (At::Text, _) if is_value_byte(byte) => Ok(At::Text),
            (At::Text, b'\r') => Ok(At::Cr),
            (At::Cr, b'\n') => Ok(At::LineStart),
            (At::LineStart, b'\r') => Ok(At::EndCr),
            (At::LineStart, _) if is_token_byte(byte) => Ok(At::Text),
            (At::Method, b' ') if self.len > 0 => Ok(At::Text),
            (At::Method, _) if is_token_byte(byte) && self.len < METHOD => Ok(At::Method),
            (At::Method, _) => Err(Refusal::BadRequest("invalid method")),
            (At::LineStart, _) => Err(Refusal::BadRequest("invalid field name")),
            (At::Text, b'\n') | (At::Cr | At::EndCr, _) => {
                Err(Refusal::BadRequest("invalid line end"))
            }
            (At::Text, _) => Err(Refusal::BadRequest("control character in the head")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(raw: &[u8]) -> Result<Option<usize>, Refusal> {
        Boundary::default().advance(raw, 100)
    }

    #[test]
    fn finds_the_empty_line() {
        assert_eq!(end(b"GET / HTTP/1.1\r\n\r\nrest"), Ok(Some(18)));
        assert_eq!(end(b"GET / HTTP/1.1\r\na: b\r\n\r\n"), Ok(Some(24)));
        assert_eq!(end(b"GET / HTTP/1.1\r\na: b\r\n\r"), Ok(None));
    }

    #[test]
    fn refuses_early() {
        let long = [b'x'; 65];
        for raw in [
            &b"GET / HTTP/1.1\n"[..],
            b"GET / HTTP/1.1\r\r",
            b"GET / HTTP/1.1\r\na: b\n",
            b"GET / HTTP/1.1\r\na: b\r\n c",
            b"GET / HTTP/1.1\r\n\r\r",
            b"\x16\x03\x01",
            b" GET",
            b"\n",
            b"GET /\0",
            &long,
        ] {
            assert_eq!(
                end(raw).map_err(|refusal| refusal.status()),
                Err(400),
                "{raw:?}"
            );
        }
        assert_eq!(
            end(&[&b"GET /"[..], &[b'x'; 96]].concat()),
            Err(Refusal::HeadTooLarge)
        );
    }

    #[test]
    fn skips_a_few_empty_lines() {
        let mut boundary = Boundary::default();
        for mut piece in [&b"\r"[..], b"\n\r\n\r", b"\nGET"] {
            assert!(boundary.skip_empty_lines(&mut piece).is_ok());
            assert_eq!(piece.len(), if boundary.empty_cr { 0 } else { 3 });
        }
        let mut lines = &b"\r\n".repeat(6)[..];
        assert!(boundary.skip_empty_lines(&mut lines).is_err());
        assert!(
            Boundary::default()
                .skip_empty_lines(&mut &b"\rG"[..])
                .is_err()
        );
    }
}
