//! What all connections of one server have in common, read once from uvicorn's configuration.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySet, PyString};
use pyo3::{PyTraverseError, PyVisit};

use ferroapi_http::http1::{Limits, ResponseWriter};

use super::fields::{Fields, collect_fields};
use super::leaves::{ServerLeaves, server_leaves};
use super::proxy::Proxy;
use super::task::Starter;
use crate::cell::AttachedCell;
use crate::pipeline::{Entry, Known, entry_of, is_application};

/// Facts and objects of one `uvicorn.Server`; kept among the attributes of its `ServerState`.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct ServerFacts {
    pub leaves: Arc<ServerLeaves>,
    pub config: Py<PyAny>,
    pub server_state: Py<PyAny>,
    /// The attributes of `server_state`.
    counters: Py<PyDict>,
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
    pub limits: Limits,
    /// `server_state.default_headers` as they were last seen, ready for the wire.
    default_lines: AttachedCell<Option<Arc<DefaultLines>>>,
    /// A buffer for response heads, kept for its capacity.
    scratch: AttachedCell<Vec<u8>>,
}

/// The server's own response headers.
pub struct DefaultLines {
    list: Py<PyList>,
    /// None where a line takes part in the framing of a response, or is refused.
    pub ready: Option<Vec<u8>>,
}

impl DefaultLines {
    pub fn list<'py>(&self, py: Python<'py>) -> &Bound<'py, PyList> {
        self.list.bind(py)
    }
}

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
        let counters = attributes.clone().unbind();
        let facts = Self::read(config, server_state, counters, app_state, event_loop)?;
        let facts = Bound::new(py, facts)?;
        attributes.set_item(key, &facts)?;
        Ok(facts.unbind())
    }

    fn read(
        config: &Bound<'_, PyAny>,
        server_state: &Bound<'_, PyAny>,
        counters: Py<PyDict>,
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
        Ok(Self {
            config: config.clone().unbind(),
            server_state: server_state.clone().unbind(),
            counters,
            app_state: app_state.unbind(),
            loaded_app: loaded_app.unbind(),
            app,
            proxy,
            entry: AttachedCell::new(None),
            connections: set("connections")?,
            tasks: set("tasks")?,
            root_path: config.getattr("root_path")?.cast_into()?.unbind(),
            asgi: asgi.unbind(),
            limit_concurrency: config.getattr("limit_concurrency")?.extract()?,
            timeout_keep_alive: config.getattr("timeout_keep_alive")?.unbind(),
            starter: Starter::new(&leaves, &event_loop, reset_contextvars.is_truthy()?)?,
            event_loop: event_loop.unbind(),
            limits: limits(config)?,
            leaves,
            default_lines: AttachedCell::new(None),
            scratch: AttachedCell::new(Vec::new()),
        })
    }

    /// `server_state.default_headers`; uvicorn puts a new list there every second.
    pub fn default_lines(&self, py: Python<'_>) -> PyResult<Arc<DefaultLines>> {
        let list = self.counter(py, intern!(py, "default_headers"))?;
        let known = self.default_lines.read(py, Clone::clone);
        if let Some(known) = known
            && known.list.is(&list)
        {
            return Ok(known);
        }
        let list = list.cast_into::<PyList>()?;
        let fresh = Arc::new(DefaultLines {
            ready: ready_lines(&list)?,
            list: list.unbind(),
        });
        drop(self.default_lines.replace(py, Some(Arc::clone(&fresh))));
        Ok(fresh)
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
    pub fn way_in(&self, py: Python<'_>) -> PyResult<Option<Arc<Known>>> {
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

    /// Counts an answered request.
    pub fn count_request(&self, py: Python<'_>) -> PyResult<()> {
        let name = intern!(py, "total_requests");
        let total = self.counter(py, name)?.add(1)?;
        self.counters.bind(py).set_item(name, total)
    }

    /// An attribute of `server_state`.
    fn counter<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.counters.bind(py).get_item(name)? {
            Some(value) => Ok(value),
            None => self.server_state.bind(py).getattr(name),
        }
    }
}

#[pymethods]
impl ServerFacts {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.config)?;
        visit.call(&self.server_state)?;
        visit.call(&self.counters)?;
        visit.call(&self.app_state)?;
        visit.call(&self.event_loop)?;
        visit.call(&self.loaded_app)?;
        visit.call(&self.app)?;
        visit.call(&self.connections)?;
        visit.call(&self.tasks)?;
        visit.call(&self.asgi)?;
        // SAFETY: called by the collector only.
        visit.call(unsafe { self.entry.traversed() })?;
        if let Some(proxy) = &self.proxy {
            proxy.traverse(visit)?;
        }
        self.starter.traverse(visit)
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

/// The lines in front of every response's own; none if one of them has a meaning for the framing.
fn ready_lines(list: &Bound<'_, PyList>) -> PyResult<Option<Vec<u8>>> {
    let mut lines = Vec::new();
    let mut writer = ResponseWriter::new(false, true);
    let mut fields = Fields::new();
    collect_fields(list, &mut fields)?;
    for (name, value) in fields {
        let framing = [&b"content-length"[..], b"transfer-encoding", b"connection"];
        if framing
            .iter()
            .any(|known| name.as_bytes().eq_ignore_ascii_case(known))
        {
            return Ok(None);
        }
        if writer
            .field(name.as_bytes(), value.as_bytes(), &mut lines)
            .is_err()
        {
            return Ok(None);
        }
    }
    Ok(Some(lines))
}
