//! The asyncio protocol of one connection.

use pyo3::PyVisit;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use ferroapi_http::http1::Decoder;

use super::behind::Behind;
use super::exchange::Exchange;
use super::facts::ServerFacts;
use super::fields::bytes_of;
use super::head_watch::{Awaited, HeadWatch};
use super::keep_alive::{Expiry, KeepAlive};
use super::link::Link;
use super::signal::Signal;
use crate::cell::AttachedCell;
use crate::shared::{Owned, Shared};
use crate::traverse::{Traverse, Visited, traverse};

/// HTTP/1.1 for uvicorn: `asyncio.Protocol`, with the constructor that `uvicorn.Config.http` asks for.
///
/// Subclasses must not have a dict: CPython 3.11 makes that while the object is tracked by the collector, and before
/// its fields are there.
#[pyclass(frozen, subclass, weakref, module = "ferroapi._core")]
pub struct HttpProtocol {
    pub(super) facts: Py<ServerFacts>,
    pub(super) ws_protocol_class: AttachedCell<Py<PyAny>>,
    access_log: bool,
    link: AttachedCell<Option<Owned<Link>>>,
    /// None before and after the connection, when nothing more is to be read, and while it is at work.
    pub(super) decoder: AttachedCell<Option<Box<Decoder>>>,
    /// The exchange that is answered now.
    pub(super) current: AttachedCell<Option<Py<Exchange>>>,
    /// The exchange whose request body comes in.
    pub(super) receiving: AttachedCell<Option<Py<Exchange>>>,
    /// What came behind the request that is served now.
    pub(super) behind: Behind,
    pub(super) flags: AttachedCell<Flags>,
    /// The client reads what is sent.
    writable: Signal,
    pub(super) keep_alive: KeepAlive,
    /// What has to come within the time for a head.
    pub(super) awaited: AttachedCell<Awaited>,
    last_scope: AttachedCell<Option<Py<PyDict>>>,
}

traverse!(HttpProtocol {
    facts, ws_protocol_class, link, current, receiving, writable, keep_alive, last_scope
} but {
    access_log, decoder, behind, flags, awaited
});

#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    read_paused: bool,
    write_paused: bool,
    /// The last response said that it is the last.
    pub(super) over: bool,
    /// The server ends, and so many more requests of this connection are to be served.
    pub(super) left: usize,
}

impl HttpProtocol {
    pub fn is_write_paused(&self, py: Python<'_>) -> bool {
        self.flags.read(py, |flags| flags.write_paused)
    }

    pub fn writable(&self) -> &Signal {
        &self.writable
    }

    /// Whether responses are logged.
    pub fn logs_access(&self) -> bool {
        self.access_log
    }

    /// Keeps a scope for whoever asks this connection for it.
    pub fn show_scope(&self, py: Python<'_>, scope: &Py<PyDict>) {
        drop(self.last_scope.replace(py, Some(scope.clone_ref(py))));
    }

    fn link_if_made(&self, py: Python<'_>) -> Option<Shared<Link>> {
        self.link.read(py, |link| link.as_ref().map(Owned::share))
    }

    pub(super) fn link(&self, py: Python<'_>) -> PyResult<Shared<Link>> {
        self.link_if_made(py)
            .ok_or_else(|| PyRuntimeError::new_err("no connection was made"))
    }

    pub(super) fn pause_reading(&self, py: Python<'_>) -> PyResult<()> {
        let paused = self
            .flags
            .update(py, |flags| std::mem::replace(&mut flags.read_paused, true));
        let link = self.link(py)?;
        if paused || link.is_closing(py)? {
            Ok(())
        } else {
            link.pause_reading(py)
        }
    }

    /// Reads on, unless enough waits behind the request that is served.
    pub fn resume_reading(&self, py: Python<'_>) -> PyResult<()> {
        if self.behind.is_enough(py) {
            return Ok(());
        }
        let paused = self
            .flags
            .update(py, |flags| std::mem::take(&mut flags.read_paused));
        if !paused {
            return Ok(());
        }
        let link = self.link(py)?;
        if link.is_closing(py)? {
            Ok(())
        } else {
            link.resume_reading(py)
        }
    }

    pub(super) fn current(&self, py: Python<'_>) -> Option<Py<Exchange>> {
        self.current.get(py)
    }

    pub(super) fn receiving(&self, py: Python<'_>) -> Option<Py<Exchange>> {
        self.receiving.get(py)
    }
}

#[pymethods]
impl HttpProtocol {
    #[new]
    #[allow(
        clippy::used_underscore_binding,
        reason = "uvicorn gives it by this name"
    )]
    #[pyo3(signature = (config, server_state, app_state, _loop=None))]
    fn new(
        config: Bound<'_, PyAny>,
        server_state: Bound<'_, PyAny>,
        app_state: Bound<'_, PyDict>,
        _loop: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let py = config.py();
        if !config.getattr(intern!(py, "loaded"))?.is_truthy()? {
            config.call_method0(intern!(py, "load"))?;
        }
        let event_loop = match _loop {
            Some(given) => given,
            None => py.import("asyncio")?.call_method0("get_event_loop")?,
        };
        let facts = ServerFacts::of(&config, &server_state, app_state, event_loop)?;
        let access_logger = &facts.get().leaves.access_logger;
        let access_log = access_logger.call_method0(py, intern!(py, "hasHandlers"))?;
        let ws_protocol_class = config.getattr(intern!(py, "ws_protocol_class"))?;
        Ok(Self {
            ws_protocol_class: AttachedCell::new(ws_protocol_class.unbind()),
            access_log: access_log.is_truthy(py)?,
            facts,
            link: AttachedCell::new(None),
            decoder: AttachedCell::new(None),
            current: AttachedCell::new(None),
            receiving: AttachedCell::new(None),
            behind: Behind::default(),
            flags: AttachedCell::new(Flags::default()),
            writable: Signal::default(),
            keep_alive: KeepAlive::default(),
            awaited: AttachedCell::default(),
            last_scope: AttachedCell::new(None),
        })
    }

    fn connection_made(slf: &Bound<'_, Self>, transport: Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let facts = this.facts.get();
        facts.connections.bind(py).add(slf)?;
        let link = Link::new(transport, facts)?;
        facts
            .leaves
            .trace
            .call1(py, ("HTTP connection made", &link.client))?;
        drop(this.link.replace(py, Some(Owned::new(link))));
        let decoder = Decoder::new(facts.limits);
        drop(this.decoder.replace(py, Some(Box::new(decoder))));
        HeadWatch::begin(&facts.head_watch, slf, Awaited::first_byte())?;
        this.writable.set(py)
    }

    fn data_received(slf: &Bound<'_, Self>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let data = bytes_of(data)?;
        match this.decoder.take(py) {
            Some(decoder) => Self::read(slf, decoder, data.as_bytes()),
            None => Ok(()),
        }
    }

    /// The client will send no more; the transport closes itself after this.
    fn eof_received(&self, py: Python<'_>) -> PyResult<()> {
        match self.link_if_made(py) {
            Some(link) => link.flush(py),
            None => Ok(()),
        }
    }

    fn connection_lost(slf: &Bound<'_, Self>, exc: Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let facts = this.facts.get();
        facts.connections.bind(py).discard(slf)?;
        let link = this.link(py)?;
        facts
            .leaves
            .trace
            .call1(py, ("HTTP connection lost", &link.client))?;
        link.burst.forget(py);
        drop(this.decoder.take(py));
        this.behind.clear(py);
        for exchange in [this.receiving.take(py), this.current(py)]
            .into_iter()
            .flatten()
        {
            exchange.get().disconnect(py)?;
        }
        this.flags.update(py, |flags| flags.write_paused = false);
        this.writable.set(py)?;
        this.keep_alive.cancel(py)?;
        if exc.is_none() {
            link.close(py)
        } else {
            Ok(())
        }
    }

    fn pause_writing(&self, py: Python<'_>) {
        self.flags.update(py, |flags| flags.write_paused = true);
        self.writable.clear(py);
    }

    fn resume_writing(&self, py: Python<'_>) -> PyResult<()> {
        self.flags.update(py, |flags| flags.write_paused = false);
        self.writable.set(py)
    }

    /// Called by the server when it begins to shut down.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        match self.current(py) {
            None => self.link(py)?.close(py),
            Some(exchange) => {
                let left = self.requests_behind(py);
                self.flags.update(py, |flags| flags.left = left);
                if left == 0 {
                    exchange.get().close_afterwards(py);
                }
                Ok(())
            }
        }
    }

    /// The keep-alive timer went off.
    fn timeout_keep_alive_handler(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let callback = slf.getattr(intern!(py, "timeout_keep_alive_handler"))?;
        let expiry = this
            .keep_alive
            .expire(py, this.facts.get(), callback.unbind())?;
        let link = this.link(py)?;
        match expiry {
            Expiry::Close if !link.is_closing(py)? => link.close(py),
            Expiry::Close | Expiry::Keep => Ok(()),
        }
    }

    /// The timer of an idle connection.
    #[getter]
    fn timeout_keep_alive_task(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.keep_alive.handle(py)
    }

    #[getter]
    fn r#loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.facts.get().event_loop.clone_ref(py)
    }

    #[getter]
    fn transport(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        let link = self.link_if_made(py);
        link.map(|link| link.transport.clone_ref(py))
    }

    /// The scope of the last request.
    #[getter]
    fn scope(&self, py: Python<'_>) -> Option<Py<PyDict>> {
        self.last_scope.get(py)
    }

    #[getter]
    fn get_ws_protocol_class(&self, py: Python<'_>) -> Py<PyAny> {
        self.ws_protocol_class.read(py, |class| class.clone_ref(py))
    }

    #[setter]
    fn set_ws_protocol_class(&self, py: Python<'_>, class: Py<PyAny>) {
        drop(self.ws_protocol_class.replace(py, class));
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }

    fn __clear__(&self) {
        Python::attach(|py| {
            drop(self.current.take(py));
            drop(self.receiving.take(py));
            drop(self.link.take(py));
            drop(self.last_scope.take(py));
            self.writable.drop_waiters(py);
        });
    }
}
