//! `Cookie` headers, as `starlette.requests.cookie_parser` reads them.
//!
//! That is lenient beyond RFC 6265 section 4.2: a chunk without `=` is a value with an empty name, any text is a name,
//! and a value in double quotes is unquoted as `http.cookies._unquote` does.

use std::borrow::Cow;

use memchr::memchr;

use crate::latin1::is_python_space;

/// Names and values in order of appearance, made by [`pairs`].
#[derive(Clone, Debug)]
pub struct CookiePairs<'h> {
    rest: Option<&'h str>,
}

/// Reads one `Cookie` header value, already decoded as latin-1.
///
/// Starlette collects them in a dict, over all `Cookie` headers of a request: the last value of a name wins, at the
/// position of its first.
#[must_use]
pub fn pairs(header: &str) -> CookiePairs<'_> {
    CookiePairs { rest: Some(header) }
}

impl<'h> Iterator for CookiePairs<'h> {
    type Item = (&'h str, Cow<'h, str>);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(rest) = self.rest {
            let end = memchr(b';', rest.as_bytes());
            let chunk = &rest[..end.unwrap_or(rest.len())];
            self.rest = end.map(|at| &rest[at + 1..]);
            let (name, value) = chunk.split_once('=').unwrap_or(("", chunk));
            let (name, value) = (strip(name), strip(value));
            if !name.is_empty() || !value.is_empty() {
                return Some((name, unquote(value)));
            }
        }
        None
    }
}

fn strip(text: &str) -> &str {
    text.trim_matches(is_python_space)
}

/// Python's `http.cookies._unquote`: in a double-quoted text, `\012` is a character by its octal code (up to `\377`)
/// and a backslash before anything but a newline is dropped.
#[must_use]
pub fn unquote(value: &str) -> Cow<'_, str> {
    let inner = value
        .strip_prefix('"')
        .and_then(|tail| tail.strip_suffix('"'));
    match inner {
        None => Cow::Borrowed(value),
        Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
        Some(inner) => Cow::Owned(unescape(inner)),
    }
}

fn unescape(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let escaped = &rest[at + 1..];
        if let Some(character) = octal(escaped) {
            text.push(character);
            rest = &escaped[3..];
            continue;
        }
        // The character after the backslash is taken as it is, even if it is a backslash.
        let taken = escaped
            .chars()
            .next()
            .filter(|character| *character != '\n');
        text.push(taken.unwrap_or('\\'));
        rest = &escaped[taken.map_or(0, char::len_utf8)..];
    }
    text.push_str(rest);
    text
}

fn octal(text: &str) -> Option<char> {
    match *text.as_bytes() {
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            Some(char::from((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')))
        }
        _ => None,
    }
}
