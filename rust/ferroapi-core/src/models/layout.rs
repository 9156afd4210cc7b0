//! What a body's model looks like, for a reader that knows nothing else of pydantic.

use pyo3::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PySet, PyString, PyType};

use ferroapi_http::json::scan::Scanner;

use crate::plan::unknown;
use crate::traverse::{Traverse, Visited, traverse};

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
    /// The names of all fields, without values: to copy it is cheaper than to let a dict grow.
    pub names: Py<PyDict>,
    /// The same as a set.
    pub all_set: Py<PySet>,
}

pub struct FieldLayout {
    pub name: Py<PyString>,
    /// The name in the text, where it needs no escapes.
    pub key: String,
    pub layout: Layout,
    pub missing: Missing,
}

impl Traverse for Layout {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::List(inner) | Self::Map(inner) | Self::Nullable(inner) => inner.traverse(visit),
            Self::Other(validate) => validate.traverse(visit),
            Self::Model(model) => model.traverse(visit),
            Self::Boolean
            | Self::Date
            | Self::DateTime
            | Self::Float
            | Self::Integer(..)
            | Self::Null
            | Self::Text(..) => Ok(()),
        }
    }
}

// The rest are names and values without references of their own.
traverse!(ModelLayout { class, fields } but { names, all_set });
traverse!(FieldLayout { layout } but { name, key, missing });

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
        let (class, fields): (_, Vec<FieldLayout>) = object.extract()?;
        let py = object.py();
        let names = PyDict::new(py);
        for field in &fields {
            names.set_item(&field.name, py.None())?;
        }
        let all_set = PySet::new(py, names.keys())?.unbind();
        Ok(Self {
            class,
            fields,
            names: names.unbind(),
            all_set,
        })
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

impl Layout {}

impl ModelLayout {
    /// Reads a key; the place of the field that has it. Most texts have them in their order, so that `guess` is right.
    #[inline]
    pub fn place(&self, scanner: &mut Scanner<'_>, guess: usize) -> Option<usize> {
        let expected = self.fields.get(guess);
        if expected.is_some_and(|field| scanner.take_key(&field.key)) {
            return Some(guess);
        }
        let key = scanner.key()?;
        self.fields.iter().position(|field| field.key == key)
    }
}
