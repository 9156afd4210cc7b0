//! The Python object: a coroutine as PEP 492 defines it, around a Rust future.

use std::any::Any;
use std::ffi::CStr;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::{
    PyGeneratorExit, PyRuntimeError, PyRuntimeWarning, PyStopIteration, PyTypeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

use super::channel::{Channel, Resume};
use super::{Outcome, escaping};
use crate::cell::AttachedCell;

type Task = Pin<Box<dyn Future<Output = Outcome> + Send>>;

#[derive(Default)]
enum Stage {
    New(Task),
    Suspended(Task),
    Running,
    #[default]
    Done,
}

enum Step {
    Yielded(Py<PyAny>),
    Returned(Py<PyAny>),
}

/// A compiled request in progress; awaitable once, like any coroutine.
#[pyclass(frozen, weakref, module = "ferroapi._core")]
pub struct Coroutine {
    stage: AttachedCell<Stage>,
    channel: Arc<Channel>,
    /// What is warned of if nobody awaits it, for a coroutine that users get to see.
    unawaited: Option<&'static CStr>,
}

impl Coroutine {
    /// Wraps the future that `body` makes of the channel; nothing runs before the first `send`.
    pub fn new<F>(body: impl FnOnce(Arc<Channel>) -> F) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let channel = Arc::new(Channel::default());
        let task: Task = Box::pin(body(Arc::clone(&channel)));
        Self {
            stage: AttachedCell::new(Stage::New(task)),
            channel,
            unawaited: None,
        }
    }

    /// Warns as CPython does of a coroutine that is dropped before it has run.
    pub fn expecting_await(mut self, warning: &'static CStr) -> Self {
        self.unawaited = Some(warning);
        self
    }

    /// Whether it has returned or raised.
    pub fn is_over(&self, py: Python<'_>) -> bool {
        self.stage.read(py, |stage| matches!(stage, Stage::Done))
    }

    fn resume(&self, py: Python<'_>, resume: Resume) -> PyResult<Step> {
        match self.stage.replace(py, Stage::Running) {
            Stage::New(task) => self.start(py, task, resume),
            Stage::Suspended(task) => {
                drop(self.channel.resume.replace(py, resume));
                self.poll(py, task)
            }
            Stage::Running => Err(PyValueError::new_err("coroutine already executing")),
            Stage::Done => {
                drop(self.stage.take(py));
                Err(PyRuntimeError::new_err(
                    "cannot reuse already awaited coroutine",
                ))
            }
        }
    }

    fn start(&self, py: Python<'_>, task: Task, resume: Resume) -> PyResult<Step> {
        match resume {
            Resume::Next => self.poll(py, task),
            Resume::Value(_) => {
                drop(self.stage.replace(py, Stage::New(task)));
                Err(PyTypeError::new_err(
                    "can't send non-None value to a just-started coroutine",
                ))
            }
            Resume::Throw(error) => {
                drop(self.stage.take(py));
                drop(task);
                Err(error)
            }
        }
    }

    fn poll(&self, py: Python<'_>, mut task: Task) -> PyResult<Step> {
        let mut context = Context::from_waker(Waker::noop());
        match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut context))) {
            Ok(Poll::Pending) => {
                drop(self.stage.replace(py, Stage::Suspended(task)));
                let yielded = self.channel.yielded.take(py);
                yielded.map(Step::Yielded).ok_or_else(|| {
                    PyRuntimeError::new_err(
                        "ferroapi: a future waited for nothing; please report this",
                    )
                })
            }
            Ok(Poll::Ready(outcome)) => {
                drop(self.stage.take(py));
                outcome.map(Step::Returned).map_err(escaping)
            }
            Err(payload) => {
                drop(self.stage.take(py));
                Err(panic_error(payload.as_ref()))
            }
        }
    }

    fn shut(&self, py: Python<'_>) -> PyResult<()> {
        if self.stage.read(py, |stage| matches!(stage, Stage::Done)) {
            return Ok(());
        }
        if self.stage.read(py, |stage| matches!(stage, Stage::New(_))) {
            drop(self.stage.take(py));
            return Ok(());
        }
        match self.resume(py, Resume::Throw(PyGeneratorExit::new_err(()))) {
            Ok(Step::Yielded(_)) => Err(PyRuntimeError::new_err("coroutine ignored GeneratorExit")),
            Ok(Step::Returned(_)) => Ok(()),
            Err(error) if error.is_instance_of::<PyGeneratorExit>(py) => Ok(()),
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// A panic is our defect, but the user's server must see an ordinary, loggable exception.
fn panic_error(payload: &(dyn Any + Send)) -> PyErr {
    let text = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown panic".to_owned());
    PyRuntimeError::new_err(format!("ferroapi: internal error: {text}"))
}

fn stop_iteration(step: Step) -> PyResult<Py<PyAny>> {
    match step {
        Step::Yielded(object) => Ok(object),
        Step::Returned(value) if Python::attach(|py| value.is_none(py)) => {
            Err(PyStopIteration::new_err(()))
        }
        Step::Returned(value) => Err(PyStopIteration::new_err((value,))),
    }
}

#[pymethods]
impl Coroutine {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match self.resume(py, Resume::Next)? {
            Step::Yielded(object) => Ok(Some(object)),
            Step::Returned(value) if value.is_none(py) => Ok(None),
            Step::Returned(value) => Err(PyStopIteration::new_err((value,))),
        }
    }

    /// Resume with `value`, as a coroutine's `send` does.
    fn send(&self, py: Python<'_>, value: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let resume = if value.is_none(py) {
            Resume::Next
        } else {
            Resume::Value(value)
        };
        stop_iteration(self.resume(py, resume)?)
    }

    /// Raise an exception at the present await.
    #[pyo3(signature = (typ, val=None, tb=None, /))]
    fn throw(
        &self,
        py: Python<'_>,
        typ: Bound<'_, PyAny>,
        val: Option<Bound<'_, PyAny>>,
        tb: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = match val {
            Some(value) if value.is_instance_of::<pyo3::exceptions::PyBaseException>() => {
                PyErr::from_value(value)
            }
            Some(value) => PyErr::from_value(typ.call1((value,))?),
            None => PyErr::from_value(typ),
        };
        if let Some(traceback) = tb {
            error
                .value(py)
                .setattr(pyo3::intern!(py, "__traceback__"), traceback)?;
        }
        stop_iteration(self.resume(py, Resume::Throw(error))?)
    }

    /// End early: the awaited object is closed, clean-up runs, nothing is awaited any more.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.shut(py)
    }

    #[allow(clippy::unnecessary_wraps)]
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // SAFETY: called by the collector only.
        visit.call(unsafe { self.channel.awaiting.traversed() })
    }

    fn __clear__(&self) {
        Python::attach(|py| {
            drop(self.channel.awaiting.take(py));
            drop(self.stage.take(py));
        });
    }
}

impl Drop for Coroutine {
    fn drop(&mut self) {
        Python::attach(|py| {
            let new = self.stage.read(py, |stage| matches!(stage, Stage::New(_)));
            let warned = match self.unawaited.filter(|_| new) {
                Some(warning) => {
                    let class = py.get_type::<PyRuntimeWarning>();
                    PyErr::warn(py, &class, warning, 1)
                }
                None => Ok(()),
            };
            if let Err(error) = warned.and_then(|()| self.shut(py)) {
                error.write_unraisable(py, None);
            }
        });
    }
}
