//! What users may ask for: that a request is given up when it takes too long, or when nobody waits for it.

use pyo3::intern;
use pyo3::prelude::*;

use crate::cell::AttachedCell;
use crate::traverse::traverse;

/// A `RequestLimits` of the user's.
#[derive(FromPyObject)]
pub struct Policy {
    /// Seconds until the response has to be complete.
    timeout: Option<f64>,
    timeout_status: u16,
    cancel_on_disconnect: bool,
}

/// A policy at work on one request.
#[derive(Default)]
pub struct Watch(AttachedCell<Option<Watched>>);

struct Watched {
    task: Py<PyAny>,
    timer: Option<Py<PyAny>>,
    status: u16,
    cancel_on_disconnect: bool,
}

traverse!(Watch { 0 });
traverse!(Watched { task, timer } but { status, cancel_on_disconnect });

/// The limits that were set on an application or an endpoint.
pub fn policy_of(target: &Bound<'_, PyAny>) -> PyResult<Option<Policy>> {
    match target.getattr_opt(intern!(target.py(), "__request_limits__"))? {
        Some(limits) if !limits.is_none() => limits.extract().map(Some),
        _ => Ok(None),
    }
}

impl Policy {
    pub fn cancels_on_disconnect(&self) -> bool {
        self.cancel_on_disconnect
    }
}

impl Watch {
    /// Puts a policy in force for the running `task`; the one before it ends.
    pub fn begin(
        &self,
        policy: &Policy,
        event_loop: &Bound<'_, PyAny>,
        task: Py<PyAny>,
        expire: Py<PyAny>,
    ) -> PyResult<()> {
        let py = event_loop.py();
        self.end(py)?;
        let timer = match policy.timeout {
            Some(seconds) => {
                let arguments = (seconds, expire);
                let timer = event_loop.call_method1(intern!(py, "call_later"), arguments)?;
                Some(timer.unbind())
            }
            None => None,
        };
        let watched = Watched {
            task,
            timer,
            status: policy.timeout_status,
            cancel_on_disconnect: policy.cancel_on_disconnect,
        };
        drop(self.0.replace(py, Some(watched)));
        Ok(())
    }

    /// The response is complete, or the task is over.
    pub fn end(&self, py: Python<'_>) -> PyResult<()> {
        if self.0.read(py, Option::is_none) {
            return Ok(());
        }
        match self.0.take(py).and_then(|watched| watched.timer) {
            Some(timer) => timer.call_method0(py, intern!(py, "cancel")).map(drop),
            None => Ok(()),
        }
    }

    /// The status to answer with, now that the time is over; the task is to be cancelled.
    pub fn expired(&self, py: Python<'_>) -> Option<(u16, Py<PyAny>)> {
        let watched = self.0.take(py)?;
        Some((watched.status, watched.task))
    }

    /// The task to cancel since its client has gone, if that was asked for; nothing else is going to cancel it.
    pub fn deserted(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let task = self.0.read(py, |watched| {
            let watched = watched
                .as_ref()
                .filter(|known| known.cancel_on_disconnect)?;
            Some(watched.task.clone_ref(py))
        });
        if task.is_some() {
            self.end(py)?;
        }
        Ok(task)
    }
}
