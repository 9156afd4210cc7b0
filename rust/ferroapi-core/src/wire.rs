//! Where a request comes from, and where its response goes.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use crate::attached::attached;
use crate::coroutine::Channel;
use crate::respond::ResponseParts;
use crate::server::{Delivery, Exchange};

/// The two callables of an ASGI server, or an exchange of our own protocol.
pub enum Wire {
    Asgi { receive: Py<PyAny>, send: Py<PyAny> },
    Native(Py<Exchange>),
}

impl Wire {
    /// The exchange of our own protocol, also behind middleware that passes `receive` on as it is.
    pub fn exchange<'py>(&self, py: Python<'py>) -> Option<Bound<'py, Exchange>> {
        match self {
            Self::Native(exchange) => Some(exchange.bind(py).clone()),
            Self::Asgi { receive, .. } => Exchange::behind(receive.bind(py)),
        }
    }

    /// The same request, with another way for its response.
    pub fn with_send(&self, py: Python<'_>, send: Py<PyAny>) -> PyResult<Self> {
        let receive = self.receive(py)?;
        Ok(Self::Asgi { receive, send })
    }

    /// ASGI's `receive`.
    pub fn receive(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Asgi { receive, .. } => Ok(receive.clone_ref(py)),
            Self::Native(exchange) => exchange.getattr(py, intern!(py, "receive")),
        }
    }

    /// ASGI's `send`.
    pub fn send(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Asgi { send, .. } => Ok(send.clone_ref(py)),
            Self::Native(exchange) => exchange.getattr(py, intern!(py, "send")),
        }
    }

    /// Sends a whole response: its head and its body.
    pub async fn respond(
        &self,
        channel: &Channel,
        parts: &ResponseParts,
        delivery: Delivery,
    ) -> PyResult<()> {
        let send = match self {
            Self::Native(exchange) => {
                return exchange.get().respond(channel, parts, delivery).await;
            }
            Self::Asgi { send, .. } => send,
        };
        let start = attached(|py| {
            let message = message(py, &START, "http.response.start", ["status", "headers"])?;
            message.set_item(intern!(py, "status"), &parts.status)?;
            message.set_item(intern!(py, "headers"), &parts.headers)?;
            send.call1(py, (message,))
        })?;
        channel.await_(start).await?;
        let body = attached(|py| {
            let message = message(py, &BODY, "http.response.body", ["body"])?;
            message.set_item(intern!(py, "body"), &parts.body)?;
            send.call1(py, (message,))
        })?;
        channel.await_(body).await.map(drop)
    }
}

static START: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
static BODY: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

/// A copy of a message whose values are still to be set: cheaper than a dict that grows.
fn message<'py, const N: usize>(
    py: Python<'py>,
    template: &PyOnceLock<Py<PyDict>>,
    kind: &str,
    keys: [&str; N],
) -> PyResult<Bound<'py, PyDict>> {
    let template = template.get_or_try_init(py, || {
        let message = PyDict::new(py);
        message.set_item(intern!(py, "type"), PyString::intern(py, kind))?;
        for key in keys {
            message.set_item(PyString::intern(py, key), py.None())?;
        }
        Ok::<_, PyErr>(message.unbind())
    })?;
    template.bind(py).copy()
}
