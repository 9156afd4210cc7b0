//! The requests of one connection, out of its bytes.

use super::boundary::Boundary;
use super::chunked::{Chunked, Piece, take};
use super::head::{Body, Field, Head};
use super::limits::Limits;
use super::parse::{self, Parts};
use super::refusal::Refusal;

/// Bytes of memory that a connection keeps for heads that come in pieces.
const KEPT: usize = 16 * 1024;

/// What the stream says next.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A request begins.
    Head(Head<'a>),
    /// A part of its body, never empty.
    Data(&'a [u8]),
    /// The request is complete; follows each head, after the body if there is one. A trailer section is dropped.
    End,
}

/// An [`Event`] that does not borrow from the decoder.
enum Step<'a> {
    /// A head, and its bytes unless they are in the buffer.
    Head(Parts, Option<&'a [u8]>),
    Data(&'a [u8]),
    End,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Before or in a head.
    Head,
    Length(u64),
    Chunked(Chunked),
    /// The request is complete, its end not told.
    Ended,
    /// The client asked for no further request.
    Closed,
    Refused(Refusal),
}

/// Reads the requests of one connection, one per connection (RFC 9112).
///
/// The events depend on the bytes alone, however they are split into inputs: only the bounds of [`Event::Data`] follow
/// those of the inputs. A head that is complete in the input is read where it stands, without a copy.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    state: State,
    /// Whether a request may follow the present one.
    keep_alive: bool,
    boundary: Boundary,
    /// The bytes of a head that came in pieces.
    buffer: Vec<u8>,
    fields: Vec<Field>,
}

impl Decoder {
    /// A decoder at the start of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: Limits {
                // Spans have 32 bits.
                head: limits.head.min(u32::MAX as usize),
                ..limits
            },
            state: State::Head,
            keep_alive: true,
            boundary: Boundary::default(),
            buffer: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// The next event of the stream. Takes what it uses off the front of `input`.
    ///
    /// `None` asks for more bytes; `input` is empty then, the beginning of a head having been copied. After the end of a
    /// request that asked to close, bytes are dropped. After a refusal it refuses for ever.
    #[inline]
    pub fn next<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Result<Option<Event<'a>>, Refusal> {
        match self.step(input) {
            Ok(Some(Step::Head(parts, in_place))) => {
                let raw = in_place.unwrap_or(&self.buffer);
                Ok(Some(Event::Head(parts.head(raw, &self.fields))))
            }
            Ok(Some(Step::Data(data))) => Ok(Some(Event::Data(data))),
            Ok(Some(Step::End)) => Ok(Some(Event::End)),
            Ok(None) => Ok(None),
            Err(refusal) => {
                self.state = State::Refused(refusal);
                Err(refusal)
            }
        }
    }

    /// Whether a head has been told whose end has not.
    #[must_use]
    pub fn in_body(&self) -> bool {
        matches!(
            self.state,
            State::Length(_) | State::Chunked(_) | State::Ended
        )
    }

    /// Whether some bytes of a head have been seen, and not all.
    #[must_use]
    pub fn in_head(&self) -> bool {
        matches!(self.state, State::Head) && !self.boundary.is_before()
    }

    /// Whether a request asked for no further one: what comes behind it is dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// Whether the stream stands between two requests, with no byte of a further request line seen.
    #[must_use]
    pub fn idle(&self) -> bool {
        matches!(self.state, State::Head) && self.boundary.is_before()
    }

    #[inline]
    fn step<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Step<'a>>, Refusal> {
        match &mut self.state {
            State::Head => self.head(input),
            State::Ended => {
                self.end();
                Ok(Some(Step::End))
            }
            State::Length(_) | State::Chunked(_) => self.body(input),
            State::Closed => {
                *input = &[];
                Ok(None)
            }
            State::Refused(refusal) => Err(*refusal),
        }
    }

    #[inline]
    fn head<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Step<'a>>, Refusal> {
        self.boundary.skip_empty_lines(input)?;
        if input.is_empty() {
            return Ok(None);
        }
        if self.boundary.is_before()
            && let Some(parts) = parse::quick(input, &mut self.fields, &self.limits)?
        {
            let (raw, rest) = input.split_at(parts.len);
            *input = rest;
            self.begin(&parts);
            return Ok(Some(Step::Head(parts, Some(raw))));
        }
        self.head_in_pieces(input)
    }

    fn head_in_pieces<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Step<'a>>, Refusal> {
        let limit = self.limits.head as u32;
        let Some(len) = self.boundary.advance(input, limit)? else {
            self.buffer.extend_from_slice(input);
            *input = &[];
            return Ok(None);
        };
        let (raw, rest) = input.split_at(len);
        *input = rest;
        let (parts, in_place) = if self.buffer.is_empty() {
            let parts = parse::complete(raw, &mut self.fields, &self.limits)?;
            (parts, Some(raw))
        } else {
            self.buffer.extend_from_slice(raw);
            let parts = parse::complete(&self.buffer, &mut self.fields, &self.limits)?;
            (parts, None)
        };
        self.begin(&parts);
        Ok(Some(Step::Head(parts, in_place)))
    }

    /// A head has been read.
    #[inline]
    fn begin(&mut self, parts: &Parts) {
        self.boundary = Boundary::default();
        self.keep_alive = parts.keep_alive;
        self.state = match parts.body {
            Body::None => State::Ended,
            Body::Length(length) => State::Length(length),
            Body::Chunked => State::Chunked(Chunked::new()),
        };
    }

    fn body<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Step<'a>>, Refusal> {
        if input.is_empty() {
            return Ok(None);
        }
        let data = match &mut self.state {
            State::Chunked(chunked) => match chunked.next(input, &self.limits)? {
                Some(Piece::Data(data)) => data,
                Some(Piece::End) => {
                    self.end();
                    return Ok(Some(Step::End));
                }
                None => return Ok(None),
            },
            State::Length(left) => {
                let data = take(input, left);
                if *left == 0 {
                    self.state = State::Ended;
                }
                data
            }
            _ => return Ok(None),
        };
        Ok(Some(Step::Data(data)))
    }

    /// The request is over.
    #[inline]
    fn end(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        self.state = if self.keep_alive {
            State::Head
        } else {
            State::Closed
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(stream: &[u8]) -> Result<Option<String>, u16> {
        let mut decoder = Decoder::new(Limits::default());
        match decoder.next(&mut &*stream) {
            Ok(Some(Event::Head(head))) => {
                let text = |part: &[u8]| String::from_utf8_lossy(part).into_owned();
                let fields = head.fields.iter().map(|field| {
                    text(field.name.of(head.raw)) + "=" + &text(field.value.of(head.raw))
                });
                let fields: Vec<_> = fields.collect();
                let (method, path) = (text(head.method.of(head.raw)), text(head.path.of(head.raw)));
                Ok(Some(format!("{method} {path} {}", fields.join("&"))))
            }
            Ok(event) => Ok(event.map(|event| format!("{event:?}"))),
            Err(refusal) => Err(refusal.status()),
        }
    }

    #[test]
    fn heads_are_read() {
        let head = first(b"GET /a?b HTTP/1.1\r\nHost: x\r\nA:\t b c \r\nB:\r\n\r\n");
        assert_eq!(head, Ok(Some("GET /a Host=x&A=b c&B=".to_owned())));
        assert_eq!(
            first(b"\r\n\r\nGET / HTTP/1.0\r\n\r\n"),
            Ok(Some("GET / ".to_owned()))
        );
        assert_eq!(first(b""), Ok(None));
        assert_eq!(first(b"GET / HTTP/1.1\r\nHost: x\r\n"), Ok(None));
    }

    #[test]
    fn heads_in_pieces_are_joined() {
        let mut decoder = Decoder::new(Limits::default());
        for byte in b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r" {
            assert!(matches!(decoder.next(&mut &[*byte][..]), Ok(None)));
            assert!(decoder.in_head() && !decoder.idle() && !decoder.in_body());
        }
        let mut input = &b"\nabcGET / HTTP/1.0\r\n\r\nmore"[..];
        match decoder.next(&mut input) {
            Ok(Some(Event::Head(head))) => {
                assert_eq!(head.body, Body::Length(3));
                assert_eq!(head.method.of(head.raw), b"POST");
            }
            other => panic!("{other:?}"),
        }
        assert!(decoder.in_body() && !decoder.in_head());
        assert!(matches!(
            decoder.next(&mut input),
            Ok(Some(Event::Data(b"abc")))
        ));
        assert!(decoder.in_body());
        assert!(matches!(decoder.next(&mut input), Ok(Some(Event::End))));
        assert!(decoder.idle() && !decoder.in_head());
        assert!(matches!(decoder.next(&mut input), Ok(Some(Event::Head(_)))));
        assert!(matches!(decoder.next(&mut input), Ok(Some(Event::End))));
        assert_eq!(input, b"more");
        assert!(decoder.is_closed());
        assert!(matches!(decoder.next(&mut input), Ok(None)));
        assert_eq!(input, b"");
        assert!(!decoder.idle());
    }

    #[test]
    fn refuses_for_ever() {
        let mut decoder = Decoder::new(Limits::default());
        let expected = Refusal::BadRequest("invalid method");
        assert_eq!(decoder.next(&mut &b"\0"[..]).err(), Some(expected));
        let good = b"GET / HTTP/1.0\r\n\r\n";
        assert_eq!(decoder.next(&mut &good[..]).err(), Some(expected));
        assert_eq!(decoder.next(&mut &b""[..]).err(), Some(expected));
        assert!(!decoder.idle());
    }

    #[test]
    fn many_fields_are_read_up_to_the_limit() {
        let stream = |count: usize| format!("GET / HTTP/1.0\r\n{}\r\n", "a: b\r\n".repeat(count));
        assert!(first(stream(33).as_bytes()).is_ok());
        assert!(first(stream(1024).as_bytes()).is_ok());
        assert_eq!(first(stream(1025).as_bytes()), Err(431));
    }

    #[test]
    fn a_long_head_leaves_no_memory_behind() {
        let mut decoder = Decoder::new(Limits::default());
        let long = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}", "x".repeat(100_000));
        assert!(matches!(decoder.next(&mut long.as_bytes()), Ok(None)));
        let mut rest = &b"\r\n\r\n"[..];
        assert!(matches!(decoder.next(&mut rest), Ok(Some(Event::Head(_)))));
        assert!(matches!(decoder.next(&mut rest), Ok(Some(Event::End))));
        assert!(decoder.buffer.capacity() <= KEPT);
    }
}
