//! The Python object: a coroutine as PEP 492 defines it, around a Rust future.

use std::ffi::CString;
use std::future::Future;

use pyo3::PyVisit;
use pyo3::exceptions::{
    PyGeneratorExit, PyRuntimeError, PyRuntimeWarning, PyStopIteration, PyTypeError, PyValueError,
};
use pyo3::intern;
use pyo3::prelude::*;

use super::ahead::Ahead;
use super::call::{Call, Called};
use super::channel::Resume;
use super::progress::{Progress, Step, caught};
use super::{Channel, Outcome, escaping};
use crate::cell::AttachedCell;
use crate::in_flight::InFlight;
use crate::shared::Shared;
use crate::traverse::{Traverse, Visited, traverse};

#[derive(Default)]
pub(super) enum Stage {
    Unstarted(Unstarted),
    Suspended(Progress),
    Running,
    /// A step was taken before there was an object: whoever resumes it next is told.
    Ahead(Box<Ahead>),
    #[default]
    Done,
}

/// What the first `send` begins.
pub(super) enum Unstarted {
    Future(Progress),
    Call(Call),
}

/// A compiled request in progress; awaitable once, like any coroutine.
#[pyclass(frozen, weakref, module = "ferroapi._core")]
pub struct Coroutine {
    stage: AttachedCell<Stage>,
    /// What stands for the function's name, for a coroutine that users get to see: they are warned if nobody awaits it.
    name: Option<&'static str>,
}

traverse!(Coroutine { stage } but { name });

impl Traverse for Stage {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Unstarted(Unstarted::Future(progress)) | Self::Suspended(progress) => {
                progress.traverse(visit)
            }
            Self::Unstarted(Unstarted::Call(call)) => call.traverse(visit),
            Self::Ahead(ahead) => ahead.traverse(visit),
            // Whoever runs the future owns it.
            Self::Running | Self::Done => Ok(()),
        }
    }
}

impl Coroutine {
    /// Wraps the future that `body` makes of the channel; nothing runs before the first `send`.
    pub fn new<F>(body: impl FnOnce(Shared<Channel>) -> F) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        Self::of(Progress::new(body))
    }

    /// The object for a future that has not run yet.
    pub fn of(progress: Progress) -> Self {
        Self::at(Stage::Unstarted(Unstarted::Future(progress)))
    }

    /// The object for what is a mere call, unless it has to wait.
    pub fn calling(call: Call) -> Self {
        Self::at(Stage::Unstarted(Unstarted::Call(call)))
    }

    /// The object for a future that is running now without one; `report` ends that.
    pub fn running() -> Self {
        Self::at(Stage::Running)
    }

    fn at(stage: Stage) -> Self {
        Self {
            stage: AttachedCell::new(stage),
            name: None,
        }
    }

    /// Takes over a future whose step was taken without the object.
    pub fn report(&self, py: Python<'_>, ahead: Ahead) {
        drop(self.stage.replace(py, Stage::Ahead(Box::new(ahead))));
    }

    /// Warns as CPython does of a coroutine that is dropped before it has run.
    pub fn expecting_await(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    fn warn_unawaited(&self, py: Python<'_>) -> PyResult<()> {
        let Some(name) = self.name.filter(|_| self.is_unstarted(py)) else {
            return Ok(());
        };
        let class = py.get_type::<PyRuntimeWarning>();
        let warning = CString::new(format!("coroutine '{name}' was never awaited"))?;
        PyErr::warn(py, &class, &warning, 1)
    }

    fn resume(&self, py: Python<'_>, resume: Resume) -> PyResult<Step> {
        match self.stage.replace(py, Stage::Running) {
            Stage::Unstarted(unstarted) => self.start(py, unstarted, resume),
            Stage::Suspended(progress) => {
                drop(progress.channel().resume.replace(py, resume));
                self.step(py, progress)
            }
            Stage::Ahead(ahead) => self.catch_up(py, *ahead, resume),
            Stage::Running => Err(PyValueError::new_err("coroutine already executing")),
            Stage::Done => {
                drop(self.stage.take(py));
                Err(PyRuntimeError::new_err(
                    "cannot reuse already awaited coroutine",
                ))
            }
        }
    }

    fn start(&self, py: Python<'_>, unstarted: Unstarted, resume: Resume) -> PyResult<Step> {
        match resume {
            Resume::Next => match unstarted {
                Unstarted::Future(progress) => self.step(py, progress),
                Unstarted::Call(call) => self.call(py, call),
            },
            Resume::Value(_) => {
                drop(self.stage.replace(py, Stage::Unstarted(unstarted)));
                Err(PyTypeError::new_err(
                    "can't send non-None value to a just-started coroutine",
                ))
            }
            Resume::Throw(error) => {
                drop(self.stage.take(py));
                drop(unstarted);
                Err(error)
            }
        }
    }

    fn call(&self, py: Python<'_>, call: Call) -> PyResult<Step> {
        let called = caught(|| Ok((call.function)(py, &call.object, call.argument)));
        match called {
            Ok(Called::Waiting(progress)) => self.step(py, progress),
            Ok(Called::Done(outcome)) => {
                drop(self.stage.take(py));
                outcome.map(Step::Returned).map_err(escaping)
            }
            Err(error) => {
                drop(self.stage.take(py));
                Err(error)
            }
        }
    }

    fn step(&self, py: Python<'_>, progress: Progress) -> PyResult<Step> {
        let (rest, outcome) = progress.step(py);
        self.keep(py, rest);
        outcome
    }

    fn keep(&self, py: Python<'_>, rest: Option<Progress>) {
        let stage = rest.map_or(Stage::Done, Stage::Suspended);
        drop(self.stage.replace(py, stage));
    }

    /// Tells of the step that was taken already, or goes on from there if that is not what is asked for.
    fn catch_up(&self, py: Python<'_>, mut ahead: Ahead, resume: Resume) -> PyResult<Step> {
        self.keep(py, ahead.rest.take());
        match resume {
            Resume::Next => ahead.outcome,
            Resume::Throw(error) if !error.is_instance_of::<PyGeneratorExit>(py) => {
                ahead.after_throw(py)
            }
            other => self.resume(py, other),
        }
    }

    fn is_unstarted(&self, py: Python<'_>) -> bool {
        self.stage
            .read(py, |stage| matches!(stage, Stage::Unstarted(_)))
    }

    fn shut(&self, py: Python<'_>) -> PyResult<()> {
        if self.stage.read(py, |stage| matches!(stage, Stage::Done)) {
            return Ok(());
        }
        if self.is_unstarted(py) {
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

    /// `inspect.iscoroutine` asks for the class, and what it says no to is often not awaited.
    #[getter(__class__)]
    fn class<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import(intern!(py, "types"))?
            .getattr(intern!(py, "CoroutineType"))
    }

    #[getter(__qualname__)]
    fn qualified_name(&self) -> &'static str {
        self.name.unwrap_or("Coroutine")
    }

    #[getter(__name__)]
    fn name(&self) -> &'static str {
        let name = self.qualified_name();
        name.rsplit_once('.').map_or(name, |(_, last)| last)
    }

    #[getter]
    fn cr_running(&self, py: Python<'_>) -> bool {
        self.stage.read(py, |stage| matches!(stage, Stage::Running))
    }

    #[getter]
    fn cr_suspended(&self, py: Python<'_>) -> bool {
        self.stage
            .read(py, |stage| matches!(stage, Stage::Suspended(_)))
    }

    /// What is awaited, or none. There is no `cr_frame`, nor `cr_code`: this is no code of Python's.
    #[getter]
    fn cr_await(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.stage.read(py, |stage| match stage {
            Stage::Suspended(progress) => progress.channel().awaiting.get(py),
            _ => None,
        })
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

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }

    fn __clear__(&self) {
        Python::attach(|py| {
            let stage = self.stage.take(py);
            if let Stage::Suspended(progress) = &stage {
                drop(progress.channel().awaiting.take(py));
            }
        });
    }
}

impl Drop for Coroutine {
    fn drop(&mut self) {
        Python::attach(|py| {
            // The future of an object that was never told of it belongs to somebody else.
            let nothing_to_end = |stage: &Stage| matches!(stage, Stage::Running | Stage::Done);
            if self.stage.read(py, nothing_to_end) {
                return;
            }
            let _aside = InFlight::put_aside(py);
            if let Err(error) = self.warn_unawaited(py).and_then(|()| self.shut(py)) {
                error.write_unraisable(py, None);
            }
        });
    }
}
