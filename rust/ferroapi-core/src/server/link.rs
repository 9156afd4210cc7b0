//! One connection's transport, and what is known of its two ends.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::burst::Burst;
use super::facts::ServerFacts;
use super::leaves::server_leaves;
use super::outbox::Outbox;
use crate::cell::AttachedCell;
use crate::shared::Shared;
use crate::traverse::traverse;

pub struct Link {
    pub transport: Py<PyAny>,
    /// `transport.write` and `transport.is_closing`.
    write: Py<PyAny>,
    is_closing: Py<PyAny>,
    /// `(host, port)` or None, as in the scope.
    pub server: Py<PyAny>,
    pub client: Py<PyAny>,
    tls: bool,
    /// What the peer forwards about its own client is believed.
    pub trusted: bool,
    /// None on an event loop of which too little is known.
    outbox: Option<Py<Outbox>>,
    /// The turn in which a response was last put into the outbox.
    posted: AttachedCell<Option<u64>>,
    /// A response head that waits for the first piece of the body, or for the end of the turn.
    held: AttachedCell<Vec<u8>>,
    pub burst: Burst,
}

traverse!(Link {
    transport, write, is_closing, outbox
} but {
    server, client, tls, trusted, posted, held, burst
});

impl Link {
    pub fn new(transport: Bound<'_, PyAny>, facts: &ServerFacts) -> PyResult<Self> {
        let py = transport.py();
        let client = facts.leaves.remote_address.bind(py).call1((&transport,))?;
        let trusted = match &facts.proxy {
            Some(proxy) => proxy.trusts(py, &client)?,
            None => false,
        };
        Ok(Self {
            write: transport.getattr(intern!(py, "write"))?.unbind(),
            is_closing: transport.getattr(intern!(py, "is_closing"))?.unbind(),
            server: facts.leaves.local_address.call1(py, (&transport,))?,
            tls: facts
                .leaves
                .is_tls
                .bind(py)
                .call1((&transport,))?
                .is_truthy()?,
            client: client.unbind(),
            trusted,
            transport: transport.unbind(),
            outbox: facts.outbox.as_ref().map(|outbox| outbox.clone_ref(py)),
            posted: AttachedCell::new(None),
            held: AttachedCell::default(),
            burst: Burst::default(),
        })
    }

    pub fn scheme<'py>(&self, py: Python<'py>) -> &'py Bound<'py, PyString> {
        if self.tls {
            intern!(py, "https")
        } else {
            intern!(py, "http")
        }
    }

    pub fn write(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        if data.is_empty() {
            return Ok(());
        }
        let mut held = self.held.take(py);
        if held.is_empty() {
            return self.write_object(py, PyBytes::new(py, data).as_any());
        }
        held.extend_from_slice(data);
        self.write_object(py, PyBytes::new(py, &held).as_any())
    }

    /// Writes a piece of a body of which there is more to come.
    pub fn write_piece(link: &Shared<Self>, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        if let Some(outbox) = link.outbox.as_ref().filter(|_| !link.tls) {
            link.burst.add(link, outbox.bind(py))?;
        }
        link.write(py, data)
    }

    /// Keeps the head of a response for the first piece of its body (ASGI HTTP specification, response start), until
    /// this turn of the event loop ends.
    pub fn hold(link: &Shared<Self>, py: Python<'_>, head: &[u8]) -> PyResult<()> {
        let Some(outbox) = &link.outbox else {
            return link.write(py, head);
        };
        link.flush(py)?;
        drop(link.held.replace(py, head.to_vec()));
        Outbox::visit_later(outbox.bind(py), Shared::clone(link))
    }

    /// The turn of the event loop is over: nothing of this connection waits any longer.
    pub fn end_turn(&self, py: Python<'_>) -> PyResult<()> {
        let released = self.release(py);
        self.burst.end(py);
        released
    }

    /// Writes a head that waits for its body.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        let held = self.held.take(py);
        if held.is_empty() {
            return Ok(());
        }
        let write = self.write.bind(py);
        write.call1((PyBytes::new(py, &held),)).map(drop)
    }

    /// Hands the transport a bytes-like object as it is.
    pub fn write_object(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        self.flush(py)?;
        self.write.bind(py).call1((data,)).map(drop)
    }

    /// Writes a whole response, perhaps together with others of this turn of the event loop.
    pub fn post(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        match &self.outbox {
            Some(outbox) if !Outbox::is_direct(outbox.bind(py))? => {
                let write = self.write.clone_ref(py);
                let turn = Outbox::post(outbox.bind(py), write, PyBytes::new(py, data))?;
                self.posted.replace(py, Some(turn));
                Ok(())
            }
            _ => self.write(py, data),
        }
    }

    /// Writes what waits of this connection.
    pub fn flush(&self, py: Python<'_>) -> PyResult<()> {
        if let (Some(turn), Some(outbox)) = (self.posted.take(py), &self.outbox)
            && outbox.get().turn(py) == turn
        {
            outbox.get().flush(py)?;
        }
        self.release(py)
    }

    /// The descriptor of the transport's socket, if `TCP_CORK` can be set on it.
    pub fn corkable(&self, py: Python<'_>) -> PyResult<Option<i32>> {
        let leaves = server_leaves(py)?;
        leaves
            .corkable
            .bind(py)
            .call1((&self.transport,))?
            .extract()
    }

    pub fn is_closing(&self, py: Python<'_>) -> PyResult<bool> {
        self.is_closing.bind(py).call0()?.is_truthy()
    }

    pub fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.flush(py)?;
        self.call(py, intern!(py, "close")).map(drop)
    }

    /// Closes the connection without waiting for what is not sent.
    pub fn abort(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, intern!(py, "abort")).map(drop)
    }

    pub fn pause_reading(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, intern!(py, "pause_reading")).map(drop)
    }

    pub fn resume_reading(&self, py: Python<'_>) -> PyResult<()> {
        self.call(py, intern!(py, "resume_reading")).map(drop)
    }

    fn call<'py>(
        &self,
        py: Python<'py>,
        method: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.transport.bind(py).call_method0(method)
    }
}
