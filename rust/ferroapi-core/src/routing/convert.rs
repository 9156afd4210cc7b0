//! From the matched text of a path parameter to its value.

use pyo3::PyVisit;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyString};

use crate::plan::unknown;
use crate::traverse::{Traverse, Visited};

/// Starlette's convertors; all but the plain ones are asked in Python.
pub enum Conversion {
    Text,
    Int,
    Float,
    Python(Py<PyAny>),
}

impl<'a, 'py> FromPyObject<'a, 'py> for Conversion {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, convertor): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        match kind.to_str()? {
            "text" => Ok(Self::Text),
            "int" => Ok(Self::Int),
            "float" => Ok(Self::Float),
            "python" => Ok(Self::Python(convertor.unbind())),
            other => Err(unknown("conversion", other)),
        }
    }
}

impl Traverse for (Py<PyString>, Conversion) {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match &self.1 {
            Conversion::Python(convertor) => convertor.traverse(visit),
            Conversion::Text | Conversion::Int | Conversion::Float => Ok(()),
        }
    }
}

impl Conversion {
    pub fn convert<'py>(&self, py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Self::Text => Ok(PyString::new(py, text).into_any()),
            Self::Int => match text.parse::<i64>() {
                Ok(value) => Ok(value.into_pyobject(py)?.into_any()),
                // Beyond 64 bits Python's own limit on digits is the contract.
                Err(_) => py.get_type::<PyInt>().call1((text,)),
            },
            Self::Float => text
                .parse::<f64>()
                .map(|value| PyFloat::new(py, value).into_any())
                .map_err(|error| PyValueError::new_err(error.to_string())),
            Self::Python(convertor) => convertor
                .bind(py)
                .call_method1(intern!(py, "convert"), (text,)),
        }
    }
}
