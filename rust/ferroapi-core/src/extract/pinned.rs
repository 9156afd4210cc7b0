//! A `Request` that is made late says what it would say if it had been there from the beginning.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use super::connections::bare;
use super::pairs::Pairs;
use super::sources::Sources;
use super::values::Values;
use crate::leaves::Leaves;
use crate::plan::Source;
use crate::scope::{Member, Scope};

/// Gives a new request object what the steps have read before there was one: Starlette's `Request` keeps what its
/// properties read the first time.
pub fn pin(
    py: Python<'_>,
    leaves: &Leaves,
    scope: &Scope,
    values: &mut Values,
    request: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let (raw_query, list) = match values.sources() {
        None | Some(Sources::Object(_)) => return Ok(()),
        Some(Sources::Head(exchange)) => {
            let query = PyBytes::new(py, exchange.get().head().query());
            // Nobody has had this list.
            (query.into_any(), scope.member(py, Member::Headers)?)
        }
        Some(sources) => {
            sources.own_list(py, scope)?;
            let Sources::Scope {
                query_string,
                headers,
                ..
            } = sources
            else {
                return Ok(());
            };
            (query_string.bind(py).clone(), headers.bind(py).clone())
        }
    };
    let plain = leaves.connections.are_plain(py, leaves)?;
    let read = plain && values.read(py, scope, Source::Query)?;
    let query = match values.pairs(Source::Query).filter(|_| read) {
        Some(pairs) => query_params(py, leaves, pairs)?,
        None => leaves.connections.query_params(py).call1((raw_query,))?,
    };
    request.setattr(intern!(py, "_query_params"), query)?;
    let headers = if plain {
        let headers = bare(leaves, leaves.connections.headers(py))?;
        headers.setattr(intern!(py, "_list"), list)?;
        headers
    } else {
        let class = leaves.connections.headers(py);
        class.call1((py.None(), list))?
    };
    request.setattr(intern!(py, "_headers"), headers)?;
    if plain && values.read(py, scope, Source::Cookie)? {
        let cookies = PyDict::new(py);
        for (name, value) in values
            .pairs(Source::Cookie)
            .into_iter()
            .flat_map(Pairs::iter)
        {
            cookies.set_item(name, value)?;
        }
        request.setattr(intern!(py, "_cookies"), cookies)
    } else {
        request.getattr(intern!(py, "cookies")).map(drop)
    }
}

/// A `QueryParams` of these pairs.
fn query_params<'py>(
    py: Python<'py>,
    leaves: &Leaves,
    pairs: &Pairs,
) -> PyResult<Bound<'py, PyAny>> {
    let (list, dict) = (PyList::empty(py), PyDict::new(py));
    for (name, value) in pairs.iter() {
        let (name, value) = (PyString::new(py, name), PyString::new(py, value));
        dict.set_item(&name, &value)?;
        list.append(PyTuple::new(py, [name, value])?)?;
    }
    let query = bare(leaves, leaves.connections.query_params(py))?;
    query.setattr(intern!(py, "_dict"), dict)?;
    query.setattr(intern!(py, "_list"), list)?;
    Ok(query)
}
