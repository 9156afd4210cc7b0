//! Where query string, headers and cookies of one request are read from.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use super::asked::Asked;
use super::headers::Headers;
use super::pairs::Pairs;
use super::query;
use crate::scope::{Member, Scope};
use crate::server::Exchange;

pub enum Sources {
    /// The head of a request of our own protocol.
    Head(Py<Exchange>),
    /// What the scope said when the first step looked: as with a `Request` that has been asked once, what is put
    /// there afterwards does not count.
    Scope {
        query_string: Py<PyAny>,
        headers: Py<PyAny>,
        /// The scope has a list of headers that nobody had before, as `Headers` leaves it.
        own_list: bool,
    },
    /// A connection object that Python code has had.
    Object(Asked),
}

impl Sources {
    /// None where only a `Request` can read what the scope says.
    ///
    /// # Errors
    /// `KeyError` for a scope without one of the two, as `Request` raises it whether there are parameters or not.
    pub fn of(py: Python<'_>, scope: &Scope) -> PyResult<Option<Self>> {
        if let Some(exchange) = scope.unseen_exchange(py) {
            return Ok(Some(Self::Head(exchange.clone_ref(py))));
        }
        let query_string = scope.member(py, Member::QueryString)?;
        let headers = scope.member(py, Member::Headers)?;
        let readable = (query_string.is_instance_of::<PyBytes>()
            || query_string.is_instance_of::<PyString>())
            && (headers.is_exact_instance_of::<PyList>()
                || headers.is_exact_instance_of::<PyTuple>());
        Ok(readable.then(|| Self::Scope {
            query_string: query_string.unbind(),
            headers: headers.unbind(),
            own_list: false,
        }))
    }

    /// Puts a list of its own into the scope, as whoever reads headers by `Headers` does: what happens to the one
    /// that was there does not count any more, what happens to the new one does.
    pub fn own_list(&mut self, py: Python<'_>, scope: &Scope) -> PyResult<()> {
        let Self::Scope {
            headers,
            own_list: own_list @ false,
            ..
        } = self
        else {
            return Ok(());
        };
        let bound = headers.bind(py);
        let list = match bound.cast_exact::<PyList>() {
            Ok(list) => list.get_slice(0, list.len()),
            Err(_) => bound.cast_exact::<PyTuple>()?.to_list(),
        };
        let list = list.into_any().unbind();
        let present = scope.find(py, Member::Headers)?;
        if present.is_some_and(|present| present.is(bound)) {
            scope.replace(py, Member::Headers, &list)?;
        }
        *headers = list;
        *own_list = true;
        Ok(())
    }

    /// The pairs of the query string; none where only a `QueryParams` can tell.
    pub fn query(&self, py: Python<'_>) -> PyResult<Option<Pairs>> {
        match self {
            Self::Head(exchange) => Ok(Some(query::decoded(exchange.get().head().query()))),
            Self::Scope { query_string, .. } => Ok(query::pairs(query_string.bind(py))),
            Self::Object(asked) => asked.query(py),
        }
    }

    /// The headers; none where only a `Headers` can tell.
    pub fn headers<'a>(&'a self, py: Python<'a>) -> Option<Headers<'a>> {
        match self {
            Self::Head(exchange) => Some(Headers::Head(exchange.get().head())),
            Self::Scope { headers, .. } => Headers::listed(headers.bind(py)),
            Self::Object(asked) => asked.headers(py),
        }
    }
}
