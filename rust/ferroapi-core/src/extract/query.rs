//! The query string as name and value pairs.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use ferroapi_http::query;

/// Decoded pairs in the order of the request.
pub fn pairs(scope: &Bound<'_, PyDict>) -> PyResult<Vec<(String, String)>> {
    let py = scope.py();
    let raw = scope
        .get_item(intern!(py, "query_string"))?
        .ok_or_else(|| pyo3::exceptions::PyKeyError::new_err("query_string"))?;
    let owned = |bytes: &[u8]| {
        query::pairs(bytes)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    };
    if let Ok(bytes) = raw.cast::<PyBytes>() {
        return Ok(owned(bytes.as_bytes()));
    }
    // Some servers and tests put text there; its characters stand for themselves.
    let text = raw.cast::<PyString>()?;
    let encoded = text.call_method1(intern!(py, "encode"), ("latin-1",))?;
    Ok(owned(encoded.cast::<PyBytes>()?.as_bytes()))
}
