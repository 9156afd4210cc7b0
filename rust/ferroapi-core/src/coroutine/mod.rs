//! Rust futures as Python coroutines, without a runtime.
//!
//! The event loop stays the user's. A [`Coroutine`] polls its future when Python sends into it; the
//! only leaf future, [`Channel::await_`], drives a Python awaitable and passes whatever that yields
//! straight through, so the loop never sees anything but the user's own futures.

mod awaiting;
mod channel;
mod object;

pub use channel::Channel;
pub use object::Coroutine;

use crate::attached::attached;
use pyo3::prelude::*;

/// What a finished request-path future gives back to Python.
pub type Outcome = PyResult<Py<PyAny>>;

/// The outcome of a coroutine that returns nothing.
// The method by its path is not general over the lifetime that `attached` asks for; the result is what
// a coroutine body returns.
#[allow(clippy::redundant_closure_for_method_calls, clippy::unnecessary_wraps)]
pub fn nothing() -> Outcome {
    Ok(attached(|py| py.None()))
}
