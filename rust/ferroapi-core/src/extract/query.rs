//! The query string as name and value pairs.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use ferroapi_http::query;

use super::pairs::Pairs;
use crate::scope::{Member, Scope};

/// Decoded pairs in the order of the request.
pub fn pairs(py: Python<'_>, scope: &Scope) -> PyResult<Pairs> {
    if let Some(head) = scope.head(py) {
        return Ok(decoded(head.query()));
    }
    let raw = scope.member(py, Member::QueryString)?;
    if let Ok(bytes) = raw.cast::<PyBytes>() {
        return Ok(decoded(bytes.as_bytes()));
    }
    // Some servers and tests put text there; its characters stand for themselves.
    let text = raw.cast::<PyString>()?;
    let encoded = text.call_method1(intern!(py, "encode"), ("latin-1",))?;
    Ok(decoded(encoded.cast::<PyBytes>()?.as_bytes()))
}

fn decoded(raw: &[u8]) -> Pairs {
    let mut pairs = Pairs::default();
    pairs.reserve(raw.len());
    for (name, value) in query::pairs(raw) {
        pairs.push(&name, &value);
    }
    pairs
}
