//! The exit stacks of a request: made when needed, unwound in the reference's order.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::attached::attached;
use crate::request::RequestContext;

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

/// An `AsyncExitStack`.
pub struct Stack {
    pub object: Py<PyAny>,
}

impl Stack {
    fn is_empty(&self, py: Python<'_>) -> bool {
        // A private name of the standard library: where it is missing, the stack is closed in full.
        self.object
            .bind(py)
            .getattr(intern!(py, "_exit_callbacks"))
            .and_then(|callbacks| callbacks.len())
            .is_ok_and(|length| length == 0)
    }
}

/// Closes `stack` with what the body of its `async with` came to.
///
/// `Ok(None)` says that the stack swallowed the body's exception.
pub async fn close<T>(
    cx: &RequestContext,
    stack: Option<Stack>,
    body: PyResult<T>,
) -> PyResult<Option<T>> {
    let Some(stack) = stack else {
        return body.map(Some);
    };
    let closing = attached(|py| {
        if stack.is_empty(py) {
            return Ok(None);
        }
        let error = body
            .as_ref()
            .err()
            .map(|error| error.clone_ref(py).into_value(py));
        cx.leaves
            .close_stack
            .call1(py, (stack.object, error))
            .map(Some)
    })?;
    let Some(closing) = closing else {
        return body.map(Some);
    };
    cx.await_(closing).await?;
    // Where the body failed and the leaf did not raise again, the exception was swallowed.
    Ok(body.ok())
}
