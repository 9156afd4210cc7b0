//! The query string as name and value pairs.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use ferroapi_http::query;

use crate::scope::Scope;

/// Decoded pairs in the order of the request.
pub fn pairs(py: Python<'_>, scope: &Scope) -> PyResult<Vec<(String, String)>> {
    let owned = |bytes: &[u8]| {
        query::pairs(bytes)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    };
    if let Some(head) = scope.head(py) {
        return Ok(owned(head.query()));
    }
    let raw = scope.member(py, intern!(py, "query_string"))?;
    if let Ok(bytes) = raw.cast::<PyBytes>() {
        return Ok(owned(bytes.as_bytes()));
    }
    // Some servers and tests put text there; its characters stand for themselves.
    let text = raw.cast::<PyString>()?;
    let encoded = text.call_method1(intern!(py, "encode"), ("latin-1",))?;
    Ok(owned(encoded.cast::<PyBytes>()?.as_bytes()))
}
