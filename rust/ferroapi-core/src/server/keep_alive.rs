//! The time after which an idle connection is closed.
//!
//! A timer of the event loop costs more than the rest of a small request, so a connection keeps the one it has:
//! when it goes off too early, because a request came meanwhile, it is set again for the rest.

use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;

use super::facts::ServerFacts;
use crate::cell::AttachedCell;
use crate::traverse::traverse;

#[derive(Default)]
pub struct KeepAlive(AttachedCell<State>);

#[derive(Default)]
struct State {
    /// The loop's handle of the timer that is set.
    handle: Option<Py<PyAny>>,
    /// When the last response was sent; None while a request is served.
    idle_since: Option<Instant>,
    /// A request came after the timer was set.
    used: bool,
}

traverse!(KeepAlive { 0 });
traverse!(State { handle } but { idle_since, used });

/// What a timer that goes off has to do.
pub enum Expiry {
    Close,
    /// Not idle now, or not for long enough: the timer is set again when it is due.
    Keep,
}

impl KeepAlive {
    /// A request begins.
    pub fn busy(&self, py: Python<'_>) {
        self.0.update(py, |state| {
            state.idle_since = None;
            state.used = true;
        });
    }

    /// A response was sent and nothing waits; `expire` is the callback of the timer.
    pub fn idle(
        &self,
        py: Python<'_>,
        facts: &ServerFacts,
        expire: impl FnOnce() -> PyResult<Py<PyAny>>,
    ) -> PyResult<()> {
        let set = self.0.update(py, |state| {
            state.idle_since = Some(Instant::now());
            state.handle.is_some()
        });
        if set {
            return Ok(());
        }
        self.arm(py, facts, facts.timeout_keep_alive.clone_ref(py), expire()?)
    }

    fn arm(
        &self,
        py: Python<'_>,
        facts: &ServerFacts,
        delay: Py<PyAny>,
        callback: Py<PyAny>,
    ) -> PyResult<()> {
        let event_loop = facts.event_loop.bind(py);
        let handle = event_loop.call_method1(intern!(py, "call_later"), (delay, callback))?;
        let former = self.0.update(py, |state| {
            state.used = false;
            state.handle.replace(handle.unbind())
        });
        drop(former);
        Ok(())
    }

    /// The timer went off.
    pub fn expire(
        &self,
        py: Python<'_>,
        facts: &ServerFacts,
        callback: Py<PyAny>,
    ) -> PyResult<Expiry> {
        let (handle, idle_since, used) = self.0.update(py, |state| {
            (state.handle.take(), state.idle_since, state.used)
        });
        drop(handle);
        let Some(idle_since) = idle_since else {
            return Ok(Expiry::Keep);
        };
        if !used {
            return Ok(Expiry::Close);
        }
        let timeout: f64 = facts.timeout_keep_alive.extract(py)?;
        let timeout = Duration::try_from_secs_f64(timeout).unwrap_or_default();
        let rest = timeout.saturating_sub(idle_since.elapsed());
        if rest.is_zero() {
            return Ok(Expiry::Close);
        }
        let delay = rest.as_secs_f64().into_pyobject(py)?.into_any().unbind();
        self.arm(py, facts, delay, callback)?;
        // What has passed of the idle time is not asked for again.
        self.0.update(py, |state| state.used = true);
        Ok(Expiry::Keep)
    }

    /// Gives the timer back to the loop.
    pub fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        let handle = self.0.update(py, |state| {
            state.idle_since = None;
            state.handle.take()
        });
        match handle {
            Some(handle) => handle.call_method0(py, intern!(py, "cancel")).map(drop),
            None => Ok(()),
        }
    }

    /// The timer of an idle connection.
    pub fn handle(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.0.read(py, |state| {
            let handle = state.handle.as_ref().filter(|_| state.idle_since.is_some());
            handle.map(|handle| handle.clone_ref(py))
        })
    }
}
