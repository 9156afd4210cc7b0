//! What a response model looks like, for a writer that knows nothing else of pydantic.

use pyo3::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyFrozenSet, PyString, PyType};

use ferroapi_http::json::text;

use crate::plan::unknown;
use crate::traverse::{Traverse, Visited, traverse};

/// The values that a schema expects, as `_compiled/model_writer.py` describes them.
pub enum Shape {
    Any,
    Boolean,
    Date,
    DateTime,
    /// Instances of this class, written as the text that `str` makes of them.
    Printed(Py<PyType>),
    /// Members of this enumeration, written as their values.
    Enum(Py<PyType>),
    Float,
    Integer,
    Null,
    Text,
    /// One of these strings.
    OneOf(Py<PyFrozenSet>),
    /// What the first of these that fits makes of it.
    Union(Vec<Shape>),
    List(Box<Shape>),
    /// Its keys are strings.
    Map(Box<Shape>),
    Model(Box<ModelShape>),
    Nullable(Box<Shape>),
}

/// Instances of one class of pydantic's.
pub struct ModelShape {
    pub class: Py<PyType>,
    /// In the order in which the instance's dict has them.
    pub fields: Vec<FieldShape>,
}

pub struct FieldShape {
    pub name: Py<PyString>,
    /// The key as it is written, with the colon.
    pub key: Vec<u8>,
    pub shape: Shape,
}

impl Traverse for Shape {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Printed(class) | Self::Enum(class) => class.traverse(visit),
            Self::OneOf(strings) => strings.traverse(visit),
            Self::Union(choices) => choices.traverse(visit),
            Self::List(inner) | Self::Map(inner) | Self::Nullable(inner) => inner.traverse(visit),
            Self::Model(model) => model.traverse(visit),
            Self::Any
            | Self::Boolean
            | Self::Date
            | Self::DateTime
            | Self::Float
            | Self::Integer
            | Self::Null
            | Self::Text => Ok(()),
        }
    }
}

traverse!(ModelShape { class, fields });
traverse!(FieldShape { shape } but { name, key });

impl<'a, 'py> FromPyObject<'a, 'py> for Shape {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, content): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        Ok(match kind.to_str()? {
            "any" => Self::Any,
            "bool" => Self::Boolean,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "printed" => Self::Printed(content.extract()?),
            "enum" => Self::Enum(content.extract()?),
            "float" => Self::Float,
            "int" => Self::Integer,
            "none" => Self::Null,
            "str" => Self::Text,
            "literal" => Self::OneOf(content.extract()?),
            "union" => Self::Union(content.extract()?),
            "list" => Self::List(Box::new(content.extract()?)),
            "dict" => Self::Map(Box::new(content.extract()?)),
            "model" => Self::Model(Box::new(content.extract()?)),
            "nullable" => Self::Nullable(Box::new(content.extract()?)),
            other => return Err(unknown("shape", other)),
        })
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for ModelShape {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (class, fields) = object.extract()?;
        Ok(Self { class, fields })
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for FieldShape {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (name, written, shape): (_, Bound<'py, PyString>, _) = object.extract()?;
        let mut key = Vec::new();
        text::write_str(&mut key, written.to_str()?);
        key.push(b':');
        Ok(Self { name, key, shape })
    }
}

impl Shape {}
