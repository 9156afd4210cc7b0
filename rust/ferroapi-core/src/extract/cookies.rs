//! Cookies of all `cookie` headers, as Starlette collects them: the last value of a name wins.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use ferroapi_http::{cookie, latin1};

use crate::scope::Scope;

pub fn collect<'py>(py: Python<'py>, scope: &Scope) -> PyResult<Bound<'py, PyDict>> {
    let cookies = PyDict::new(py);
    let mut failed = Ok(());
    scope.each_header(py, |name, value| {
        if name == b"cookie" {
            let text = latin1::decode(value);
            failed =
                cookie::pairs(&text).try_for_each(|(name, value)| cookies.set_item(name, value));
        }
        failed.is_ok()
    })?;
    failed?;
    Ok(cookies)
}
