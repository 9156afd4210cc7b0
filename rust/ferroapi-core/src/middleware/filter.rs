//! What a layer does to the response, message by message or to the whole of it.

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::cors::Cors;
use super::gzip::GZip;
use crate::leaves::Leaves;
use crate::respond::{ResponseParts, starts_response};
use crate::shared::Shared;
use crate::traverse::{Traverse, Visited, traverse};

/// A layer's part in the response of one request.
pub enum Filter {
    Cors {
        cors: Shared<Cors>,
        /// The request's `Origin`.
        origin: Option<Vec<u8>>,
    },
    GZip {
        gzip: Shared<GZip>,
        /// The client takes gzip.
        accepted: bool,
    },
}

/// Whether a filter could do its part.
pub enum Filtered {
    Done,
    /// The response must be sent through [`Filter::around`].
    NotHere,
}

impl Filter {
    /// Changes a response that is there as a whole.
    pub fn apply(
        &self,
        py: Python<'_>,
        leaves: &Leaves,
        parts: &mut ResponseParts,
    ) -> PyResult<Filtered> {
        match self {
            Self::Cors { cors, origin } => {
                // The list may be the response object's own.
                let headers = copy(parts.headers.bind(py))?;
                cors.apply(&headers, origin.as_deref())?;
                parts.headers = headers.unbind();
                Ok(Filtered::Done)
            }
            Self::GZip { gzip, accepted } => gzip.apply(leaves, *accepted, parts, py),
        }
    }

    /// A `send` that does the same to single messages and passes them to `next`.
    pub fn around(&self, py: Python<'_>, leaves: &Leaves, next: Py<PyAny>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Cors { cors, origin } => {
                let send = FilteredSend {
                    cors: Shared::clone(cors),
                    origin: origin.clone(),
                    next,
                };
                Ok(Py::new(py, send)?.into_any())
            }
            Self::GZip { gzip, accepted } => gzip.responder(py, leaves, *accepted, next),
        }
    }
}

fn copy<'py>(headers: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let copy = PyList::empty(headers.py());
    for header in headers.try_iter()? {
        copy.append(header?)?;
    }
    Ok(copy)
}

/// The `send` of a CORS layer.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct FilteredSend {
    cors: Shared<Cors>,
    origin: Option<Vec<u8>>,
    next: Py<PyAny>,
}

traverse!(FilteredSend { next } but { cors, origin });

#[pymethods]
impl FilteredSend {
    fn __call__(&self, py: Python<'_>, message: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if starts_response(&message)? {
            let key = intern!(py, "headers");
            let present = message.cast::<PyDict>()?.get_item(key)?;
            let headers = match present {
                Some(headers) => copy(&headers)?,
                None => PyList::empty(py),
            };
            message.set_item(key, &headers)?;
            self.cors.apply(&headers, self.origin.as_deref())?;
        }
        self.next.call1(py, (message,))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
