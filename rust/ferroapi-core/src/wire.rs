//! Where a request comes from, and where its response goes.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::attached::attached;
use crate::coroutine::Channel;
use crate::dict_template::DictTemplate;
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
            let start = START.get_or_try_init(py, || {
                DictTemplate::new(py, ("type", "http.response.start"), ["status", "headers"])
            })?;
            let message = start.filled(py, [&parts.status, parts.headers.as_any()])?;
            send.call1(py, (message,))
        })?;
        channel.run(start).await?;
        let body = attached(|py| {
            let body = BODY.get_or_try_init(py, || {
                DictTemplate::new(py, ("type", "http.response.body"), ["body"])
            })?;
            let message = body.filled(py, [&parts.body])?;
            send.call1(py, (message,))
        })?;
        channel.run(body).await
    }
}

static START: PyOnceLock<DictTemplate<2>> = PyOnceLock::new();
static BODY: PyOnceLock<DictTemplate<1>> = PyOnceLock::new();
