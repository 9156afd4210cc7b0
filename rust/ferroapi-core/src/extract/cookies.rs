//! The pairs of all `cookie` headers; Starlette collects them in a dict, so that the last value of a name wins.

use pyo3::prelude::*;

use ferroapi_http::{cookie, latin1};

use super::pairs::Pairs;
use super::sources::Sources;

/// Decoded pairs in the order of the request.
pub fn pairs(py: Python<'_>, sources: &Sources) -> PyResult<Pairs> {
    let mut pairs = Pairs::default();
    sources.each_header(py, |name, value| {
        if name == b"cookie" {
            pairs.reserve(value.len());
            for (name, value) in cookie::pairs(&latin1::decode(value)) {
                pairs.push(name, &value);
            }
        }
        true
    })?;
    Ok(pairs)
}
