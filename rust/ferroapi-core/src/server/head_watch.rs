//! The time within which the head of a request has to be there.
//!
//! Heads arrive whole nearly always, so no connection has a timer for them: one timer of the server's looks through the
//! connections that wait for one, and is not set while none does.

use std::time::{Duration, Instant};

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PySet;

use super::leaves::ServerLeaves;
use super::protocol::HttpProtocol;
use crate::cell::AttachedCell;
use crate::traverse::{Traverse, Visited, traverse};

/// The timer goes off at most so often within the time limit.
const LOOKS: u32 = 16;

/// What a connection waits for.
#[derive(Clone, Copy, Default)]
pub enum Awaited {
    /// Nothing that has to come within the limit.
    #[default]
    Nothing,
    /// The first byte of the first head, since then.
    FirstByte(Instant),
    /// The rest of a head.
    Rest(Instant),
}

impl Awaited {
    pub fn first_byte() -> Self {
        Self::FirstByte(Instant::now())
    }

    pub fn rest() -> Self {
        Self::Rest(Instant::now())
    }

    fn since(self) -> Option<Instant> {
        match self {
            Self::Nothing => None,
            Self::FirstByte(since) | Self::Rest(since) => Some(since),
        }
    }
}

/// Closes the connections of one server whose heads take too long.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct HeadWatch {
    event_loop: Py<PyAny>,
    connections: Py<PySet>,
    /// None: heads may take any time.
    limit: Option<Duration>,
    /// When the timer is due, if it is set.
    due: AttachedCell<Option<Instant>>,
    /// It went off so late that nothing was closed.
    spared: AttachedCell<bool>,
}

traverse!(HeadWatch { event_loop, connections } but { limit, due, spared });

impl HeadWatch {
    pub fn new(
        leaves: &ServerLeaves,
        event_loop: &Bound<'_, PyAny>,
        connections: &Py<PySet>,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        let seconds: Option<f64> = leaves.head_timeout.call0(py)?.extract(py)?;
        Ok(Self {
            event_loop: event_loop.clone().unbind(),
            connections: connections.clone_ref(py),
            // What is too long to be a duration never passes.
            limit: seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
            due: AttachedCell::default(),
            spared: AttachedCell::default(),
        })
    }

    /// Takes note of what `protocol` waits for from now on.
    pub fn begin(
        watch: &Py<Self>,
        protocol: &Bound<'_, HttpProtocol>,
        awaited: Awaited,
    ) -> PyResult<()> {
        let watch = watch.bind(protocol.py());
        let py = watch.py();
        let Some(limit) = watch.get().limit else {
            return Ok(());
        };
        protocol.get().awaited.replace(py, awaited);
        if watch.get().due.read(py, Option::is_some) {
            // It is not due later than this would be.
            return Ok(());
        }
        Self::arm(watch, limit)
    }

    fn arm(slf: &Bound<'_, Self>, delay: Duration) -> PyResult<()> {
        let py = slf.py();
        let due = Instant::now().checked_add(delay);
        slf.get().due.replace(py, due);
        let call_later = intern!(py, "call_later");
        let event_loop = slf.get().event_loop.bind(py);
        event_loop
            .call_method1(call_later, (delay.as_secs_f64(), slf))
            .map(drop)
    }

    /// Closes what is overdue; how long the next connection has at least, and what went wrong.
    fn look(&self, py: Python<'_>, limit: Duration) -> (Option<Duration>, PyResult<()>) {
        let mut rest: Option<Duration> = None;
        let mut outcome = Ok(());
        // A list: to close a connection may change the set.
        for connection in self.connections.bind(py).iter().collect::<Vec<_>>() {
            let Ok(protocol) = connection.cast::<HttpProtocol>() else {
                continue;
            };
            let awaited = protocol.get().awaited.read(py, |awaited| *awaited);
            let Some(since) = awaited.since() else {
                continue;
            };
            let left = limit.saturating_sub(since.elapsed());
            if left.is_zero() {
                let closed = protocol.get().give_up_head(py, awaited);
                outcome = outcome.and(closed);
            } else {
                rest = Some(rest.map_or(left, |rest| rest.min(left)));
            }
        }
        (rest, outcome)
    }
}

#[pymethods]
impl HeadWatch {
    /// The timer went off.
    fn __call__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let (Some(limit), Some(due)) = (this.limit, this.due.take(py)) else {
            return Ok(());
        };
        let pause = limit / LOOKS;
        let late = due.elapsed() > pause;
        if late && !this.spared.replace(py, true) {
            // The event loop was blocked, and what came meanwhile may be still in the sockets.
            return Self::arm(slf, pause);
        }
        this.spared.replace(py, false);
        let (rest, outcome) = this.look(py, limit);
        if let Some(rest) = rest {
            Self::arm(slf, rest.max(pause))?;
        }
        outcome
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
