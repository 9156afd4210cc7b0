//! Properties of the decoder that hold for every stream: it reads what was written, and how the bytes are split makes no
//! difference.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod http1;

use ferroapi_http::http1::Limits;
use http1::generate::request;
use http1::{Outcome, read, read_bytewise, read_whole};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use regex::bytes::Regex;

/// Text of the protocol's own pieces, right and wrong ones.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"GET ",
        b"POST ",
        b"/",
        b"/a?b#c",
        b" HTTP/1.1\r\n",
        b" HTTP/1.0\r\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\r",
        b"\n",
        b"Host: x\r\n",
        b"host:",
        b"Content-Length: 3\r\n",
        b"Content-Length: 12345\r\n",
        b"abc",
        b": ",
        b":",
        b" ",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b"Connection: close\r\n",
        b"3\r\nabc\r\n",
        b"3;a=b\r\nabc\r\n",
        b"0\r\n\r\n",
        b"0\r\n",
        b"A: b\r\n",
        b"Z:\r\n",
        b"\t",
        b"\0",
        b"\xff",
        b"http://x",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
    ];
    vec(select(pieces), 0..24).prop_map(|pieces| pieces.concat())
}

/// Changes of a stream: at a place, remove so many bytes and put these there.
fn edits() -> impl Strategy<Value = Vec<(Index, usize, Vec<u8>)>> {
    let inserted = prop_oneof![
        vec(any::<u8>(), 0..3),
        select(vec![
            &b"\r"[..],
            b"\n",
            b"\r\n",
            b" ",
            b"\t",
            b":",
            b",",
            b";",
            b"\0",
            b"0",
            b"#",
            b"?"
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    vec((any::<Index>(), 0..4_usize, inserted), 1..4)
}

fn edited(stream: &[u8], edits: &[(Index, usize, Vec<u8>)]) -> Vec<u8> {
    let mut stream = stream.to_vec();
    for (at, removed, inserted) in edits {
        let at = at.index(stream.len() + 1);
        let end = (at + removed).min(stream.len());
        stream.splice(at..end, inserted.iter().copied());
    }
    stream
}

fn cut<'a>(stream: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places
        .windows(2)
        .map(|pair| &stream[pair[0]..pair[1]])
        .collect()
}

/// The outcome of `stream`, which is that of every way to split it.
fn same_for_all_splits(
    stream: &[u8],
    cuts: &[Index],
    limits: Limits,
) -> Result<Outcome, TestCaseError> {
    let whole = read_whole(stream, limits);
    let ways = [
        read_bytewise(stream, limits),
        read(cut(stream, cuts), limits),
    ];
    for (way, other) in ways.iter().enumerate() {
        prop_assert_eq!(&whole, other, "way {}: {}", way, stream.escape_ascii());
    }
    Ok(whole)
}

fn small_limits() -> impl Strategy<Value = Limits> {
    (
        20..400_usize,
        0..40_usize,
        1..20_usize,
        0..40_usize,
        0..300_u64,
    )
        .prop_map(|(head, fields, chunk_line, trailers, body)| Limits {
            head,
            fields,
            chunk_line,
            trailers,
            body,
        })
}

fn any_limits() -> impl Strategy<Value = Limits> {
    prop_oneof![2 => Just(Limits::default()), 1 => small_limits()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pipelined_requests_come_back(
        sent in vec(request(), 1..4), cuts in vec(any::<Index>(), 0..6),
    ) {
        let stream: Vec<u8> = sent.iter().flat_map(|one| one.bytes.clone()).collect();
        let outcome = same_for_all_splits(&stream, &cuts, Limits::default())?;
        prop_assert_eq!(outcome.refusal, None, "{}", stream.escape_ascii());
        let expected: Vec<_> = sent.into_iter().map(|one| one.expected).collect();
        prop_assert_eq!(outcome.requests, expected);
        prop_assert!(outcome.idle && !outcome.in_body);
    }

    #[test]
    fn a_stream_that_breaks_off_gives_what_is_complete(
        sent in vec(request(), 1..3), at in any::<Index>(), cuts in vec(any::<Index>(), 0..6),
    ) {
        let stream: Vec<u8> = sent.iter().flat_map(|one| one.bytes.clone()).collect();
        let stream = &stream[..at.index(stream.len())];
        let outcome = same_for_all_splits(stream, &cuts, Limits::default())?;
        prop_assert_eq!(outcome.refusal, None, "{}", stream.escape_ascii());
        for (request, one) in outcome.requests.iter().zip(&sent) {
            prop_assert_eq!(&request.fields, &one.expected.fields);
            prop_assert!(one.expected.data.starts_with(&request.data));
        }
    }

    #[test]
    fn random_bytes_have_one_outcome(
        stream in vec(any::<u8>(), 0..200), cuts in vec(any::<Index>(), 0..6), limits in any_limits(),
    ) {
        same_for_all_splits(&stream, &cuts, limits)?;
    }

    #[test]
    fn soups_have_one_outcome(
        stream in soup(), cuts in vec(any::<Index>(), 0..6), limits in any_limits(),
    ) {
        same_for_all_splits(&stream, &cuts, limits)?;
    }

    #[test]
    fn edited_requests_have_one_outcome(
        sent in vec(request(), 1..3), edits in edits(), cuts in vec(any::<Index>(), 0..6), limits in any_limits(),
    ) {
        let stream: Vec<u8> = sent.iter().flat_map(|one| one.bytes.clone()).collect();
        same_for_all_splits(&edited(&stream, &edits), &cuts, limits)?;
    }

    #[test]
    fn accepted_heads_are_in_the_grammar(sent in request(), edits in edits()) {
        // RFC 9112, sections 3 to 5, once more and in another way.
        let grammar = concat!(
            r"\A(?:\r\n){0,8}[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} [!-~]+ HTTP/1\.[01]\r\n",
            r"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*\r\n",
        );
        let grammar = Regex::new(&format!("(?-u){grammar}")).unwrap();
        let stream = edited(&sent.bytes, &edits);
        let outcome = read_whole(&stream, Limits::default());
        let shown = stream.escape_ascii().to_string();
        if !outcome.requests.is_empty() {
            prop_assert!(grammar.is_match(&stream), "{}", shown);
        }
        // And the other way round: what is in the grammar is refused for its meaning only.
        let reason = outcome.refusal.map_or(String::new(), |refusal| refusal.to_string());
        if grammar.is_match(&stream) && outcome.requests.is_empty() {
            let meaning = [
                "missing host", "repeated host", "invalid host", "host and request target disagree",
                "invalid request target", "invalid content-length", "repeated content-length",
                "invalid transfer-encoding", "unknown transfer coding", "content-length beside transfer-encoding",
                "transfer-encoding in HTTP/1.0", "request body too large", "CONNECT is not offered",
            ];
            prop_assert!(meaning.contains(&reason.as_str()), "{}: {}", reason, shown);
        }
    }

    #[test]
    fn limits_only_refuse(sent in vec(request(), 1..3), limits in small_limits()) {
        let stream: Vec<u8> = sent.iter().flat_map(|one| one.bytes.clone()).collect();
        let free = read_whole(&stream, Limits::default());
        let bound = read_whole(&stream, limits);
        prop_assert!(bound.requests.len() <= free.requests.len());
        for (request, whole) in bound.requests.iter().zip(&free.requests) {
            prop_assert_eq!(&request.fields, &whole.fields);
            prop_assert!(request.fields.len() <= limits.fields);
            prop_assert!(request.data.len() as u64 <= limits.body);
        }
        prop_assert!(bound.refusal.is_some() || bound == free);
    }
}
