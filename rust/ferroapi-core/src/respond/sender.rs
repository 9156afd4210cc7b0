//! The `send` callable that Python code is given.

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::coroutine::Channel;
use crate::shared::Shared;
use crate::traverse::{Traverse, Visited, traverse};

/// Where a sender stands.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// Inside of all middleware, and outside of it as well: there is none that changes responses.
    Everywhere,
    Inside,
    Outside,
}

/// Passes messages on and notes when the response has started.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct Sender {
    channel: Shared<Channel>,
    send: Py<PyAny>,
    place: Place,
}

traverse!(Sender { send } but { channel, place });

impl Sender {
    pub fn new(channel: Shared<Channel>, send: Py<PyAny>, place: Place) -> Self {
        Self {
            channel,
            send,
            place,
        }
    }

    fn mark_started(&self) {
        if self.place != Place::Outside {
            self.channel.mark_response_started();
        }
        if self.place != Place::Inside {
            self.channel.mark_response_delivered();
        }
    }
}

/// Whether an ASGI message is `http.response.start`.
pub fn starts_response(message: &Bound<'_, PyAny>) -> PyResult<bool> {
    let kind = message.get_item(intern!(message.py(), "type"))?;
    Ok(kind
        .cast::<PyString>()
        .is_ok_and(|kind| kind == "http.response.start"))
}

#[pymethods]
impl Sender {
    fn __call__(&self, py: Python<'_>, message: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if starts_response(&message)? {
            self.mark_started();
        }
        self.send.call1(py, (message,))
    }

    /// Whether `http.response.start` was sent.
    #[getter]
    fn started(&self) -> bool {
        match self.place {
            Place::Outside => self.channel.response_delivered(),
            Place::Everywhere | Place::Inside => self.channel.response_started(),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
