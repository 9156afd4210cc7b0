//! From the matched text of a path parameter to its value.

use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyInt, PyString};

use crate::plan::unknown;
use crate::traverse::traverse;

/// A parameter in a path template.
#[derive(FromPyObject)]
pub struct Parameter {
    pub name: Py<PyString>,
    /// The convertor that `conversion` stands for.
    convertor: Py<PyAny>,
    conversion: Conversion,
}

traverse!(Parameter { name, convertor } but { conversion });

/// Starlette's convertors; all but the plain ones are asked in Python.
#[derive(Clone, Copy)]
enum Conversion {
    Text,
    Int,
    Float,
    Asked,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Conversion {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        match object.cast::<PyString>()?.to_str()? {
            "text" => Ok(Self::Text),
            "int" => Ok(Self::Int),
            "float" => Ok(Self::Float),
            "asked" => Ok(Self::Asked),
            other => Err(unknown("conversion", other)),
        }
    }
}

impl Parameter {
    /// The value of `text`, by what the route's `convertors` have under the name now.
    pub fn convert<'py>(
        &self,
        convertors: &Bound<'py, PyAny>,
        text: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = convertors.py();
        let convertor = match convertors.cast_exact::<PyDict>() {
            Ok(dict) => dict
                .get_item(&self.name)?
                .ok_or_else(|| PyKeyError::new_err((self.name.clone_ref(py),)))?,
            Err(_) => convertors.get_item(&self.name)?,
        };
        if convertor.is(&self.convertor) {
            self.conversion.convert(&convertor, text)
        } else {
            Conversion::Asked.convert(&convertor, text)
        }
    }
}

impl Conversion {
    fn convert<'py>(
        self,
        convertor: &Bound<'py, PyAny>,
        text: &str,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = convertor.py();
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
            Self::Asked => convertor.call_method1(intern!(py, "convert"), (text,)),
        }
    }
}
