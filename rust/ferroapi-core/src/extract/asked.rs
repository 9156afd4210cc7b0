//! What a connection object says of its request, once Python code has had it.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::headers::Headers;
use super::pairs::Pairs;
use crate::leaves::Leaves;
use crate::plan::Source;

/// The four mappings that an object gave at one step.
pub struct Asked {
    path: Py<PyAny>,
    query: Py<PyAny>,
    headers: Py<PyAny>,
    cookies: Py<PyAny>,
    /// The query parameters are an object of Starlette's class, as it wrote it.
    plain_query: bool,
    /// The same of the headers.
    plain_headers: bool,
}

impl Asked {
    /// Asks for all four in the reference's order: for a property that is its own, that can be seen.
    pub fn of(py: Python<'_>, leaves: &Leaves, connection: &Bound<'_, PyAny>) -> PyResult<Self> {
        let classes = &leaves.connections;
        let plain = classes.are_plain(py, leaves)?;
        // Starlette's own properties come to what they keep in attributes.
        let kept = plain && classes.has(connection);
        let path = match kept_path_params(connection).filter(|_| kept) {
            Some(path) => path,
            None => connection.getattr(intern!(py, "path_params"))?,
        };
        let ask = |kept_as, name| match connection.getattr_opt(kept_as) {
            Ok(Some(known)) if kept => Ok(known),
            _ => connection.getattr(name),
        };
        let query = ask(intern!(py, "_query_params"), intern!(py, "query_params"))?;
        let headers = ask(intern!(py, "_headers"), intern!(py, "headers"))?;
        let cookies = ask(intern!(py, "_cookies"), intern!(py, "cookies"))?;
        Ok(Self {
            plain_query: plain && classes.is_query_params(&query),
            plain_headers: plain && classes.is_headers(&headers),
            path: path.unbind(),
            query: query.unbind(),
            headers: headers.unbind(),
            cookies: cookies.unbind(),
        })
    }

    /// The mapping of one source.
    pub fn mapping(&self, source: Source) -> &Py<PyAny> {
        match source {
            Source::Path => &self.path,
            Source::Query => &self.query,
            Source::Header => &self.headers,
            Source::Cookie => &self.cookies,
        }
    }

    /// The query parameters, unless only the object can tell.
    pub fn query(&self, py: Python<'_>) -> PyResult<Option<Pairs>> {
        if !self.plain_query {
            return Ok(None);
        }
        multi_items(self.query.bind(py))
    }

    pub fn headers<'py>(&self, py: Python<'py>) -> Option<Headers<'py>> {
        let headers = self.headers.bind(py);
        let list = headers.getattr(intern!(py, "_list"));
        Headers::listed(&list.ok().filter(|_| self.plain_headers)?)
    }

    pub fn cookies(&self, py: Python<'_>) -> Option<Pairs> {
        let cookies = self.cookies.bind(py).cast_exact::<PyDict>().ok()?;
        let mut pairs = Pairs::default();
        for (name, value) in cookies {
            push(&mut pairs, &name, &value)?;
        }
        Some(pairs)
    }
}

/// `scope["path_params"]` of a connection whose scope is a plain dict.
fn kept_path_params<'py>(connection: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let py = connection.py();
    let scope = connection.getattr(intern!(py, "scope")).ok()?;
    let scope = scope.cast_exact::<PyDict>().ok()?;
    scope.get_item(intern!(py, "path_params")).ok().flatten()
}

/// The pairs of a `QueryParams`, if its list and its dict say the same, and texts only.
fn multi_items(query: &Bound<'_, PyAny>) -> PyResult<Option<Pairs>> {
    let py = query.py();
    let list = query.getattr(intern!(py, "_list")).ok();
    let dict = query.getattr(intern!(py, "_dict")).ok();
    let (Some(Ok(list)), Some(Ok(dict))) = (
        list.map(Bound::cast_into_exact::<PyList>),
        dict.map(Bound::cast_into_exact::<PyDict>),
    ) else {
        return Ok(None);
    };
    let mut pairs = Pairs::default();
    let expected = PyDict::new(py);
    for item in list {
        let pair = item.cast_exact::<PyTuple>().ok();
        let Some([name, value]) = pair.map(PyTupleMethods::as_slice) else {
            return Ok(None);
        };
        if push(&mut pairs, name, value).is_none() {
            return Ok(None);
        }
        expected.set_item(name, value)?;
    }
    let texts = |(name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        name.is_exact_instance_of::<PyString>() && value.is_exact_instance_of::<PyString>()
    };
    let same = dict.iter().all(texts) && dict.eq(expected)?;
    Ok(same.then_some(pairs))
}

fn push(pairs: &mut Pairs, name: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> Option<()> {
    let name = name.cast_exact::<PyString>().ok()?.to_str().ok()?;
    let value = value.cast_exact::<PyString>().ok()?.to_str().ok()?;
    pairs.push(name, value);
    Some(())
}
