//! Requests that are right, and what they must be read as.

use ferroapi_http::http1::{Body, Version};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::Request;

/// A request and the bytes it is sent as.
#[derive(Clone, Debug)]
pub struct Sent {
    pub bytes: Vec<u8>,
    pub expected: Request,
}

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"
}

/// Field values, which begin and end with something visible.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let visible = prop_oneof![4 => b'!'..=b'~', 1 => 0x80..=0xff_u8];
    let any = prop_oneof![6 => b' '..=b'~', 1 => 0x80..=0xff_u8, 1 => Just(b'\t')];
    (option::of(visible.clone()), vec(any, 0..20), visible).prop_map(|(first, middle, last)| {
        let mut value = Vec::new();
        if let Some(first) = first {
            value.push(first);
            value.extend(middle);
            value.push(last);
        }
        value
    })
}

fn method() -> impl Strategy<Value = String> {
    let common = select(vec![
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "get",
    ]);
    let rare = token().prop_filter("has its own rules", |method| method != "CONNECT");
    prop_oneof![3 => common.prop_map(str::to_owned), 1 => rare]
}

/// A target, with its path and query.
fn target() -> impl Strategy<Value = (String, String, Option<String>)> {
    let authority = prop_oneof![
        6 => Just(""),
        1 => Just("http://Example.org:8000"),
        1 => Just("hTTps://Example.org:8000"),
    ];
    let path = "(/[!$-.0-9:;=@-~]{0,8}){1,4}";
    let query = option::of("[!\"$-~]{0,20}");
    let fragment = option::of("[!-~]{0,5}");
    (authority, path, any::<bool>(), query, fragment).prop_map(
        |(authority, path, bare, query, fragment)| {
            let (sent, path) = if bare && !authority.is_empty() {
                (String::new(), "/".to_owned())
            } else {
                (path.clone(), path)
            };
            let query_sent = query
                .as_ref()
                .map_or(String::new(), |query| format!("?{query}"));
            let fragment = fragment.map_or(String::new(), |fragment| format!("#{fragment}"));
            (
                format!("{authority}{sent}{query_sent}{fragment}"),
                path,
                query,
            )
        },
    )
}

/// A name that means nothing to the codec.
fn plain_name() -> impl Strategy<Value = String> {
    let known = [
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "expect",
        "upgrade",
    ];
    token().prop_filter("means something", move |name| {
        !known.contains(&name.to_ascii_lowercase().as_str())
    })
}

/// A few of them, or more than the decoder has room for on its stack.
fn plain_fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let count = prop_oneof![9 => 0..8_usize, 1 => 28..40_usize];
    count.prop_flat_map(|count| vec((plain_name(), value()), count))
}

/// A body, and the field that frames it.
#[derive(Clone, Debug)]
struct Framed {
    body: Body,
    field: Option<(&'static str, String)>,
    data: Vec<u8>,
    wire: Vec<u8>,
}

fn body() -> impl Strategy<Value = Framed> {
    let empty = |field| Framed {
        body: Body::None,
        field,
        data: Vec::new(),
        wire: Vec::new(),
    };
    let none = Just(empty(None));
    let zero = Just(empty(Some(("content-length", "0".to_owned()))));
    let length = (vec(any::<u8>(), 1..200), 0..3_usize).prop_map(|(data, zeros)| Framed {
        body: Body::Length(data.len() as u64),
        field: Some((
            "Content-Length",
            format!("{}{}", "0".repeat(zeros), data.len()),
        )),
        wire: data.clone(),
        data,
    });
    prop_oneof![2 => none, 1 => zero, 2 => length, 3 => chunked_body()]
}

fn chunked_body() -> impl Strategy<Value = Framed> {
    let extension =
        r#"(;[ \t]?[a-z]{1,5}([ \t]?=[ \t]?([a-z]{1,5}|"([ !#-\[\]-~]|\\[ -~]){0,5}"))?){0,2}"#;
    let chunk = (
        vec(any::<u8>(), 1..60),
        0..3_usize,
        any::<bool>(),
        extension,
    );
    let trailers = vec((token(), value()), 0..3);
    let name = select(vec!["Transfer-Encoding", "transfer-encoding"]);
    let coding = select(vec!["chunked", "CHUNKED"]);
    (vec(chunk, 0..5), trailers, extension, name, coding).prop_map(
        |(chunks, trailers, extension, name, coding)| {
            let (mut data, mut wire) = (Vec::new(), Vec::new());
            for (chunk, zeros, upper, extension) in chunks {
                let size = format!("{:x}", chunk.len());
                let size = if upper { size.to_uppercase() } else { size };
                wire.extend(format!("{}{size}{extension}\r\n", "0".repeat(zeros)).into_bytes());
                wire.extend(&chunk);
                wire.extend(b"\r\n");
                data.extend(chunk);
            }
            wire.extend(format!("0{extension}\r\n").into_bytes());
            for (name, value) in trailers {
                wire.extend([name.as_bytes(), b":", &value, b"\r\n"].concat());
            }
            wire.extend(b"\r\n");
            Framed {
                body: Body::Chunked,
                field: Some((name, coding.to_owned())),
                data,
                wire,
            }
        },
    )
}

#[derive(Clone, Debug)]
struct Options {
    expect: bool,
    upgrade: bool,
    connection: Option<&'static str>,
    padding: &'static str,
    empty_lines: usize,
}

fn options() -> impl Strategy<Value = Options> {
    let connection = option::of(select(vec!["keep-alive", "x, upgrade", "UPGRADE,\t y", ""]));
    let padding = select(vec!["", " ", "\t", "  \t "]);
    (
        any::<bool>(),
        any::<bool>(),
        connection,
        padding,
        0..3_usize,
    )
        .prop_map(
            |(expect, upgrade, connection, padding, empty_lines)| Options {
                expect,
                upgrade,
                connection,
                padding,
                empty_lines,
            },
        )
}

/// Requests that keep the connection open.
pub fn request() -> impl Strategy<Value = Sent> {
    (
        method(),
        target(),
        plain_fields(),
        body(),
        options(),
        any::<Index>(),
    )
        .prop_map(
            |(method, (target, path, query), fields, framed, options, at)| {
                let mut all = vec![("hOst".to_owned(), b"Example.org:8000".to_vec())];
                all.extend(
                    framed
                        .field
                        .map(|(name, value)| (name.to_owned(), value.into_bytes())),
                );
                if options.expect {
                    all.push(("Expect".to_owned(), b"100-Continue".to_vec()));
                }
                if options.upgrade {
                    all.push(("Upgrade".to_owned(), b"websocket".to_vec()));
                }
                let connection = options.connection;
                all.extend(connection.map(|value| ("Connection".to_owned(), value.into())));
                let at = at.index(fields.len() + 1);
                let fields = [&fields[..at], &all, &fields[at..]].concat();

                let mut bytes = "\r\n".repeat(options.empty_lines).into_bytes();
                bytes.extend(format!("{method} {target} HTTP/1.1\r\n").into_bytes());
                for (name, value) in &fields {
                    let padding = options.padding.as_bytes();
                    bytes
                        .extend([name.as_bytes(), b":", padding, value, padding, b"\r\n"].concat());
                }
                bytes.extend(b"\r\n");
                bytes.extend(framed.wire);
                let listed =
                    connection.is_some_and(|value| value.to_lowercase().contains("upgrade"));
                let expected = Request {
                    method: method.into_bytes(),
                    target: target.into_bytes(),
                    path: path.into_bytes(),
                    query: query.map(String::into_bytes),
                    version: Version::Http11,
                    fields: fields
                        .into_iter()
                        .map(|(name, value)| (name.into_bytes(), value))
                        .collect(),
                    body: framed.body,
                    keep_alive: true,
                    expect_continue: options.expect,
                    upgrade: options.upgrade && listed,
                    data: framed.data,
                    ended: true,
                };
                Sent { bytes, expected }
            },
        )
}
