//! One request and its response: what ASGI's `receive` and `send` stand for.

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use ferroapi_http::http1::ResponseWriter;

use super::facts::ServerFacts;
use super::head::RequestHead;
use super::link::Link;
use super::policy::{Policy, Watch};
use super::protocol::HttpProtocol;
use super::scope::scope;
use super::signal::Signal;
use crate::attached::attached;
use crate::cell::AttachedCell;
use crate::coroutine::{Call, Called, Channel, Coroutine, Progress, nothing};
use crate::shared::Shared;
use crate::traverse::{Traverse, Visited, traverse};

/// More of a body than this waits in the socket until the application has taken what is here.
pub(super) const HIGH_WATER: usize = 64 * 1024;

#[pyclass(frozen, module = "ferroapi._core")]
pub struct Exchange {
    pub(super) protocol: Py<HttpProtocol>,
    pub link: Shared<Link>,
    head: RequestHead,
    scope: AttachedCell<Option<Py<PyDict>>>,
    /// More connections or tasks than the server may have: the answer is 503.
    pub refused: bool,
    pub(super) state: AttachedCell<State>,
    /// Something came that `receive` may be waiting for.
    pub(super) news: Signal,
    pub(super) watch: Watch,
}

traverse!(Exchange {
    protocol, scope, news, watch
} but {
    link, head, refused, state
});

pub(super) struct State {
    pub(super) incoming: Incoming,
    disconnected: bool,
    /// Its task was cancelled here, by the user's policy.
    given_up: bool,
    pub(super) started: bool,
    pub(super) writer: ResponseWriter,
}

/// The body of the request, as far as the application has not taken it.
pub(super) struct Incoming {
    body: Vec<u8>,
    more: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) awaits_continue: bool,
}

/// What `receive` has to tell.
pub enum Received {
    Disconnected,
    Body { data: Py<PyBytes>, more: bool },
}

/// What is known of a request when its head has been read.
pub struct Opening {
    pub head: RequestHead,
    pub keep_alive: bool,
    pub awaits_continue: bool,
    pub refused: bool,
}

impl Exchange {
    pub fn new(protocol: Py<HttpProtocol>, link: Shared<Link>, opening: Opening) -> Self {
        let state = State {
            incoming: Incoming {
                body: Vec::new(),
                more: true,
                awaits_continue: opening.awaits_continue,
            },
            disconnected: false,
            given_up: false,
            started: false,
            writer: ResponseWriter::new(opening.head.method() == "HEAD", opening.keep_alive),
        };
        Self {
            protocol,
            link,
            head: opening.head,
            scope: AttachedCell::new(None),
            refused: opening.refused,
            state: AttachedCell::new(state),
            news: Signal::default(),
            watch: Watch::default(),
        }
    }

    pub fn facts(&self) -> &ServerFacts {
        self.protocol.get().facts.get()
    }

    pub fn head(&self) -> &RequestHead {
        &self.head
    }

    /// The ASGI scope, made on first use.
    pub fn scope(&self, py: Python<'_>) -> PyResult<Py<PyDict>> {
        if let Some(known) = self.scope.get(py) {
            return Ok(known);
        }
        let facts = self.facts();
        let scope = scope(py, facts, &self.link, &self.head)?;
        if let Some(proxy) = facts.proxy.as_ref().filter(|_| self.link.trusted) {
            proxy.apply(&self.head, scope.bind(py))?;
        }
        drop(self.scope.replace(py, Some(scope.clone_ref(py))));
        self.protocol.get().show_scope(py, &scope);
        Ok(scope)
    }

    pub fn is_complete(&self, py: Python<'_>) -> bool {
        self.state.read(py, |state| state.writer.is_complete())
    }

    pub fn is_started(&self, py: Python<'_>) -> bool {
        self.state.read(py, |state| state.started)
    }

    pub fn is_disconnected(&self, py: Python<'_>) -> bool {
        self.state.read(py, |state| state.disconnected)
    }

    /// Ends the connection after this response.
    pub fn close_afterwards(&self, py: Python<'_>) {
        self.state.update(py, |state| state.writer.close_after());
    }

    /// Takes a piece of the request body in; true if there is enough for now.
    pub fn push_body(&self, py: Python<'_>, data: &[u8]) -> PyResult<bool> {
        let held = self.state.update(py, |state| {
            if state.writer.is_complete() {
                return 0;
            }
            state.incoming.body.extend_from_slice(data);
            state.incoming.body.len()
        });
        if held > 0 {
            self.news.set(py)?;
        }
        Ok(held > HIGH_WATER)
    }

    /// Whether enough of the request body is here for now.
    pub fn is_full(&self, py: Python<'_>) -> bool {
        self.state
            .read(py, |state| state.incoming.body.len() > HIGH_WATER)
    }

    pub fn end_body(&self, py: Python<'_>) -> PyResult<()> {
        self.state.update(py, |state| state.incoming.more = false);
        self.news.set(py)
    }

    /// The connection is gone.
    pub fn disconnect(&self, py: Python<'_>) -> PyResult<()> {
        self.state.update(py, |state| {
            state.disconnected |= !state.writer.is_complete();
        });
        self.news.set(py)?;
        match self.watch.deserted(py)? {
            Some(task) => self.give_up(py, &task),
            None => Ok(()),
        }
    }

    /// The exchange that an ASGI `receive` belongs to, if it is one of ours as we gave it.
    pub fn behind<'py>(receive: &Bound<'py, PyAny>) -> Option<Bound<'py, Self>> {
        let owner = receive.getattr_opt(intern!(receive.py(), "__self__"));
        owner.ok().flatten()?.cast_into().ok()
    }

    /// Puts a policy of the user's in force, from inside of the request's task.
    pub fn limit(slf: &Bound<'_, Self>, policy: &Policy) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let facts = this.facts();
        let event_loop = facts.event_loop.bind(py);
        let Some(task) = facts.leaves.current_tasks.bind(py).get_item(event_loop)? else {
            return Ok(());
        };
        if policy.cancels_on_disconnect() && this.is_disconnected(py) {
            return this.give_up(py, &task.unbind());
        }
        let expire = slf.getattr(intern!(py, "expire"))?.unbind();
        this.watch.begin(policy, event_loop, task.unbind(), expire)
    }

    /// Whether its task was cancelled by the user's policy.
    pub fn is_given_up(&self, py: Python<'_>) -> bool {
        self.state.read(py, |state| state.given_up)
    }

    /// Ends the watch of a policy.
    pub fn unlimit(&self, py: Python<'_>) -> PyResult<()> {
        self.watch.end(py)
    }

    fn give_up(&self, py: Python<'_>, task: &Py<PyAny>) -> PyResult<()> {
        self.state.update(py, |state| state.given_up = true);
        task.call_method0(py, intern!(py, "cancel")).map(drop)
    }

    /// The next piece of the request body, or the news that nobody waits for the response any more.
    pub async fn next(&self, channel: &Channel) -> PyResult<Received> {
        attached(|py| self.invite_body(py))?;
        if !attached(|py| self.is_over(py)) {
            attached(|py| self.protocol.get().resume_reading(py))?;
            self.news.wait(channel, &self.facts().event_loop).await?;
            attached(|py| self.news.clear(py));
        }
        attached(|py| {
            if self.is_over(py) {
                return Ok(Received::Disconnected);
            }
            let (body, more) = self.state.update(py, |state| {
                (
                    std::mem::take(&mut state.incoming.body),
                    state.incoming.more,
                )
            });
            let data = PyBytes::new(py, &body).unbind();
            Ok(Received::Body { data, more })
        })
    }

    fn is_over(&self, py: Python<'_>) -> bool {
        self.state
            .read(py, |state| state.disconnected || state.writer.is_complete())
    }

    fn invite_body(&self, py: Python<'_>) -> PyResult<()> {
        if !self.state.read(py, |state| state.incoming.awaits_continue)
            || self.link.is_closing(py)?
        {
            return Ok(());
        }
        self.link.write(py, b"HTTP/1.1 100 Continue\r\n\r\n")?;
        self.state
            .update(py, |state| state.incoming.awaits_continue = false);
        Ok(())
    }
}

/// Sends a message of the application's at once, unless the client has to read first.
fn send(py: Python<'_>, exchange: &Py<PyAny>, message: Py<PyAny>) -> Called {
    let exchange = match exchange.bind(py).cast::<Exchange>() {
        Ok(exchange) => exchange,
        Err(error) => return Called::Done(Err(error.into())),
    };
    if !exchange.get().must_wait(py) {
        let sent = exchange.get().take_message(message.bind(py));
        return Called::Done(sent.map(|()| py.None()));
    }
    let exchange = exchange.clone().unbind();
    Called::Waiting(Progress::new(|channel| async move {
        exchange.get().send_message(&channel, message).await?;
        nothing()
    }))
}

#[pymethods]
impl Exchange {
    /// ASGI's `receive`.
    fn receive(slf: Py<Self>) -> Coroutine {
        let coroutine = Coroutine::new(|channel| async move {
            let received = slf.get().next(&channel).await?;
            attached(|py| {
                let message = PyDict::new(py);
                let kind = intern!(py, "type");
                match received {
                    Received::Disconnected => message.set_item(kind, "http.disconnect")?,
                    Received::Body { data, more } => {
                        message.set_item(kind, intern!(py, "http.request"))?;
                        message.set_item(intern!(py, "body"), data)?;
                        message.set_item(intern!(py, "more_body"), more)?;
                    }
                }
                Ok(message.into_any().unbind())
            })
        });
        coroutine.expecting_await("receive")
    }

    /// The time limit of the user's policy has passed.
    fn expire(&self, py: Python<'_>) -> PyResult<()> {
        let Some((status, task)) = self.watch.expired(py) else {
            return Ok(());
        };
        self.give_up(py, &task)?;
        self.answer_overdue(py, status)
    }

    /// ASGI's `send`.
    fn send(slf: Py<Self>, message: Py<PyAny>) -> Coroutine {
        let call = Call {
            object: slf.into_any(),
            argument: message,
            function: send,
        };
        Coroutine::calling(call).expecting_await("send")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
