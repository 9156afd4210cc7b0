//! Making an `asyncio.Task` whose first step is not left to the event loop: CPython 3.11.
//!
//! The constructor of `asyncio.Task` hands its first step to the `call_soon` of the loop that it is given. Here it is
//! given an object that keeps the step ([`StepKeeper`]), and the loop itself right after.

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use super::leaves::ServerLeaves;
use super::listing::Listing;
use crate::call::call_named;
use crate::cell::AttachedCell;
use crate::coroutine::Coroutine;
use crate::traverse::traverse;

/// Makes tasks; it keeps no event loop alive.
pub struct TaskMaker {
    task_class: Py<PyAny>,
    first_step: Py<StepKeeper>,
    listing: Listing,
    keywords: Py<PyTuple>,
}

/// A task that has not taken its first step.
pub struct MadeTask {
    pub task: Py<PyAny>,
    pub coroutine: Py<Coroutine>,
    /// Takes the first step when it is called.
    pub first_step: Py<PyAny>,
}

traverse!(MadeTask {
    task,
    coroutine,
    first_step
});

impl MadeTask {
    /// Lets go of a task that is not wanted after all.
    pub fn disown(&self, py: Python<'_>) -> PyResult<()> {
        self.task
            .setattr(py, intern!(py, "_log_destroy_pending"), false)
    }
}

impl TaskMaker {
    /// None where tasks are not made as this relies on.
    pub fn new(leaves: &ServerLeaves, event_loop: &Bound<'_, PyAny>) -> Option<Self> {
        let py = event_loop.py();
        if !loop_comes_first(leaves, event_loop) {
            return None;
        }
        Some(Self {
            task_class: leaves.task_class.clone_ref(py),
            first_step: Py::new(py, StepKeeper::default()).ok()?,
            listing: Listing::new(leaves, py)?,
            keywords: PyTuple::new(py, ["loop", "context"]).ok()?.unbind(),
        })
    }

    /// A task of `event_loop` for `coroutine`, in `context`, which is not in asyncio's set yet.
    pub fn make(
        &self,
        py: Python<'_>,
        event_loop: Py<PyAny>,
        coroutine: Coroutine,
        context: &Py<PyAny>,
    ) -> PyResult<MadeTask> {
        let coroutine = Py::new(py, coroutine)?;
        let arguments = [coroutine.as_any(), self.first_step.as_any(), context];
        let task = self.listing.unlisted(py, || {
            call_named(py, &self.task_class, &arguments, &self.keywords)
        })?;
        give_loop(&task, event_loop);
        let first_step = self.first_step.get().0.take(py).ok_or_else(|| {
            PyRuntimeError::new_err("ferroapi: a task was made without a first step")
        })?;
        Ok(MadeTask {
            task,
            coroutine,
            first_step,
        })
    }

    /// Enters a task into `asyncio.all_tasks()`.
    pub fn list(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.listing.add(py, task)
    }
}

/// Where a future of asyncio's C accelerator keeps its loop: right behind the head of the object.
fn loop_field(future: &Py<PyAny>) -> *mut *mut ffi::PyObject {
    // SAFETY: a future is larger than its head; nothing is read or written here.
    unsafe { future.as_ptr().cast::<ffi::PyObject>().add(1).cast() }
}

/// Whether a new future has its loop at that place.
fn loop_comes_first(leaves: &ServerLeaves, event_loop: &Bound<'_, PyAny>) -> bool {
    let keywords = PyDict::new(event_loop.py());
    let made = keywords.set_item("loop", event_loop).and_then(|()| {
        leaves
            .future_class
            .call(event_loop.py(), (), Some(&keywords))
    });
    // SAFETY: the future is an instance of `_asyncio.Future` (the leaf is None otherwise, which can't be called),
    // which has several words behind its head; the first of them is only compared.
    made.is_ok_and(|future| unsafe { *loop_field(&future) == event_loop.as_ptr() })
}

/// Puts the event loop where the task has its [`StepKeeper`].
fn give_loop(task: &Py<PyAny>, event_loop: Py<PyAny>) {
    // SAFETY: the task was made by the accelerator's own class, which is a subclass of its `Future`; that this
    // keeps a reference to its loop at the place was checked by `loop_comes_first`. The reference that was there is
    // given back, the new one is handed over.
    unsafe {
        let former = std::mem::replace(&mut *loop_field(task), event_loop.into_ptr());
        ffi::Py_DECREF(former);
    }
}

/// Stands for the event loop while a task is made, and keeps the step that the task wants to take.
#[pyclass(frozen, module = "ferroapi._core")]
#[derive(Default)]
struct StepKeeper(AttachedCell<Option<Py<PyAny>>>);

#[pymethods]
impl StepKeeper {
    #[pyo3(signature = (callback, *, context))]
    #[allow(
        unused_variables,
        reason = "the context is the one that the task was given"
    )]
    fn call_soon(&self, py: Python<'_>, callback: Py<PyAny>, context: Py<PyAny>) {
        drop(self.0.replace(py, Some(callback)));
    }

    /// Tasks of a loop in debug mode are made by the loop itself.
    fn get_debug(&self) -> bool {
        false
    }
}
