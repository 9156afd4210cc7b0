//! What a connection receives: requests in their order, one that wants another protocol, or no HTTP at all.

use std::collections::VecDeque;

use pyo3::intern;
use pyo3::prelude::*;

use ferroapi_http::http1::{Decoder, Event, Head, Refusal};

use super::exchange::{Exchange, Opening};
use super::fields::bytes_of;
use super::handover::{Handover, asks_for_websocket};
use super::head::RequestHead;
use super::link::Link;
use super::protocol::{HttpProtocol, Waiting};
use super::refusal;
use super::run;
use super::task::When;

/// At most this many requests of one read are begun at once; the next ones take their turn with other connections.
const BURST: usize = 16;

/// Whether more may come in.
pub enum Fed {
    Open,
    Over,
}

impl HttpProtocol {
    pub(super) fn feed(slf: &Bound<'_, Self>, decoder: &mut Decoder, data: &[u8]) -> PyResult<Fed> {
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
        let exchange = Exchange::new(protocol, link, opening);
        let exchange = Py::new(py, exchange)?;
        this.receiving.put(py, Some(exchange.clone_ref(py)));
        Ok(exchange)
    }

    /// Keeps what comes for the WebSocket that this connection is going to be.
    pub(super) fn keep_for_successor(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
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
        self.current.put(py, Some(exchange.clone_ref(py)));
        let facts = self.facts.get();
        let Some(task) = facts.starter.start(py, run::serving(exchange), when)? else {
            return Ok(());
        };
        let tasks = facts.tasks.bind(py);
        let discard = tasks.getattr(intern!(py, "discard"))?;
        task.call_method1(py, intern!(py, "add_done_callback"), (discard,))?;
        tasks.add(task)
    }

    /// A response is complete: the next request has its turn, or the time of an idle connection begins.
    pub fn response_complete(slf: &Bound<'_, Self>, link: &Link) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.current.put(py, None);
        let facts = this.facts.get();
        facts.counters.count_request(py)?;
        if link.is_closing(py)? {
            return Ok(());
        }
        this.resume_reading(py)?;
        match this.waiting.update(py, VecDeque::pop_front) {
            Some(Waiting::Exchange(exchange)) => this.begin(py, exchange, When::NextTurn),
            Some(Waiting::Handover(handover)) => Self::upgrade(slf, handover),
            Some(Waiting::Refusal(refusal)) => refusal::send(py, facts, link, &refusal),
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
        link.flush(py)?;
        handover.run(slf.as_any(), this.facts.get(), &link, class)
    }

    /// The callback of the keep-alive timer.
    pub(super) fn expiry(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
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
                let unfinished = receiving.is_some();
                let broken = receiving.is_some_and(|receiving| receiving.is(&exchange));
                if !broken {
                    let former = self.waiting.update(py, |waiting| {
                        // A request whose body broke off is the last one that waits: nobody shall see it.
                        let former = if unfinished { waiting.pop_back() } else { None };
                        waiting.push_back(Waiting::Refusal(refusal));
                        former
                    });
                    drop(former);
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
