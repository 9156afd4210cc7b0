//! Cookies of all `cookie` headers, as Starlette collects them: the last value of a name wins.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use ferroapi_http::{cookie, latin1};

use super::headers::each_header;

pub fn collect<'py>(scope: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
    let cookies = PyDict::new(scope.py());
    let mut failed = Ok(());
    each_header(scope, |name, value| {
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
