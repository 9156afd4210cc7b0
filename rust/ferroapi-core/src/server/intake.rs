//! What a connection receives: requests in their order, one that wants another protocol, or no HTTP at all.
//!
//! One request is served at a time. What comes behind it is not looked at until it is answered, so that nothing is done
//! for requests whose turn may never come, and what a client can have kept is bytes that are counted.

use pyo3::intern;
use pyo3::prelude::*;

use ferroapi_http::http1::{Decoder, Event, Head, Refusal};

use super::exchange::{Exchange, Opening};
use super::handover::{Handover, asks_for_websocket};
use super::head::RequestHead;
use super::head_watch::{Awaited, HeadWatch};
use super::link::Link;
use super::protocol::HttpProtocol;
use super::refusal;
use super::run;
use super::task::When;

/// At most this many requests of one read are begun at once; the next ones take their turn with other connections.
const BURST: usize = 16;

/// How far some bytes were read.
enum Fed {
    All,
    /// The last so many come behind a request that is served now.
    Behind(usize),
    /// Nothing more is to be read of this connection.
    Over,
}

/// When the request that is the `burst`-th of its turn begins.
fn moment(burst: usize) -> When {
    if burst > BURST {
        When::NextTurn
    } else {
        When::Now
    }
}

impl HttpProtocol {
    /// Takes what the transport received.
    pub(super) fn read(
        slf: &Bound<'_, Self>,
        mut decoder: Box<Decoder>,
        data: &[u8],
    ) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let serving = this.current.read(py, Option::is_some);
        let in_body = this.receiving.read(py, Option::is_some);
        if serving && !in_body {
            this.keep_behind(py, &decoder, data)?;
        } else {
            match Self::feed(slf, &mut decoder, data, 0)? {
                Fed::Over => return Ok(()),
                Fed::Behind(len) => {
                    let read = data.len() - len;
                    this.keep_behind(py, &decoder, &data[read..])?;
                }
                Fed::All if decoder.in_head() => Self::await_head(slf)?,
                // Nobody waits for this body any more; that it comes shows that the client is there.
                Fed::All if in_body && !serving => Self::stay_idle(slf)?,
                Fed::All => {}
            }
        }
        if !this.flags.read(py, |flags| flags.over) {
            drop(this.decoder.replace(py, Some(decoder)));
        }
        Ok(())
    }

    /// Reads `data` as far as requests can be served; `burst` of this turn have been begun already.
    fn feed(
        slf: &Bound<'_, Self>,
        decoder: &mut Decoder,
        data: &[u8],
        mut burst: usize,
    ) -> PyResult<Fed> {
        let py = slf.py();
        let this = slf.get();
        let mut input = data;
        let mut unstarted = None;
        loop {
            match decoder.next(&mut input) {
                Ok(Some(Event::Head(head))) => {
                    if this.is_websocket(py, &head) {
                        let handover = Handover::new(py, &head, input)?;
                        return Self::upgrade(slf, handover).map(|()| Fed::Over);
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
                        this.begin(py, exchange, moment(burst))?;
                    }
                    if input.is_empty() {
                        return Ok(Fed::All);
                    }
                    if this.flags.read(py, |flags| flags.over) {
                        return Ok(Fed::Over);
                    }
                    if this.current.read(py, Option::is_some) {
                        return Ok(Fed::Behind(input.len()));
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
            this.begin(py, exchange, moment(burst + 1))?;
        }
        Ok(Fed::All)
    }

    /// Makes the exchange of a request whose head has come.
    fn open(slf: &Bound<'_, Self>, head: &Head<'_>) -> PyResult<Py<Exchange>> {
        let py = slf.py();
        let this = slf.get();
        let facts = this.facts.get();
        this.keep_alive.busy(py);
        this.awaited.replace(py, Awaited::Nothing);
        if head.upgrade {
            let supported = !this.ws_protocol_class.read(py, |class| class.is_none(py));
            facts.leaves.warn_of_upgrade.call1(py, (supported,))?;
        }
        let link = this.link(py)?;
        let opening = Opening {
            head: RequestHead::new(head),
            keep_alive: head.keep_alive && !this.is_last(py),
            awaits_continue: head.expect_continue,
            refused: facts.is_busy(py)?,
        };
        let protocol = slf.clone().unbind();
        let exchange = Exchange::new(protocol, link, opening);
        let exchange = Py::new(py, exchange)?;
        this.receiving.put(py, Some(exchange.clone_ref(py)));
        Ok(exchange)
    }

    /// Whether the server ends, and the request that comes now is the last one that was here then.
    fn is_last(&self, py: Python<'_>) -> bool {
        self.flags.update(py, |flags| {
            let last = flags.left == 1;
            flags.left = flags.left.saturating_sub(1);
            last
        })
    }

    /// How many requests are here behind the one that is served.
    pub(super) fn requests_behind(&self, py: Python<'_>) -> usize {
        // A WebSocket has no end, so none is begun when the server ends.
        let websockets = !self.ws_protocol_class.read(py, |class| class.is_none(py));
        let last = |head: &Head<'_>| websockets && head.upgrade && asks_for_websocket(head);
        self.behind.requests(py, self.facts.get().limits, last)
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

    /// Keeps what comes behind the request that is served, and pauses reading; what has no meaning is counted only.
    fn keep_behind(&self, py: Python<'_>, decoder: &Decoder, data: &[u8]) -> PyResult<()> {
        if decoder.is_closed() {
            self.behind.drop_bytes(py, data.len());
            // That the client leaves can be seen only as long as something is read.
            if !self.behind.is_enough(py) {
                return Ok(());
            }
        } else {
            self.behind.keep(py, data);
        }
        self.pause_reading(py)
    }

    /// A response is complete: the next request has its turn, or the time of an idle connection begins.
    pub fn response_complete(slf: &Bound<'_, Self>, link: &Link) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.current.put(py, None);
        this.facts.get().counters.count_request(py)?;
        if link.is_closing(py)? {
            this.flags.update(py, |flags| flags.over = true);
            drop(this.decoder.take(py));
            this.behind.clear(py);
            return Ok(());
        }
        if this.behind.is_empty(py) {
            this.resume_reading(py)?;
            return Self::idle(slf);
        }
        match Self::read_behind(slf) {
            Ok(()) => Ok(()),
            // It is none of the application's, whose `send` this may be.
            Err(error) => this.report_failure(py, error),
        }
    }

    /// Reads what came behind the request that was served.
    fn read_behind(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let Some(mut decoder) = this.decoder.take(py) else {
            return Ok(());
        };
        let (bytes, start) = this.behind.take(py);
        match Self::feed(slf, &mut decoder, &bytes[start..], BURST)? {
            Fed::Over => return Ok(()),
            Fed::Behind(len) => this.behind.put_back(py, bytes, len),
            Fed::All => {
                let receiving = this.receiving(py);
                if !receiving.is_some_and(|exchange| exchange.get().is_full(py)) {
                    this.resume_reading(py)?;
                }
                if decoder.in_head() {
                    Self::await_head(slf)?;
                } else {
                    Self::stay_idle(slf)?;
                }
            }
        }
        drop(this.decoder.replace(py, Some(decoder)));
        Ok(())
    }

    fn report_failure(&self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        let facts = self.facts.get();
        let link = self.link(py)?;
        let arguments = (&facts.event_loop, &link.transport, error.into_value(py));
        facts.leaves.report_failure.call1(py, arguments).map(drop)
    }

    /// Nothing is served, and no head has begun.
    fn idle(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        let expiry = || slf.getattr(intern!(slf.py(), "timeout_keep_alive_handler"));
        this.keep_alive
            .idle(slf.py(), this.facts.get(), || expiry().map(Bound::unbind))
    }

    /// The time of an idle connection begins anew, unless a request is served meanwhile.
    fn stay_idle(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.current.read(py, Option::is_some) {
            return Ok(());
        }
        this.keep_alive.busy(py);
        Self::idle(slf)
    }

    /// A head has begun, and its rest is to come.
    fn await_head(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.keep_alive.busy(py);
        if matches!(this.awaited.read(py, |known| *known), Awaited::Rest(_)) {
            return Ok(());
        }
        HeadWatch::begin(&this.facts.get().head_watch, slf, Awaited::rest())
    }

    /// A head has not come in time.
    pub(super) fn give_up_head(&self, py: Python<'_>, awaited: Awaited) -> PyResult<()> {
        self.awaited.replace(py, Awaited::Nothing);
        drop(self.decoder.take(py));
        let link = self.link(py)?;
        let begun = matches!(awaited, Awaited::Rest(_));
        if link.is_closing(py)? {
            Ok(())
        } else if self.is_write_paused(py) {
            link.abort(py)
        } else if begun {
            let facts = self.facts.get();
            refusal::warn(py, facts, refusal::HEAD_OVERDUE)?;
            refusal::send(py, facts, &link, refusal::HEAD_OVERDUE)
        } else {
            link.close(py)
        }
    }

    /// Whether a request asks for a WebSocket, and uvicorn has a protocol for that.
    fn is_websocket(&self, py: Python<'_>, head: &Head<'_>) -> bool {
        head.upgrade
            && asks_for_websocket(head)
            && !self.ws_protocol_class.read(py, |class| class.is_none(py))
    }

    /// Hands the connection over.
    fn upgrade(slf: &Bound<'_, Self>, handover: Handover) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.keep_alive.cancel(py)?;
        this.awaited.replace(py, Awaited::Nothing);
        // The one who reads from now on pauses by itself.
        this.resume_reading(py)?;
        let class = this.ws_protocol_class.read(py, |class| class.clone_ref(py));
        let link = this.link(py)?;
        link.flush(py)?;
        handover.run(slf.as_any(), this.facts.get(), &link, class)
    }

    /// The byte stream can't be read any further.
    fn refuse(&self, py: Python<'_>, refusal: Refusal) -> PyResult<()> {
        let facts = self.facts.get();
        let link = self.link(py)?;
        let answer = refusal::answer(refusal);
        refusal::warn(py, facts, answer)?;
        drop(self.receiving.take(py));
        let Some(exchange) = self.current(py) else {
            return refusal::send(py, facts, &link, answer);
        };
        // The body of the request that is answered now broke off.
        if exchange.get().is_started(py) {
            link.close(py)?;
        } else {
            refusal::send(py, facts, &link, answer)?;
        }
        exchange.get().disconnect(py)
    }
}
