//! A coroutine that is a call, as long as there is nothing to wait for.

use pyo3::prelude::*;

use super::Outcome;
use super::progress::Progress;
use crate::traverse::traverse;

/// What is called when the coroutine is first resumed; no future is made before that.
pub struct Call {
    pub object: Py<PyAny>,
    pub argument: Py<PyAny>,
    pub function: fn(Python<'_>, &Py<PyAny>, Py<PyAny>) -> Called,
}

traverse!(Call { object, argument } but { function });

/// What the call came to.
pub enum Called {
    Done(Outcome),
    /// Something has to be waited for first.
    Waiting(Progress),
}
