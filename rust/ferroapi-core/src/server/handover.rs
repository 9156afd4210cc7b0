//! A connection that becomes a WebSocket (RFC 6455, section 4): uvicorn's own protocol takes it over.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use ferroapi_http::http1::Head;

use super::facts::ServerFacts;
use super::head::RequestHead;
use super::link::Link;
use super::scope::headers;

/// The request that asks for it, and what came after.
pub struct Handover<'py> {
    method: Bound<'py, PyBytes>,
    target: Bound<'py, PyBytes>,
    headers: Bound<'py, PyList>,
    rest: Bound<'py, PyBytes>,
}

/// Whether the protocol that a request wants to change to is a WebSocket.
pub fn asks_for_websocket(head: &Head<'_>) -> bool {
    let mut names = head.fields.iter().rev();
    names
        .find(|field| field.name.of(head.raw).eq_ignore_ascii_case(b"upgrade"))
        .is_some_and(|field| field.value.of(head.raw).eq_ignore_ascii_case(b"websocket"))
}

impl<'py> Handover<'py> {
    pub fn new(py: Python<'py>, head: &Head<'_>, rest: &[u8]) -> PyResult<Self> {
        Ok(Self {
            method: PyBytes::new(py, head.method.of(head.raw)),
            target: PyBytes::new(py, head.target.of(head.raw)),
            headers: headers(py, &RequestHead::new(head))?,
            rest: PyBytes::new(py, rest),
        })
    }

    /// Makes a protocol of `class` the one of the transport.
    pub fn run(
        self,
        protocol: &Bound<'py, PyAny>,
        facts: &ServerFacts,
        link: &Link,
        class: Py<PyAny>,
    ) -> PyResult<()> {
        let py = protocol.py();
        let server = (&facts.config, &facts.server_state, &facts.app_state);
        let request = (self.method, self.target, self.headers);
        let arguments = (protocol, class, server, &link.transport, request, self.rest);
        facts.leaves.upgrade.call1(py, arguments).map(drop)
    }
}
