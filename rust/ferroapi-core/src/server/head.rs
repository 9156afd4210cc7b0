//! The head of a request, kept for as long as the request is served.

use std::borrow::Cow;

use ferroapi_http::http1::{Field, Head, Span, Version};
use ferroapi_http::percent::unquote;
use smallvec::SmallVec;

/// What was read of a request before its body.
pub struct RequestHead {
    raw: Box<[u8]>,
    fields: SmallVec<[Field; 8]>,
    method: Span,
    path: Span,
    query: Option<Span>,
    pub version: Version,
}

impl RequestHead {
    pub fn new(head: &Head<'_>) -> Self {
        let mut raw: Box<[u8]> = head.raw.into();
        for field in head.fields {
            field.name.of_mut(&mut raw).make_ascii_lowercase();
        }
        Self {
            raw,
            fields: SmallVec::from_slice(head.fields),
            method: head.method,
            path: head.path,
            query: head.query,
            version: head.version,
        }
    }

    /// A token (RFC 9110, section 5.6.2), so ASCII.
    pub fn method(&self) -> &str {
        std::str::from_utf8(self.method.of(&self.raw)).unwrap_or_default()
    }

    pub fn raw_path(&self) -> &[u8] {
        self.path.of(&self.raw)
    }

    /// The path behind `root_path`, decoded.
    pub fn path<'a>(&'a self, root_path: &str) -> Cow<'a, str> {
        let path = unquote(self.raw_path());
        if root_path.is_empty() {
            path
        } else {
            format!("{root_path}{path}").into()
        }
    }

    /// Without the question mark; empty if there is none.
    pub fn query(&self) -> &[u8] {
        self.query.map_or(b"", |query| query.of(&self.raw))
    }

    /// Names, in lower case, and values.
    pub fn headers(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .map(|field| (field.name.of(&self.raw), field.value.of(&self.raw)))
    }

    pub fn each_header(&self, mut visit: impl FnMut(&[u8], &[u8]) -> bool) {
        let _ = self.headers().all(|(name, value)| visit(name, value));
    }
}
