//! Responses that are written together, at the end of a turn of the event loop.
//!
//! Under load a turn has many requests. Written one by one, each response wakes its reader, and each system call drives
//! the application out of the processor's caches. Together they cost less, and none waits for longer than the others
//! of its turn take. Where that does not pay, since a response waited alone or some request took long, the next ones
//! are written at once.

use std::time::{Duration, Instant};

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::link::Link;
use crate::cell::AttachedCell;
use crate::shared::Shared;
use crate::traverse::{Traverse, Visited, traverse};

/// A request that takes longer makes all others wait.
const SLOW: Duration = Duration::from_micros(250);
/// No response waits longer for more requests of its turn.
const LONG: Duration = Duration::from_millis(1);
/// At most this many responses are written at once before the next attempt.
const MOST: u32 = 64;

/// The responses of one event loop that are complete, but not written.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct Outbox {
    event_loop: Py<PyAny>,
    state: AttachedCell<State>,
}

#[derive(Default)]
struct State {
    letters: Vec<Letter>,
    /// Connections that hold something back.
    links: Vec<Shared<Link>>,
    times: Option<Times>,
    /// How often the letters were written.
    turn: u64,
    /// How many turns had their end told.
    ended: u64,
    /// The loop is going to call `__call__`.
    awaited: bool,
    /// So many responses are to be written at once, and then those of the same turn.
    direct: u32,
    /// The last of them was written in this turn.
    arming: bool,
    /// So many were, the last time.
    pause: u32,
}

struct Letter {
    /// `transport.write`.
    write: Py<PyAny>,
    data: Py<PyBytes>,
}

traverse!(Outbox { event_loop, state });
traverse!(State { letters } but {
    links, times, turn, ended, awaited, direct, arming, pause
});
traverse!(Letter { write } but { data });

/// When the oldest and the youngest letter came.
struct Times {
    first: Instant,
    last: Instant,
}

impl Outbox {
    pub fn new(event_loop: Py<PyAny>) -> Self {
        Self {
            event_loop,
            state: AttachedCell::default(),
        }
    }

    /// Whether a response is to be written at once; asking counts as writing it.
    pub fn is_direct(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let py = slf.py();
        let (direct, arms) = slf.get().state.update(py, |state| match state.direct {
            0 => (state.arming, false),
            left => {
                state.direct = left - 1;
                state.arming = left == 1;
                (true, state.arming)
            }
        });
        if arms {
            Self::await_end(slf)?;
        }
        Ok(direct)
    }

    /// Takes a response to be written in this turn. As long as `turn` stays what is returned here, it waits.
    pub fn post(
        slf: &Bound<'_, Self>,
        write: Py<PyAny>,
        data: Bound<'_, PyBytes>,
    ) -> PyResult<u64> {
        let py = slf.py();
        let this = slf.get();
        let data = data.unbind();
        let (turn, is_due) = this.state.update(py, |state| {
            state.letters.push(Letter { write, data });
            (state.turn, state.is_due(Instant::now()))
        });
        Self::await_end(slf)?;
        if is_due {
            this.flush(py)?;
        }
        Ok(turn)
    }

    /// Has a connection told of the end of the turn.
    pub fn visit_later(slf: &Bound<'_, Self>, link: Shared<Link>) -> PyResult<()> {
        let py = slf.py();
        slf.get().state.update(py, |state| state.links.push(link));
        Self::await_end(slf)
    }

    /// Has the loop call this at the end of the turn.
    pub fn await_end(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let awaited = this
            .state
            .update(py, |state| std::mem::replace(&mut state.awaited, true));
        if !awaited {
            let call_soon = intern!(py, "call_soon");
            this.event_loop.call_method1(py, call_soon, (slf,))?;
        }
        Ok(())
    }

    /// The number of this turn, if the loop is going to tell its end.
    pub fn awaited_turn(&self, py: Python<'_>) -> Option<u64> {
        self.state
            .read(py, |state| state.awaited.then_some(state.ended))
    }

    /// Whether the loop runs no more callbacks.
    pub fn is_over(&self, py: Python<'_>) -> PyResult<bool> {
        let event_loop = self.event_loop.bind(py);
        event_loop
            .call_method0(intern!(py, "is_closed"))?
            .is_truthy()
    }

    pub fn turn(&self, py: Python<'_>) -> u64 {
        self.state.read(py, |state| state.turn)
    }

    /// Writes what waits.
    pub fn flush(&self, py: Python<'_>) -> PyResult<()> {
        let letters = self.state.update(py, |state| {
            state.times = None;
            state.turn += 1;
            std::mem::take(&mut state.letters)
        });
        let mut outcome = Ok(());
        for letter in letters {
            let written = letter.write.call1(py, (letter.data,)).map(drop);
            outcome = outcome.and(written);
        }
        outcome
    }
}

impl State {
    /// Notes the time of a letter; true if all of them have to go.
    fn is_due(&mut self, now: Instant) -> bool {
        let Some(times) = &mut self.times else {
            let (first, last) = (now, now);
            self.times = Some(Times { first, last });
            return false;
        };
        let former = std::mem::replace(&mut times.last, now);
        let long = now.duration_since(times.first) > LONG;
        let slow = now.duration_since(former) > SLOW;
        if slow {
            self.direct = MOST;
        }
        slow || long
    }

    /// The turn is over: waiting has paid if there were others, and none took long.
    fn learn(&mut self) {
        let Some(times) = &self.times else {
            return;
        };
        if times.last.elapsed() > SLOW {
            self.direct = MOST;
        } else if self.letters.len() > 1 {
            self.pause = 0;
        } else {
            self.pause = (self.pause * 2).clamp(1, MOST);
            self.direct = self.pause;
        }
    }
}

#[pymethods]
impl Outbox {
    /// The turn is over.
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.state.update(py, |state| {
            state.awaited = false;
            state.ended += 1;
            state.arming = false;
            state.learn();
        });
        let links = self
            .state
            .update(py, |state| std::mem::take(&mut state.links));
        let mut outcome = self.flush(py);
        for link in links {
            outcome = outcome.and(link.end_turn(py));
        }
        outcome
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }

    fn __clear__(&self) {
        Python::attach(|py| drop(self.state.take(py)));
    }
}
