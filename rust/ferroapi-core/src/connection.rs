//! The ASGI shape around the pipeline: a coroutine for `(scope, receive, send)`.

use std::future::Future;

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::attached::attached;
use crate::coroutine::{Coroutine, nothing};
use crate::request::RequestContext;

/// The coroutine that runs `body` for one connection.
pub fn serve<F>(
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
        let cx = attached(|py| RequestContext::new(py, channel, scope.bind(py), receive, send))?;
        body(cx).await?;
        nothing()
    })
}

/// What `__reduce__` answers for an object that is made of one argument.
pub fn reduced_to<'py>(
    class: Bound<'py, PyType>,
    argument: &Py<PyAny>,
) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
    let arguments = PyTuple::new(class.py(), [argument])?;
    Ok((class, arguments))
}
