//! A reader of whole streams, shared by the tests of the decoder.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod generate;

use ferroapi_http::http1::{Body, Decoder, Event, Head, Limits, Refusal, Version};

/// One request, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags of the head, and one more"
)]
pub struct Request {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub path: Vec<u8>,
    pub query: Option<Vec<u8>>,
    pub version: Version,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Body,
    pub keep_alive: bool,
    pub expect_continue: bool,
    pub upgrade: bool,
    pub data: Vec<u8>,
    pub ended: bool,
}

impl Request {
    fn new(head: &Head<'_>) -> Self {
        let raw = head.raw;
        assert!(raw.ends_with(b"\r\n\r\n"));
        assert_eq!(head.method.of(raw), &raw[..head.method.of(raw).len()]);
        let field = |field: &ferroapi_http::http1::Field| {
            (field.name.of(raw).to_vec(), field.value.of(raw).to_vec())
        };
        Self {
            method: head.method.of(raw).to_vec(),
            target: head.target.of(raw).to_vec(),
            path: head.path.of(raw).to_vec(),
            query: head.query.map(|query| query.of(raw).to_vec()),
            version: head.version,
            fields: head.fields.iter().map(field).collect(),
            body: head.body,
            keep_alive: head.keep_alive,
            expect_continue: head.expect_continue,
            upgrade: head.upgrade,
            data: Vec::new(),
            ended: false,
        }
    }
}

/// What a stream gave. Two ways to split it must not differ in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub requests: Vec<Request>,
    pub refusal: Option<Refusal>,
    pub in_body: bool,
    pub idle: bool,
}

impl Outcome {
    /// The status of the refusal, or 200.
    pub fn status(&self) -> u16 {
        self.refusal.map_or(200, |refusal| refusal.status())
    }
}

/// Feeds `pieces` to one decoder, and checks what holds for every stream.
pub fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Outcome {
    let mut decoder = Decoder::new(limits);
    let mut outcome = Outcome::default();
    for piece in pieces {
        let mut input = piece;
        // Each event but the ends takes bytes.
        let mut steps = 2 * piece.len() + 2;
        while outcome.refusal.is_none() && step(&mut decoder, &mut input, &mut outcome) {
            steps -= 1;
            assert!(steps > 0, "the decoder does not get on");
        }
        assert!(input.is_empty() || outcome.refusal.is_some());
    }
    if let Some(refusal) = outcome.refusal {
        let good = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
        assert_eq!(decoder.next(&mut &good[..]).err(), Some(refusal));
    }
    outcome.in_body = decoder.in_body();
    outcome.idle = decoder.idle();
    outcome
}

/// Takes one event; whether there was one.
fn step(decoder: &mut Decoder, input: &mut &[u8], outcome: &mut Outcome) -> bool {
    match decoder.next(input) {
        Ok(None) => return false,
        Ok(Some(Event::Head(head))) => {
            assert!(outcome.requests.last().is_none_or(|last| last.ended));
            outcome.requests.push(Request::new(&head));
            assert!(decoder.in_body() && !decoder.idle());
        }
        Ok(Some(event)) => {
            let request = outcome.requests.last_mut();
            let request = request.filter(|request| !request.ended);
            match (event, request) {
                (Event::Data(data), Some(request)) => {
                    assert!(!data.is_empty());
                    request.data.extend_from_slice(data);
                }
                (Event::End, Some(request)) => request.ended = true,
                (event, _) => panic!("{event:?} outside of a request"),
            }
        }
        Err(refusal) => outcome.refusal = Some(refusal),
    }
    true
}

/// Feeds all at once.
pub fn read_whole(stream: &[u8], limits: Limits) -> Outcome {
    read([stream], limits)
}

/// Feeds one byte at a time.
pub fn read_bytewise(stream: &[u8], limits: Limits) -> Outcome {
    read(stream.chunks(1), limits)
}
