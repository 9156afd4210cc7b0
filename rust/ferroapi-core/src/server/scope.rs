//! The ASGI scope of a request (ASGI HTTP specification 2.3), key by key as uvicorn's protocols make it.

use std::borrow::Cow;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use ferroapi_http::http1::{Head, Version};
use ferroapi_http::percent::unquote;

use super::facts::ServerFacts;
use super::link::Link;

static TEMPLATE: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

const KEYS: [&str; 13] = [
    "type",
    "asgi",
    "http_version",
    "server",
    "client",
    "scheme",
    "root_path",
    "headers",
    "state",
    "method",
    "path",
    "raw_path",
    "query_string",
];

/// A scope whose values are still to be set: cheaper than a dict that grows.
fn empty(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let template = TEMPLATE.get_or_try_init(py, || {
        let scope = PyDict::new(py);
        for key in KEYS {
            scope.set_item(PyString::intern(py, key), py.None())?;
        }
        scope.set_item(intern!(py, "type"), intern!(py, "http"))?;
        Ok::<_, PyErr>(scope.unbind())
    })?;
    template.bind(py).copy()
}

pub fn scope(
    py: Python<'_>,
    facts: &ServerFacts,
    link: &Link,
    head: &Head<'_>,
) -> PyResult<Py<PyDict>> {
    let scope = empty(py)?;
    let version = match head.version {
        Version::Http10 => intern!(py, "1.0"),
        Version::Http11 => intern!(py, "1.1"),
    };
    scope.set_item(intern!(py, "asgi"), facts.asgi.bind(py).copy()?)?;
    scope.set_item(intern!(py, "http_version"), version)?;
    scope.set_item(intern!(py, "server"), &link.server)?;
    scope.set_item(intern!(py, "client"), &link.client)?;
    scope.set_item(intern!(py, "scheme"), link.scheme(py))?;
    scope.set_item(intern!(py, "root_path"), &facts.root_path)?;
    scope.set_item(intern!(py, "headers"), headers(py, head)?)?;
    scope.set_item(intern!(py, "state"), facts.app_state.bind(py).copy()?)?;
    scope.set_item(intern!(py, "method"), method(py, head))?;
    let raw_path = head.path.of(head.raw);
    let path = unquote(raw_path);
    let root_path = facts.root_path.bind(py).to_str()?;
    let (path, raw_path) = if root_path.is_empty() {
        (path, Cow::Borrowed(raw_path))
    } else {
        let raw = [root_path.as_bytes(), raw_path].concat();
        (format!("{root_path}{path}").into(), raw.into())
    };
    scope.set_item(intern!(py, "path"), PyString::new(py, &path))?;
    scope.set_item(intern!(py, "raw_path"), PyBytes::new(py, &raw_path))?;
    let query = head.query.map_or(&b""[..], |query| query.of(head.raw));
    scope.set_item(intern!(py, "query_string"), PyBytes::new(py, query))?;
    Ok(scope.unbind())
}

/// The method as text; the usual ones without making a new string.
fn method<'py>(py: Python<'py>, head: &Head<'_>) -> Bound<'py, PyString> {
    match head.method.of(head.raw) {
        b"GET" => intern!(py, "GET").clone(),
        b"POST" => intern!(py, "POST").clone(),
        b"PUT" => intern!(py, "PUT").clone(),
        b"PATCH" => intern!(py, "PATCH").clone(),
        b"DELETE" => intern!(py, "DELETE").clone(),
        b"HEAD" => intern!(py, "HEAD").clone(),
        b"OPTIONS" => intern!(py, "OPTIONS").clone(),
        // A token, so ASCII.
        other => PyString::new(py, &String::from_utf8_lossy(other)),
    }
}

/// Pairs of bytes, names in lower case.
pub fn headers<'py>(py: Python<'py>, head: &Head<'_>) -> PyResult<Bound<'py, PyList>> {
    let pairs = head.fields.iter().map(|field| {
        let name = field.name.of(head.raw);
        let name = PyBytes::new_with(py, name.len(), |lower| {
            lower.copy_from_slice(name);
            lower.make_ascii_lowercase();
            Ok(())
        })?;
        let value = PyBytes::new(py, field.value.of(head.raw));
        PyTuple::new(py, [name, value])
    });
    PyList::new(
        py,
        pairs.collect::<PyResult<smallvec::SmallVec<[_; 16]>>>()?,
    )
}
