//! What a body's model looks like, for a reader that knows nothing else of pydantic.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use pyo3::{PyTraverseError, PyVisit};

use crate::plan::unknown;

/// The values that a schema accepts as they stand in the text, as `_compiled/model_reader.py` describes them.
pub enum Layout {
    Boolean,
    Date,
    DateTime,
    Float,
    /// Within bounds.
    Integer(i64, i64),
    Null,
    /// A scalar that this `validate_json` reads.
    Other(Py<PyAny>),
    /// At least and at most so many characters.
    Text(usize, usize),
    List(Box<Layout>),
    Map(Box<Layout>),
    Model(Box<ModelLayout>),
    Nullable(Box<Layout>),
}

/// An object that becomes an instance of a class of pydantic's.
pub struct ModelLayout {
    pub class: Py<PyType>,
    pub fields: Vec<FieldLayout>,
}

pub struct FieldLayout {
    pub name: Py<PyString>,
    /// The name in the text.
    pub key: String,
    pub layout: Layout,
    pub missing: Missing,
}

/// What stands for a member that is missing.
pub enum Missing {
    /// Nothing can.
    Refused,
    /// Something that nobody can change.
    Value(Py<PyAny>),
    EmptyList,
    EmptyMap,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Layout {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, content): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        Ok(match kind.to_str()? {
            "bool" => Self::Boolean,
            "date" => Self::Date,
            "datetime" => Self::DateTime,
            "float" => Self::Float,
            "int" => {
                let (low, high) = content.extract()?;
                Self::Integer(low, high)
            }
            "none" => Self::Null,
            "other" => Self::Other(content.unbind()),
            "str" => {
                let (least, most) = content.extract()?;
                Self::Text(least, most)
            }
            "list" => Self::List(Box::new(content.extract()?)),
            "dict" => Self::Map(Box::new(content.extract()?)),
            "model" => Self::Model(Box::new(content.extract()?)),
            "nullable" => Self::Nullable(Box::new(content.extract()?)),
            other => return Err(unknown("layout", other)),
        })
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for ModelLayout {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (class, fields) = object.extract()?;
        Ok(Self { class, fields })
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for FieldLayout {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (name, key, layout, missing) = object.extract()?;
        Ok(Self {
            name,
            key,
            layout,
            missing,
        })
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Missing {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, value): (Bound<'py, PyString>, Bound<'py, PyAny>) = object.extract()?;
        match kind.to_str()? {
            "refused" => Ok(Self::Refused),
            "value" => Ok(Self::Value(value.unbind())),
            "list" => Ok(Self::EmptyList),
            "dict" => Ok(Self::EmptyMap),
            other => Err(unknown("default", other)),
        }
    }
}

impl Layout {
    pub fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self {
            Self::List(inner) | Self::Map(inner) | Self::Nullable(inner) => inner.traverse(visit),
            Self::Other(validate) => visit.call(validate),
            Self::Model(model) => {
                visit.call(&model.class)?;
                let mut fields = model.fields.iter();
                fields.try_for_each(|field| field.layout.traverse(visit))
            }
            _ => Ok(()),
        }
    }
}

impl ModelLayout {
    /// The place of the field with this key; most texts have them in their order, so that `guess` is right.
    #[inline]
    pub fn place(&self, key: &str, guess: usize) -> Option<usize> {
        if self.fields.get(guess).is_some_and(|field| field.key == key) {
            return Some(guess);
        }
        self.fields.iter().position(|field| field.key == key)
    }
}
