//! The innermost application: exception handling, exit stack and router in one straight line.

use pyo3::PyVisit;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::errors;
use crate::attached::attached;
use crate::cell::AttachedCell;
use crate::connection;
use crate::coroutine::Coroutine;
use crate::epoch;
use crate::package::Package;
use crate::request::RequestContext;
use crate::routing::{Dispatcher, Found, dispatch};
use crate::scope::Key;
use crate::stacks::{StackKey, close};
use crate::stamp::Stamped;
use crate::traverse::{Traverse, Visited, traverse};
use crate::watch;

/// What `ExceptionMiddleware`, `AsyncExitStackMiddleware` and the router do, compiled.
#[pyclass(frozen, weakref, module = "ferroapi._core")]
pub struct Pipeline {
    package: &'static Package,
    /// The `ExceptionMiddleware` whose handler tables are in force.
    middleware: Py<PyAny>,
    /// The layer inside of it when this was made.
    inner: Py<PyAny>,
    /// None if one of the layers was replaced, so that Python must run them.
    dispatcher: Option<Py<Dispatcher>>,
    epoch: u64,
    attributes: Stamped,
    /// `scope["starlette.exception_handlers"]`.
    tables: AttachedCell<Option<Py<PyTuple>>>,
}

traverse!(Pipeline {
    middleware, inner, dispatcher, attributes, tables
} but {
    package, epoch
});

impl Pipeline {
    /// The quick look: nothing was written to the middleware.
    pub fn is_untouched(&self, py: Python<'_>) -> bool {
        self.epoch == epoch::current() && self.attributes.is_unchanged(py)
    }

    /// Whether what was found when this was made still holds.
    pub fn is_current(&self, py: Python<'_>) -> PyResult<bool> {
        self.attributes.settle(py);
        drop(self.tables.take(py));
        let inner = self.middleware.bind(py).getattr(intern!(py, "app"))?;
        Ok(self.epoch == epoch::current() && inner.is(self.inner.bind(py)))
    }

    /// Serves one HTTP request.
    pub async fn serve(&self, cx: &mut RequestContext) -> PyResult<()> {
        let Some(dispatcher) = &self.dispatcher else {
            return Err(PyRuntimeError::new_err("this pipeline is not compiled"));
        };
        attached(|py| {
            if cx.patches.request_init {
                // The exception middleware makes a request object of its own.
                let sender = cx.sender(py)?;
                cx.leaves
                    .new_request
                    .call1(py, (cx.scope.object(py)?, cx.receive(py)?, sender))?;
            }
            cx.exception_tables = Some(self.publish_handlers(py, cx)?);
            if cx.watched {
                cx.stack(py, StackKey::Middleware)?;
            }
            Ok::<_, PyErr>(())
        })?;
        let error = match Self::within_stack(dispatcher.get(), cx).await {
            Ok(Some(Found::Nothing)) => None,
            Ok(_) => return Ok(()),
            Err(error) => Some(error),
        };
        match error {
            None => errors::not_found(cx).await,
            Some(error) => Box::pin(errors::handle(cx, error, true)).await,
        }
    }

    /// The router, inside of the middleware exit stack.
    async fn within_stack(
        dispatcher: &Dispatcher,
        cx: &mut RequestContext,
    ) -> PyResult<Option<Found>> {
        let outcome = dispatch(dispatcher, cx).await;
        if cx.middleware_stack.is_empty() {
            return outcome.map(Some);
        }
        let stack = std::mem::take(&mut cx.middleware_stack);
        Box::pin(close(cx, stack, outcome)).await
    }

    fn publish_handlers(&self, py: Python<'_>, cx: &RequestContext) -> PyResult<Py<PyTuple>> {
        let tables = self.handler_tables(py)?;
        cx.scope.set(py, Key::ExceptionHandlers, tables.as_any())?;
        Ok(tables)
    }

    fn handler_tables(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        if self.attributes.is_unchanged(py)
            && let Some(known) = self.tables.get(py)
        {
            return Ok(known);
        }
        let middleware = self.middleware.bind(py);
        let by_class = middleware.getattr(intern!(py, "_exception_handlers"))?;
        let by_status = middleware.getattr(intern!(py, "_status_handlers"))?;
        let tables = PyTuple::new(py, [by_class, by_status])?.unbind();
        drop(self.tables.replace(py, Some(tables.clone_ref(py))));
        Ok(tables)
    }
}

#[pymethods]
impl Pipeline {
    #[new]
    fn new(
        py: Python<'_>,
        package: &'static Package,
        middleware: Py<PyAny>,
        dispatcher: Option<Py<Dispatcher>>,
    ) -> PyResult<Self> {
        let inner = middleware.getattr(py, intern!(py, "app"))?;
        let attributes = Stamped::attributes(middleware.bind(py))?;
        attributes.settle(py);
        Ok(Self {
            package,
            middleware,
            inner,
            dispatcher,
            epoch: epoch::current(),
            attributes,
            tables: AttachedCell::new(None),
        })
    }

    /// Whether this was made for `middleware`, and nothing changed since.
    fn is_for(&self, py: Python<'_>, middleware: Bound<'_, PyAny>) -> PyResult<bool> {
        watch::look(py, self.package.leaves(py)?);
        Ok(self.middleware.is(&middleware) && self.is_current(py)?)
    }

    /// Whether Rust may serve; else the layers are called one by one.
    #[getter]
    fn native(&self) -> bool {
        self.dispatcher.is_some()
    }

    /// Serve one HTTP request as an ASGI application.
    fn serve_http(
        slf: Py<Self>,
        scope: Bound<'_, PyAny>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> Coroutine {
        let package = slf.get().package;
        connection::serve(package, scope, receive, send, |mut cx| async move {
            slf.get().serve(&mut cx).await
        })
    }

    /// Derived data: a copy of the middleware starts without it.
    fn __reduce__(&self, py: Python<'_>) -> (Py<PyAny>, ()) {
        (py.None().bind(py).get_type().into_any().unbind(), ())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
