//! The ASGI scope of a request (ASGI HTTP specification 2.3), key by key as uvicorn's protocols make it.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use ferroapi_http::http1::Version;
use smallvec::SmallVec;

use super::facts::ServerFacts;
use super::head::RequestHead;
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

/// The scope of a request whose head is known.
pub fn scope(
    py: Python<'_>,
    facts: &ServerFacts,
    link: &Link,
    head: &RequestHead,
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
    scope.set_item(intern!(py, "method"), method(py, head.method()))?;
    let root_path = facts.root_path(py);
    let path = head.path(root_path);
    scope.set_item(intern!(py, "path"), PyString::new(py, &path))?;
    let raw_path = if root_path.is_empty() {
        PyBytes::new(py, head.raw_path())
    } else {
        PyBytes::new(py, &[root_path.as_bytes(), head.raw_path()].concat())
    };
    scope.set_item(intern!(py, "raw_path"), raw_path)?;
    let query = PyBytes::new(py, head.query());
    scope.set_item(intern!(py, "query_string"), query)?;
    Ok(scope.unbind())
}

/// The method as text; the usual ones without making a new string.
fn method<'py>(py: Python<'py>, name: &str) -> Bound<'py, PyString> {
    match name {
        "GET" => intern!(py, "GET").clone(),
        "POST" => intern!(py, "POST").clone(),
        "PUT" => intern!(py, "PUT").clone(),
        "PATCH" => intern!(py, "PATCH").clone(),
        "DELETE" => intern!(py, "DELETE").clone(),
        "HEAD" => intern!(py, "HEAD").clone(),
        "OPTIONS" => intern!(py, "OPTIONS").clone(),
        other => PyString::new(py, other),
    }
}

/// Pairs of bytes, names in lower case.
pub fn headers<'py>(py: Python<'py>, head: &RequestHead) -> PyResult<Bound<'py, PyList>> {
    let pairs = head
        .headers()
        .map(|(name, value)| PyTuple::new(py, [PyBytes::new(py, name), PyBytes::new(py, value)]));
    PyList::new(py, pairs.collect::<PyResult<SmallVec<[_; 16]>>>()?)
}
