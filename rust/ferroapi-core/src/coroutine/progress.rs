//! A future and the steps it takes, with or without a Python object around it.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::channel::Channel;
use super::{Outcome, escaping};
use crate::shared::{Owned, Shared};
use crate::traverse::traverse;

/// What a step came to.
pub enum Step {
    Yielded(Py<PyAny>),
    Returned(Py<PyAny>),
}

/// A future that has not come to its end.
pub struct Progress {
    future: Pin<Box<dyn Future<Output = Outcome> + Send>>,
    channel: Owned<Channel>,
}

traverse!(Progress { channel } but { future });

impl Progress {
    /// Wraps the future that `body` makes of the channel; nothing runs before the first step.
    pub fn new<F>(body: impl FnOnce(Shared<Channel>) -> F) -> Self
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let channel = Owned::new(Channel::default());
        // Made where it stays: a future on the stack would be copied as a whole.
        let future = Box::write(Box::new_uninit(), body(channel.share()));
        Self {
            future: Box::into_pin(future),
            channel,
        }
    }

    pub fn channel(&self) -> &Shared<Channel> {
        &self.channel
    }

    /// Runs to the next thing that is to be awaited, or to the end: what is left, and what the step came to.
    pub fn step(mut self, py: Python<'_>) -> (Option<Self>, PyResult<Step>) {
        let mut context = Context::from_waker(Waker::noop());
        match caught(|| Ok(self.future.as_mut().poll(&mut context))) {
            Ok(Poll::Pending) => {
                let yielded = self.channel.yielded.take(py);
                let outcome = yielded.map(Step::Yielded).ok_or_else(|| {
                    PyRuntimeError::new_err(
                        "ferroapi: a future waited for nothing; please report this",
                    )
                });
                (Some(self), outcome)
            }
            Ok(Poll::Ready(outcome)) => (None, outcome.map(Step::Returned).map_err(escaping)),
            Err(panic) => (None, Err(panic)),
        }
    }
}

/// What `run` returns; a panic in it is an error.
pub fn caught<R>(run: impl FnOnce() -> PyResult<R>) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|payload| Err(panic_error(payload.as_ref())))
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
