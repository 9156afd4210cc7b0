//! The raw values of one request, read on first use and kept for all steps.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::{cookies, headers, query};
use crate::plan::{Alias, Param, Source};

/// Raw values by source.
#[derive(Default)]
pub struct Values {
    query: Option<Vec<(String, String)>>,
    cookies: Option<Py<PyDict>>,
}

impl Values {
    /// The raw value of `param` and the alias under which it came; `None` where there is none.
    ///
    /// The first alias that is present wins; without any, errors are located at the first one.
    pub fn find<'py, 'a>(
        &mut self,
        scope: &Bound<'py, PyDict>,
        param: &'a Param,
    ) -> PyResult<(&'a Alias, Option<Bound<'py, PyAny>>)> {
        let Some(first) = param.aliases.first() else {
            return Err(pyo3::exceptions::PyRuntimeError::new_err(
                "a parameter without a name",
            ));
        };
        for alias in &param.aliases {
            if let Some(value) = self.value(scope, param, alias)? {
                let empty = param.empty_is_missing && value.len()? == 0;
                return Ok((alias, (!empty && !value.is_none()).then_some(value)));
            }
        }
        Ok((first, None))
    }

    fn value<'py>(
        &mut self,
        scope: &Bound<'py, PyDict>,
        param: &Param,
        alias: &Alias,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match param.source {
            Source::Path => path_value(scope, alias),
            Source::Query => self.query_value(scope, alias, param.many),
            Source::Header => header_value(scope, alias, param.many),
            Source::Cookie => self.cookies(scope)?.get_item(&alias.key),
        }
    }

    fn query_value<'py>(
        &mut self,
        scope: &Bound<'py, PyDict>,
        alias: &Alias,
        many: bool,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let py = scope.py();
        if self.query.is_none() {
            self.query = Some(query::pairs(scope)?);
        }
        let pairs = self.query.as_deref().unwrap_or_default();
        let mut found = pairs
            .iter()
            .filter(|(name, _)| *name == alias.name)
            .map(|(_, value)| value);
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

    fn cookies<'py>(&mut self, scope: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyDict>> {
        if let Some(cookies) = &self.cookies {
            return Ok(cookies.bind(scope.py()).clone());
        }
        let cookies = cookies::collect(scope)?;
        self.cookies = Some(cookies.clone().unbind());
        Ok(cookies)
    }
}

fn path_value<'py>(
    scope: &Bound<'py, PyDict>,
    alias: &Alias,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = scope.py();
    match scope.get_item(intern!(py, "path_params"))? {
        None => Ok(None),
        Some(params) => match params.cast::<PyDict>() {
            Ok(params) => params.get_item(&alias.key),
            Err(_) if params.contains(&alias.key)? => params.get_item(&alias.key).map(Some),
            Err(_) => Ok(None),
        },
    }
}

fn header_value<'py>(
    scope: &Bound<'py, PyDict>,
    alias: &Alias,
    many: bool,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = scope.py();
    // A name that is no Latin-1 text can't arrive.
    let Some(wanted) = alias.header.as_deref() else {
        return Ok(None);
    };
    let mut found = Vec::new();
    headers::each_header(scope, |name, value| {
        if name == wanted {
            found.push(headers::latin1(py, value));
        }
        many || found.is_empty()
    })?;
    if many {
        return Ok((!found.is_empty())
            .then(|| PyList::new(py, found))
            .transpose()?
            .map(Bound::into_any));
    }
    Ok(found.into_iter().next().map(Bound::into_any))
}
