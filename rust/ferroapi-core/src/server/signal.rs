//! A flag that tasks wait for, as `asyncio.Event` is one.

use pyo3::intern;
use pyo3::prelude::*;

use crate::attached::attached;
use crate::cell::AttachedCell;
use crate::coroutine::Channel;
use crate::traverse::traverse;

#[derive(Default)]
pub struct Signal(AttachedCell<State>);

#[derive(Default)]
struct State {
    set: bool,
    /// Futures of the event loop.
    waiters: Vec<Py<PyAny>>,
}

traverse!(Signal { 0 });
traverse!(State { waiters } but { set });

impl Signal {
    pub fn is_set(&self, py: Python<'_>) -> bool {
        self.0.read(py, |state| state.set)
    }

    /// Raises the flag and wakes everybody who waits for it.
    pub fn set(&self, py: Python<'_>) -> PyResult<()> {
        let waiters = self.0.update(py, |state| {
            state.set = true;
            std::mem::take(&mut state.waiters)
        });
        for waiter in waiters {
            if !is_done(py, &waiter)? {
                waiter.call_method1(py, intern!(py, "set_result"), (py.None(),))?;
            }
        }
        Ok(())
    }

    pub fn clear(&self, py: Python<'_>) {
        self.0.update(py, |state| state.set = false);
    }

    /// Returns once the flag is up.
    pub async fn wait(&self, channel: &Channel, event_loop: &Py<PyAny>) -> PyResult<()> {
        let waiter = attached(|py| {
            if self.is_set(py) {
                return Ok(None);
            }
            let waiter = event_loop.call_method0(py, intern!(py, "create_future"))?;
            let known = waiter.clone_ref(py);
            self.0.update(py, |state| state.waiters.push(known));
            Ok::<_, PyErr>(Some(waiter))
        })?;
        let Some(waiter) = waiter else {
            return Ok(());
        };
        let awaited = attached(|py| waiter.clone_ref(py));
        let outcome = channel.await_(awaited).await;
        if outcome.is_err() {
            attached(|py| self.forget(py, &waiter));
        }
        outcome.map(drop)
    }

    /// Takes a cancelled waiter off the list.
    fn forget(&self, py: Python<'_>, waiter: &Py<PyAny>) {
        let forgotten = self.0.update(py, |state| {
            let place = state.waiters.iter().position(|known| known.is(waiter));
            place.map(|place| state.waiters.swap_remove(place))
        });
        drop(forgotten);
    }

    pub fn drop_waiters(&self, py: Python<'_>) {
        drop(
            self.0
                .update(py, |state| std::mem::take(&mut state.waiters)),
        );
    }
}

fn is_done(py: Python<'_>, future: &Py<PyAny>) -> PyResult<bool> {
    future.call_method0(py, intern!(py, "done"))?.is_truthy(py)
}
