//! The query string as name and value pairs.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use ferroapi_http::query;

use super::pairs::Pairs;

/// The pairs of `scope["query_string"]`, decoded, in the order of the request; none for an object that only
/// `QueryParams` can read.
pub fn pairs(raw: &Bound<'_, PyAny>) -> Option<Pairs> {
    if let Ok(bytes) = raw.cast::<PyBytes>() {
        return Some(decoded(bytes.as_bytes()));
    }
    // Some servers and tests put text there; its characters stand for themselves.
    let text = raw.cast::<PyString>().ok()?;
    let encoded = text.call_method1(intern!(raw.py(), "encode"), (intern!(raw.py(), "latin-1"),));
    Some(decoded(encoded.ok()?.cast::<PyBytes>().ok()?.as_bytes()))
}

/// The same for the raw bytes.
pub fn decoded(raw: &[u8]) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.reserve(raw.len());
    for (name, value) in query::pairs(raw) {
        pairs.push(&name, &value);
    }
    pairs
}
