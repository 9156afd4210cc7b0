//! Query strings, as Starlette's `QueryParams` reads them.
//!
//! The contract is `urllib.parse.parse_qsl(raw.decode("latin-1"), keep_blank_values=True)`: fields split at `&` only,
//! empty ones skipped, `+` a space, percent-encoded bytes decoded as UTF-8 with U+FFFD for each maximal invalid part
//! (Unicode 15, section 3.9). A run of ASCII is decoded by itself: an encoded byte never joins one beside it that
//! was sent raw.

use std::borrow::Cow;

use crate::percent::{self, Plus};

/// Names and values in order of appearance, made by [`pairs`].
#[derive(Clone, Debug)]
pub struct QueryPairs<'q> {
    rest: &'q [u8],
}

/// Reads a raw query string, without the question mark. Text that needs no decoding is borrowed.
#[must_use]
pub fn pairs(raw: &[u8]) -> QueryPairs<'_> {
    QueryPairs { rest: raw }
}

impl<'q> Iterator for QueryPairs<'q> {
    type Item = (Cow<'q, str>, Cow<'q, str>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let field = Field::scan(self.rest);
            self.rest = self.rest.get(field.text.len() + 1..).unwrap_or_default();
            if !field.text.is_empty() {
                return Some(field.split());
            }
        }
        None
    }
}

/// What a byte means for the scan.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    And,
    Equals,
    Decode,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Plain; 256];
    table[b'&' as usize] = Class::And;
    table[b'=' as usize] = Class::Equals;
    table[b'%' as usize] = Class::Decode;
    table[b'+' as usize] = Class::Decode;
    let mut byte = 0x80;
    while byte < 256 {
        table[byte] = Class::Decode;
        byte += 1;
    }
    table
};

struct Field<'q> {
    text: &'q [u8],
    /// Position of the first equals sign.
    equals: Option<usize>,
    /// Whether all of it is ASCII that stands for itself.
    plain: bool,
}

impl<'q> Field<'q> {
    /// Everything in front of the first `&`.
    #[inline]
    fn scan(raw: &'q [u8]) -> Self {
        let mut field = Self {
            text: raw,
            equals: None,
            plain: true,
        };
        for (at, byte) in raw.iter().enumerate() {
            match CLASSES[usize::from(*byte)] {
                Class::Plain => {}
                Class::And => {
                    field.text = &raw[..at];
                    break;
                }
                Class::Equals => field.equals = field.equals.or(Some(at)),
                Class::Decode => field.plain = false,
            }
        }
        field
    }

    #[inline]
    fn split(&self) -> (Cow<'q, str>, Cow<'q, str>) {
        let equals = self.equals.unwrap_or(self.text.len());
        let value = (equals + 1).min(self.text.len());
        match std::str::from_utf8(self.text) {
            Ok(text) if self.plain => (text[..equals].into(), text[value..].into()),
            _ => (
                unquote_plus(&self.text[..equals]),
                unquote_plus(&self.text[value..]),
            ),
        }
    }
}

/// Python's `urllib.parse.unquote_plus(raw.decode("latin-1"))`.
#[must_use]
pub fn unquote_plus(raw: &[u8]) -> Cow<'_, str> {
    let decode = |byte: &u8| CLASSES[usize::from(*byte)] == Class::Decode;
    let plain = raw.iter().position(decode).unwrap_or(raw.len());
    match std::str::from_utf8(&raw[..plain]) {
        Ok(text) if plain == raw.len() => Cow::Borrowed(text),
        start => Cow::Owned(unquote_slow(start.unwrap_or_default(), &raw[plain..])),
    }
}

fn unquote_slow(start: &str, raw: &[u8]) -> String {
    let mut text = String::with_capacity(start.len() + raw.len());
    text.push_str(start);
    let mut rest = raw;
    let mut decoded = Vec::new();
    while let Some(&first) = rest.first() {
        if !first.is_ascii() {
            text.push(char::from(first));
            rest = &rest[1..];
            continue;
        }
        let len = rest.iter().take_while(|byte| byte.is_ascii()).count();
        let (run, tail) = rest.split_at(len);
        decoded.clear();
        percent::decode(run, Plus::Space, &mut decoded);
        text.push_str(&String::from_utf8_lossy(&decoded));
        rest = tail;
    }
    text
}
