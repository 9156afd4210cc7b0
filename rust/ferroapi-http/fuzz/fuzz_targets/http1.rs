//! A stream has one outcome, however it is split, and a head that is taken has clean lines. Input: a place
//! to split at, whether limits are tight, and the stream.
#![no_main]

use ferroapi_http::http1::{Decoder, Event, Limits, Refusal};
use libfuzzer_sys::fuzz_target;

/// What the stream gave, with adjacent data joined.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    events: Vec<(String, Vec<u8>)>,
    refusal: Option<Refusal>,
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, limits: Limits) -> Outcome {
    let mut decoder = Decoder::new(limits);
    let mut outcome = Outcome::default();
    for mut piece in pieces {
        for _ in 0..=2 * piece.len() + 2 {
            let event = match decoder.next(&mut piece) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(refusal) => {
                    assert_eq!(decoder.next(&mut &b""[..]).err(), Some(refusal));
                    outcome.refusal = Some(refusal);
                    return outcome;
                }
            };
            note(&mut outcome.events, event);
        }
        assert!(piece.is_empty());
    }
    outcome
}

fn note(events: &mut Vec<(String, Vec<u8>)>, event: Event<'_>) {
    match (event, events.last_mut()) {
        (Event::Data(data), Some((kind, joined))) if kind == "data" => joined.extend(data),
        (Event::Data(data), _) => {
            assert!(!data.is_empty());
            events.push(("data".to_owned(), data.to_vec()));
        }
        (Event::Head(head), _) => {
            check(head.raw);
            events.push((format!("{head:?}"), head.raw.to_vec()));
        }
        (Event::End, _) => events.push(("end".to_owned(), Vec::new())),
    }
}

/// Lines end in CRLF and only there; each but the first has a name before its colon.
fn check(raw: &[u8]) {
    let text: Vec<char> = raw.iter().copied().map(char::from).collect();
    let text: String = text.into_iter().collect();
    let lines = text.strip_suffix("\r\n\r\n").expect("an empty line");
    for (index, line) in lines.split("\r\n").enumerate() {
        assert!(!line.is_empty() && !line.contains(['\r', '\n', '\0']));
        let name = line.split(':').next().unwrap_or_default();
        assert!(index == 0 || !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()));
    }
}

fuzz_target!(|input: (u16, bool, &[u8])| {
    let (at, bound, stream) = input;
    let limits = if bound {
        Limits {
            head: 64,
            fields: 3,
            chunk_line: 8,
            trailers: 16,
            body: 40,
        }
    } else {
        Limits::default()
    };
    let whole = read([stream].into_iter(), limits);
    let (first, second) = stream.split_at(usize::from(at) % (stream.len() + 1));
    assert_eq!(read([first, second].into_iter(), limits), whole);
    assert_eq!(read(stream.chunks(1), limits), whole);
});
