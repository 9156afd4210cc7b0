//! Chunked bodies (RFC 9112, section 7.1), read byte by byte outside of the data, so that nothing is stored.

use super::chunk_extension::Extension;
use super::limits::Limits;
use super::refusal::Refusal;
use super::trailers::Trailers;

/// Hexadecimal digits of a chunk size, leading zeros included.
const DIGITS: u8 = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size,
    Extension(Extension),
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailers(Trailers),
}

/// What a piece of a chunked body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Data, never empty.
    Data(&'a [u8]),
    /// The last chunk and the trailer section are over.
    End,
}

/// Where in a chunked body the stream is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunked {
    at: At,
    /// Digits of the size so far.
    digits: u8,
    /// Bytes of the size line so far.
    line: usize,
    /// Bytes of the present chunk that are to come.
    left: u64,
    /// Sum of the chunk sizes.
    total: u64,
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self {
            at: At::Size,
            digits: 0,
            line: 0,
            left: 0,
            total: 0,
        }
    }

    /// The next piece, taken off the front of `input`; `None` when that is used up.
    pub(super) fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
        limits: &Limits,
    ) -> Result<Option<Piece<'a>>, Refusal> {
        while let Some((&byte, rest)) = input.split_first() {
            if self.at == At::Data {
                return Ok(Some(Piece::Data(self.data(input))));
            }
            *input = rest;
            if let At::Trailers(trailers) = &mut self.at {
                if trailers.take(byte, limits)? {
                    return Ok(Some(Piece::End));
                }
            } else {
                self.at = self.after(byte, limits)?;
            }
        }
        Ok(None)
    }

    fn data<'a>(&mut self, input: &mut &'a [u8]) -> &'a [u8] {
        let data = take(input, &mut self.left);
        if self.left == 0 {
            self.at = At::DataCr;
        }
        data
    }

    fn after(&mut self, byte: u8, limits: &Limits) -> Result<At, Refusal> {
        match (self.at, byte) {
            (At::Size, b'\r') if self.digits > 0 => Ok(At::SizeLf),
            (At::Extension(extension), b'\r') if extension.is_whole() => Ok(At::SizeLf),
            (At::Size | At::Extension(_), _) => self.size_line(byte, limits),
            (At::SizeLf, b'\n') => self.end_size_line(limits),
            (At::DataCr, b'\r') => Ok(At::DataLf),
            (At::DataLf, b'\n') => Ok(At::Size),
            (At::SizeLf, _) => Err(Refusal::BadRequest("invalid line end")),
            _ => Err(Refusal::BadRequest("chunk data longer than its size")),
        }
    }

    fn size_line(&mut self, byte: u8, limits: &Limits) -> Result<At, Refusal> {
        self.line += 1;
        if self.line > limits.chunk_line {
            return Err(Refusal::BadRequest("chunk line too long"));
        }
        match (self.at, byte) {
            (At::Size, b';') if self.digits > 0 => Ok(At::Extension(Extension::Start)),
            (At::Extension(extension), _) => extension.after(byte).map(At::Extension),
            _ => self.digit(byte).map(|()| At::Size),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<(), Refusal> {
        let digit = char::from(byte)
            .to_digit(16)
            .ok_or(Refusal::BadRequest("invalid chunk size"))?;
        if self.left >> 60 != 0 {
            return Err(Refusal::BodyTooLarge);
        }
        if self.digits == DIGITS {
            return Err(Refusal::BadRequest("invalid chunk size"));
        }
        self.digits += 1;
        self.left = self.left << 4 | u64::from(digit);
        Ok(())
    }

    fn end_size_line(&mut self, limits: &Limits) -> Result<At, Refusal> {
        let total = self.total.checked_add(self.left);
        self.total = total
            .filter(|total| *total <= limits.body)
            .ok_or(Refusal::BodyTooLarge)?;
        (self.digits, self.line) = (0, 0);
        Ok(if self.left == 0 {
            At::Trailers(Trailers::default())
        } else {
            At::Data
        })
    }
}

/// As much of `input` as is there of the `left` bytes.
pub(super) fn take<'a>(input: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let len = usize::try_from(*left).map_or(input.len(), |left| left.min(input.len()));
    let (data, rest) = input.split_at(len);
    *left -= len as u64;
    *input = rest;
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut input: &[u8], limits: &Limits) -> Result<(Vec<u8>, bool), u16> {
        let (mut chunked, mut data) = (Chunked::new(), Vec::new());
        loop {
            match chunked.next(&mut input, limits) {
                Ok(Some(Piece::Data(piece))) => data.extend_from_slice(piece),
                Ok(Some(Piece::End)) => return Ok((data, input.is_empty())),
                Ok(None) => return Ok((data, false)),
                Err(refusal) => return Err(refusal.status()),
            }
        }
    }

    #[test]
    fn chunks_are_joined() {
        let limits = Limits::default();
        let done = |data: &str| Ok((data.as_bytes().to_vec(), true));
        for (input, data) in [
            ("0\r\n\r\n", ""),
            ("3\r\nabc\r\n0\r\n\r\n", "abc"),
            (
                "0003\r\nabc\r\n0A\r\n0123456789\r\n000\r\n\r\n",
                "abc0123456789",
            ),
            ("1;a=b\r\nx\r\n0;a=\"b;\\\"c\"\r\n\r\n", "x"),
            ("1;a\r\nx\r\n0\r\na: b\r\nc:\r\n\r\n", "x"),
            ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ] {
            assert_eq!(read(input.as_bytes(), &limits), done(data), "{input:?}");
        }
    }

    #[test]
    fn other_framing_is_refused() {
        let limits = Limits {
            chunk_line: 30,
            body: 20,
            ..Limits::default()
        };
        for (input, status) in [
            ("\r\n", 400),
            (";a\r\n", 400),
            ("g\r\n", 400),
            ("0x1\r\n", 400),
            ("+1\r\n", 400),
            (" 1\r\n", 400),
            ("1 \r\n", 400),
            ("1\nx", 400),
            ("1\r\r\n", 400),
            ("1;a\nx", 400),
            ("1;a\0\r\n", 400),
            ("1;\r\n", 400),
            ("1;a=\"\r\n", 400),
            ("1\r\nxy", 400),
            ("1\r\nx\n", 400),
            ("1\r\nx\r\r", 400),
            ("00000000000000001\r\n", 400),
            ("10000000000000000\r\n", 413),
            ("ffffffffffffffff\r\n", 413),
            ("15\r\n", 413),
            ("a\r\n0123456789\r\nb\r\n", 413),
            ("1;a=\"6789012345678901234567890\"\r\n", 400),
            ("0\r\na\r\n", 400),
            ("0\r\n a: b\r\n", 400),
            ("0\r\na : b\r\n", 400),
            ("0\r\na: b\n\r\n", 400),
            ("0\r\n\n", 400),
            ("0\r\n\r\r", 400),
        ] {
            assert_eq!(read(input.as_bytes(), &limits), Err(status), "{input:?}");
        }
    }
}
