//! The input of a parameter model: its fields as they arrived, and everything else that did.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use smallvec::SmallVec;

use super::spec::{ModelParam, ParamModel, Source};
use crate::extract::{Found, Values, Wanted};
use crate::scope::Scope;

/// What a request says of a model.
pub struct ModelInput<'py> {
    /// By the names that validation expects; none if a nullable model is simply absent.
    pub values: Option<Bound<'py, PyDict>>,
    /// By field, the header that stands for it, where that has another name.
    pub headers: Option<Bound<'py, PyDict>>,
}

/// Gathers the input of `model`. What is no field of it is for its own `extra` setting to refuse, keep or
/// ignore.
pub fn gather<'py>(
    py: Python<'py>,
    received: &Values,
    scope: &Scope,
    source: Source,
    model: &ParamModel,
) -> PyResult<ModelInput<'py>> {
    let values = PyDict::new(py);
    let mut headers: Option<Bound<'py, PyDict>> = None;
    let mut used: SmallVec<[&str; 16]> = SmallVec::new();
    let mut supplied = false;
    for field in &model.fields {
        let found = received.find(py, scope, &field.wanted(source))?;
        supplied = supplied || found.is_some();
        let (position, value) = match found {
            Some(Found { position, value }) => (position, value),
            None => (0, None),
        };
        let (Some(alias), Some(key)) = (field.aliases.get(position), field.keys.get(position))
        else {
            continue;
        };
        if let Some(value) = value {
            values.set_item(key, value)?;
        }
        used.push(alias.lookup(source));
        used.extend(field.spellings.iter().map(String::as_str));
        if model.renames && key.bind(py).to_str()? != alias.name {
            let headers = headers.get_or_insert_with(|| PyDict::new(py));
            headers.set_item(&field.name, &alias.key)?;
        }
    }
    received.add_others(py, source, &used, &values)?;
    supplied = supplied || (model.extra_counts && !values.is_empty());
    Ok(ModelInput {
        values: (supplied || !model.nullable).then_some(values),
        headers,
    })
}

impl ModelParam {
    fn wanted(&self, source: Source) -> Wanted<'_> {
        Wanted {
            source,
            aliases: &self.aliases,
            many: self.many,
            empty_is_missing: self.empty_is_missing,
        }
    }
}
