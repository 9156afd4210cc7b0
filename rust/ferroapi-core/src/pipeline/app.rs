//! The innermost application: exception handling, exit stack and router in one straight line.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::errors;
use crate::coroutine::Coroutine;
use crate::request::RequestContext;
use crate::routing::{Dispatcher, Found, dispatch};
use crate::stacks::close;

/// What `ExceptionMiddleware`, `AsyncExitStackMiddleware` and the router do, compiled.
#[pyclass(frozen, weakref, module = "ferroapi._core")]
pub struct Pipeline {
    /// The `ExceptionMiddleware` whose handler tables are in force.
    middleware: Py<PyAny>,
    dispatcher: Py<Dispatcher>,
}

impl Pipeline {
    /// Serves one HTTP request.
    pub async fn serve(&self, cx: &mut RequestContext) -> PyResult<()> {
        Python::attach(|py| self.publish_handlers(py, cx))?;
        let outcome = dispatch(self.dispatcher.get(), cx).await;
        let stack = cx.middleware_stack.take();
        match close(cx, stack, outcome).await {
            Ok(Some(Found::Nothing)) => errors::not_found(cx).await,
            Ok(_) => Ok(()),
            Err(error) => errors::handle(cx, error, true).await,
        }
    }

    fn publish_handlers(&self, py: Python<'_>, cx: &RequestContext) -> PyResult<()> {
        let middleware = self.middleware.bind(py);
        let by_class = middleware.getattr(intern!(py, "_exception_handlers"))?;
        let by_status = middleware.getattr(intern!(py, "_status_handlers"))?;
        let tables = PyTuple::new(py, [by_class, by_status])?;
        cx.scope.bind(py).set_item(intern!(py, "starlette.exception_handlers"), tables)
    }
}

#[pymethods]
impl Pipeline {
    #[new]
    fn new(middleware: Py<PyAny>, dispatcher: Py<Dispatcher>) -> Self {
        Self { middleware, dispatcher }
    }

    /// Serve one HTTP request as an ASGI application.
    fn serve_http(
        slf: Py<Self>,
        scope: Bound<'_, PyDict>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> Coroutine {
        let scope = scope.unbind();
        Coroutine::new(|channel| async move {
            let mut cx =
                Python::attach(|py| RequestContext::new(py, channel, scope, receive, send))?;
            slf.get().serve(&mut cx).await?;
            Ok(Python::attach(|py| py.None()))
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.middleware)?;
        visit.call(&self.dispatcher)
    }
}
