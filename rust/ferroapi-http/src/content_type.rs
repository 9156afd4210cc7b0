//! Is a request body JSON?
//!
//! The contract is Python's `email.message.Message`: main type `application` and subtype `json` or `…+json`, where
//! the type is the header's text before the first `;`, stripped and in lower case, and anything without
//! exactly one `/` counts as `text/plain` (RFC 2045, section 5.2).

use memchr::memchr;

/// What a `Content-Type` header says about the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json` or `application/…+json`.
    Json,
    /// Anything else, also an empty header.
    NotJson,
    /// Control characters or bytes beyond ASCII in the type: ask Python.
    Unsure,
}

/// Classifies a raw header value.
#[must_use]
pub fn classify(raw: &[u8]) -> ContentType {
    if raw == b"application/json" {
        return ContentType::Json;
    }
    let end = memchr(b';', raw).unwrap_or(raw.len());
    let text = &raw[..end];
    if text.iter().any(|byte| !matches!(byte, b'\t' | b' '..=b'~')) {
        return ContentType::Unsure;
    }
    if is_json(text.trim_ascii()) {
        ContentType::Json
    } else {
        ContentType::NotJson
    }
}

fn is_json(kind: &[u8]) -> bool {
    let Some(at) = memchr(b'/', kind) else {
        return false;
    };
    let (main, sub) = (&kind[..at], &kind[at + 1..]);
    let suffix = sub
        .len()
        .checked_sub(b"+json".len())
        .map(|from| &sub[from..]);
    main.eq_ignore_ascii_case(b"application")
        && memchr(b'/', sub).is_none()
        && (sub.eq_ignore_ascii_case(b"json")
            || suffix.is_some_and(|end| end.eq_ignore_ascii_case(b"+json")))
}
