//! `CORSMiddleware`: simple requests. Preflight requests are answered by its own `__call__`.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::filter::Filter;
use super::{Passage, head};
use crate::extract::latin1;
use crate::scope::{Member, Scope};
use crate::shared::Owned;
use crate::traverse::traverse;

/// What a response gets, and for which origins.
pub struct Cors {
    /// Asked at each response: the collection is the user's own, and may change.
    allow_origins: Py<PyAny>,
    allow_origin_regex: Option<Py<PyAny>>,
    allow_all_origins: bool,
    allow_credentials: bool,
    simple_headers: Vec<(Py<PyBytes>, Vec<u8>)>,
    vary: Py<PyBytes>,
    allow_origin: Py<PyBytes>,
}

traverse!(Cors {
    allow_origins, allow_origin_regex
} but {
    allow_all_origins, allow_credentials, simple_headers, vary, allow_origin
});

impl Cors {
    /// Reads the settings of a `CORSMiddleware`.
    pub fn read(layer: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = layer.py();
        let regex = layer.getattr(intern!(py, "allow_origin_regex"))?;
        let headers = layer
            .getattr(intern!(py, "simple_headers"))?
            .cast_into::<PyDict>()?;
        let simple_headers = headers
            .iter()
            .map(|(name, value)| Ok((header_name(&name)?, header_value(&value)?)))
            .collect::<PyResult<_>>()?;
        Ok(Self {
            allow_origins: layer.getattr(intern!(py, "allow_origins"))?.unbind(),
            allow_origin_regex: (!regex.is_none()).then(|| regex.unbind()),
            allow_all_origins: layer
                .getattr(intern!(py, "allow_all_origins"))?
                .is_truthy()?,
            allow_credentials: layer
                .getattr(intern!(py, "allow_credentials"))?
                .is_truthy()?,
            simple_headers,
            vary: PyBytes::new(py, b"vary").unbind(),
            allow_origin: PyBytes::new(py, b"access-control-allow-origin").unbind(),
        })
    }

    /// Lets every request pass but a preflight.
    pub fn enter(cors: &Owned<Self>, py: Python<'_>, scope: &Scope) -> PyResult<Passage> {
        let (mut origin, mut asks_for_method) = (None, false);
        let Some(headers) = scope.headers(py)? else {
            return Ok(Passage::Python);
        };
        headers.each(|name, value| {
            match name {
                b"origin" if origin.is_none() => origin = Some(value.to_vec()),
                b"access-control-request-method" => asks_for_method = true,
                _ => {}
            }
            true
        });
        if origin.is_some() && asks_for_method {
            let options = match scope.head(py) {
                Some(head) => head.method() == "OPTIONS",
                None => scope
                    .member(py, Member::Method)?
                    .eq(intern!(py, "OPTIONS"))?,
            };
            if options {
                return Ok(Passage::Python);
            }
        }
        let cors = cors.share();
        Ok(Passage::Through(Some(Filter::Cors { cors, origin })))
    }

    /// Adds the headers of the Fetch standard to a response for a request of `origin`.
    pub fn apply(&self, headers: &Bound<'_, PyList>, origin: Option<&[u8]>) -> PyResult<()> {
        let py = headers.py();
        if let Some(origin) = origin {
            for (name, value) in &self.simple_headers {
                head::set(headers, name.bind(py), value)?;
            }
            if self.names_the_origin(py, origin)? {
                head::set(headers, self.allow_origin.bind(py), origin)?;
            }
        }
        head::add(headers, self.vary.bind(py), b"Origin")
    }

    /// Whether the response must name this very origin: it is one of some, or comes with credentials.
    fn names_the_origin(&self, py: Python<'_>, origin: &[u8]) -> PyResult<bool> {
        if self.allow_all_origins {
            return Ok(self.allow_credentials);
        }
        let origin = latin1(py, origin)?;
        if let Some(regex) = &self.allow_origin_regex {
            let found = regex.call_method1(py, intern!(py, "fullmatch"), (&origin,))?;
            if found.is_truthy(py)? {
                return Ok(true);
            }
        }
        self.allow_origins.bind(py).contains(origin)
    }
}

fn header_name(name: &Bound<'_, PyAny>) -> PyResult<Py<PyBytes>> {
    let lower = name.call_method0(intern!(name.py(), "lower"))?;
    Ok(PyBytes::new(name.py(), &header_value(&lower)?).unbind())
}

fn header_value(value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    value
        .call_method1(intern!(value.py(), "encode"), ("latin-1",))?
        .extract()
}
