//! Validation of one raw value by pydantic, with the reference's error locations.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use super::spec::{Check, Default};
use crate::leaves::Leaves;
use crate::validate::validate_python;

/// The validation errors of a request so far; the list is made when there is a first one.
#[derive(Default)]
pub struct Errors(Option<Py<PyList>>);

impl Errors {
    pub fn append(&mut self, py: Python<'_>, error: Py<PyAny>) -> PyResult<()> {
        self.list(py).append(error)
    }

    /// Adds all of `errors`; tells whether there were any.
    pub fn extend(&mut self, errors: &Bound<'_, PyAny>) -> PyResult<bool> {
        if errors.len()? == 0 {
            return Ok(false);
        }
        let list = self.list(errors.py());
        for error in errors.try_iter()? {
            list.append(error?)?;
        }
        Ok(true)
    }

    fn list<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyList> {
        self.0
            .get_or_insert_with(|| PyList::empty(py).unbind())
            .bind(py)
            .clone()
    }

    pub fn into_list(self) -> Option<Py<PyList>> {
        self.0
    }
}

/// Validates `value`, or what stands in for a missing one; `None` when errors were added instead.
pub fn validate(
    leaves: &Leaves,
    check: &Check,
    value: Option<Bound<'_, PyAny>>,
    loc: &Py<PyTuple>,
    errors: &mut Errors,
    py: Python<'_>,
) -> PyResult<Option<Py<PyAny>>> {
    let value = match value {
        Some(value) => value.unbind(),
        None => match &check.default {
            Default::Required => {
                errors.append(py, leaves.missing_error.call1(py, (loc,))?)?;
                return Ok(None);
            }
            Default::Shared(value) if !check.validate_default => {
                return Ok(Some(value.clone_ref(py)));
            }
            Default::Shared(value) => value.clone_ref(py),
            Default::PerRequest => {
                let value = leaves.field_default.call1(py, (&check.field,))?;
                if !check.validate_default {
                    return Ok(Some(value));
                }
                value
            }
        },
    };
    run_validator(py, leaves, check, &value, loc, errors)
}

fn run_validator(
    py: Python<'_>,
    leaves: &Leaves,
    check: &Check,
    value: &Py<PyAny>,
    loc: &Py<PyTuple>,
    errors: &mut Errors,
) -> PyResult<Option<Py<PyAny>>> {
    let Some(validator) = &check.validate else {
        let (value, found): (Py<PyAny>, Bound<'_, PyAny>) = leaves
            .validate_field
            .call1(py, (&check.field, value, loc))?
            .extract(py)?;
        return Ok((!errors.extend(&found)?).then_some(value));
    };
    match validate_python(py, validator, value) {
        Ok(value) => Ok(Some(value)),
        // `pydantic_core.ValidationError` is a `ValueError`; the leaf re-raises any other one.
        Err(error) if error.is_instance_of::<PyValueError>(py) => {
            let found = leaves
                .located_errors
                .call1(py, (error.into_value(py), loc))?;
            errors.extend(found.bind(py))?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
