//! The asyncio protocol of one connection.

use std::collections::VecDeque;
use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3::{PyTraverseError, PyVisit};

use ferroapi_http::http1::{Decoder, Event, Head, Refusal};

use super::exchange::{Exchange, Opening};
use super::facts::ServerFacts;
use super::fields::bytes_of;
use super::handover::{Handover, asks_for_websocket};
use super::head::RequestHead;
use super::keep_alive::{Expiry, KeepAlive};
use super::link::Link;
use super::refusal;
use super::run;
use super::signal::Signal;
use super::task::When;
use crate::cell::AttachedCell;

/// At most this many requests of one read are begun at once; the next ones take their turn with other connections.
const BURST: usize = 16;

/// HTTP/1.1 for uvicorn: `asyncio.Protocol`, with the constructor that `uvicorn.Config.http` asks for.
///
/// Subclasses must not have a dict: CPython 3.11 makes that while the object is tracked by the collector, and before
/// its fields are there.
#[pyclass(frozen, subclass, weakref, module = "ferroapi._core")]
pub struct HttpProtocol {
    facts: Py<ServerFacts>,
    ws_protocol_class: AttachedCell<Py<PyAny>>,
    access_log: bool,
    link: AttachedCell<Option<Arc<Link>>>,
    /// None before and after the connection, after a refusal, and while it is at work.
    decoder: AttachedCell<Option<Box<Decoder>>>,
    /// The exchange that is answered now.
    current: AttachedCell<Option<Py<Exchange>>>,
    /// The exchange whose request body comes in.
    receiving: AttachedCell<Option<Py<Exchange>>>,
    /// Requests that came before the ones in front of them were answered.
    waiting: AttachedCell<VecDeque<Waiting>>,
    flags: AttachedCell<Flags>,
    /// The client reads what is sent.
    writable: Signal,
    keep_alive: KeepAlive,
    last_scope: AttachedCell<Option<Py<PyDict>>>,
}

/// What comes after the response of another request.
enum Waiting {
    Exchange(Py<Exchange>),
    /// From here on the connection is a WebSocket.
    Handover(Handover),
    /// The byte stream made no sense from here on.
    Refusal(Refusal),
}

#[derive(Clone, Copy, Default)]
struct Flags {
    read_paused: bool,
    write_paused: bool,
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

    fn link(&self, py: Python<'_>) -> PyResult<Arc<Link>> {
        self.link
            .read(py, Clone::clone)
            .ok_or_else(|| PyRuntimeError::new_err("no connection was made"))
    }

    fn pause_reading(&self, py: Python<'_>) -> PyResult<()> {
        let paused = self
            .flags
            .update(py, |flags| std::mem::replace(&mut flags.read_paused, true));
        if paused {
            Ok(())
        } else {
            self.link(py)?.pause_reading(py)
        }
    }

    pub fn resume_reading(&self, py: Python<'_>) -> PyResult<()> {
        let paused = self
            .flags
            .update(py, |flags| std::mem::take(&mut flags.read_paused));
        if paused {
            self.link(py)?.resume_reading(py)
        } else {
            Ok(())
        }
    }

    fn current(&self, py: Python<'_>) -> Option<Py<Exchange>> {
        self.current.read(py, |current| {
            current.as_ref().map(|current| current.clone_ref(py))
        })
    }

    fn receiving(&self, py: Python<'_>) -> Option<Py<Exchange>> {
        self.receiving
            .read(py, |known| known.as_ref().map(|known| known.clone_ref(py)))
    }
}

/// What comes in.
impl HttpProtocol {
    fn feed(slf: &Bound<'_, Self>, decoder: &mut Decoder, data: &[u8]) -> PyResult<Fed> {
        let py = slf.py();
        let this = slf.get();
        let mut input = data;
        let mut unstarted = None;
        let mut burst = 0;
        loop {
            match decoder.next(&mut input) {
                Ok(Some(Event::Head(head))) => {
                    if this.is_websocket(py, &head) {
                        let handover = Handover::new(py, &head, input)?;
                        Self::upgrade(slf, handover)?;
                        return Ok(Fed::Over);
                    }
                    unstarted = Some(Self::open(slf, &head)?);
                }
                Ok(Some(Event::Data(data))) => {
                    if let Some(exchange) = this.receiving(py)
                        && exchange.get().push_body(py, data)?
                    {
                        this.pause_reading(py)?;
                    }
                }
                Ok(Some(Event::End)) => {
                    if let Some(exchange) = this.receiving.take(py) {
                        exchange.get().end_body(py)?;
                    }
                    if let Some(exchange) = unstarted.take() {
                        burst += 1;
                        let when = if burst > BURST {
                            When::NextTurn
                        } else {
                            When::Now
                        };
                        this.enqueue(py, exchange, when)?;
                    }
                }
                Ok(None) => break,
                Err(refusal) => {
                    if let Some(exchange) = unstarted.take() {
                        // Its body is no HTTP; nobody shall see the request.
                        drop(exchange);
                        drop(this.receiving.take(py));
                    }
                    this.refuse(py, refusal)?;
                    return Ok(Fed::Over);
                }
            }
        }
        if let Some(exchange) = unstarted {
            this.enqueue(py, exchange, When::Now)?;
        }
        Ok(Fed::Open)
    }

    /// Makes the exchange of a request whose head has come.
    fn open(slf: &Bound<'_, Self>, head: &Head<'_>) -> PyResult<Py<Exchange>> {
        let py = slf.py();
        let this = slf.get();
        let facts = this.facts.get();
        if head.upgrade {
            let supported = !this.ws_protocol_class.read(py, |class| class.is_none(py));
            facts.leaves.warn_of_upgrade.call1(py, (supported,))?;
        }
        let link = this.link(py)?;
        let opening = Opening {
            head: RequestHead::new(head),
            keep_alive: head.keep_alive,
            awaits_continue: head.expect_continue,
            refused: facts.is_busy(py)?,
        };
        let protocol = slf.clone().unbind();
        let exchange = Exchange::new(protocol, this.facts.clone_ref(py), link, opening);
        let exchange = Py::new(py, exchange)?;
        drop(this.receiving.replace(py, Some(exchange.clone_ref(py))));
        Ok(exchange)
    }

    /// Keeps what comes for the WebSocket that this connection is going to be.
    fn keep_for_successor(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let data = bytes_of(data)?;
        self.waiting.update(py, |waiting| {
            if let Some(Waiting::Handover(handover)) = waiting.back_mut() {
                handover.keep(data.as_bytes());
            }
        });
        Ok(())
    }

    /// Begins a request, or keeps it until those in front of it are answered.
    fn enqueue(&self, py: Python<'_>, exchange: Py<Exchange>, when: When) -> PyResult<()> {
        if self.current.read(py, Option::is_some) {
            self.waiting
                .update(py, |waiting| waiting.push_back(Waiting::Exchange(exchange)));
            return self.pause_reading(py);
        }
        self.begin(py, exchange, when)
    }

    fn begin(&self, py: Python<'_>, exchange: Py<Exchange>, when: When) -> PyResult<()> {
        drop(self.current.replace(py, Some(exchange.clone_ref(py))));
        let coroutine = Py::new(py, run::coroutine(exchange))?;
        let facts = self.facts.get();
        let Some(task) = facts.starter.start(py, coroutine, when)? else {
            return Ok(());
        };
        let tasks = facts.tasks.bind(py);
        let discard = tasks.getattr(intern!(py, "discard"))?;
        task.call_method1(py, intern!(py, "add_done_callback"), (discard,))?;
        tasks.add(task)
    }

    /// A response is complete: the next request has its turn, or the time of an idle connection begins.
    pub fn response_complete(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        drop(this.current.take(py));
        let facts = this.facts.get();
        facts.count_request(py)?;
        let link = this.link(py)?;
        if link.is_closing(py)? {
            return Ok(());
        }
        this.resume_reading(py)?;
        match this.waiting.update(py, VecDeque::pop_front) {
            Some(Waiting::Exchange(exchange)) => this.begin(py, exchange, When::NextTurn),
            Some(Waiting::Handover(handover)) => Self::upgrade(slf, handover),
            Some(Waiting::Refusal(refusal)) => refusal::send(py, facts, &link, &refusal),
            None => this.keep_alive.idle(py, facts, || Self::expiry(slf)),
        }
    }

    /// Whether a request asks for a WebSocket, and uvicorn has a protocol for that.
    fn is_websocket(&self, py: Python<'_>, head: &Head<'_>) -> bool {
        head.upgrade
            && asks_for_websocket(head)
            && !self.ws_protocol_class.read(py, |class| class.is_none(py))
    }

    /// Hands the connection over, once the requests before are answered.
    fn upgrade(slf: &Bound<'_, Self>, handover: Handover) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.current.read(py, Option::is_some) {
            this.waiting
                .update(py, |waiting| waiting.push_back(Waiting::Handover(handover)));
            return this.pause_reading(py);
        }
        this.keep_alive.cancel(py)?;
        let class = this.ws_protocol_class.read(py, |class| class.clone_ref(py));
        let link = this.link(py)?;
        handover.run(slf.as_any(), this.facts.get(), &link, class)
    }

    /// The callback of the keep-alive timer.
    fn expiry(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let method = slf.getattr(intern!(slf.py(), "timeout_keep_alive_handler"))?;
        Ok(method.unbind())
    }

    /// The byte stream can't be read any further.
    fn refuse(&self, py: Python<'_>, refusal: Refusal) -> PyResult<()> {
        let facts = self.facts.get();
        let link = self.link(py)?;
        refusal::warn(py, facts, &refusal)?;
        match self.current(py) {
            None => refusal::send(py, facts, &link, &refusal),
            Some(exchange) => {
                let receiving = self.receiving.take(py);
                let broken = receiving.is_some_and(|receiving| receiving.is(&exchange));
                if !broken {
                    let refusal = Waiting::Refusal(refusal);
                    self.waiting
                        .update(py, |waiting| waiting.push_back(refusal));
                    return Ok(());
                }
                // The body of the request that is answered now broke off.
                if exchange.get().is_started(py) {
                    link.close(py)?;
                } else {
                    refusal::send(py, facts, &link, &refusal)?;
                }
                exchange.get().disconnect(py)
            }
        }
    }
}

/// Whether more may come in.
enum Fed {
    Open,
    Over,
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
            waiting: AttachedCell::new(VecDeque::new()),
            flags: AttachedCell::new(Flags::default()),
            writable: Signal::default(),
            keep_alive: KeepAlive::default(),
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
        drop(this.link.replace(py, Some(Arc::new(link))));
        let decoder = Decoder::new(facts.limits);
        drop(this.decoder.replace(py, Some(Box::new(decoder))));
        this.writable.set(py)
    }

    fn data_received(slf: &Bound<'_, Self>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.keep_alive.busy(py);
        let Some(mut decoder) = this.decoder.take(py) else {
            return this.keep_for_successor(py, data);
        };
        let data = bytes_of(data)?;
        let fed = Self::feed(slf, &mut decoder, data.as_bytes());
        if matches!(fed, Ok(Fed::Open)) {
            drop(this.decoder.replace(py, Some(decoder)));
        }
        fed.map(drop)
    }

    fn eof_received(&self) {}

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
        drop(this.decoder.take(py));
        drop(this.waiting.take(py));
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
                exchange.get().close_afterwards(py);
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
        let link = self.link.read(py, Clone::clone);
        link.map(|link| link.transport.clone_ref(py))
    }

    /// The scope of the last request.
    #[getter]
    fn scope(&self, py: Python<'_>) -> Option<Py<PyDict>> {
        self.last_scope
            .read(py, |scope| scope.as_ref().map(|scope| scope.clone_ref(py)))
    }

    #[getter]
    fn get_ws_protocol_class(&self, py: Python<'_>) -> Py<PyAny> {
        self.ws_protocol_class.read(py, |class| class.clone_ref(py))
    }

    #[setter]
    fn set_ws_protocol_class(&self, py: Python<'_>, class: Py<PyAny>) {
        drop(self.ws_protocol_class.replace(py, class));
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.facts)?;
        // SAFETY: called by the collector only, here and below.
        unsafe {
            visit.call(self.ws_protocol_class.traversed())?;
            if let Some(link) = self.link.traversed() {
                link.traverse(visit)?;
            }
            visit.call(self.current.traversed())?;
            visit.call(self.receiving.traversed())?;
            for waiting in self.waiting.traversed() {
                match waiting {
                    Waiting::Exchange(exchange) => visit.call(exchange)?,
                    Waiting::Handover(handover) => handover.traverse(visit)?,
                    Waiting::Refusal(_) => {}
                }
            }
            visit.call(self.last_scope.traversed())?;
        }
        self.writable.traverse(visit)?;
        self.keep_alive.traverse(visit)
    }

    fn __clear__(&self) {
        Python::attach(|py| {
            drop(self.current.take(py));
            drop(self.receiving.take(py));
            drop(self.waiting.take(py));
            drop(self.link.take(py));
            drop(self.last_scope.take(py));
            self.writable.drop_waiters(py);
        });
    }
}
