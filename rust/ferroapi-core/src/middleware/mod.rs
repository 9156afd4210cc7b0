//! Well-known middleware of Starlette's, run without a call into Python.
//!
//! A layer looks at the request on its way in ([`Layer::enter`]) and leaves a [`Filter`] if it is going to
//! change the response. What it does not pass on unchanged (a preflight request, a refused host) its Python
//! original answers.

mod cors;
mod filter;
mod gzip;
mod head;
mod layers;
mod trusted_host;

use pyo3::PyVisit;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

pub use filter::{Filter, Filtered, FilteredSend};
pub use layers::Layers;

use crate::scope::Scope;
use crate::shared::Owned;
use crate::stamp::Stamped;
use crate::traverse::{Traverse, Visited, traverse};
use cors::Cors;
use gzip::GZip;
use trusted_host::TrustedHost;

/// One middleware object of the application's stack, and the settings read from it.
pub struct Layer {
    /// The middleware's own `__call__`: an ASGI application.
    pub call: Py<PyAny>,
    kind: Kind,
    /// The dicts that the settings were read from.
    sources: Vec<Stamped>,
}

enum Kind {
    Cors(Owned<Cors>),
    GZip(Owned<GZip>),
    TrustedHost(TrustedHost),
}

traverse!(Layer {
    call,
    kind,
    sources
});

impl Traverse for Kind {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Cors(cors) => cors.traverse(visit),
            Self::GZip(gzip) => gzip.traverse(visit),
            Self::TrustedHost(hosts) => hosts.traverse(visit),
        }
    }
}

/// What a layer does with a request.
pub enum Passage {
    /// It goes on to the next layer; the response may have to come back through the filter.
    Through(Option<Filter>),
    /// The middleware must be called.
    Python,
}

impl Layer {
    /// Looks at a request that comes in.
    pub fn enter(&self, py: Python<'_>, scope: &Scope) -> PyResult<Passage> {
        match &self.kind {
            Kind::Cors(cors) => Cors::enter(cors, py, scope),
            Kind::GZip(gzip) => GZip::enter(gzip, py, scope),
            Kind::TrustedHost(hosts) => hosts.enter(py, scope),
        }
    }

    /// Whether nothing was written to the middleware since its settings were read.
    pub fn is_untouched(&self, py: Python<'_>) -> bool {
        self.sources.iter().all(|source| source.is_unchanged(py))
    }

    /// Takes what is written there now for read.
    pub fn settle(&self, py: Python<'_>) {
        self.sources.iter().for_each(|source| source.settle(py));
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Layer {
    type Error = PyErr;

    /// Reads a `LayerSpec`.
    fn extract(spec: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let py = spec.py();
        let object = spec.getattr(intern!(py, "layer"))?;
        let mut sources = vec![Stamped::attributes(&object)?];
        let kind = spec.getattr(intern!(py, "kind"))?;
        let kind = match kind.extract()? {
            "cors" => {
                let headers = object.getattr(intern!(py, "simple_headers"))?;
                sources.push(Stamped::new(headers.cast::<PyDict>()?));
                Kind::Cors(Owned::new(Cors::read(&object)?))
            }
            "gzip" => Kind::GZip(Owned::new(GZip::read(&object)?)),
            "trusted_host" => Kind::TrustedHost(TrustedHost::read(&object)?),
            other => {
                return Err(PyValueError::new_err(format!("unknown layer {other:?}")));
            }
        };
        let layer = Self {
            call: spec.getattr(intern!(py, "call"))?.unbind(),
            kind,
            sources,
        };
        layer.settle(py);
        Ok(layer)
    }
}
