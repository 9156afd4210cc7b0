//! Where query string and headers of one request are read from.

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::headers;
use super::pairs::Pairs;
use super::{cookies, query};
use crate::scope::{Member, Scope};
use crate::server::Exchange;

/// What the scope says when the first step of a request looks: as with a `Request` that has been asked once, what is
/// put there afterwards does not count.
pub enum Sources {
    /// The head of a request of our own protocol.
    Head(Py<Exchange>),
    Scope {
        query_string: Py<PyAny>,
        headers: Py<PyList>,
    },
}

impl Sources {
    /// # Errors
    /// `KeyError` for a scope without one of the two, as `Request` raises it whether there are parameters or not.
    pub fn of(py: Python<'_>, scope: &Scope) -> PyResult<Self> {
        if let Some(exchange) = scope.unseen_exchange(py) {
            return Ok(Self::Head(exchange.clone_ref(py)));
        }
        Ok(Self::Scope {
            query_string: scope.member(py, Member::QueryString)?.unbind(),
            headers: headers::settled(py, scope)?.unbind(),
        })
    }

    /// Raises what [`Sources::of`] would.
    pub fn require(py: Python<'_>, scope: &Scope) -> PyResult<()> {
        if scope.unseen_exchange(py).is_none() {
            scope.require(py, Member::QueryString)?;
            scope.require(py, Member::Headers)?;
        }
        Ok(())
    }

    pub fn query(&self, py: Python<'_>) -> PyResult<Pairs> {
        match self {
            Self::Head(exchange) => Ok(query::decoded(exchange.get().head().query())),
            Self::Scope { query_string, .. } => query::pairs(query_string.bind(py)),
        }
    }

    pub fn cookies(&self, py: Python<'_>) -> PyResult<Pairs> {
        cookies::pairs(py, self)
    }

    /// Calls `visit` with each header, its name in lower case, until it returns `false`.
    pub fn each_header(
        &self,
        py: Python<'_>,
        visit: impl FnMut(&[u8], &[u8]) -> bool,
    ) -> PyResult<()> {
        match self {
            Self::Head(exchange) => {
                exchange.get().head().each_header(visit);
                Ok(())
            }
            Self::Scope { headers, .. } => headers::visit_each(headers.bind(py), visit),
        }
    }
}
