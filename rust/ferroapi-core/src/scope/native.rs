//! The scope of a request that our own protocol has read, made when something looks at it.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use smallvec::SmallVec;

use super::key::{Key, WRITTEN};
use crate::cell::AttachedCell;
use crate::server::Exchange;

/// What the pipeline writes is kept until there is a dict, and then put there in the same order.
pub struct Native {
    exchange: Py<Exchange>,
    made: PyOnceLock<Py<PyDict>>,
    notes: AttachedCell<Notes>,
}

/// Values by key, and the keys in the order in which they came.
#[derive(Default)]
struct Notes {
    values: [Option<Py<PyAny>>; WRITTEN],
    order: SmallVec<[Key; WRITTEN]>,
}

impl Native {
    pub fn new(exchange: Py<Exchange>) -> Self {
        Self {
            exchange,
            made: PyOnceLock::new(),
            notes: AttachedCell::default(),
        }
    }

    /// The exchange, as long as it says all that a scope would say.
    pub fn exchange(&self, py: Python<'_>) -> Option<&Py<Exchange>> {
        self.made.get(py).is_none().then_some(&self.exchange)
    }

    /// The dict, if there is one.
    pub fn made<'a, 'py>(&'a self, py: Python<'py>) -> Option<&'a Bound<'py, PyDict>> {
        self.made.get(py).map(|made| made.bind(py))
    }

    /// The dict.
    pub fn make<'a, 'py>(&'a self, py: Python<'py>) -> PyResult<&'a Bound<'py, PyDict>> {
        let made = self.made.get_or_try_init(py, || {
            let scope = self.exchange.get().scope(py)?;
            let notes = self.notes.take(py);
            for key in notes.order {
                let value = notes.values[key as usize].as_ref();
                scope.bind(py).set_item(key.text(py), value)?;
            }
            Ok::<_, PyErr>(scope)
        })?;
        Ok(made.bind(py))
    }

    pub fn note(&self, py: Python<'_>, key: Key, value: Py<PyAny>) {
        let former = self.notes.update(py, |notes| {
            let former = notes.values[key as usize].replace(value);
            if former.is_none() {
                notes.order.push(key);
            }
            former
        });
        drop(former);
    }

    pub fn noted<R>(
        &self,
        py: Python<'_>,
        key: Key,
        found: impl FnOnce(Option<&Py<PyAny>>) -> R,
    ) -> R {
        self.notes
            .read(py, |notes| found(notes.values[key as usize].as_ref()))
    }
}
