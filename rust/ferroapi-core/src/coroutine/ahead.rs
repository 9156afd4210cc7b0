//! A step that was taken before there was a task, told to the task that was made afterwards.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::progress::{Progress, Step};
use crate::traverse::traverse;

/// The first step of a task, which it has not taken itself.
pub struct Ahead {
    /// What is left to run.
    pub rest: Option<Progress>,
    pub outcome: PyResult<Step>,
    /// The `asyncio.Task`.
    pub task: Py<PyAny>,
}

traverse!(Ahead { rest, task } but { outcome });

impl Ahead {
    /// The outcome, for a task that throws into its first step.
    ///
    /// A task does so if it was cancelled before that step. Here it was cancelled during the step, by itself; then
    /// asyncio cancels what the step waits for, or the task when the step is its last. The task takes the
    /// cancellation for done once it has thrown, so it is told again.
    pub fn after_throw(self, py: Python<'_>) -> PyResult<Step> {
        let task = self.task.bind(py);
        let message = task.getattr(intern!(py, "_cancel_message"))?;
        let keywords = PyDict::new(py);
        keywords.set_item(intern!(py, "msg"), message)?;
        task.call_method(intern!(py, "cancel"), (), Some(&keywords))?;
        task.call_method0(intern!(py, "uncancel"))?;
        self.outcome
    }
}
