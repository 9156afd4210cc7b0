//! The call of pydantic-core that every parameter and every response model goes through.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyTuple};

use crate::call::call_fixed;

/// `validator(value, from_attributes=True)`, where `validator` is a `SchemaValidator.validate_python`.
pub fn validate_python(
    py: Python<'_>,
    validator: &Py<PyAny>,
    value: &Py<PyAny>,
) -> PyResult<Py<PyAny>> {
    static NAMES: PyOnceLock<Py<PyTuple>> = PyOnceLock::new();
    let names = NAMES.get_or_try_init(py, || {
        PyTuple::new(py, [intern!(py, "from_attributes")]).map(Bound::unbind)
    })?;
    let yes = PyBool::new(py, true);
    let arguments = [value.bind_borrowed(py), yes.as_any().as_borrowed()];
    call_fixed(py, validator, arguments, names)
}
