//! The raw values of one request, read on first use and kept for all steps.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::headers;
use super::pairs::Pairs;
use super::sources::Sources;
use crate::plan::{Alias, Source};
use crate::scope::{Key, Scope};

/// Raw values by source.
#[derive(Default)]
pub struct Values {
    sources: Option<Sources>,
    query: Option<Pairs>,
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
    pub fn settle(&mut self, py: Python<'_>, scope: &Scope) -> PyResult<&Sources> {
        let sources = match self.sources.take() {
            Some(sources) => sources,
            None => Sources::of(py, scope)?,
        };
        Ok(self.sources.insert(sources))
    }

    /// Looks for a parameter under its names; the first one that is present wins.
    ///
    /// `None` where it is under none of them.
    pub fn find<'py>(
        &mut self,
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
        &mut self,
        py: Python<'py>,
        scope: &Scope,
        wanted: &Wanted<'_>,
        alias: &Alias,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match wanted.source {
            Source::Path => path_value(py, scope, alias),
            Source::Query => self.query_value(py, scope, alias, wanted.many),
            Source::Header => header_value(py, self.settle(py, scope)?, alias, wanted.many),
            Source::Cookie => {
                let value = self.cookies(py, scope)?.values(&alias.name).next_back();
                Ok(value.map(|value| PyString::new(py, value).into_any()))
            }
        }
    }

    /// Adds to `input` what came from `source` under other names than the `used` ones: a value, or a list
    /// where a name repeats.
    pub fn add_others(
        &mut self,
        py: Python<'_>,
        scope: &Scope,
        source: Source,
        used: &[&str],
        input: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        match source {
            Source::Path => Ok(()),
            Source::Cookie => {
                let pairs = self.cookies(py, scope)?.iter();
                pairs
                    .filter(|(name, _)| !used.contains(name))
                    .try_for_each(|(name, value)| input.set_item(name, value))
            }
            Source::Query => {
                let pairs = self.query(py, scope)?.iter();
                let pairs = pairs.map(|(name, value)| (name, PyString::new(py, value)));
                add_grouped(py, pairs, used, input)
            }
            Source::Header => {
                let mut pairs = Vec::new();
                self.settle(py, scope)?.each_header(py, |name, value| {
                    let name = ferroapi_http::latin1::decode(name).into_owned();
                    pairs.push(headers::latin1(py, value).map(|value| (name, value)));
                    true
                })?;
                let pairs = pairs.into_iter().collect::<PyResult<Vec<_>>>()?;
                let pairs = pairs
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.clone()));
                add_grouped(py, pairs, used, input)
            }
        }
    }

    fn query(&mut self, py: Python<'_>, scope: &Scope) -> PyResult<&Pairs> {
        if self.query.is_none() {
            self.query = Some(self.settle(py, scope)?.query(py)?);
        }
        Ok(self.query.get_or_insert_default())
    }

    fn cookies(&mut self, py: Python<'_>, scope: &Scope) -> PyResult<&Pairs> {
        if self.cookies.is_none() {
            self.cookies = Some(self.settle(py, scope)?.cookies(py)?);
        }
        Ok(self.cookies.get_or_insert_default())
    }

    fn query_value<'py>(
        &mut self,
        py: Python<'py>,
        scope: &Scope,
        alias: &Alias,
        many: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut found = self.query(py, scope)?.values(&alias.name);
        if many {
            let values: Vec<_> = found.collect();
            if values.is_empty() {
                return Ok(None);
            }
            return Ok(Some(PyList::new(py, values)?.into_any()));
        }
        Ok(found
            .next_back()
            .map(|value| PyString::new(py, value).into_any()))
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

fn path_value<'py>(
    py: Python<'py>,
    scope: &Scope,
    alias: &Alias,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    match scope.get(py, Key::PathParams)? {
        None => Ok(None),
        Some(params) => match params.cast::<PyDict>() {
            Ok(params) => params.get_item(&alias.key),
            Err(_) if params.contains(&alias.key)? => params.get_item(&alias.key).map(Some),
            Err(_) => Ok(None),
        },
    }
}

fn header_value<'py>(
    py: Python<'py>,
    sources: &Sources,
    alias: &Alias,
    many: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    // A name that is no Latin-1 text can't arrive.
    let Some(wanted) = alias.header.as_deref() else {
        return Ok(None);
    };
    if !many {
        let mut first = None;
        sources.each_header(py, |name, value| {
            if name == wanted {
                first = Some(headers::latin1(py, value).map(Bound::into_any));
            }
            first.is_none()
        })?;
        return first.transpose();
    }
    let mut found = Vec::new();
    sources.each_header(py, |name, value| {
        if name == wanted {
            found.push(headers::latin1(py, value));
        }
        true
    })?;
    let found = found.into_iter().collect::<PyResult<Vec<_>>>()?;
    let list = (!found.is_empty()).then(|| PyList::new(py, found));
    Ok(list.transpose()?.map(Bound::into_any))
}
