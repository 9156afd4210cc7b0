//! Rust futures as Python coroutines, without a runtime.
//!
//! The event loop stays the user's. A [`Coroutine`] polls its future when Python sends into it; the
//! only leaf future, [`Channel::await_`], drives a Python awaitable and passes whatever that yields
//! straight through, so the loop never sees anything but the user's own futures.

mod ahead;
mod awaiting;
mod call;
mod channel;
mod object;
mod progress;

pub use ahead::Ahead;
pub use awaiting::{Await, Run};
pub use call::{Call, Called};
pub use channel::Channel;
pub use object::Coroutine;
pub use progress::{Progress, Step};

use crate::attached::attached;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;

/// An error as it leaves a coroutine: there, a `StopIteration` would pass for a return value (PEP 479).
pub fn escaping(error: PyErr) -> PyErr {
    attached(|py| {
        if !error.is_instance_of::<PyStopIteration>(py) {
            return error;
        }
        let raised = PyRuntimeError::new_err("coroutine raised StopIteration");
        raised.set_context(py, Some(error.clone_ref(py)));
        raised.set_cause(py, Some(error));
        raised
    })
}

/// What a finished request-path future gives back to Python.
pub type Outcome = PyResult<Py<PyAny>>;

/// The outcome of a coroutine that returns nothing.
// The method by its path is not general over the lifetime that `attached` asks for; the result is what
// a coroutine body returns.
#[allow(clippy::redundant_closure_for_method_calls, clippy::unnecessary_wraps)]
pub fn nothing() -> Outcome {
    Ok(attached(|py| py.None()))
}
