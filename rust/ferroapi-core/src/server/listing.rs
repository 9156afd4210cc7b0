//! `asyncio.all_tasks()` for tasks that are done with their first step.
//!
//! The constructor of a task enters it into a weak set, which is Python code, and so is leaving it. A task that
//! takes its first step at once is listed by a plain weak reference in the same set, for as long as the step takes.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet};

use super::leaves::{ServerLeaves, server_leaves};

/// asyncio's set of all tasks.
pub struct Listing {
    all_tasks: Py<PyAny>,
    attributes: Py<PyDict>,
    /// The references in it.
    references: Py<PySet>,
    pass_by: Py<PyAny>,
}

impl Listing {
    /// None if the set is no `weakref.WeakSet`.
    pub fn new(leaves: &ServerLeaves, py: Python<'_>) -> Option<Self> {
        let attributes = leaves.all_tasks.bind(py).getattr("__dict__").ok()?;
        Some(Self {
            all_tasks: leaves.all_tasks.clone_ref(py),
            attributes: attributes.cast_into().ok()?.unbind(),
            references: leaves.all_tasks_data.as_ref()?.clone_ref(py),
            pass_by: pyo3::wrap_pyfunction!(pass_by, py)
                .ok()?
                .into_any()
                .unbind(),
        })
    }

    /// Nobody else has put something in the place of `add`: another thread, say, that makes a task as well.
    pub fn is_possible(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(!self.attributes.bind(py).contains(intern!(py, "add"))?)
    }

    /// What `make` makes, without being entered.
    pub fn unlisted(
        &self,
        py: Python<'_>,
        make: impl FnOnce() -> PyResult<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let attributes = self.attributes.bind(py);
        attributes.set_item(intern!(py, "add"), &self.pass_by)?;
        let task = make();
        attributes.del_item(intern!(py, "add"))?;
        task
    }

    /// Lists a task; what is returned takes it off the list again.
    pub fn list(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<Py<PyAny>> {
        // SAFETY: a live object; the function gives a new reference or sets an exception.
        let reference = unsafe {
            let reference = ffi::PyWeakref_NewRef(task.as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, reference)?
        };
        self.references.bind(py).add(&reference)?;
        Ok(reference.unbind())
    }

    pub fn unlist(&self, py: Python<'_>, reference: Py<PyAny>) -> PyResult<()> {
        self.references.bind(py).discard(reference).map(drop)
    }

    /// Enters a task that goes on, as its constructor would have done.
    pub fn keep(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.all_tasks
            .call_method1(py, intern!(py, "add"), (task,))
            .map(drop)
    }
}

/// Stands for `WeakSet.add` while one of our tasks is made; a task of another thread's is entered all the same.
#[pyfunction]
fn pass_by(py: Python<'_>, task: Bound<'_, PyAny>) -> PyResult<()> {
    let event_loop = task.call_method0(intern!(py, "get_loop"))?;
    if event_loop.is_exact_instance_of::<super::task::FirstStep>() {
        return Ok(());
    }
    let all_tasks = server_leaves(py)?.all_tasks.clone_ref(py);
    let method = all_tasks.bind(py).get_type().getattr(intern!(py, "add"))?;
    method.call1((all_tasks, task)).map(drop)
}
