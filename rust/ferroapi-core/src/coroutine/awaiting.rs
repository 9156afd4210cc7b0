//! The leaf future: await one Python awaitable.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pyo3::exceptions::{PyGeneratorExit, PyTypeError};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;

use super::Outcome;
use super::channel::{Channel, Resume};
use crate::attached::attached;

impl Channel {
    /// Awaits `awaitable` as Python's `await` does.
    pub fn await_(&self, awaitable: Py<PyAny>) -> Await<'_> {
        Await {
            channel: self,
            stage: Stage::Unstarted(awaitable),
        }
    }

    /// Awaits `awaitable` for what it does.
    pub fn run(&self, awaitable: Py<PyAny>) -> Run<'_> {
        Run(self.await_(awaitable))
    }
}

pub struct Await<'a> {
    channel: &'a Channel,
    stage: Stage,
}

/// As [`Await`], without the result.
pub struct Run<'a>(Await<'a>);

impl Future for Run<'_> {
    type Output = PyResult<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<PyResult<()>> {
        Pin::new(&mut self.0)
            .poll(context)
            .map_ok(|result| attached(|py| result.drop_ref(py)))
    }
}

enum Stage {
    Unstarted(Py<PyAny>),
    Driving,
    Finished,
}

enum Step {
    Yielded(Py<PyAny>),
    Done(Outcome),
}

impl Future for Await<'_> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Outcome> {
        attached(|py| {
            let step = match std::mem::replace(&mut self.stage, Stage::Finished) {
                Stage::Unstarted(awaitable) => match await_iterator(py, awaitable) {
                    Ok(iterator) => self.first_step(py, iterator),
                    Err(error) => Step::Done(Err(error)),
                },
                Stage::Driving => self.next_step(py),
                Stage::Finished => return Poll::Pending,
            };
            match step {
                Step::Yielded(object) => {
                    self.stage = Stage::Driving;
                    self.channel.yielded.put(py, Some(object));
                    Poll::Pending
                }
                Step::Done(outcome) => Poll::Ready(outcome),
            }
        })
    }
}

impl Await<'_> {
    fn first_step(&self, py: Python<'_>, iterator: Py<PyAny>) -> Step {
        let step = send(py, &iterator, None);
        self.keep(py, iterator, &step);
        step
    }

    /// Keeps an iterator that has not come to its end.
    fn keep(&self, py: Python<'_>, iterator: Py<PyAny>, step: &Step) {
        if matches!(step, Step::Yielded(_)) {
            self.channel.awaiting.put(py, Some(iterator));
        } else {
            iterator.drop_ref(py);
        }
    }

    fn next_step(&self, py: Python<'_>) -> Step {
        // The collector may have cleared the coroutine meanwhile.
        let Some(iterator) = self.channel.awaiting.take(py) else {
            return Step::Done(Err(PyGeneratorExit::new_err(())));
        };
        let step = match self.channel.resume.take(py) {
            Resume::Next => send(py, &iterator, None),
            Resume::Value(value) => send(py, &iterator, Some(&value)),
            Resume::Throw(error) => throw(py, &iterator, error),
        };
        self.keep(py, iterator, &step);
        step
    }
}

/// The iterator behind an awaitable: itself for a coroutine, else what `__await__` gives.
fn await_iterator(py: Python<'_>, awaitable: Py<PyAny>) -> PyResult<Py<PyAny>> {
    // SAFETY: `awaitable` is a live object and the interpreter is attached; the slots of a type are
    // valid while an instance is alive.
    unsafe {
        let pointer = awaitable.as_ptr();
        if ffi::PyCoro_CheckExact(pointer) != 0 {
            return Ok(awaitable);
        }
        let slots = (*ffi::Py_TYPE(pointer)).tp_as_async;
        if let Some(await_slot) = slots.as_ref().and_then(|slots| slots.am_await) {
            return Bound::from_owned_ptr_or_err(py, await_slot(pointer)).map(Bound::unbind);
        }
    }
    if is_iterable_coroutine(awaitable.bind(py)) {
        return Ok(awaitable);
    }
    let name = awaitable.bind(py).get_type().name()?.to_string();
    Err(PyTypeError::new_err(format!(
        "object {name} can't be used in 'await' expression"
    )))
}

/// A generator made by `types.coroutine`.
fn is_iterable_coroutine(object: &Bound<'_, PyAny>) -> bool {
    const CO_ITERABLE_COROUTINE: u32 = 0x100;
    object
        .getattr(intern!(object.py(), "gi_code"))
        .and_then(|code| code.getattr(intern!(object.py(), "co_flags")))
        .and_then(|flags| flags.extract::<u32>())
        .is_ok_and(|flags| flags & CO_ITERABLE_COROUTINE != 0)
}

fn send(py: Python<'_>, iterator: &Py<PyAny>, value: Option<&Py<PyAny>>) -> Step {
    let mut result = std::ptr::null_mut();
    // SAFETY: `iterator` and the value are live objects; `result` receives an owned reference unless
    // the outcome is an error, in which case an exception is set.
    unsafe {
        let argument = value.map_or_else(|| ffi::Py_None(), Py::as_ptr);
        match ffi::PyIter_Send(iterator.as_ptr(), argument, &raw mut result) {
            ffi::PySendResult::PYGEN_NEXT => {
                Step::Yielded(Bound::from_owned_ptr(py, result).unbind())
            }
            ffi::PySendResult::PYGEN_RETURN => {
                Step::Done(Ok(Bound::from_owned_ptr(py, result).unbind()))
            }
            ffi::PySendResult::PYGEN_ERROR => Step::Done(Err(PyErr::fetch(py))),
        }
    }
}

fn throw(py: Python<'_>, iterator: &Py<PyAny>, error: PyErr) -> Step {
    if error.is_instance_of::<PyGeneratorExit>(py) {
        return close(py, iterator, error);
    }
    let bound = iterator.bind(py);
    let Ok(method) = bound.getattr(intern!(py, "throw")) else {
        return Step::Done(Err(error));
    };
    match method.call1((error.into_value(py),)) {
        Ok(object) => Step::Yielded(object.unbind()),
        Err(raised) => Step::Done(returned(py, raised)),
    }
}

/// Closes the awaited iterator first, as CPython does for a delegating coroutine.
fn close(py: Python<'_>, iterator: &Py<PyAny>, error: PyErr) -> Step {
    if let Ok(method) = iterator.bind(py).getattr(intern!(py, "close"))
        && let Err(raised) = method.call0()
    {
        return Step::Done(Err(raised));
    }
    Step::Done(Err(error))
}

/// The return value carried by a `StopIteration`; any other exception stays one.
fn returned(py: Python<'_>, raised: PyErr) -> Outcome {
    if raised.is_instance_of::<pyo3::exceptions::PyStopIteration>(py) {
        raised
            .value(py)
            .getattr(intern!(py, "value"))
            .map(Bound::unbind)
    } else {
        Err(raised)
    }
}
