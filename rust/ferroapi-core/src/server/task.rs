//! Starting the task of a request.
//!
//! A task made by `loop.create_task` takes its first step in the next turn of the event loop. Most requests are
//! answered in that one step, so taking it at once saves the turn: Python 3.12 has eager tasks for this. In 3.11 the
//! constructor of `asyncio.Task` hands its first step to the `call_soon` of the loop it is given. Here it is given an
//! object that keeps the step ([`FirstStep`]), and the loop itself right after. What runs is a task of asyncio's own
//! in each case, in a context of its own, current while it runs, and listed by `asyncio.all_tasks()`.
//!
//! Whatever stands in the way (a task factory, a task that is running already, a loop or a task class of another
//! kind) makes it an ordinary `loop.create_task`.

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use super::leaves::ServerLeaves;
use super::listing::Listing;
use crate::call::call_named;
use crate::cell::AttachedCell;
use crate::coroutine::Coroutine;

/// How the tasks of one event loop are started.
pub struct Starter {
    event_loop: Py<PyAny>,
    create_task: Py<PyAny>,
    /// None if the first step can't be taken at once.
    eager: Option<Eager>,
    /// Tasks run in an empty context instead of a copy of the present one.
    empty_context: Option<Py<PyAny>>,
}

/// What takes a first step at once: Python 3.11.
struct Eager {
    task_class: Py<PyAny>,
    get_task_factory: Py<PyAny>,
    get_debug: Py<PyAny>,
    /// The attributes of the loop object, where methods can be replaced.
    loop_attributes: Py<PyDict>,
    current_tasks: Py<PyDict>,
    first_step: Py<FirstStep>,
    listing: Listing,
    keywords: Py<PyTuple>,
    keywords_with_context: Py<PyTuple>,
}

/// When the first step is to be taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum When {
    Now,
    NextTurn,
}

impl Starter {
    pub fn new(
        leaves: &ServerLeaves,
        event_loop: &Bound<'_, PyAny>,
        reset_contextvars: bool,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        let empty_context = if reset_contextvars {
            Some(py.import("contextvars")?.getattr("Context")?.unbind())
        } else {
            None
        };
        Ok(Self {
            event_loop: event_loop.clone().unbind(),
            create_task: event_loop.getattr("create_task")?.unbind(),
            eager: Eager::new(leaves, event_loop),
            empty_context,
        })
    }

    /// Makes the task of a request; None if it is done already.
    pub fn start(
        &self,
        py: Python<'_>,
        coroutine: Py<Coroutine>,
        when: When,
    ) -> PyResult<Option<Py<PyAny>>> {
        let context = match &self.empty_context {
            Some(class) => Some(class.call0(py)?),
            None => None,
        };
        if when == When::Now
            && let Some(eager) = &self.eager
            && eager.is_possible(py, &self.event_loop)?
        {
            return eager.start(py, &self.event_loop, coroutine, context);
        }
        let task = match context {
            None => self.create_task.call1(py, (coroutine,))?,
            Some(context) => {
                let keywords = PyDict::new(py);
                keywords.set_item(intern!(py, "context"), context)?;
                self.create_task.call(py, (coroutine,), Some(&keywords))?
            }
        };
        Ok(Some(task))
    }

    /// Visits what it refers to, for the garbage collector.
    pub fn traverse(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.create_task)?;
        if let Some(eager) = &self.eager {
            visit.call(&eager.get_task_factory)?;
            visit.call(&eager.get_debug)?;
            visit.call(&eager.loop_attributes)?;
        }
        Ok(())
    }
}

impl Eager {
    /// None where tasks are not made as this relies on.
    fn new(leaves: &ServerLeaves, event_loop: &Bound<'_, PyAny>) -> Option<Self> {
        let py = event_loop.py();
        let plain = leaves
            .makes_plain_tasks
            .bind(py)
            .call1((event_loop,))
            .ok()?;
        if cfg!(Py_3_12) || !plain.is_truthy().ok()? || !loop_comes_first(leaves, event_loop) {
            return None;
        }
        Some(Self {
            task_class: leaves.task_class.clone_ref(py),
            get_task_factory: event_loop.getattr("get_task_factory").ok()?.unbind(),
            get_debug: event_loop.getattr("get_debug").ok()?.unbind(),
            loop_attributes: event_loop
                .getattr("__dict__")
                .ok()?
                .cast_into()
                .ok()?
                .unbind(),
            current_tasks: leaves.current_tasks.clone_ref(py),
            first_step: Py::new(py, FirstStep::default()).ok()?,
            listing: Listing::new(leaves, py)?,
            keywords: PyTuple::new(py, ["loop"]).ok()?.unbind(),
            keywords_with_context: PyTuple::new(py, ["loop", "context"]).ok()?.unbind(),
        })
    }

    fn is_possible(&self, py: Python<'_>, event_loop: &Py<PyAny>) -> PyResult<bool> {
        Ok(!self.current_tasks.bind(py).contains(event_loop)?
            && self.get_task_factory.call0(py)?.is_none(py)
            && !self.get_debug.call0(py)?.is_truthy(py)?
            && !self
                .loop_attributes
                .bind(py)
                .contains(intern!(py, "create_task"))?)
    }

    fn start(
        &self,
        py: Python<'_>,
        event_loop: &Py<PyAny>,
        coroutine: Py<Coroutine>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let task = self
            .listing
            .unlisted(py, || self.construct(py, &coroutine, context))?;
        give_loop(&task, event_loop.clone_ref(py));
        let (step, context) = self.first_step.get().caught.take(py).ok_or_else(|| {
            PyRuntimeError::new_err("ferroapi: a task was made without a first step")
        })?;
        self.listing
            .during(py, &task, || run_in(py, &context, &step))?;
        if coroutine.get().is_over(py) {
            return Ok(None);
        }
        self.listing.keep(py, &task)?;
        Ok(Some(task))
    }

    fn construct(
        &self,
        py: Python<'_>,
        coroutine: &Py<Coroutine>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let coroutine = coroutine.as_any();
        let first_step = self.first_step.as_any();
        match &context {
            None => {
                let arguments = [coroutine, first_step];
                call_named(py, &self.task_class, &arguments, &self.keywords)
            }
            Some(context) => {
                let arguments = [coroutine, first_step, context];
                call_named(
                    py,
                    &self.task_class,
                    &arguments,
                    &self.keywords_with_context,
                )
            }
        }
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

/// Puts the event loop where the task has its [`FirstStep`].
fn give_loop(task: &Py<PyAny>, event_loop: Py<PyAny>) {
    // SAFETY: the task was made by the accelerator's own class, which is a subclass of its `Future`; that this
    // keeps a reference to its loop at the place was checked by `loop_comes_first`. The reference that was there is
    // given back, the new one is handed over.
    unsafe {
        let former = std::mem::replace(&mut *loop_field(task), event_loop.into_ptr());
        ffi::Py_DECREF(former);
    }
}

/// Calls `step` in a context, as the loop would.
fn run_in(py: Python<'_>, context: &Py<PyAny>, step: &Py<PyAny>) -> PyResult<()> {
    // SAFETY: the context is a live `contextvars.Context` that the task was made with; it is left again
    // on every way out, before anything else may enter or leave one.
    unsafe {
        if ffi::PyContext_Enter(context.as_ptr()) != 0 {
            return Err(PyErr::fetch(py));
        }
        let outcome = step.call0(py);
        if ffi::PyContext_Exit(context.as_ptr()) != 0 {
            return Err(PyErr::fetch(py));
        }
        outcome.map(drop)
    }
}

/// Stands for the event loop while a task is made, and keeps the step that the task wants to take.
#[pyclass(frozen, module = "ferroapi._core")]
#[derive(Default)]
pub struct FirstStep {
    /// The step, and the context to take it in.
    caught: AttachedCell<Option<(Py<PyAny>, Py<PyAny>)>>,
}

#[pymethods]
impl FirstStep {
    #[pyo3(signature = (callback, *, context))]
    fn call_soon(&self, py: Python<'_>, callback: Py<PyAny>, context: Py<PyAny>) {
        drop(self.caught.replace(py, Some((callback, context))));
    }

    /// Tasks of a loop in debug mode are made by the loop itself.
    fn get_debug(&self) -> bool {
        false
    }
}
