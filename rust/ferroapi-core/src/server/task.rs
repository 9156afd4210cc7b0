//! Starting the task of a request.
//!
//! A task made by `loop.create_task` takes its first step in the next turn of the event loop. Most requests are
//! answered in that one step, so it is taken at once: Python 3.12 has eager tasks for this. In 3.11 the step is taken
//! without a task, which is made when somebody asks for it ([`PresentTask`]), or when the step was not the last. That
//! task is then told what its first step came to. It is a task of asyncio's own in each case, in a context of its own,
//! current while it runs, and listed by `asyncio.all_tasks()`.
//!
//! Whatever stands in the way (a task factory, a task that is running already, a loop or a task class of another
//! kind) makes it an ordinary `loop.create_task`.

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::leaves::ServerLeaves;
use super::present::{FirstStep, Presence, PresentTask};
use crate::coroutine::{Ahead, Coroutine, Progress, Step};
use crate::shared::Shared;
use crate::traverse::traverse;

/// How the tasks of one event loop are started.
pub struct Starter {
    event_loop: Py<PyAny>,
    create_task: Py<PyAny>,
    /// None if the first step can't be taken at once.
    early: Option<Early>,
    /// Tasks run in an empty context instead of a copy of the present one.
    empty_context: Option<Py<PyAny>>,
}

/// What takes a first step at once: Python 3.11.
struct Early {
    get_task_factory: Py<PyAny>,
    get_debug: Py<PyAny>,
    /// The attributes of the loop object, where methods can be replaced.
    loop_attributes: Py<PyDict>,
    current_tasks: Py<PyDict>,
    presence: Presence,
}

traverse!(Starter {
    event_loop,
    create_task,
    early,
    empty_context
});
// What is left out refers to no event loop.
traverse!(Early {
    get_task_factory, get_debug, loop_attributes
} but {
    current_tasks, presence
});

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
            early: Early::new(leaves, event_loop),
            empty_context,
        })
    }

    /// Serves a request; its task, if that is not done already.
    pub fn start(
        &self,
        py: Python<'_>,
        request: Progress,
        when: When,
    ) -> PyResult<Option<Py<PyAny>>> {
        if when == When::Now
            && let Some(early) = &self.early
            && early.is_possible(py, &self.event_loop)?
        {
            let context = match &self.empty_context {
                Some(class) => class.call0(py)?,
                None => present_context(py)?,
            };
            return early.start(py, &self.event_loop, request, context);
        }
        let coroutine = Coroutine::of(request);
        let task = match &self.empty_context {
            None => self.create_task.call1(py, (coroutine,))?,
            Some(class) => {
                let keywords = PyDict::new(py);
                keywords.set_item(intern!(py, "context"), class.call0(py)?)?;
                self.create_task.call(py, (coroutine,), Some(&keywords))?
            }
        };
        Ok(Some(task))
    }

    /// Whether the event loop is asyncio's own or uvloop's, as far as tasks and callbacks are concerned.
    pub fn knows_loop(&self) -> bool {
        self.early.is_some()
    }

    /// Whether the request that is served now takes its first step, and nobody has asked for its task.
    pub fn is_unseen(&self, py: Python<'_>) -> bool {
        let early = self.early.as_ref();
        early.is_some_and(|early| early.presence.object.get().is_unseen(py))
    }
}

impl Early {
    /// None where tasks are not made as this relies on.
    fn new(leaves: &ServerLeaves, event_loop: &Bound<'_, PyAny>) -> Option<Self> {
        let py = event_loop.py();
        let plain = leaves
            .makes_plain_tasks
            .bind(py)
            .call1((event_loop,))
            .ok()?;
        if cfg!(Py_3_12) || !plain.is_truthy().ok()? {
            return None;
        }
        Some(Self {
            get_task_factory: event_loop.getattr("get_task_factory").ok()?.unbind(),
            get_debug: event_loop.getattr("get_debug").ok()?.unbind(),
            loop_attributes: event_loop
                .getattr("__dict__")
                .ok()?
                .cast_into()
                .ok()?
                .unbind(),
            current_tasks: leaves.current_tasks.clone_ref(py),
            presence: Presence::new(leaves, event_loop)?,
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

    /// Takes the first step; the task, if that was not the last one.
    fn start(
        &self,
        py: Python<'_>,
        event_loop: &Py<PyAny>,
        request: Progress,
        context: Py<PyAny>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let present = self.presence.object.bind(py);
        let step = FirstStep {
            event_loop: event_loop.clone_ref(py),
            channel: Shared::clone(request.channel()),
            context: context.clone_ref(py),
        };
        PresentTask::begin(present, step)?;
        within(py, &context, || {
            let (rest, outcome) = request.step(py);
            let over = rest.is_none();
            let needed = !over || !is_plain_return(py, &outcome);
            let Some(made) = PresentTask::end(present, needed)? else {
                return Ok(None);
            };
            let ahead = Ahead {
                rest,
                outcome,
                task: made.task.clone_ref(py),
            };
            made.coroutine.get().report(py, ahead);
            if !over {
                present.get().list(py, &made.task)?;
            }
            made.first_step.call0(py)?;
            Ok((!over).then_some(made.task))
        })
    }
}

/// Whether a step was the last one, of whose end a task has nothing to tell.
fn is_plain_return(py: Python<'_>, outcome: &PyResult<Step>) -> bool {
    matches!(outcome, Ok(Step::Returned(value)) if value.is_none(py))
}

/// A copy of the context that is current.
fn present_context(py: Python<'_>) -> PyResult<Py<PyAny>> {
    // SAFETY: attached to the interpreter; the result is an owned reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()).map(Bound::unbind) }
}

/// What `run` does in a context, as the loop runs its callbacks.
fn within<R>(
    py: Python<'_>,
    context: &Py<PyAny>,
    run: impl FnOnce() -> PyResult<R>,
) -> PyResult<R> {
    // SAFETY: the context is a live `contextvars.Context` made for this request; it is left again on every way out
    // (`run` does not unwind: a step catches panics), before anything else may enter or leave one.
    unsafe {
        if ffi::PyContext_Enter(context.as_ptr()) != 0 {
            return Err(PyErr::fetch(py));
        }
        let outcome = run();
        if ffi::PyContext_Exit(context.as_ptr()) != 0 {
            return Err(PyErr::fetch(py));
        }
        outcome
    }
}
