//! The pairs of all `cookie` headers; Starlette collects them in a dict, so that the last value of a name wins.

use pyo3::prelude::*;

use ferroapi_http::{cookie, latin1};

use super::pairs::Pairs;
use crate::scope::Scope;

/// Decoded pairs in the order of the request.
pub fn pairs(py: Python<'_>, scope: &Scope) -> PyResult<Pairs> {
    let mut pairs = Pairs::default();
    scope.each_header(py, |name, value| {
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
