//! The raw values of one request, read on first use and kept for all steps.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::asked::Asked;
use super::cookies;
use super::headers::{self, Headers};
use super::pairs::Pairs;
use super::sources::Sources;
use crate::leaves::Leaves;
use crate::plan::{Alias, Source};
use crate::scope::{Key, Scope};

/// Raw values by source, as far as they have been read.
#[derive(Default)]
pub struct Values {
    sources: Option<Sources>,
    query: Option<Pairs>,
    /// Headers that are pairs of bytes.
    headers: Option<Py<PyList>>,
    cookies: Option<Pairs>,
}

/// What is looked for.
pub struct Wanted<'a> {
    pub source: Source,
    pub aliases: &'a [Alias],
    /// All values of the name, as a list.
    pub many: bool,
    /// An empty value counts as none.
    pub empty_is_missing: bool,
}

/// What was found.
pub struct Found<'py> {
    /// Under which of the names.
    pub position: usize,
    pub value: Option<Bound<'py, PyAny>>,
}

impl Values {
    /// Finds out where query string and headers are, unless that is known already.
    ///
    /// False where only a `Request` can read what the scope says.
    pub fn settle(&mut self, py: Python<'_>, scope: &Scope) -> PyResult<bool> {
        if self.sources.is_none() {
            self.sources = Sources::of(py, scope)?;
        }
        Ok(self.sources.is_some())
    }

    /// Asks a connection object, which may say something else than it did before.
    pub fn ask(
        &mut self,
        py: Python<'_>,
        leaves: &Leaves,
        connection: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let asked = Asked::of(py, leaves, connection)?;
        *self = Self {
            sources: Some(Sources::Object(asked)),
            ..Self::default()
        };
        Ok(())
    }

    /// Reads one source; false where only Python can.
    pub fn read(&mut self, py: Python<'_>, scope: &Scope, source: Source) -> PyResult<bool> {
        let Some(sources) = &self.sources else {
            return Ok(false);
        };
        match source {
            Source::Path => {
                let params = match sources {
                    Sources::Object(asked) => Some(asked.mapping(source).bind(py).clone()),
                    _ => scope.get(py, Key::PathParams)?,
                };
                Ok(params.is_none_or(|params| params.is_exact_instance_of::<PyDict>()))
            }
            Source::Query => {
                if self.query.is_none() {
                    self.query = sources.query(py)?;
                }
                Ok(self.query.is_some())
            }
            Source::Header => Ok(self.has_headers(py)),
            Source::Cookie => Ok(self.has_cookies(py)),
        }
    }

    fn has_headers(&mut self, py: Python<'_>) -> bool {
        if self.headers.is_some() {
            return true;
        }
        match self
            .sources
            .as_ref()
            .and_then(|sources| sources.headers(py))
        {
            Some(Headers::List(list)) => {
                self.headers = Some(list.unbind());
                true
            }
            Some(Headers::Head(_)) => true,
            None => false,
        }
    }

    fn has_cookies(&mut self, py: Python<'_>) -> bool {
        if self.cookies.is_some() {
            return true;
        }
        if let Some(Sources::Object(asked)) = &self.sources {
            self.cookies = asked.cookies(py);
        } else if self.has_headers(py) {
            let pairs = cookies::pairs(&self.headers(py));
            self.cookies = Some(pairs);
        }
        self.cookies.is_some()
    }

    /// The headers that [`Values::read`] found.
    fn headers<'a>(&'a self, py: Python<'a>) -> Headers<'a> {
        match (&self.headers, &self.sources) {
            (Some(list), _) => Headers::List(list.bind(py).clone()),
            (None, Some(Sources::Head(exchange))) => Headers::Head(exchange.get().head()),
            _ => Headers::List(PyList::empty(py)),
        }
    }

    /// The mapping to be asked for a source that could not be read.
    pub fn mapping(&self, source: Source) -> Option<&Py<PyAny>> {
        match &self.sources {
            Some(Sources::Object(asked)) => Some(asked.mapping(source)),
            _ => None,
        }
    }

    /// Where the values come from, once they have been read.
    pub fn sources(&mut self) -> Option<&mut Sources> {
        self.sources.as_mut()
    }

    /// The pairs of query string and cookies, where they have been read.
    pub fn pairs(&self, source: Source) -> Option<&Pairs> {
        match source {
            Source::Query => self.query.as_ref(),
            Source::Cookie => self.cookies.as_ref(),
            Source::Path | Source::Header => None,
        }
    }

    fn pairs_of(&self, source: Source) -> impl DoubleEndedIterator<Item = (&str, &str)> {
        self.pairs(source).into_iter().flat_map(Pairs::iter)
    }

    /// Looks for a parameter under its names; the first one that is present wins.
    ///
    /// `None` where it is under none of them. [`Values::read`] has read the source.
    pub fn find<'py>(
        &self,
        py: Python<'py>,
        scope: &Scope,
        wanted: &Wanted<'_>,
    ) -> PyResult<Option<Found<'py>>> {
        for (position, alias) in wanted.aliases.iter().enumerate() {
            if let Some(value) = self.value(py, scope, wanted, alias)? {
                let empty = wanted.empty_is_missing && value.len()? == 0;
                let value = (!empty && !value.is_none()).then_some(value);
                return Ok(Some(Found { position, value }));
            }
        }
        Ok(None)
    }

    fn value<'py>(
        &self,
        py: Python<'py>,
        scope: &Scope,
        wanted: &Wanted<'_>,
        alias: &Alias,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match wanted.source {
            Source::Path => self.path_value(py, scope, alias),
            Source::Query if wanted.many => self.query_values(py, alias),
            Source::Header => header_value(py, &self.headers(py), alias, wanted.many),
            Source::Query | Source::Cookie => {
                let mut pairs = self.pairs_of(wanted.source).rev();
                let found = pairs.find(|(name, _)| *name == alias.name);
                Ok(found.map(|(_, value)| PyString::new(py, value).into_any()))
            }
        }
    }

    /// Adds to `input` what came from `source` under other names than the `used` ones: a value, or a list
    /// where a name repeats.
    pub fn add_others(
        &self,
        py: Python<'_>,
        source: Source,
        used: &[&str],
        input: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        match source {
            Source::Path => Ok(()),
            Source::Cookie => self
                .pairs_of(source)
                .filter(|(name, _)| !used.contains(name))
                .try_for_each(|(name, value)| input.set_item(name, value)),
            Source::Query => {
                let pairs = self.pairs_of(source);
                let pairs = pairs.map(|(name, value)| (name, PyString::new(py, value)));
                add_grouped(py, pairs, used, input)
            }
            Source::Header => {
                let mut pairs = Vec::new();
                self.headers(py).each(|name, value| {
                    let name = ferroapi_http::latin1::decode(name).into_owned();
                    pairs.push(headers::latin1(py, value).map(|value| (name, value)));
                    true
                });
                let pairs = pairs.into_iter().collect::<PyResult<Vec<_>>>()?;
                let pairs = pairs
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.clone()));
                add_grouped(py, pairs, used, input)
            }
        }
    }

    fn query_values<'py>(
        &self,
        py: Python<'py>,
        alias: &Alias,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let pairs = self.pairs_of(Source::Query);
        let values: Vec<_> = pairs
            .filter_map(|(name, value)| (name == alias.name).then_some(value))
            .collect();
        if values.is_empty() {
            return Ok(None);
        }
        Ok(Some(PyList::new(py, values)?.into_any()))
    }

    fn path_value<'py>(
        &self,
        py: Python<'py>,
        scope: &Scope,
        alias: &Alias,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let params = match self.mapping(Source::Path) {
            Some(params) => Some(params.bind(py).clone()),
            None => scope.get(py, Key::PathParams)?,
        };
        match params {
            Some(params) => params.cast::<PyDict>()?.get_item(&alias.key),
            None => Ok(None),
        }
    }
}

fn add_grouped<'a, 'py>(
    py: Python<'py>,
    pairs: impl Iterator<Item = (&'a str, Bound<'py, PyString>)>,
    used: &[&str],
    input: &Bound<'py, PyDict>,
) -> PyResult<()> {
    let grouped = PyDict::new(py);
    for (name, value) in pairs.filter(|(name, _)| !used.contains(name)) {
        match grouped.get_item(name)? {
            Some(values) => values.cast::<PyList>()?.append(value)?,
            None => grouped.set_item(name, PyList::new(py, [value])?)?,
        }
    }
    for (name, values) in grouped {
        let values = values.cast::<PyList>()?;
        if values.len() == 1 {
            input.set_item(name, values.get_item(0)?)?;
        } else {
            input.set_item(name, values)?;
        }
    }
    Ok(())
}

fn header_value<'py>(
    py: Python<'py>,
    headers: &Headers<'_>,
    alias: &Alias,
    many: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    // A name that is no Latin-1 text can't arrive.
    let Some(wanted) = alias.header.as_deref() else {
        return Ok(None);
    };
    if !many {
        let mut first = None;
        headers.each(|name, value| {
            if name == wanted {
                first = Some(headers::latin1(py, value).map(Bound::into_any));
            }
            first.is_none()
        });
        return first.transpose();
    }
    let mut found = Vec::new();
    headers.each(|name, value| {
        if name == wanted {
            found.push(headers::latin1(py, value));
        }
        true
    });
    let found = found.into_iter().collect::<PyResult<Vec<_>>>()?;
    let list = (!found.is_empty()).then(|| PyList::new(py, found));
    Ok(list.transpose()?.map(Bound::into_any))
}
