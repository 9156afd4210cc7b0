//! A connection that becomes a WebSocket (RFC 6455, section 4): uvicorn's own protocol takes it over.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use ferroapi_http::http1::Head;

use super::facts::ServerFacts;
use super::head::RequestHead;
use super::link::Link;
use super::scope::headers;
use crate::traverse::traverse;

/// The request that asks for it, and what came after.
pub struct Handover {
    method: Py<PyBytes>,
    target: Py<PyBytes>,
    headers: Py<PyList>,
    rest: Vec<u8>,
}

traverse!(Handover { headers } but { method, target, rest });

/// Whether the protocol that a request wants to change to is a WebSocket.
pub fn asks_for_websocket(head: &Head<'_>) -> bool {
    let mut names = head.fields.iter().rev();
    names
        .find(|field| field.name.of(head.raw).eq_ignore_ascii_case(b"upgrade"))
        .is_some_and(|field| field.value.of(head.raw).eq_ignore_ascii_case(b"websocket"))
}

impl Handover {
    pub fn new(py: Python<'_>, head: &Head<'_>, rest: &[u8]) -> PyResult<Self> {
        Ok(Self {
            method: PyBytes::new(py, head.method.of(head.raw)).unbind(),
            target: PyBytes::new(py, head.target.of(head.raw)).unbind(),
            headers: headers(py, &RequestHead::new(head))?.unbind(),
            rest: rest.to_vec(),
        })
    }

    /// Keeps more of what came after the request.
    pub fn keep(&mut self, data: &[u8]) {
        self.rest.extend_from_slice(data);
    }

    /// Makes a protocol of `class` the one of the transport.
    pub fn run(
        self,
        protocol: &Bound<'_, PyAny>,
        facts: &ServerFacts,
        link: &Link,
        class: Py<PyAny>,
    ) -> PyResult<()> {
        let py = protocol.py();
        let server = (&facts.config, &facts.server_state, &facts.app_state);
        let request = (self.method, self.target, self.headers);
        let rest = PyBytes::new(py, &self.rest);
        let arguments = (protocol, class, server, &link.transport, request, rest);
        facts.leaves.upgrade.call1(py, arguments).map(drop)
    }
}
