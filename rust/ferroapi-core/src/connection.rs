//! The ASGI shape around the pipeline: a coroutine for `(scope, receive, send)`.

use std::future::Future;

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::attached::attached;
use crate::coroutine::{Coroutine, nothing};
use crate::package::{Package, PackageHandle};
use crate::request::RequestContext;

/// The coroutine that runs `body` for one connection.
pub fn serve<F>(
    package: &'static Package,
    scope: Bound<'_, PyAny>,
    receive: Py<PyAny>,
    send: Py<PyAny>,
    body: impl FnOnce(Box<RequestContext>) -> F + Send + 'static,
) -> Coroutine
where
    F: Future<Output = PyResult<()>> + Send + 'static,
{
    let scope = scope.unbind();
    Coroutine::new(|channel| async move {
        let cx = attached(|py| {
            let leaves = package.leaves(py)?;
            RequestContext::new(py, leaves, channel, scope.bind(py), receive, send)
        })?;
        body(cx).await?;
        nothing()
    })
}

/// What `__reduce__` answers for an object that a package has made of one argument.
pub fn reduced_to<'py>(
    class: Bound<'py, PyType>,
    package: &'static Package,
    argument: &Py<PyAny>,
) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
    let arguments = (PackageHandle::new(package), argument);
    let arguments = arguments.into_pyobject(class.py())?;
    Ok((class, arguments))
}
