//! The bytes of one response, as uvicorn's httptools protocol sends them: the same lines in the same order, and the
//! same checks in the same order.

use super::body_framing::BodyFraming;
use super::fields::{decimal, elements, is_value, push_response_name, trim};
use super::misuse::Misuse;

/// How the end of the body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framed {
    /// Nothing has been said.
    Unsaid,
    Length,
    Chunked,
}

/// Writes one response: [`start`](Self::start), fields, [`end_head`](Self::end_head), pieces of the body.
///
/// It keeps no bytes: each call appends to `out`, and the caller decides when that is sent. A call that fails adds
/// nothing, except that a body found too short has been written as far as it goes.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent of each other: what was asked, what was said, what is over"
)]
pub struct ResponseWriter {
    head_request: bool,
    keep_alive: bool,
    close_said: bool,
    bodiless: bool,
    informational: bool,
    complete: bool,
    framed: Framed,
    /// Bytes that `content-length` still asks for.
    expected: u64,
}

impl ResponseWriter {
    /// A response to one request: whether its method is `HEAD`, and whether the connection can live on.
    #[must_use]
    pub fn new(head_request: bool, keep_alive: bool) -> Self {
        Self {
            head_request,
            keep_alive,
            close_said: false,
            bodiless: false,
            informational: false,
            complete: false,
            framed: Framed::Unsaid,
            expected: 0,
        }
    }

    /// Begins the head. `status_line` is the whole line with its end, such as `HTTP/1.1 200 OK\r\n`.
    #[inline]
    pub fn start(&mut self, status: u16, status_line: &[u8], out: &mut Vec<u8>) {
        // RFC 9110, section 6.4.1.
        self.informational = matches!(status, 100..=199);
        self.bodiless = self.informational || matches!(status, 204 | 304);
        out.extend_from_slice(status_line);
    }

    /// Appends whole field lines that say nothing about the message, such as the server's `date`.
    #[inline]
    pub fn raw_fields(&mut self, lines: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(lines);
    }

    /// Appends one field, its name in lower case.
    #[inline]
    pub fn field(&mut self, name: &[u8], value: &[u8], out: &mut Vec<u8>) -> Result<(), Misuse> {
        let start = out.len();
        out.reserve(name.len() + value.len() + 4);
        if !push_response_name(name, out) {
            return Err(Misuse::InvalidName);
        }
        if let Err(misuse) = self.note(&out[start..], value) {
            out.truncate(start);
            return Err(misuse);
        }
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// The field that tells the length of the body, which is not checked any more.
    #[inline]
    pub fn length_field(&mut self, length: u64, out: &mut Vec<u8>) {
        self.expected = length;
        self.framed = Framed::Length;
        out.extend_from_slice(b"content-length: ");
        out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// Checks a value, and what it says if it is about the end of the message or the connection.
    #[inline]
    fn note(&mut self, lower_name: &[u8], value: &[u8]) -> Result<(), Misuse> {
        if !is_value(value) {
            return Err(Misuse::InvalidValue);
        }
        match lower_name {
            b"content-length" => self.note_length(value),
            b"transfer-encoding" => {
                if value.eq_ignore_ascii_case(b"chunked") {
                    self.expected = 0;
                    self.framed = Framed::Chunked;
                }
                Ok(())
            }
            b"connection" => {
                if elements(value).any(|option| option.eq_ignore_ascii_case(b"close")) {
                    self.keep_alive = false;
                    self.close_said = true;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The first of `content-length` and `transfer-encoding: chunked` decides, or the latter wherever it stands.
    fn note_length(&mut self, value: &[u8]) -> Result<(), Misuse> {
        if self.framed == Framed::Unsaid {
            let length = decimal(trim(value)).flatten();
            self.expected = length.ok_or(Misuse::BadContentLength)?;
            self.framed = Framed::Length;
        }
        Ok(())
    }

    /// Ends the head, after `connection: close` and `transfer-encoding: chunked` where they are due.
    #[inline]
    pub fn end_head(&mut self, out: &mut Vec<u8>) {
        if !self.keep_alive && !self.close_said {
            out.extend_from_slice(b"connection: close\r\n");
        }
        if self.framed == Framed::Unsaid && !self.head_request && !self.bodiless {
            self.framed = Framed::Chunked;
            out.extend_from_slice(b"transfer-encoding: chunked\r\n");
        } else if self.framed == Framed::Unsaid && self.informational {
            // Applications may send any body with it, as with uvicorn; it does not go out.
            self.framed = Framed::Chunked;
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Appends one piece of the body; without `more` it is the last.
    #[inline]
    pub fn body(&mut self, data: &[u8], more: bool, out: &mut Vec<u8>) -> Result<(), Misuse> {
        let framing = self.body_framing(data.len(), more)?;
        out.extend_from_slice(framing.prefix.as_bytes());
        if framing.send {
            out.extend_from_slice(data);
        }
        out.extend_from_slice(framing.suffix);
        framing.outcome
    }

    /// As [`body`](Self::body), for a caller that writes the `len` bytes of the piece itself.
    #[inline]
    pub fn body_framing(&mut self, len: usize, more: bool) -> Result<BodyFraming, Misuse> {
        if self.complete {
            return Ok(BodyFraming::plain(false));
        }
        let mut framing = self.frame(len, more)?;
        if !more {
            self.complete = self.expected == 0;
            if !self.complete {
                framing.outcome = Err(Misuse::TooShort);
            }
        }
        Ok(framing)
    }

    #[inline]
    fn frame(&mut self, len: usize, more: bool) -> Result<BodyFraming, Misuse> {
        if self.head_request {
            self.expected = 0;
            return Ok(BodyFraming::plain(false));
        }
        if self.framed == Framed::Chunked {
            return Ok(if self.bodiless {
                BodyFraming::plain(false)
            } else {
                BodyFraming::chunk(len, more)
            });
        }
        let left = self.expected.checked_sub(len as u64);
        self.expected = left.ok_or(Misuse::TooLong)?;
        Ok(BodyFraming::plain(len > 0 && !self.bodiless))
    }

    /// The connection is to end after this response, as at a shutdown. Told to the client if the head is not written.
    pub fn close_after(&mut self) {
        self.keep_alive = false;
    }

    /// Whether the last piece has been written, and the body was as long as told.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the connection lives on after this response.
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        self.keep_alive
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        writer: ResponseWriter,
        out: Vec<u8>,
    }

    fn begin(head_request: bool, keep_alive: bool, status: u16, fields: &[(&str, &str)]) -> Case {
        let mut case = Case {
            writer: ResponseWriter::new(head_request, keep_alive),
            out: Vec::new(),
        };
        case.writer.start(status, b"S\r\n", &mut case.out);
        case.writer.raw_fields(b"server: x\r\n", &mut case.out);
        for (name, value) in fields {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            assert_eq!(case.writer.field(name, value, &mut case.out), Ok(()));
        }
        case.writer.end_head(&mut case.out);
        case
    }

    impl Case {
        fn body(mut self, data: &str, more: bool) -> Self {
            let written = self.writer.body(data.as_bytes(), more, &mut self.out);
            assert_eq!(written, Ok(()));
            self
        }

        fn wire(&self) -> &str {
            std::str::from_utf8(&self.out).unwrap_or_default()
        }
    }

    #[test]
    fn a_length_is_kept() {
        let case = begin(false, true, 200, &[("Content-Length", "5"), ("X-A", "B")]);
        let case = case.body("abc", true).body("de", false);
        let head = "S\r\nserver: x\r\ncontent-length: 5\r\nx-a: B\r\n\r\n";
        assert_eq!(case.wire(), format!("{head}abcde"));
        assert!(case.writer.is_complete() && case.writer.keep_alive());
    }

    #[test]
    fn chunks_where_no_length_is_told() {
        let case = begin(false, false, 200, &[]);
        let case = case
            .body("", true)
            .body("0123456789abcdef", true)
            .body("x", false);
        let head = "S\r\nserver: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
        let body = "10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n";
        assert_eq!(case.wire(), format!("{head}{body}"));
        assert!(case.writer.is_complete() && !case.writer.keep_alive());
    }

    #[test]
    fn connection_close_is_said_once() {
        let case = begin(true, true, 200, &[("Connection", "x, Close")]).body("abc", false);
        assert_eq!(
            case.wire(),
            "S\r\nserver: x\r\nconnection: x, Close\r\n\r\n"
        );
        assert!(case.writer.is_complete() && !case.writer.keep_alive());
        let mut writer = ResponseWriter::new(true, true);
        writer.close_after();
        let mut out = Vec::new();
        writer.end_head(&mut out);
        assert_eq!(out, b"connection: close\r\n\r\n");
    }

    #[test]
    fn some_statuses_have_no_body() {
        for status in [101, 204, 304] {
            let case = begin(false, true, status, &[]).body("", false);
            assert_eq!(case.wire(), "S\r\nserver: x\r\n\r\n");
            let case = begin(false, true, status, &[("content-length", "1")]).body("x", false);
            assert_eq!(case.wire(), "S\r\nserver: x\r\ncontent-length: 1\r\n\r\n");
            let fields = [("transfer-encoding", "chunked")];
            let case = begin(false, true, status, &fields).body("x", false);
            assert_eq!(
                case.wire(),
                "S\r\nserver: x\r\ntransfer-encoding: chunked\r\n\r\n"
            );
        }
        let mut case = begin(false, true, 204, &[]);
        let written = case.writer.body(b"x", false, &mut case.out);
        assert_eq!(written, Err(Misuse::TooLong));
        let case = begin(false, true, 103, &[])
            .body("x", true)
            .body("y", false);
        assert_eq!(case.wire(), "S\r\nserver: x\r\n\r\n");
        assert!(case.writer.is_complete() && case.writer.keep_alive());
    }

    #[test]
    fn lengths_are_checked() {
        let mut case = begin(false, true, 200, &[("content-length", " 2 ")]);
        assert_eq!(
            case.writer.body(b"abc", false, &mut case.out),
            Err(Misuse::TooLong)
        );
        let before = case.out.len();
        assert_eq!(
            case.writer.body(b"a", false, &mut case.out),
            Err(Misuse::TooShort)
        );
        assert_eq!(&case.out[before..], b"a");
        assert!(!case.writer.is_complete());
        // The coding wins, wherever it stands.
        let fields = [("transfer-encoding", "chunked"), ("content-length", "x")];
        let case = begin(false, true, 200, &fields).body("x", false);
        assert!(case.wire().ends_with("1\r\nx\r\n0\r\n\r\n"));
    }

    #[test]
    fn fields_are_checked() {
        let mut writer = ResponseWriter::new(false, true);
        let mut out = Vec::new();
        for (name, value, misuse) in [
            ("a b", "x", Misuse::InvalidName),
            ("a:", "x", Misuse::InvalidName),
            ("a", "x\r\ny: z", Misuse::InvalidValue),
            ("a", "\0", Misuse::InvalidValue),
            ("content-length", "-1", Misuse::BadContentLength),
            ("content-length", "", Misuse::BadContentLength),
            (
                "content-length",
                "18446744073709551616",
                Misuse::BadContentLength,
            ),
        ] {
            let written = writer.field(name.as_bytes(), value.as_bytes(), &mut out);
            assert_eq!(written, Err(misuse), "{name} {value}");
        }
        assert!(out.is_empty());
    }
}
