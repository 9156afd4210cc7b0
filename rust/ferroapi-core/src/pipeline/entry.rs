//! The application's way in: the outermost layers of its middleware stack, compiled.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use super::app::Pipeline;
use crate::cell::AttachedCell;
use crate::coroutine::{Coroutine, nothing};
use crate::epoch;
use crate::leaves::{Leaves, leaves};
use crate::request::RequestContext;
use crate::watch;

/// What the entry knows of the stack that `build_middleware_stack()` returned.
struct Known {
    epoch: u64,
    stack: Py<PyAny>,
    /// The layer inside of the outermost one; it may be replaced at any time.
    below: Py<PyAny>,
    inside: Inside,
}

enum Inside {
    /// No middleware of the user's in between.
    Compiled(Py<Pipeline>),
    /// The outermost middleware of the user's.
    Python(Py<PyAny>),
    /// The stack is not the package's own: it is called as a whole.
    Foreign,
}

/// Enters an application's stack directly in Rust where nothing of it was replaced.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct Entry {
    app: Py<PyAny>,
    known: AttachedCell<Option<Known>>,
}

enum Route {
    Compiled(Py<Pipeline>),
    Python(Py<PyAny>),
}

impl Entry {
    /// How to serve a connection of this scope; none if the plain stack has to.
    fn route(
        &self,
        py: Python<'_>,
        scope: &Bound<'_, PyDict>,
    ) -> PyResult<Option<(Route, Py<PyAny>)>> {
        let leaves = leaves(py)?;
        if !is_plain_http(scope, &leaves)? {
            return Ok(None);
        }
        let app = self.app.bind(py);
        if is_recorded(app, &leaves)? {
            return Ok(None);
        }
        watch::look(py, &leaves);
        let stack = app.getattr(intern!(py, "middleware_stack"))?;
        if stack.is_none() {
            // Starlette's own call builds it.
            return Ok(None);
        }
        let known = match self.known.take(py) {
            Some(known) if known.is_current(py, &stack)? => known,
            _ => Known::learn(py, &leaves, &stack)?,
        };
        let route = match &known.inside {
            Inside::Compiled(pipeline) => Some(Route::Compiled(pipeline.clone_ref(py))),
            Inside::Python(layer) => Some(Route::Python(layer.clone_ref(py))),
            Inside::Foreign => None,
        };
        drop(self.known.replace(py, Some(known)));
        Ok(route.map(|route| (route, stack.unbind())))
    }
}

/// An HTTP request that no outer application traces or counts the bytes of.
fn is_plain_http(scope: &Bound<'_, PyDict>, leaves: &Leaves) -> PyResult<bool> {
    let py = scope.py();
    let kind = scope.get_item(intern!(py, "type"))?;
    let http = kind.is_some_and(|kind| kind.cast::<PyString>().is_ok_and(|kind| kind == "http"));
    Ok(http
        && !scope.contains(intern!(py, "fastapi.telemetry"))?
        && !scope.contains(&leaves.max_body_size_key)?)
}

/// Whether the application's own telemetry records this request.
fn is_recorded(app: &Bound<'_, PyAny>, leaves: &Leaves) -> PyResult<bool> {
    let py = app.py();
    let config = app.getattr(intern!(py, "_telemetry"))?;
    if leaves.telemetry_gate.is_certainly_off(py, &config)? {
        return Ok(false);
    }
    let telemetry = app.getattr(intern!(py, "_native_telemetry"))?;
    telemetry.call_method0(intern!(py, "enabled"))?.is_truthy()
}

impl Known {
    fn is_current(&self, py: Python<'_>, stack: &Bound<'_, PyAny>) -> PyResult<bool> {
        if self.epoch != epoch::current() || !stack.is(self.stack.bind(py)) {
            return Ok(false);
        }
        match &self.inside {
            Inside::Foreign => Ok(true),
            Inside::Python(_) => self.is_below(py, stack),
            Inside::Compiled(pipeline) => {
                Ok(self.is_below(py, stack)? && pipeline.get().is_current(py)?)
            }
        }
    }

    fn is_below(&self, py: Python<'_>, stack: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(stack.getattr(intern!(py, "app"))?.is(self.below.bind(py)))
    }

    fn learn(py: Python<'_>, leaves: &Leaves, stack: &Bound<'_, PyAny>) -> PyResult<Self> {
        let layer = leaves.inside_of_stack.bind(py).call1((stack,))?;
        let inside = if layer.is_none() {
            Inside::Foreign
        } else if layer.get_type().is(leaves.innermost_class.bind(py)) {
            let pipeline = leaves.pipeline_of.bind(py).call1((&layer,))?;
            match pipeline.cast_into::<Pipeline>() {
                Ok(pipeline) => Inside::Compiled(pipeline.unbind()),
                Err(_) => Inside::Python(layer.unbind()),
            }
        } else {
            Inside::Python(layer.unbind())
        };
        let below = match inside {
            Inside::Foreign => py.None(),
            _ => stack.getattr(intern!(py, "app"))?.unbind(),
        };
        Ok(Self {
            epoch: epoch::current(),
            stack: stack.clone().unbind(),
            below,
            inside,
        })
    }
}

/// Serves the request; an error that nobody handled is answered with 500 and raised for the server.
async fn serve(route: Route, stack: Py<PyAny>, cx: &mut RequestContext) -> PyResult<()> {
    let outcome = match route {
        Route::Compiled(pipeline) => pipeline.get().serve(cx).await,
        Route::Python(layer) => {
            let call = Python::attach(|py| {
                let sender = cx.sender(py)?;
                layer.call1(py, (&cx.scope, &cx.receive, sender))
            });
            match call {
                Ok(call) => cx.await_(call).await.map(drop),
                Err(error) => Err(error),
            }
        }
    };
    let Err(error) = outcome else { return Ok(()) };
    let call = Python::attach(|py| {
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        let sender = cx.sender(py)?;
        let arguments = (stack, error.into_value(py), &cx.scope, &cx.receive, sender);
        cx.leaves.server_error.call1(py, arguments)
    })?;
    cx.await_(call).await.map(drop)
}

#[pymethods]
impl Entry {
    #[new]
    fn new(app: Py<PyAny>) -> Self {
        Self {
            app,
            known: AttachedCell::new(None),
        }
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        Ok((
            slf.get_type(),
            PyTuple::new(py, [slf.get().app.clone_ref(py)])?,
        ))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.app)?;
        // SAFETY: called by the collector only.
        if let Some(known) = unsafe { self.known.traversed() } {
            visit.call(&known.stack)?;
            visit.call(&known.below)?;
            match &known.inside {
                Inside::Compiled(pipeline) => visit.call(pipeline)?,
                Inside::Python(layer) => visit.call(layer)?,
                Inside::Foreign => {}
            }
        }
        Ok(())
    }

    fn __clear__(&self) {
        Python::attach(|py| drop(self.known.take(py)));
    }
}

/// The coroutine that serves this connection, or none if the middleware stack has to be called.
///
/// What the entry learnt is kept on the application; a copy of that starts with an entry of its own.
#[pyfunction]
pub fn open(
    py: Python<'_>,
    app: Bound<'_, PyAny>,
    scope: Bound<'_, PyAny>,
    receive: Py<PyAny>,
    send: Py<PyAny>,
) -> PyResult<Option<Coroutine>> {
    let Ok(scope) = scope.cast_into::<PyDict>() else {
        return Ok(None);
    };
    let entry = entry_of(&app)?;
    let Some((route, stack)) = entry.get().route(py, &scope)? else {
        return Ok(None);
    };
    scope.set_item(intern!(py, "app"), app)?;
    let scope = scope.unbind();
    Ok(Some(Coroutine::new(|channel| async move {
        let mut cx = Python::attach(|py| RequestContext::new(py, channel, scope, receive, send))?;
        serve(route, stack, &mut cx).await?;
        nothing()
    })))
}

fn entry_of<'py>(app: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Entry>> {
    let py = app.py();
    let own = app
        .getattr(intern!(py, "__dict__"))?
        .cast_into::<PyDict>()?;
    let key = intern!(py, "_entry");
    if let Some(known) = own.get_item(key)?
        && let Ok(entry) = known.cast_into::<Entry>()
        && entry.get().app.is(app)
    {
        return Ok(entry);
    }
    let entry = Bound::new(
        py,
        Entry {
            app: app.clone().unbind(),
            known: AttachedCell::new(None),
        },
    )?;
    own.set_item(key, &entry)?;
    Ok(entry)
}
