//! `asyncio.all_tasks()` for tasks that take their first step at once.
//!
//! The constructor of a task enters it into a weak set, which is Python code, and so is leaving it again. For a task
//! that is over after its first step, one entry of the set stands in: it answers with the task that takes its first
//! step now.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet};
use pyo3::{PyTraverseError, PyVisit};

use super::leaves::ServerLeaves;
use crate::cell::AttachedCell;

/// asyncio's set of all tasks, and our entry in it.
pub struct Listing {
    all_tasks: Py<PyAny>,
    attributes: Py<PyDict>,
    references: Py<PySet>,
    entry: Py<PresentTask>,
    /// A built-in function of one argument that does nothing.
    nothing: Py<PyAny>,
}

/// Called as the weak references of the set are: the task, or None.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct PresentTask(AttachedCell<Option<Py<PyAny>>>);

impl Listing {
    /// None if the set is no `weakref.WeakSet`.
    pub fn new(leaves: &ServerLeaves, py: Python<'_>) -> Option<Self> {
        let attributes = leaves.all_tasks.bind(py).getattr("__dict__").ok()?;
        let references = leaves.all_tasks_data.as_ref()?.clone_ref(py);
        let entry = Py::new(py, PresentTask(AttachedCell::new(None))).ok()?;
        references.bind(py).add(&entry).ok()?;
        Some(Self {
            all_tasks: leaves.all_tasks.clone_ref(py),
            attributes: attributes.cast_into().ok()?.unbind(),
            references,
            entry,
            nothing: leaves.nothing.clone_ref(py),
        })
    }

    /// What `make` makes, without being entered.
    ///
    /// `make` must run no Python code: then no other thread can make a task meanwhile, and with the collector off
    /// no finalizer can.
    pub fn unlisted(
        &self,
        py: Python<'_>,
        make: impl FnOnce() -> PyResult<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let attributes = self.attributes.bind(py);
        attributes.set_item(intern!(py, "add"), &self.nothing)?;
        // SAFETY: attached to the interpreter; the collector is put back as it was found.
        let collecting = unsafe { ffi::PyGC_Disable() } != 0;
        let task = make();
        if collecting {
            // SAFETY: as above.
            unsafe { ffi::PyGC_Enable() };
        }
        attributes.del_item(intern!(py, "add"))?;
        task
    }

    /// Lists `task` while `step` runs.
    pub fn during<R>(&self, py: Python<'_>, task: &Py<PyAny>, step: impl FnOnce() -> R) -> R {
        let entry = &self.entry.get().0;
        drop(entry.replace(py, Some(task.clone_ref(py))));
        let result = step();
        drop(entry.take(py));
        result
    }

    /// Enters a task that goes on, as its constructor would have done.
    pub fn keep(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.all_tasks
            .call_method1(py, intern!(py, "add"), (task,))
            .map(drop)
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        Python::attach(|py| {
            // Not there if somebody emptied the set, which is as well.
            let _ = self.references.bind(py).discard(&self.entry);
        });
    }
}

#[pymethods]
impl PresentTask {
    fn __call__(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.0.get(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: called by the collector only.
        visit.call(unsafe { self.0.traversed() })
    }
}
