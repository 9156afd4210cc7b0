//! Response models to JSON, byte for byte as pydantic's `to_json` has them.
//!
//! Only what is exactly as the schema expects it is written here. For anything else (a subclass, a field that was
//! deleted or added, a number that has more than one spelling) the whole value is left to pydantic, with its warnings.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyType};

use ferroapi_http::json::text;

use super::moment;
use super::shape::{ModelShape, Shape};
use crate::own_dict::own_dict;
use crate::traverse::{Traverse, Visited, traverse};
use crate::unicode::utf8;

/// Values nested deeper than this are left to pydantic, which knows a cycle when it meets one.
const DEPTH_LIMIT: usize = 64;
/// Within these bounds every algorithm that finds the shortest digits writes them without an exponent.
const PLAIN_FLOATS: std::ops::Range<f64> = 1e-4..1e16;

/// Writes the values of one response model.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct ModelWriter {
    shape: Shape,
    leaves_out: LeavesOut,
    /// How long the last text was.
    length: AtomicUsize,
}

traverse!(ModelWriter { shape } but { leaves_out, length });

#[pymethods]
impl ModelWriter {
    #[new]
    #[pyo3(signature = (shape, *, exclude_none=false, exclude_unset=false))]
    fn new(shape: Shape, exclude_none: bool, exclude_unset: bool) -> Self {
        Self {
            shape,
            leaves_out: LeavesOut {
                none: exclude_none,
                unset: exclude_unset,
            },
            length: AtomicUsize::new(128),
        }
    }

    /// The JSON text of `value`; None where pydantic has to write it.
    fn write<'py>(&self, value: &Bound<'py, PyAny>) -> Option<Bound<'py, PyBytes>> {
        Some(PyBytes::new(value.py(), &self.text(value)?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}

impl ModelWriter {
    /// The JSON text of `value`; none where pydantic has to write it.
    pub fn text(&self, value: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
        let expected = self.length.load(Ordering::Relaxed);
        let mut text = Text {
            out: Vec::with_capacity(expected + expected / 8),
            leaves_out: self.leaves_out,
            depth: 0,
        };
        text.value(value, &self.shape)?;
        self.length.store(text.out.len(), Ordering::Relaxed);
        Some(text.out)
    }
}

/// Which fields of models are left out.
#[derive(Clone, Copy)]
struct LeavesOut {
    none: bool,
    unset: bool,
}

/// A text that is being written. What returns nothing has met a value for pydantic.
struct Text {
    out: Vec<u8>,
    leaves_out: LeavesOut,
    depth: usize,
}

impl Text {
    fn value(&mut self, value: &Bound<'_, PyAny>, shape: &Shape) -> Option<()> {
        match shape {
            Shape::Text => self.string(value.cast_exact().ok()?),
            Shape::Integer => self.integer(value.cast_exact().ok()?),
            Shape::Float => self.float(value.cast_exact().ok()?),
            Shape::Boolean => self.boolean(value),
            Shape::Nullable(inner) if !value.is_none() => self.value(value, inner),
            Shape::Null | Shape::Nullable(_) => self.null(value),
            Shape::Model(model) => self.nested(|text| text.model(value, model)),
            Shape::List(items) => self.nested(|text| text.list(value.cast_exact().ok()?, items)),
            Shape::Map(values) => self.nested(|text| text.map(value.cast_exact().ok()?, values)),
            Shape::DateTime => moment::write_datetime(&mut self.out, value),
            Shape::Date => moment::write_date(&mut self.out, value),
            Shape::Any => self.any(value),
            Shape::Enum(class) => {
                is_instance(value, class).then_some(())?;
                self.any(&value.getattr(intern!(value.py(), "value")).ok()?)
            }
            Shape::Printed(class) => {
                is_instance(value, class).then_some(())?;
                self.string(&value.str().ok()?)
            }
            Shape::OneOf(strings) => {
                let string = value.cast_exact::<PyString>().ok()?;
                let known = strings.bind(value.py()).contains(string).ok()?;
                known.then_some(())?;
                self.string(string)
            }
            Shape::Union(choices) => self.first(value, choices),
        }
    }

    /// A value of one of several kinds.
    fn first(&mut self, value: &Bound<'_, PyAny>, choices: &[Shape]) -> Option<()> {
        let length = self.out.len();
        choices.iter().find_map(|choice| {
            self.out.truncate(length);
            self.value(value, choice)
        })
    }

    /// A value of which the schema says nothing.
    fn any(&mut self, value: &Bound<'_, PyAny>) -> Option<()> {
        if let Ok(string) = value.cast_exact::<PyString>() {
            self.string(string)
        } else if let Ok(integer) = value.cast_exact::<PyInt>() {
            self.integer(integer)
        } else if let Ok(float) = value.cast_exact::<PyFloat>() {
            self.float(float)
        } else if value.cast_exact::<PyBool>().is_ok() {
            self.boolean(value)
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.nested(|text| text.list(list, &Shape::Any))
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            self.nested(|text| text.map(dict, &Shape::Any))
        } else {
            self.null(value)
        }
    }

    fn nested(&mut self, write: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        if self.depth == DEPTH_LIMIT {
            return None;
        }
        self.depth += 1;
        let written = write(self);
        self.depth -= 1;
        written
    }

    fn string(&mut self, string: &Bound<'_, PyString>) -> Option<()> {
        text::write_str(&mut self.out, utf8(string).ok()?);
        Some(())
    }

    fn integer(&mut self, integer: &Bound<'_, PyInt>) -> Option<()> {
        text::write_i64(&mut self.out, integer.extract().ok()?);
        Some(())
    }

    fn float(&mut self, float: &Bound<'_, PyFloat>) -> Option<()> {
        let float = float.value();
        (float == 0.0 || PLAIN_FLOATS.contains(&float.abs())).then_some(())?;
        text::write_f64(&mut self.out, float);
        Some(())
    }

    fn boolean(&mut self, value: &Bound<'_, PyAny>) -> Option<()> {
        let value = value.cast_exact::<PyBool>().ok()?.is_true();
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(text);
        Some(())
    }

    fn null(&mut self, value: &Bound<'_, PyAny>) -> Option<()> {
        value.is_none().then_some(())?;
        self.out.extend_from_slice(b"null");
        Some(())
    }

    fn list(&mut self, list: &Bound<'_, PyList>, items: &Shape) -> Option<()> {
        self.out.push(b'[');
        for (index, item) in list.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.value(&item, items)?;
        }
        self.out.push(b']');
        Some(())
    }

    fn map(&mut self, map: &Bound<'_, PyDict>, values: &Shape) -> Option<()> {
        self.out.push(b'{');
        for (index, (key, value)) in map.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            self.string(key.cast_exact().ok()?)?;
            self.out.push(b':');
            self.value(&value, values)?;
        }
        self.out.push(b'}');
        Some(())
    }

    fn model(&mut self, value: &Bound<'_, PyAny>, model: &ModelShape) -> Option<()> {
        is_instance(value, &model.class).then_some(())?;
        let members = own_dict(value).ok()?.into_any();
        let members = members.cast_exact::<PyDict>().ok()?;
        (members.len() == model.fields.len()).then_some(())?;
        let set = if self.leaves_out.unset {
            let set = value.getattr(intern!(value.py(), "__pydantic_fields_set__"));
            Some(set.ok()?.cast_into_exact::<PySet>().ok()?)
        } else {
            None
        };
        self.out.push(b'{');
        let mut first = true;
        for ((name, value), field) in members.iter().zip(&model.fields) {
            if !name.is(&field.name) && !name.eq(&field.name).ok()? {
                return None;
            }
            if self.leaves_out.none && value.is_none() {
                continue;
            }
            if let Some(set) = &set
                && !set.contains(&name).ok()?
            {
                continue;
            }
            if !std::mem::take(&mut first) {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&field.key);
            self.value(&value, &field.shape)?;
        }
        self.out.push(b'}');
        Some(())
    }
}

/// Whether an object is of this class itself.
fn is_instance(value: &Bound<'_, PyAny>, class: &Py<PyType>) -> bool {
    value.get_type_ptr().cast() == class.as_ptr()
}
