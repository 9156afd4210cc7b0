//! What all connections of one server have in common, read once from uvicorn's configuration.

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyString};

use ferroapi_http::http1::Limits;

use super::counters::Counters;
use super::head_watch::HeadWatch;
use super::leaves::{ServerLeaves, server_leaves};
use super::outbox::Outbox;
use super::proxy::Proxy;
use super::task::Starter;
use crate::cell::AttachedCell;
use crate::pipeline::{Entry, Known, entry_of, is_application};
use crate::shared::Shared;
use crate::traverse::{Traverse, Visited, traverse};

/// Facts and objects of one `uvicorn.Server`; kept among the attributes of its `ServerState`.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct ServerFacts {
    pub leaves: Shared<ServerLeaves>,
    pub config: Py<PyAny>,
    pub server_state: Py<PyAny>,
    pub counters: Counters,
    pub app_state: Py<PyDict>,
    pub event_loop: Py<PyAny>,
    /// The application as uvicorn loaded it.
    loaded_app: Py<PyAny>,
    /// The application behind uvicorn's own proxy middleware, and what that does.
    pub app: Py<PyAny>,
    pub proxy: Option<Proxy>,
    /// What knows the compiled way into a ferroapi application.
    entry: AttachedCell<Option<Py<Entry>>>,
    pub connections: Py<PySet>,
    pub tasks: Py<PySet>,
    pub root_path: Py<PyString>,
    /// `scope["asgi"]`.
    pub asgi: Py<PyDict>,
    pub limit_concurrency: Option<usize>,
    pub timeout_keep_alive: Py<PyAny>,
    pub starter: Starter,
    /// None on an event loop of which too little is known.
    pub outbox: Option<Py<Outbox>>,
    pub limits: Limits,
    pub head_watch: Py<HeadWatch>,
    /// A buffer for response heads, kept for its capacity.
    scratch: AttachedCell<Vec<u8>>,
}

traverse!(ServerFacts {
    config, server_state, counters, app_state, event_loop, loaded_app, app, proxy, entry, connections, tasks, asgi,
    starter, outbox, head_watch
} but {
    leaves, root_path, limit_concurrency, timeout_keep_alive, limits, scratch
});

impl ServerFacts {
    /// The facts of the server that a new connection belongs to.
    pub fn of(
        config: &Bound<'_, PyAny>,
        server_state: &Bound<'_, PyAny>,
        app_state: Bound<'_, PyDict>,
        event_loop: Bound<'_, PyAny>,
    ) -> PyResult<Py<Self>> {
        let py = config.py();
        let key = intern!(py, "_ferroapi_facts");
        let attributes = server_state.getattr(intern!(py, "__dict__"))?;
        let attributes = attributes.cast_into::<PyDict>()?;
        let loaded_app = config.getattr(intern!(py, "loaded_app"))?;
        if let Some(known) = attributes.get_item(key)?
            && let Ok(known) = known.cast_into::<Self>()
        {
            let facts = known.get();
            if facts.config.is(config)
                && facts.app_state.is(&app_state)
                && facts.event_loop.is(&event_loop)
                && facts.loaded_app.is(&loaded_app)
            {
                return Ok(known.unbind());
            }
        }
        let facts = Self::read(config, server_state, &attributes, app_state, event_loop)?;
        let facts = Bound::new(py, facts)?;
        attributes.set_item(key, &facts)?;
        Ok(facts.unbind())
    }

    fn read(
        config: &Bound<'_, PyAny>,
        server_state: &Bound<'_, PyAny>,
        attributes: &Bound<'_, PyDict>,
        app_state: Bound<'_, PyDict>,
        event_loop: Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let py = config.py();
        let leaves = server_leaves(py)?;
        let loaded_app = config.getattr(intern!(py, "loaded_app"))?;
        let (app, proxy) = Proxy::unwrap(&leaves, &loaded_app)?;
        let reset_contextvars = config.getattr(intern!(py, "reset_contextvars"))?;
        let asgi = PyDict::new(py);
        asgi.set_item("version", config.getattr("asgi_version")?)?;
        asgi.set_item("spec_version", "2.3")?;
        let set = |name| {
            let set = server_state.getattr(name)?;
            Ok::<_, PyErr>(set.cast_into::<PySet>()?.unbind())
        };
        let starter = Starter::new(&leaves, &event_loop, reset_contextvars.is_truthy()?)?;
        let outbox = if starter.knows_loop() {
            Some(Py::new(py, Outbox::new(event_loop.clone().unbind()))?)
        } else {
            None
        };
        let connections = set("connections")?;
        let head_watch = HeadWatch::new(&leaves, &event_loop, &connections)?;
        Ok(Self {
            config: config.clone().unbind(),
            server_state: server_state.clone().unbind(),
            counters: Counters::new(server_state, attributes),
            app_state: app_state.unbind(),
            loaded_app: loaded_app.unbind(),
            app,
            proxy,
            entry: AttachedCell::new(None),
            connections,
            tasks: set("tasks")?,
            root_path: config.getattr("root_path")?.cast_into()?.unbind(),
            asgi: asgi.unbind(),
            limit_concurrency: config.getattr("limit_concurrency")?.extract()?,
            timeout_keep_alive: config.getattr("timeout_keep_alive")?.unbind(),
            starter,
            outbox,
            event_loop: event_loop.unbind(),
            limits: limits(config)?,
            head_watch: Py::new(py, head_watch)?,
            leaves,
            scratch: AttachedCell::new(Vec::new()),
        })
    }

    /// Lends the buffer for a response head.
    pub fn with_scratch<R>(&self, py: Python<'_>, fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let mut buffer = self.scratch.take(py);
        buffer.clear();
        let result = fill(&mut buffer);
        drop(self.scratch.replace(py, buffer));
        result
    }

    /// The compiled way into the application; none if it has to be called.
    pub fn way_in(&self, py: Python<'_>) -> PyResult<Option<Shared<Known>>> {
        let app = self.app.bind(py);
        if !is_application(app) {
            return Ok(None);
        }
        if let Some(known) = self.entry.get(py) {
            return known.get().native_way_in(py);
        }
        let entry = entry_of(app)?.unbind();
        drop(self.entry.replace(py, Some(entry.clone_ref(py))));
        entry.get().native_way_in(py)
    }

    pub fn root_path<'a>(&'a self, py: Python<'a>) -> &'a str {
        self.root_path.bind(py).to_str().unwrap_or_default()
    }

    /// Whether there are more connections or tasks than the server may have.
    pub fn is_busy(&self, py: Python<'_>) -> PyResult<bool> {
        let Some(limit) = self.limit_concurrency else {
            return Ok(false);
        };
        let busy = self.connections.bind(py).len() >= limit || self.tasks.bind(py).len() >= limit;
        if busy {
            self.leaves
                .warn
                .call1(py, ("Exceeded concurrency limit.",))?;
        }
        Ok(busy)
    }
}

#[pymethods]
impl ServerFacts {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}

/// The codec's limits; uvicorn has one setting about the size of a head, for h11.
fn limits(config: &Bound<'_, PyAny>) -> PyResult<Limits> {
    let mut limits = Limits::default();
    let head = config.getattr(intern!(config.py(), "h11_max_incomplete_event_size"))?;
    if let Some(head) = head.extract::<Option<usize>>()? {
        limits.head = head;
    }
    Ok(limits)
}
