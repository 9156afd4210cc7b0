//! Streams that smuggle, desynchronise or exhaust, each refused with its status however it is split.
//!
//! The kinds are those of RFC 9112, section 11, and of the published attacks on proxies and servers: two lengths, two
//! hosts, other line ends, white space in unusual places, codings in disguise, endless lines.
#![allow(
    clippy::unwrap_used,
    clippy::needless_raw_string_hashes,
    reason = "a test may panic"
)]

mod http1;

use ferroapi_http::http1::{Body, Limits, Refusal};
use http1::{Outcome, read_bytewise, read_whole};

/// Reads `stream` whole and byte by byte, which must not differ.
fn both(stream: &[u8], limits: Limits) -> Outcome {
    let whole = read_whole(stream, limits);
    assert_eq!(
        whole,
        read_bytewise(stream, limits),
        "{}",
        stream.escape_ascii()
    );
    whole
}

fn status(stream: &[u8]) -> u16 {
    both(stream, Limits::default()).status()
}

/// A head with these field lines behind a good host.
fn head(lines: &str) -> Vec<u8> {
    format!("POST /p HTTP/1.1\r\nHost: x\r\n{lines}\r\n").into_bytes()
}

#[test]
fn request_lines() {
    for (line, expected) in [
        ("GET / HTTP/1.1", 200),
        ("get / HTTP/1.1", 200),
        ("M-SEARCH / HTTP/1.1", 200),
        ("OPTIONS * HTTP/1.1", 200),
        ("GET http://x/ HTTP/1.1", 200),
        ("GET  / HTTP/1.1", 400),
        ("GET /  HTTP/1.1", 400),
        ("GET / HTTP/1.1 ", 400),
        (" GET / HTTP/1.1", 400),
        ("GET\t/ HTTP/1.1", 400),
        ("GET /\tHTTP/1.1", 400),
        ("GET /a b HTTP/1.1", 400),
        ("GET /", 400),
        ("GET", 400),
        ("GET / ", 400),
        ("GET HTTP/1.1", 400),
        ("G(T / HTTP/1.1", 400),
        ("G\u{e9}T / HTTP/1.1", 400),
        ("GET / HTTP/1.2", 400),
        ("GET / HTTP/2.0", 400),
        ("GET / HTTP/0.9", 400),
        ("GET / HTTP/1.10", 400),
        ("GET / HTTP/01.1", 400),
        ("GET / http/1.1", 400),
        ("GET / HTTP/1,1", 400),
        ("GET / HTTP1.1", 400),
        ("GET / HTTPS/1.1", 400),
        ("GET / RTSP/1.0", 400),
        ("GET /\u{e9} HTTP/1.1", 400),
        ("GET /\x7f HTTP/1.1", 400),
        ("GET /\0 HTTP/1.1", 400),
        ("GET /\r HTTP/1.1", 400),
        ("GET /\r\nX HTTP/1.1", 400),
        ("GET a HTTP/1.1", 400),
        ("GET * HTTP/1.1", 400),
        ("GET x:80 HTTP/1.1", 400),
        ("GET file:///etc HTTP/1.1", 400),
        ("GET http:///a HTTP/1.1", 400),
        ("GET http://u:p@x/ HTTP/1.1", 400),
        ("GET http://x@y/ HTTP/1.1", 400),
        ("GET http://y/ HTTP/1.1", 400),
        ("CONNECT x:443 HTTP/1.1", 501),
        ("CONNECT /a HTTP/1.1", 501),
    ] {
        let stream = format!("{line}\r\nHost: x\r\n\r\n");
        assert_eq!(status(stream.as_bytes()), expected, "{line:?}");
    }
}

#[test]
fn other_protocols_are_refused_at_their_first_bytes() {
    for stream in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"\x04\x01\x00P",
        b"{\"jsonrpc\"",
        b"\0",
        b"\n",
        b"\xef\xbb\xbfGET",
        &[b'x'; 65],
    ] {
        assert_eq!(status(stream), 400, "{}", stream.escape_ascii());
    }
    assert_eq!(status(b"PRI * HTTP/2.0\r\n\r\n"), 400);
}

#[test]
fn long_methods() {
    for (len, expected) in [(64, 200), (65, 400)] {
        let stream = format!("{} / HTTP/1.1\r\nHost: x\r\n\r\n", "M".repeat(len));
        assert_eq!(status(stream.as_bytes()), expected);
    }
}

#[test]
fn line_ends() {
    for stream in [
        &b"GET / HTTP/1.1\nHost: x\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: x\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\n",
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"GET / HTTP/1.1\rHost: x\r\r",
        b"GET / HTTP/1.1\r\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: b\rHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nContent-Length: 3\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rContent-Length: 3\r\n\r\n",
        b"\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\rGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        assert_eq!(status(stream), 400, "{}", stream.escape_ascii());
    }
}

#[test]
fn field_lines() {
    for (lines, expected) in [
        ("A: b\r\n", 200),
        ("A:b\r\n", 200),
        ("A:\r\n", 200),
        ("A: \t \r\n", 200),
        ("A: b\tc\r\n", 200),
        ("A: \u{e9}\r\n", 200),
        ("A : b\r\n", 400),
        ("A\t: b\r\n", 400),
        (" A: b\r\n", 400),
        ("A: b\r\n c\r\n", 400),
        ("A: b\r\n\tc\r\n", 400),
        ("A:\r\n b\r\n", 400),
        (": b\r\n", 400),
        ("A\r\n", 400),
        ("A b: c\r\n", 400),
        ("A(: b\r\n", 400),
        ("A\u{e9}: b\r\n", 400),
        ("A\0: b\r\n", 400),
        ("A: b\0c\r\n", 400),
        ("A: b\x0bc\r\n", 400),
        ("A: b\x1bc\r\n", 400),
        ("A: b\x7fc\r\n", 400),
        ("\x0bA: b\r\n", 400),
    ] {
        assert_eq!(status(&head(lines)), expected, "{lines:?}");
    }
}

#[test]
fn hosts() {
    for (lines, expected) in [
        ("Host: x\r\n", 200),
        ("Host:\r\n", 200),
        ("Host: [::1]:8000\r\n", 200),
        ("", 400),
        ("Host: x\r\nHost: x\r\n", 400),
        ("Host: x\r\nhost: y\r\n", 400),
        ("Host : x\r\n", 400),
        ("Host: x y\r\n", 400),
        ("Host: x, y\r\n", 400),
        ("Host: x/y\r\n", 400),
        ("Host: a@x\r\n", 400),
        ("Host: x:80:90\r\n", 400),
        ("Host: x:8a\r\n", 400),
        ("Host: [::1\r\n", 400),
        ("Host: x#y\r\n", 400),
        ("Host: x?y\r\n", 400),
        ("Host: x\\y\r\n", 400),
        ("Host: http://x\r\n", 400),
        ("Host: \u{e9}\r\n", 400),
    ] {
        let stream = format!("GET / HTTP/1.1\r\n{lines}\r\n");
        assert_eq!(status(stream.as_bytes()), expected, "{lines:?}");
    }
    assert_eq!(status(b"GET / HTTP/1.0\r\n\r\n"), 200);
    assert_eq!(status(b"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n"), 400);
    assert_eq!(status(b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n"), 400);
}

#[test]
fn lengths() {
    for (value, expected) in [
        ("0", 200),
        ("5", 200),
        ("\t005 ", 200),
        ("", 400),
        ("+5", 400),
        ("-5", 400),
        ("-0", 400),
        ("5.0", 400),
        ("0x5", 400),
        ("5 5", 400),
        ("5,5", 400),
        ("5, 5", 400),
        ("5;", 400),
        ("5a", 400),
        ("\u{665}", 400),
        ("\u{b2}", 400),
        ("1_0", 400),
        ("1e1", 400),
        ("18446744073709551615", 200),
        ("18446744073709551616", 413),
        ("99999999999999999999999999999999", 413),
    ] {
        let lines = format!("Content-Length: {value}\r\n");
        assert_eq!(status(&head(&lines)), expected, "{value:?}");
    }
    for lines in [
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\ncontent-length: 6\r\n",
        "Content-Length: 0\r\nContent-Length: 0\r\n",
        "Content-Length : 5\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
        "Content-Length: \r\n 5\r\n",
    ] {
        assert_eq!(status(&head(lines)), 400, "{lines:?}");
    }
    // Other names are not this one, however much they look like it.
    for name in ["Content_Length", "Content-Lengthh", "X-Content-Length"] {
        let outcome = both(&head(&format!("{name}: 5\r\n")), Limits::default());
        assert_eq!(outcome.requests[0].body, Body::None);
    }
}

#[test]
fn transfer_codings() {
    for (value, expected) in [
        ("chunked", 200),
        ("ChUnKeD", 200),
        ("\tchunked ", 200),
        ("gzip", 501),
        ("identity", 501),
        ("xchunked", 501),
        ("chunkedx", 501),
        ("x-chunked", 501),
        ("gzip, chunked", 501),
        ("", 400),
        ("chunked, identity", 400),
        ("chunked, chunked", 400),
        ("chunked,", 400),
        (",chunked", 400),
        ("chunked;a=b", 400),
        ("chunked ;", 400),
        ("chunked chunked", 400),
        ("\"chunked\"", 400),
        ("'chunked", 501),
        ("chunked\x0b", 400),
        ("\x0cchunked", 400),
        ("chunked\0", 400),
        ("chun\u{212a}ed", 400),
        ("\u{a0}chunked", 400),
        ("[chunked]", 400),
    ] {
        let mut stream = head(&format!("Transfer-Encoding: {value}\r\n"));
        stream.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(status(&stream), expected, "{value:?}");
    }
    for (lines, expected) in [
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            400,
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            400,
        ),
        (
            "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
            501,
        ),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding\x0b: chunked\r\n", 400),
        ("Transfer-Encoding:\r\n chunked\r\n", 400),
    ] {
        assert_eq!(status(&head(lines)), expected, "{lines:?}");
    }
    assert_eq!(
        status(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        400
    );
}

#[test]
fn chunks() {
    for (body, expected) in [
        ("0\r\n\r\n", 200),
        ("5\r\nhello\r\n0\r\n\r\n", 200),
        ("5;a=b;c=\"d\\\"e\"\r\nhello\r\n0;x\r\nA: b\r\n\r\n", 200),
        ("0x5\r\nhello\r\n", 400),
        ("+5\r\nhello\r\n", 400),
        ("-5\r\nhello\r\n", 400),
        ("5 \r\nhello\r\n", 400),
        ("5 ;a\r\nhello\r\n", 400),
        (" 5\r\nhello\r\n", 400),
        ("\r\n5\r\nhello\r\n", 400),
        ("5\nhello\r\n", 400),
        ("5\rhello\r\n", 400),
        ("5\r\r\nhello\r\n", 400),
        ("5;a\nhello\r\n", 400),
        ("5;a\rhello\r\n", 400),
        ("5;a=\"\n\"\r\nhello\r\n", 400),
        ("5;a=\"\r\n\"\r\nhello\r\n", 400),
        ("5;\0\r\nhello\r\n", 400),
        ("5;\r\nhello\r\n", 400),
        ("5;a=\"\r\nhello\r\n", 400),
        ("5;a b\r\nhello\r\n", 400),
        (";5\r\nhello\r\n", 400),
        ("5_0\r\n", 400),
        ("5,5\r\n", 400),
        ("\u{665}\r\n", 400),
        ("5\r\nhello0\r\n\r\n", 400),
        ("5\r\nhello\n0\r\n\r\n", 400),
        ("5\r\nhello\r0\r\n\r\n", 400),
        ("5\r\nhello!\r\n", 400),
        ("5\r\nhell\r\n0\r\n\r\n", 400),
        ("ffffffffffffffff\r\n", 200),
        ("1\r\nx\r\nffffffffffffffff\r\n", 413),
        ("fffffffffffffffff\r\n", 413),
        ("00000000000000000\r\n", 400),
        ("0\r\n\n", 400),
        ("0\r\n\r\r\n", 400),
        ("0\r\nA\r\n\r\n", 400),
        ("0\r\nA : b\r\n\r\n", 400),
        ("0\r\n A: b\r\n\r\n", 400),
        ("0\r\nA: b\r\n c\r\n\r\n", 400),
        ("0\r\nA: b\n\r\n", 400),
        ("0\r\nA: b\0\r\n\r\n", 400),
        ("0\r\nGET / HTTP/1.1\r\n\r\n", 400),
    ] {
        let mut stream = head("Transfer-Encoding: chunked\r\n");
        stream.extend_from_slice(body.as_bytes());
        assert_eq!(status(&stream), expected, "{body:?}");
    }
}

#[test]
fn limits() {
    let limits = Limits {
        head: 200,
        fields: 3,
        chunk_line: 16,
        trailers: 32,
        body: 10,
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (lines, body, expected) in [
        (String::new(), String::new(), 200),
        (format!("A: {}\r\n", "x".repeat(200)), String::new(), 431),
        (format!("{}: x\r\n", "a".repeat(200)), String::new(), 431),
        ("A: b\r\n".repeat(2), String::new(), 200),
        ("A: b\r\n".repeat(3), String::new(), 431),
        ("Content-Length: 10\r\n".into(), "x".repeat(10), 200),
        ("Content-Length: 11\r\n".into(), String::new(), 413),
        (chunked.into(), "a\r\n0123456789\r\n0\r\n\r\n".into(), 200),
        (chunked.into(), "b\r\n".into(), 413),
        (chunked.into(), "6\r\n123456\r\n5\r\n".into(), 413),
        (chunked.into(), format!("0;{}\r\n\r\n", "x".repeat(14)), 200),
        (chunked.into(), format!("0;{}\r\n\r\n", "x".repeat(15)), 400),
        (
            chunked.into(),
            format!("0\r\nA: {}\r\n\r\n", "x".repeat(27)),
            200,
        ),
        (
            chunked.into(),
            format!("0\r\nA: {}\r\n\r\n", "x".repeat(28)),
            431,
        ),
        (
            chunked.into(),
            format!("0\r\n{}\r\n", "A:\r\n".repeat(3)),
            200,
        ),
        (
            chunked.into(),
            format!("0\r\n{}\r\n", "A:\r\n".repeat(4)),
            431,
        ),
    ] {
        let stream = [&head(&lines)[..], body.as_bytes()].concat();
        assert_eq!(
            both(&stream, limits).status(),
            expected,
            "{lines:?} {body:?}"
        );
    }
    // The limit of a chunk line begins anew with each.
    let stream = [
        &head(chunked)[..],
        &b"1;2345678\r\nx\r\n".repeat(5),
        b"0\r\n\r\n",
    ]
    .concat();
    assert_eq!(both(&stream, limits).status(), 200);
    // The head's limit counts to the last byte of the empty line.
    let stream =
        |len: usize| format!("GET /{} HTTP/1.0\r\n\r\n", "x".repeat(len - 18)).into_bytes();
    assert_eq!(both(&stream(200), limits).status(), 200);
    assert_eq!(both(&stream(201), limits).status(), 431);
    assert_eq!(both(&"\r\n".repeat(9).into_bytes(), limits).status(), 400);
}

#[test]
fn endless_streams_are_refused_in_time() {
    let limits = Limits::default();
    for (start, repeated, most) in [
        (&b""[..], &b"x"[..], 100),
        (b"", b"\r\n", 100),
        (b"GET /", b"x", 300_000),
        (b"GET / HTTP/1.1\r\n", b"A: b\r\n", 300_000),
        (b"GET / HTTP/1.1\r\nA: ", b"\t", 300_000),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"0",
            100,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;",
            b"x",
            10_000,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"A: b\r\n",
            70_000,
        ),
        (
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA:",
            b" ",
            70_000,
        ),
    ] {
        let stream = [start, &repeated.repeat(most / repeated.len())].concat();
        assert_ne!(status_of(&stream, limits), None, "{}", start.escape_ascii());
    }
}

fn status_of(stream: &[u8], limits: Limits) -> Option<u16> {
    both(stream, limits).refusal.map(|refusal| refusal.status())
}

#[test]
fn nothing_is_smuggled_behind_a_refusal() {
    // The requests in front are told, the refused one and those behind are not.
    let good = b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
    let bad = b"GET /2 HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n";
    let stream = [&good[..], bad, good].concat();
    let outcome = both(&stream, Limits::default());
    assert_eq!(outcome.requests.len(), 1);
    assert_eq!(outcome.requests[0].path, b"/1");
    let expected = Refusal::BadRequest("invalid content-length");
    assert_eq!(outcome.refusal, Some(expected));
}

#[test]
fn nothing_is_read_behind_a_request_that_closes() {
    for head in [
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: a, Close\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    ] {
        let stream = [head.as_bytes(), b"\0\n GET / HTTP/1.1\r\n\r\n"].concat();
        let outcome = both(&stream, Limits::default());
        assert_eq!((outcome.requests.len(), outcome.status()), (1, 200));
        assert!(outcome.requests[0].ended && !outcome.idle && !outcome.in_body);
    }
}

#[test]
fn a_body_that_looks_like_a_request_is_a_body() {
    let inner = b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = inner.len();
    let mut stream = head(&format!("Content-Length: {length}\r\n"));
    stream.extend_from_slice(inner);
    stream.extend_from_slice(&head("Transfer-Encoding: chunked\r\n"));
    stream.extend_from_slice(format!("{length:X}\r\n").as_bytes());
    stream.extend_from_slice(inner);
    stream.extend_from_slice(b"\r\n0\r\n\r\n");
    let outcome = both(&stream, Limits::default());
    assert_eq!(outcome.status(), 200);
    let bodies: Vec<_> = outcome
        .requests
        .iter()
        .map(|request| &request.data[..])
        .collect();
    assert_eq!(bodies, [inner, inner]);
    assert!(outcome.idle);
}
