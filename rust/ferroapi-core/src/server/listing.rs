//! asyncio's set of all tasks.
//!
//! The constructor of a task enters it there, which is Python code.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::leaves::ServerLeaves;

pub struct Listing {
    all_tasks: Py<PyAny>,
    attributes: Py<PyDict>,
    /// A built-in function of one argument that does nothing.
    nothing: Py<PyAny>,
}

impl Listing {
    pub fn new(leaves: &ServerLeaves, py: Python<'_>) -> Option<Self> {
        let attributes = leaves.all_tasks.bind(py).getattr("__dict__").ok()?;
        Some(Self {
            all_tasks: leaves.all_tasks.clone_ref(py),
            attributes: attributes.cast_into().ok()?.unbind(),
            nothing: leaves.nothing.clone_ref(py),
        })
    }

    /// What `construct` makes, without being entered.
    ///
    /// `construct` must run no Python code: then no other thread can make a task meanwhile, and with the collector off
    /// no finalizer can.
    pub fn unlisted<R>(
        &self,
        py: Python<'_>,
        construct: impl FnOnce() -> PyResult<R>,
    ) -> PyResult<R> {
        let attributes = self.attributes.bind(py);
        attributes.set_item(intern!(py, "add"), &self.nothing)?;
        // SAFETY: attached to the interpreter; the collector is put back as it was found.
        let collecting = unsafe { ffi::PyGC_Disable() } != 0;
        let made = construct();
        if collecting {
            // SAFETY: as above.
            unsafe { ffi::PyGC_Enable() };
        }
        attributes.del_item(intern!(py, "add"))?;
        made
    }

    /// Enters a task, as its constructor would have done.
    pub fn add(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.all_tasks
            .call_method1(py, intern!(py, "add"), (task,))
            .map(drop)
    }
}
