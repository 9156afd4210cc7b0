//! What the response writer writes is read back by a small reader of responses, one after the other on a connection.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use ferroapi_http::http1::ResponseWriter;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// How the application tells the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Nothing,
    Length,
    Chunked,
}

#[derive(Clone, Debug)]
struct Response {
    head_request: bool,
    keep_alive: bool,
    status: u16,
    told: Told,
    connection: Option<&'static str>,
    fields: Vec<(String, Vec<u8>)>,
    pieces: Vec<Vec<u8>>,
    /// Whether the caller writes the pieces itself.
    apart: bool,
}

impl Response {
    fn bodiless(&self) -> bool {
        self.head_request || matches!(self.status, 204 | 304)
    }

    fn body(&self) -> Vec<u8> {
        self.pieces.concat()
    }

    /// All fields the application gives.
    fn all_fields(&self) -> Vec<(String, Vec<u8>)> {
        let mut fields = self.fields.clone();
        match self.told {
            Told::Nothing => {}
            Told::Length => {
                let len = self.body().len().to_string();
                fields.push(("Content-Length".to_owned(), len.into_bytes()));
            }
            Told::Chunked => fields.push(("Transfer-Encoding".to_owned(), b"Chunked".to_vec())),
        }
        fields.extend(
            self.connection
                .map(|value| ("Connection".to_owned(), value.into())),
        );
        fields
    }

    fn write(&self, out: &mut Vec<u8>) -> ResponseWriter {
        let mut writer = ResponseWriter::new(self.head_request, self.keep_alive);
        let line = format!("HTTP/1.1 {} \r\n", self.status);
        writer.start(self.status, line.as_bytes(), out);
        writer.raw_fields(b"server: us\r\n", out);
        for (name, value) in self.all_fields() {
            writer.field(name.as_bytes(), &value, out).unwrap();
        }
        writer.end_head(out);
        for (index, piece) in self.pieces.iter().enumerate() {
            assert!(!writer.is_complete());
            let more = index + 1 < self.pieces.len();
            if self.apart {
                let framing = writer.body_framing(piece.len(), more).unwrap();
                out.extend_from_slice(framing.prefix.as_bytes());
                out.extend_from_slice(if framing.send { piece } else { b"" });
                out.extend_from_slice(framing.suffix);
                framing.outcome.unwrap();
            } else {
                writer.body(piece, more, out).unwrap();
            }
        }
        writer
    }
}

fn response() -> impl Strategy<Value = Response> {
    let status = select(vec![200_u16, 201, 204, 304, 404, 500, 599]);
    let told = select(vec![Told::Nothing, Told::Length, Told::Chunked]);
    let connection = option::of(select(vec!["close", "keep-alive", "x , CLOSE", "closed"]));
    let name = "[!#$%&'*+.^_`|~/?0-9A-Za-z-]{1,10}".prop_filter("means something", |name| {
        let name = name.to_ascii_lowercase();
        !["connection", "server"].contains(&name.as_str())
    });
    let value = vec(
        prop_oneof![6 => b' '..=b'~', 1 => 0x80..=0xff_u8, 1 => Just(b'\t')],
        0..20,
    );
    let pieces = vec(vec(any::<u8>(), 0..40), 1..5);
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (
        flags,
        status,
        told,
        connection,
        vec((name, value), 0..5),
        pieces,
    )
        .prop_map(
            |((head_request, keep_alive, apart), status, told, connection, fields, pieces)| {
                let mut response = Response {
                    head_request,
                    keep_alive,
                    status,
                    told,
                    connection,
                    fields,
                    pieces,
                    apart,
                };
                if matches!(status, 204 | 304) && told == Told::Nothing && !head_request {
                    // Anything else is more than the length, which is none.
                    response.pieces = vec![Vec::new()];
                }
                response
            },
        )
}

/// One response as a client sees it.
struct Seen {
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Seen {
    fn values(&self, name: &str) -> Vec<&[u8]> {
        let found = self.fields.iter().filter(|(other, _)| other == name);
        found.map(|(_, value)| &value[..]).collect()
    }
}

fn line<'a>(wire: &mut &'a [u8]) -> &'a [u8] {
    let end = wire.windows(2).position(|pair| pair == b"\r\n").unwrap();
    let line = &wire[..end];
    *wire = &wire[end + 2..];
    line
}

fn split_off<'a>(wire: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = wire.split_at(len);
    *wire = rest;
    taken
}

/// Reads one response off the front of `wire` (RFC 9112, section 6.3).
fn read(wire: &mut &[u8], bodiless: bool) -> Seen {
    assert!(line(wire).starts_with(b"HTTP/1.1 "));
    let mut seen = Seen {
        fields: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let field = line(wire);
        if field.is_empty() {
            break;
        }
        let colon = field.windows(2).position(|pair| pair == b": ").unwrap();
        let name = String::from_utf8(field[..colon].to_vec()).unwrap();
        seen.fields.push((name, field[colon + 2..].to_vec()));
    }
    if bodiless {
        return seen;
    }
    if seen.values("transfer-encoding").is_empty() {
        let length = std::str::from_utf8(seen.values("content-length")[0]).unwrap();
        seen.body = split_off(wire, length.parse().unwrap()).to_vec();
    } else {
        seen.body = read_chunks(wire);
    }
    seen
}

fn read_chunks(wire: &mut &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let size = std::str::from_utf8(line(wire)).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        body.extend_from_slice(split_off(wire, size));
        assert_eq!(line(wire), b"");
        if size == 0 {
            return body;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn responses_are_read_back(responses in vec(response(), 1..4)) {
        let mut wire = Vec::new();
        let writers: Vec<_> = responses.iter().map(|response| response.write(&mut wire)).collect();
        let mut rest = &wire[..];
        for (response, writer) in responses.iter().zip(writers) {
            let seen = read(&mut rest, response.bodiless());
            let given = response.all_fields();
            let mut expected = vec![("server".to_owned(), b"us".to_vec())];
            expected.extend(given.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())));
            prop_assert!(seen.fields.starts_with(&expected), "{}", wire.escape_ascii());
            let body = if response.bodiless() { Vec::new() } else { response.body() };
            prop_assert_eq!(&seen.body, &body);
            let close = seen.values("connection").iter().any(|value| value.to_ascii_lowercase().ends_with(b"close"));
            prop_assert_eq!(close, !writer.keep_alive());
            prop_assert!(writer.is_complete());
            let chunked = response.told == Told::Nothing && !response.bodiless();
            let added = usize::from(chunked) + usize::from(close && !response.connection.is_some_and(|value| {
                value.to_ascii_lowercase().ends_with("close")
            }));
            prop_assert_eq!(seen.fields.len(), expected.len() + added);
        }
        prop_assert!(rest.is_empty());
    }

    #[test]
    fn no_field_breaks_the_head(name in vec(any::<u8>(), 0..6), value in vec(any::<u8>(), 0..6)) {
        let mut writer = ResponseWriter::new(false, true);
        let mut out = Vec::new();
        let bad = |byte: &u8| byte.is_ascii_control() && *byte != b'\t';
        if writer.field(&name, &value, &mut out).is_ok() {
            // An empty one is written, as by uvicorn; a line without a name does not end the head.
            prop_assert!(!name.contains(&b':') && !name.iter().any(u8::is_ascii_control));
            prop_assert!(!value.iter().any(bad));
            prop_assert_eq!(out, [&name.to_ascii_lowercase()[..], b": ", &value, b"\r\n"].concat());
        } else {
            prop_assert!(out.is_empty());
        }
    }

    #[test]
    fn the_length_is_kept_or_reported(told in 0..20_u64, pieces in vec(0..10_usize, 1..4)) {
        let mut writer = ResponseWriter::new(false, true);
        let mut out = Vec::new();
        writer.field(b"content-length", told.to_string().as_bytes(), &mut out).unwrap();
        out.clear();
        let mut outcome = Ok(());
        for (index, len) in pieces.iter().enumerate() {
            outcome = writer.body(&vec![b'x'; *len], index + 1 < pieces.len(), &mut out);
            if outcome.is_err() {
                break;
            }
        }
        let sum: usize = pieces.iter().sum();
        prop_assert!(out.len() as u64 <= told);
        prop_assert_eq!(outcome.is_ok(), sum as u64 == told);
        prop_assert_eq!(writer.is_complete(), sum as u64 == told);
    }
}
