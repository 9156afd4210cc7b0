//! The task of a request that is served now, made when something asks for it.
//!
//! Most requests are answered in one step, in which nobody asks for the task. asyncio looks a task up at two places:
//! in the dict of current tasks, by the event loop, and in the set of all tasks, whose members are weak references. In
//! both stands one object for the task of a request that takes its first step: it equals the event loop, and is called
//! as a weak reference is. Being compared with the loop, or called, is being asked for the task.

use pyo3::PyVisit;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet};

use super::leaves::ServerLeaves;
use super::maker::{MadeTask, TaskMaker};
use crate::cell::AttachedCell;
use crate::coroutine::{Channel, Coroutine};
use crate::in_flight::InFlight;
use crate::shared::Shared;
use crate::traverse::{Traverse, Visited, traverse};

/// Stands for the task of the request that takes its first step now.
///
/// asyncio's set keeps this alive, so between requests it must not refer to the event loop.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct PresentTask {
    /// That of the event loop.
    hash: isize,
    current_tasks: Py<PyDict>,
    maker: TaskMaker,
    request: AttachedCell<Option<Request>>,
}

/// A request in its first step.
pub struct FirstStep {
    pub event_loop: Py<PyAny>,
    pub channel: Shared<Channel>,
    pub context: Py<PyAny>,
}

struct Request {
    step: FirstStep,
    /// The task, once somebody has asked for it.
    made: Option<MadeTask>,
}

// asyncio's set keeps the object alive, which in turn must keep no event loop alive.
traverse!(PresentTask { request } but { hash, current_tasks, maker });
traverse!(Request { step, made });
traverse!(FirstStep { event_loop, context } but { channel });

impl Request {
    /// Whether this is the request of that channel, and has no task.
    fn is_waiting_for_task(&self, channel: &Shared<Channel>) -> bool {
        Shared::ptr_eq(&self.step.channel, channel) && self.made.is_none()
    }
}

impl FirstStep {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            event_loop: self.event_loop.clone_ref(py),
            channel: Shared::clone(&self.channel),
            context: self.context.clone_ref(py),
        }
    }
}

/// The members of asyncio's set of all tasks, and the object among them that stands for a present task.
pub struct Presence {
    pub object: Py<PresentTask>,
    references: Py<PySet>,
}

impl Presence {
    /// None where tasks are not made or listed as this relies on.
    pub fn new(leaves: &ServerLeaves, event_loop: &Bound<'_, PyAny>) -> Option<Self> {
        let py = event_loop.py();
        let references = leaves.all_tasks_data.as_ref()?.clone_ref(py);
        let present = PresentTask {
            hash: event_loop.hash().ok()?,
            current_tasks: leaves.current_tasks.clone_ref(py),
            maker: TaskMaker::new(leaves, event_loop)?,
            request: AttachedCell::new(None),
        };
        let object = Py::new(py, present).ok()?;
        references.bind(py).add(&object).ok()?;
        Some(Self { object, references })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        Python::attach(|py| {
            let _aside = InFlight::put_aside(py);
            // Not there if somebody emptied the set, which is as well.
            let _ = self.references.bind(py).discard(&self.object);
        });
    }
}

impl PresentTask {
    /// A request begins its first step; no task of the event loop may be current.
    pub fn begin(slf: &Bound<'_, Self>, step: FirstStep) -> PyResult<()> {
        let py = slf.py();
        let request = Request { step, made: None };
        drop(slf.get().request.replace(py, Some(request)));
        slf.get().current_tasks.bind(py).set_item(slf, py.None())
    }

    /// The first step is over, but for telling the task, if there is one. A task is made if one is `needed`; asyncio's
    /// set does not have it yet.
    pub fn end(slf: &Bound<'_, Self>, needed: bool) -> PyResult<Option<MadeTask>> {
        let py = slf.py();
        let this = slf.get();
        // The entry may have the event loop itself as its key by now, which this equals as long as there is a request.
        let removed = this.current_tasks.bind(py).del_item(slf);
        let request = this.request.take(py);
        match removed {
            // Somebody was there before.
            Err(error) if error.is_instance_of::<PyKeyError>(py) => {}
            other => other?,
        }
        match request {
            Some(Request { step, made: None }) if needed => this.make(py, step).map(Some),
            request => Ok(request.and_then(|request| request.made)),
        }
    }

    /// Enters a task into asyncio's set, where this stood for it.
    pub fn list(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.maker.list(py, task)
    }

    fn make(&self, py: Python<'_>, step: FirstStep) -> PyResult<MadeTask> {
        let coroutine = Coroutine::running();
        self.maker
            .make(py, step.event_loop, coroutine, &step.context)
    }

    /// Whether a request takes its first step, and nobody has asked for its task.
    pub fn is_unseen(&self, py: Python<'_>) -> bool {
        self.request.read(py, |request| {
            request
                .as_ref()
                .is_some_and(|request| request.made.is_none())
        })
    }

    /// The task, for somebody who asks; none between requests.
    fn task(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        let py = slf.py();
        let this = slf.get();
        let known = this.request.read(py, |request| {
            request.as_ref().map(|request| match &request.made {
                Some(made) => Ok(made.task.clone_ref(py)),
                None => Err(request.step.clone_ref(py)),
            })
        });
        let step = match known {
            None => return Ok(None),
            Some(Ok(task)) => return Ok(Some(task)),
            Some(Err(step)) => step,
        };
        let channel = Shared::clone(&step.channel);
        let made = this.make(py, step)?;
        let task = made.task.clone_ref(py);
        // Another thread may have asked, and the step been over before its task was made.
        let late = this.request.update(py, |request| {
            let request = request.as_mut();
            match request.filter(|request| request.is_waiting_for_task(&channel)) {
                Some(request) => {
                    request.made = Some(made);
                    None
                }
                None => Some(made),
            }
        });
        if let Some(late) = late {
            late.disown(py)?;
            return Self::task(slf);
        }
        let current_tasks = this.current_tasks.bind(py);
        // Not there if somebody has put another task in its place for a while.
        if current_tasks
            .get_item(slf)?
            .is_some_and(|task| task.is_none())
        {
            current_tasks.set_item(slf, &task)?;
        }
        Ok(Some(task))
    }
}

#[pymethods]
impl PresentTask {
    fn __hash__(&self) -> isize {
        self.hash
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let asked = slf.get().request.read(slf.py(), |request| {
            let event_loop = request.as_ref().map(|request| &request.step.event_loop);
            event_loop.is_some_and(|event_loop| other.is(event_loop))
        });
        if asked {
            Self::task(slf)?;
        }
        Ok(asked || other.is(slf))
    }

    /// As a weak reference of the set: the task, or None.
    fn __call__(slf: &Bound<'_, Self>) -> PyResult<Option<Py<PyAny>>> {
        Self::task(slf)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
