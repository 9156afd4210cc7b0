//! Trailer sections (RFC 9112, section 7.1.2): checked as field lines are, and dropped.

use super::fields::{is_token_byte, is_value_byte};
use super::limits::Limits;
use super::refusal::Refusal;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    LineStart,
    Name,
    Value,
    Lf,
    EndLf,
}

/// Where in a trailer section the stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trailers {
    at: At,
    len: usize,
    fields: usize,
}

impl Trailers {
    /// Takes one byte; whether it was the last of the section.
    pub(super) fn take(&mut self, byte: u8, limits: &Limits) -> Result<bool, Refusal> {
        if self.at == At::EndLf && byte == b'\n' {
            return Ok(true);
        }
        let before = self.at;
        self.at = self.after(byte)?;
        if self.at != At::EndLf {
            self.len += 1;
        }
        if before == At::LineStart && self.at == At::Name {
            self.fields += 1;
        }
        if self.len > limits.trailers || self.fields > limits.fields {
            return Err(Refusal::HeadTooLarge);
        }
        Ok(false)
    }

    fn after(&self, byte: u8) -> Result<At, Refusal> {
        match (self.at, byte) {
            (At::LineStart, b'\r') => Ok(At::EndLf),
            (At::Name, b':') => Ok(At::Value),
            (At::LineStart | At::Name, _) if is_token_byte(byte) => Ok(At::Name),
            (At::Value, b'\r') => Ok(At::Lf),
            (At::Value, _) if is_value_byte(byte) => Ok(At::Value),
            (At::Lf, b'\n') => Ok(At::LineStart),
            (At::LineStart | At::Name, _) => Err(Refusal::BadRequest("invalid trailer name")),
            (At::Value, _) => Err(Refusal::BadRequest("invalid trailer value")),
            (At::Lf | At::EndLf, _) => Err(Refusal::BadRequest("invalid line end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_bounded() {
        let limits = Limits {
            fields: 2,
            trailers: 20,
            ..Limits::default()
        };
        let read = |text: &str| {
            let mut trailers = Trailers::default();
            let mut ended = false;
            for byte in text.bytes() {
                ended = trailers.take(byte, &limits)?;
            }
            Ok(ended)
        };
        assert_eq!(read("\r\n"), Ok(true));
        assert_eq!(read("a: b\r\nc: d\r\n\r\n"), Ok(true));
        assert_eq!(read("a: b\r\nc: d\r\ne"), Err(Refusal::HeadTooLarge));
        assert_eq!(read("a: 345678901234567\r\n\r\n"), Ok(true));
        assert_eq!(read("a: 3456789012345678\r\n"), Err(Refusal::HeadTooLarge));
    }
}
