//! One request on its way through the pipeline, and the objects made for it when somebody looks.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::attached::attached;
use crate::coroutine::{Await, Channel, Run};
use crate::extract::{Values, pin};
use crate::leaves::Leaves;
use crate::middleware::{Filter, Filtered};
use crate::pipeline::{Patches, patches};
use crate::plan::Source;
use crate::respond::{Place, ResponseParts, Sender, is_bodiless};
use crate::scope::{Key, Member, Scope};
use crate::server::{Delivery, Exchange, Policy};
use crate::shared::Shared;
use crate::stacks::{self, Stack, StackKey};
use crate::watch;
use crate::wire::Wire;

/// The cancel scope around the code after a `yield`; it ends with the request stack.
#[derive(Default)]
pub enum CleanupScope {
    #[default]
    Unopened,
    /// No scope is around the request, so that none inside can be told from its absence.
    Needless,
    Open(Py<PyAny>),
}

impl CleanupScope {
    pub fn is_needless(&self) -> bool {
        matches!(self, Self::Needless)
    }

    pub fn object(&self) -> Option<&Py<PyAny>> {
        match self {
            Self::Open(scope) => Some(scope),
            Self::Unopened | Self::Needless => None,
        }
    }
}

/// What has been seen of the root path in the scope.
#[derive(Default, PartialEq, Eq)]
pub enum RootPath {
    #[default]
    Unseen,
    /// It is text, or absent.
    Plain,
}

/// The state of one HTTP request (or WebSocket session) inside the compiled pipeline.
pub struct RequestContext {
    pub leaves: &'static Leaves,
    pub patches: Shared<Patches>,
    /// A telemetry span is open for this request.
    pub traced: bool,
    pub root_path: RootPath,
    /// Python code is around this application, and may look into the scope at any time.
    pub watched: bool,
    /// The scope is known to be that of an HTTP request, and names the application through which it came in.
    pub is_http: bool,
    pub channel: Shared<Channel>,
    pub scope: Scope,
    wire: Wire,
    /// What middleware does to the response, outermost first.
    filters: Vec<Filter>,
    /// The `Request` or `WebSocket`, once made or given.
    pub request: Option<Py<PyAny>>,
    /// What the request says, as the steps read it.
    pub values: Values,
    /// The injected `Response`, once somebody asked for it.
    pub response: Option<Py<PyAny>>,
    pub background: Option<Py<PyAny>>,
    pub middleware_stack: Stack,
    pub request_stack: Stack,
    pub function_stack: Stack,
    pub cleanup_scope: CleanupScope,
    /// The two handler tables of the exception middleware around this, as they were when it was entered: a mounted
    /// application puts its own into the same scope.
    pub exception_tables: Option<Py<PyTuple>>,
    body: Option<Py<PyBytes>>,
    json: Option<Py<PyAny>>,
    sender: Option<Py<PyAny>>,
}

impl RequestContext {
    pub fn new(
        py: Python<'_>,
        leaves: &'static Leaves,
        channel: Shared<Channel>,
        scope: &Bound<'_, PyAny>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> PyResult<Box<Self>> {
        watch::look(py, leaves);
        let scope = Scope::given(scope)?;
        let traced = scope.has(py, Member::Telemetry)?;
        let tables = scope.get(py, Key::ExceptionHandlers)?;
        let wire = Wire::Asgi { receive, send };
        let mut cx = Self::untraced(py, leaves, channel, scope, wire)?;
        cx.traced = traced;
        cx.watched = true;
        cx.is_http = false;
        cx.exception_tables = tables
            .and_then(|tables| tables.cast_into().ok())
            .map(Bound::unbind);
        Ok(cx)
    }

    /// The state of an HTTP request that nobody traces, right after a look at the watched classes.
    ///
    /// Boxed, so that the futures around it are small; and made where it stays.
    pub fn untraced(
        py: Python<'_>,
        leaves: &'static Leaves,
        channel: Shared<Channel>,
        scope: Scope,
        wire: Wire,
    ) -> PyResult<Box<Self>> {
        let patches = patches(py, leaves)?;
        let cx = Box::new_uninit();
        Ok(Box::write(
            cx,
            Self {
                leaves,
                patches,
                traced: false,
                watched: false,
                root_path: RootPath::default(),
                is_http: true,
                channel,
                scope,
                wire,
                filters: Vec::new(),
                request: None,
                values: Values::default(),
                response: None,
                background: None,
                middleware_stack: Stack::default(),
                request_stack: Stack::default(),
                function_stack: Stack::default(),
                cleanup_scope: CleanupScope::default(),
                exception_tables: None,
                body: None,
                json: None,
                sender: None,
            },
        ))
    }

    /// The state of a request of our own protocol, right after a look at the watched classes.
    pub fn native(
        py: Python<'_>,
        leaves: &'static Leaves,
        channel: Shared<Channel>,
        exchange: Py<Exchange>,
    ) -> PyResult<Box<Self>> {
        let scope = Scope::of(exchange.clone_ref(py));
        Self::untraced(py, leaves, channel, scope, Wire::Native(exchange))
    }

    /// Sees what user code replaced since the request began.
    pub fn look_at_patches(&mut self, py: Python<'_>) -> PyResult<()> {
        if !self.patches.are_current(self.leaves) {
            self.patches = patches(py, self.leaves)?;
        }
        Ok(())
    }

    /// Takes over the exit stack that a Python layer around this one opened, and will close.
    pub fn enter_middleware_stack(&mut self) -> PyResult<()> {
        attached(|py| {
            let name = StackKey::Middleware.name(py);
            let published = self
                .scope
                .object(py)?
                .call_method1(intern!(py, "get"), (name,))?;
            self.middleware_stack.object = (!published.is_none()).then(|| published.unbind());
            Ok(())
        })
    }

    /// The `send` that Python code gets: it notes when the response starts, and passes what it is given
    /// through the filters.
    pub fn sender(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(sender) = &self.sender {
            return Ok(sender.clone_ref(py));
        }
        let sender = if self.filters.is_empty() {
            self.sender_at(py, Place::Everywhere, self.wire.send(py)?)?
        } else {
            let send = self.filtering_send(py, self.filters.len())?;
            self.sender_at(py, Place::Inside, send)?
        };
        self.sender = Some(sender.clone_ref(py));
        Ok(sender)
    }

    /// The `send` of what stands outside of all middleware.
    pub fn outer_sender(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if self.filters.is_empty() {
            return self.sender(py);
        }
        self.sender_at(py, Place::Outside, self.wire.send(py)?)
    }

    fn sender_at(&self, py: Python<'_>, place: Place, send: Py<PyAny>) -> PyResult<Py<PyAny>> {
        let sender = Sender::new(Shared::clone(&self.channel), send, place);
        Ok(Py::new(py, sender)?.into_any())
    }

    /// Lets a layer further in see the response before those that are here already.
    pub fn push_filter(&mut self, filter: Filter) {
        self.filters.push(filter);
    }

    /// The `receive` that Python code gets.
    pub fn receive(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.wire.receive(py)
    }

    /// Where the request comes from.
    pub fn wire(&self) -> &Wire {
        &self.wire
    }

    /// Puts limits of the user's in force, where our own protocol can see to them.
    pub fn limit(&self, py: Python<'_>, policy: &Policy) -> PyResult<()> {
        match self.wire.exchange(py) {
            Some(exchange) => Exchange::limit(&exchange, policy),
            None => Ok(()),
        }
    }

    /// The exchange of our own protocol, if a JSON response of this status can go there as it is.
    pub fn direct_exchange(&self, py: Python<'_>, status: u16) -> Option<Py<Exchange>> {
        match &self.wire {
            Wire::Native(exchange)
                if self.filters.is_empty() && self.response.is_none() && !is_bodiless(status) =>
            {
                Some(exchange.clone_ref(py))
            }
            _ => None,
        }
    }

    /// When a response may be written that is followed by this background task.
    pub fn delivery(&self, background: Option<&Py<PyAny>>) -> Delivery {
        let last = background.is_none()
            && self.request_stack.is_empty()
            && self.middleware_stack.is_empty();
        if last {
            Delivery::InTurn
        } else {
            Delivery::AtOnce
        }
    }

    /// Runs a whole response through the filters, and returns what it is to be sent with, if that is not where
    /// the request comes from.
    pub fn filtered(
        &mut self,
        py: Python<'_>,
        parts: &mut ResponseParts,
    ) -> PyResult<Option<Wire>> {
        if !self.filters.is_empty() && self.channel.response_started() {
            // What these filters know of the response that they have seen the start of is behind the sender.
            let send = self.sender(py)?;
            return self.wire.with_send(py, send).map(Some);
        }
        self.channel.mark_response_started();
        for (position, filter) in self.filters.iter().enumerate().rev() {
            if let Filtered::NotHere = filter.apply(py, self.leaves, parts)? {
                let send = self.filtering_send(py, position + 1)?;
                return self.wire.with_send(py, send).map(Some);
            }
        }
        self.channel.mark_response_delivered();
        Ok(None)
    }

    /// A `send` that passes messages through the outermost `count` filters.
    fn filtering_send(&self, py: Python<'_>, count: usize) -> PyResult<Py<PyAny>> {
        let send = self.sender_at(py, Place::Outside, self.wire.send(py)?)?;
        self.filters
            .iter()
            .take(count)
            .try_fold(send, |send, filter| filter.around(py, self.leaves, send))
    }

    /// Whether the scope names an application.
    pub fn is_within_application(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.is_http || self.scope.contains(py, Key::App)?)
    }

    /// The `Request`, made through its class on first use; it sees the body that was read already.
    pub fn request(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(request) = &self.request {
            return Ok(request.clone_ref(py));
        }
        self.open_stacks(py)?;
        let sender = self.sender(py)?;
        let arguments = (self.scope.object(py)?, self.receive(py)?, sender);
        let request = self.patches.request_class.call1(py, arguments)?;
        if let Some(body) = &self.body {
            request.setattr(py, intern!(py, "_body"), body)?;
            request.setattr(py, intern!(py, "_stream_consumed"), true)?;
        }
        if let Some(json) = &self.json {
            request.setattr(py, intern!(py, "_json"), json)?;
        }
        pin(
            py,
            self.leaves,
            &self.scope,
            &mut self.values,
            request.bind(py),
        )?;
        self.request = Some(request.clone_ref(py));
        Ok(request)
    }

    /// Reads what the request says, before a step takes its parameters from it: from a connection object that Python
    /// code has had, or that somebody's patch is to be asked through, and from the scope otherwise.
    pub fn read_values(&mut self, py: Python<'_>) -> PyResult<()> {
        if self.request.is_none()
            && self.leaves.connections.are_plain(py, self.leaves)?
            && self.values.settle(py, &self.scope)?
        {
            return Ok(());
        }
        self.ask_request(py)
    }

    fn ask_request(&mut self, py: Python<'_>) -> PyResult<()> {
        let request = self.request(py)?;
        self.values.ask(py, self.leaves, request.bind(py))
    }

    /// Reads the values of one source; where only Python can, or has to, the mapping to ask.
    pub fn read_source(
        &mut self,
        py: Python<'_>,
        source: Source,
        by_python: bool,
    ) -> PyResult<Option<Py<PyAny>>> {
        if !by_python && self.values.read(py, &self.scope, source)? {
            return Ok(None);
        }
        if self.values.mapping(source).is_none() {
            self.ask_request(py)?;
        }
        Ok(self
            .values
            .mapping(source)
            .map(|mapping| mapping.clone_ref(py)))
    }

    /// Remembers what was read, for a `Request` that may be made later.
    pub fn keep_body(&mut self, body: Py<PyBytes>) {
        self.body = Some(body);
    }

    pub fn keep_json(&mut self, json: Py<PyAny>) {
        self.json = Some(json);
    }

    /// The exit stacks go into the scope before Python code can look for them.
    fn open_stacks(&mut self, py: Python<'_>) -> PyResult<()> {
        self.stack(py, StackKey::Middleware)?;
        self.stack(py, StackKey::Request)?;
        self.stack(py, StackKey::Function)?;
        Ok(())
    }

    /// One of the three exit stacks, made and published in the scope on first use.
    pub fn stack(&mut self, py: Python<'_>, key: StackKey) -> PyResult<Py<PyAny>> {
        let place = match key {
            StackKey::Middleware => &mut self.middleware_stack,
            StackKey::Request => &mut self.request_stack,
            StackKey::Function => &mut self.function_stack,
        };
        if let Some(object) = &place.object {
            return Ok(object.clone_ref(py));
        }
        let object = stacks::new(py, self.leaves)?;
        self.scope.object(py)?.set_item(key.name(py), &object)?;
        place.object = Some(object.clone_ref(py));
        Ok(object)
    }

    /// Enters the request's cancel scope, unless that was done already or there is nothing to shield from.
    pub fn open_cleanup_scope(&mut self, py: Python<'_>) -> PyResult<()> {
        if !matches!(self.cleanup_scope, CleanupScope::Unopened) {
            return Ok(());
        }
        if self.has_unseen_task(py) || !self.leaves.is_in_cancel_scope.call0(py)?.is_truthy(py)? {
            self.cleanup_scope = CleanupScope::Needless;
            return Ok(());
        }
        let scope = self.leaves.new_cancel_scope.call0(py)?;
        scope.call_method0(py, intern!(py, "__enter__"))?;
        self.cleanup_scope = CleanupScope::Open(scope);
        Ok(())
    }

    /// Whether nobody can have entered a cancel scope in this request's task: nobody has seen it yet.
    pub fn has_unseen_task(&self, py: Python<'_>) -> bool {
        match &self.wire {
            Wire::Native(exchange) => exchange.get().facts().starter.is_unseen(py),
            Wire::Asgi { .. } => false,
        }
    }

    /// The injected response: no status, no headers until the user sets some.
    pub fn response(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(response) = &self.response {
            return Ok(response.clone_ref(py));
        }
        let response = self.leaves.new_injected_response.call0(py)?;
        self.response = Some(response.clone_ref(py));
        Ok(response)
    }

    pub fn background_tasks(&mut self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(tasks) = &self.background {
            return Ok(tasks.clone_ref(py));
        }
        let tasks = self.leaves.new_background_tasks.call0(py)?;
        self.background = Some(tasks.clone_ref(py));
        Ok(tasks)
    }

    pub fn await_(&self, awaitable: Py<PyAny>) -> Await<'_> {
        self.channel.await_(awaitable)
    }

    /// Awaits for what is done, not for the result.
    pub fn run(&self, awaitable: Py<PyAny>) -> Run<'_> {
        self.channel.run(awaitable)
    }
}
