//! The exit stacks of a request: made when needed, unwound in the reference's order.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::attached::attached;
use crate::leaves::Leaves;
use crate::request::{CleanupScope, RequestContext};

/// The scope key under which a stack is published.
#[derive(Clone, Copy)]
pub enum StackKey {
    /// Closed last, after error handling: uploaded files.
    Middleware,
    /// Closed after the response went out.
    Request,
    /// Closed before the response goes out.
    Function,
}

impl StackKey {
    pub fn name(self, py: Python<'_>) -> &Bound<'_, PyString> {
        match self {
            Self::Middleware => intern!(py, "fastapi_middleware_astack"),
            Self::Request => intern!(py, "fastapi_inner_astack"),
            Self::Function => intern!(py, "fastapi_function_astack"),
        }
    }
}

/// What is to be undone when a part of the request ends.
///
/// An `AsyncExitStack` exists only if Python code could look for one. As long as nothing is on it, the async generators
/// of dependencies are kept here; they are older than anything on that stack, so they close after it.
#[derive(Default)]
pub struct Stack {
    pub object: Option<Py<PyAny>>,
    generators: Vec<Py<PyAny>>,
}

impl Stack {
    /// A stack that somebody else opened.
    pub fn published(object: Py<PyAny>) -> Self {
        Self {
            object: Some(object),
            generators: Vec::new(),
        }
    }

    /// Keeps an async generator that has yielded its value.
    pub fn push(&mut self, generator: Py<PyAny>) {
        self.generators.push(generator);
    }

    /// Whether there is nothing to undo.
    pub fn is_empty(&self) -> bool {
        self.object.is_none() && self.generators.is_empty()
    }

    /// Whether nobody has put anything on the `AsyncExitStack`.
    pub fn is_bare(&self, py: Python<'_>) -> bool {
        // A private name of the standard library: where it is missing, the stack is closed in full.
        self.object.as_ref().is_none_or(|object| {
            object
                .bind(py)
                .getattr(intern!(py, "_exit_callbacks"))
                .and_then(|callbacks| callbacks.len())
                .is_ok_and(|length| length == 0)
        })
    }

    /// The `AsyncExitStack`, if there is anything on it.
    fn pending_object(&mut self, py: Python<'_>) -> Option<Py<PyAny>> {
        let bare = self.is_bare(py);
        self.object.take().filter(|_| !bare)
    }
}

/// `AsyncExitStack()`; where its `__init__` does nothing else, only what that does is done.
pub fn new(py: Python<'_>, leaves: &Leaves) -> PyResult<Py<PyAny>> {
    let Some(callbacks) = &leaves.exit_callbacks else {
        return leaves.new_exit_stack.call0(py);
    };
    let object = leaves.bare_object.call1(py, (&leaves.new_exit_stack,))?;
    object.setattr(py, intern!(py, "_exit_callbacks"), callbacks.call0(py)?)?;
    Ok(object)
}

/// Closes `stack` with what the body of its `async with` came to.
///
/// `Ok(None)` says that the stack swallowed the body's exception. To be boxed, and called only if there is anything
/// to undo, so that other requests are small.
pub async fn close<T>(
    cx: &RequestContext,
    mut stack: Stack,
    body: PyResult<T>,
) -> PyResult<Option<T>> {
    let mut body = body.map(Some);
    if let Some(object) = attached(|py| stack.pending_object(py)) {
        let closing = attached(|py| {
            let error = error_value(py, &body);
            cx.leaves.close_stack.call1(py, (object, error))
        })?;
        body = closed(cx.await_(closing).await, body);
    }
    if stack.generators.is_empty() {
        return body;
    }
    generators::close(cx, stack.generators, body).await
}

fn error_value<T>(py: Python<'_>, body: &PyResult<T>) -> Option<Py<PyAny>> {
    body.as_ref()
        .err()
        .map(|error| error.clone_ref(py).into_value(py).into_any())
}

/// The body's outcome after a leaf closed something: what it raised, or nothing if it swallowed the error.
fn closed<T>(leaf: PyResult<Py<PyAny>>, body: PyResult<Option<T>>) -> PyResult<Option<T>> {
    leaf.map(|_| body.ok().flatten())
}

/// Closes the request's cancel scope, which must see the same outcome as the stack it belongs to.
pub fn leave_cleanup_scope<T>(
    scope: &CleanupScope,
    body: PyResult<Option<T>>,
) -> PyResult<Option<T>> {
    let Some(scope) = scope.object() else {
        return body;
    };
    let swallowed = attached(|py| {
        let (class, value, traceback) = match &body {
            Ok(_) => (py.None(), py.None(), py.None()),
            Err(error) => (
                error.get_type(py).into_any().unbind(),
                error.value(py).clone().into_any().unbind(),
                error
                    .traceback(py)
                    .map_or_else(|| py.None(), |traceback| traceback.into_any().unbind()),
            ),
        };
        let left = scope.call_method1(py, intern!(py, "__exit__"), (class, value, traceback))?;
        left.is_truthy(py)
    })?;
    match body {
        Err(_) if swallowed => Ok(None),
        body => body,
    }
}

pub mod generators {
    //! Async generators of dependencies, entered and left without a context manager object.

    use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyTypeError};
    use pyo3::intern;
    use pyo3::prelude::*;

    use super::{closed, error_value};
    use crate::attached::attached;
    use crate::request::RequestContext;

    /// Runs a generator up to its `yield`, inside the request's cancel scope.
    pub async fn enter(cx: &mut RequestContext, generator: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        let call = attached(|py| {
            cx.open_cleanup_scope(py)?;
            anext(generator.bind(py))
        })?;
        let outcome = cx.await_(call).await;
        attached(|py| match outcome {
            Err(error) if error.is_instance_of::<PyStopAsyncIteration>(py) => {
                // As by `raise … from None` where the end of the generator is handled.
                let raised = PyRuntimeError::new_err("generator didn't yield");
                raised.set_cause(py, None);
                raised.set_context(py, Some(error));
                Err(raised)
            }
            outcome => outcome,
        })
    }

    /// Runs the code after each `yield`, youngest first.
    pub async fn close<T>(
        cx: &RequestContext,
        mut open: Vec<Py<PyAny>>,
        mut body: PyResult<Option<T>>,
    ) -> PyResult<Option<T>> {
        while body.is_ok()
            && let Some(generator) = open.pop()
        {
            let last = open.is_empty() && cx.request_stack.is_empty();
            if let Err(error) = finish(cx, &generator, last).await {
                body = Err(error);
            }
        }
        if open.is_empty() {
            return body;
        }
        // An exception is thrown into the generators that are left; the standard library knows how.
        let call = attached(|py| {
            let error = error_value(py, &body);
            let scope = cx.cleanup_scope.object();
            cx.leaves.close_generators.call1(py, (open, scope, error))
        })?;
        closed(cx.await_(call).await, body)
    }

    /// The code after a `yield`, shielded from cancellation from outside.
    ///
    /// After the `last` one, no scope of a dependency's is left around the task.
    async fn finish(cx: &RequestContext, generator: &Py<PyAny>, last: bool) -> PyResult<()> {
        let call = attached(|py| {
            shield(py, cx, true)?;
            anext(generator.bind(py))
        })?;
        let outcome = match cx.await_(call).await {
            Ok(_) => {
                let end = attached(|py| cx.leaves.end_generator.call1(py, (generator,)))?;
                Box::pin(cx.run(end)).await
            }
            Err(error) => Err(error),
        };
        attached(|py| {
            shield(py, cx, false)?;
            match outcome {
                Err(error) if error.is_instance_of::<PyStopAsyncIteration>(py) => Ok(()),
                outcome => outcome,
            }
        })?;
        if last && cx.cleanup_scope.is_needless() {
            return Ok(());
        }
        let checkpoint = attached(|py| {
            if cx.has_unseen_task(py) {
                return Ok(None);
            }
            let point = cx.leaves.cancellation_point.call0(py)?;
            Ok::<_, PyErr>((!point.is_none(py)).then_some(point))
        })?;
        match checkpoint {
            Some(checkpoint) => cx.run(checkpoint).await,
            None => Ok(()),
        }
    }

    /// What gives the generator's next value when it is awaited, as `anext()`.
    fn anext(generator: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = generator.py();
        // SAFETY: a live object and the slots of its type, which are valid while it is alive; the result is an owned
        // reference, or null with an exception set.
        unsafe {
            let slots = (*generator.get_type_ptr()).tp_as_async.as_ref();
            if let Some(slot) = slots.and_then(|slots| slots.am_anext) {
                let next = slot(generator.as_ptr());
                return Bound::from_owned_ptr_or_err(py, next).map(Bound::unbind);
            }
        }
        let class = generator.get_type().name()?;
        let text = format!("'{class}' object is not an async iterator");
        Err(PyTypeError::new_err(text))
    }

    fn shield(py: Python<'_>, cx: &RequestContext, shielded: bool) -> PyResult<()> {
        match cx.cleanup_scope.object() {
            Some(scope) => scope.setattr(py, intern!(py, "shield"), shielded),
            None => Ok(()),
        }
    }
}
