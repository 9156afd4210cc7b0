//! A scope that is a mapping of another kind than dict.

use pyo3::intern;
use pyo3::prelude::*;

use super::key::Name;

/// The mapping, which may do anything on a look-up: each is one of those that the reference makes.
pub struct Foreign(Py<PyAny>);

impl Foreign {
    pub fn new(object: &Bound<'_, PyAny>) -> Self {
        Self(object.clone().unbind())
    }

    pub fn object<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyAny> {
        self.0.bind(py)
    }

    /// `scope.get(name)`.
    pub fn get<'py>(&self, py: Python<'py>, name: Name) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self
            .object(py)
            .call_method1(intern!(py, "get"), (name.text(py),))?;
        Ok((!found.is_none()).then_some(found))
    }

    /// `scope[name]`.
    pub fn member<'py>(&self, py: Python<'py>, name: Name) -> PyResult<Bound<'py, PyAny>> {
        self.object(py).get_item(name.text(py))
    }

    pub fn contains(&self, py: Python<'_>, name: Name) -> PyResult<bool> {
        self.object(py).contains(name.text(py))
    }

    pub fn set(&self, py: Python<'_>, name: Name, value: &Py<PyAny>) -> PyResult<()> {
        self.object(py).set_item(name.text(py), value)
    }
}
