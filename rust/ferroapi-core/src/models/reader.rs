//! JSON to models, the same as those that pydantic's `validate_json` makes of it.
//!
//! Only what a schema accepts as it stands is read here. For anything else (another type, a key that no field has, a
//! text that is no JSON) the whole text is left to pydantic, with its conversions and its errors.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple};
use pyo3::{PyVisit, ffi};
use smallvec::SmallVec;

use ferroapi_http::json::scan::Scanner;

use super::layout::{FieldLayout, Layout, Missing, ModelLayout};
use super::moment;
use crate::traverse::{Traverse, Visited, traverse};

/// Values nested deeper than this are left to pydantic.
const DEPTH_LIMIT: usize = 64;

/// Reads the values of one model.
#[pyclass(frozen, module = "ferroapi._core")]
pub struct ModelReader {
    layout: Layout,
    validate_json: Py<PyAny>,
    /// The time zone that pydantic makes of `Z`.
    utc: Py<PyAny>,
}

traverse!(ModelReader {
    layout,
    validate_json,
    utc
});

#[pymethods]
impl ModelReader {
    #[new]
    fn new(layout: Layout, validate_json: Py<PyAny>, utc: Py<PyAny>) -> Self {
        Self {
            layout,
            validate_json,
            utc,
        }
    }

    /// As `validate_json`.
    fn __call__<'py>(&self, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.read(data) {
            Some(value) => Ok(value),
            None => self.validate_json.bind(data.py()).call1((data,)),
        }
    }

    /// The value that a text stands for; None where pydantic has to read it.
    fn read<'py>(&self, data: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
        let bytes = data.cast_exact::<PyBytes>().ok()?;
        let mut text = Text {
            scanner: Scanner::new(str::from_utf8(bytes.as_bytes()).ok()?),
            utc: self.utc.bind(data.py()),
            depth: 0,
        };
        let value = text.value(&self.layout)?;
        text.scanner.is_at_end().then_some(value)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}

/// A text that is being read. What returns nothing has met something for pydantic.
struct Text<'a, 'py> {
    scanner: Scanner<'a>,
    utc: &'a Bound<'py, PyAny>,
    depth: usize,
}

impl<'py> Text<'_, 'py> {
    fn py(&self) -> Python<'py> {
        self.utc.py()
    }

    fn value(&mut self, layout: &Layout) -> Option<Bound<'py, PyAny>> {
        let py = self.py();
        Some(match layout {
            Layout::Text(least, most) => self.string(*least, *most)?,
            Layout::Integer(low, high) => {
                let value = self.scanner.integer()?;
                (*low..=*high).contains(&value).then_some(())?;
                PyInt::new(py, value).into_any()
            }
            Layout::Float => PyFloat::new(py, self.scanner.float()?).into_any(),
            Layout::Boolean => {
                let value = self.scanner.peek()? == b't';
                self.scanner.word(if value { "true" } else { "false" })?;
                PyBool::new(py, value).to_owned().into_any()
            }
            Layout::Nullable(inner) if self.scanner.peek()? != b'n' => self.value(inner)?,
            Layout::Null | Layout::Nullable(_) => {
                self.scanner.word("null")?;
                py.None().into_bound(py)
            }
            Layout::Model(model) => self.nested(|text| text.model(model))?,
            Layout::List(items) => self.nested(|text| text.list(items))?,
            Layout::Map(values) => self.nested(|text| text.map(values))?,
            Layout::DateTime => moment::read_datetime(self.utc, &self.scanner.string()?)?,
            Layout::Date => moment::read_date(py, &self.scanner.string()?)?,
            Layout::Other(validate) => {
                let validate = validate.bind(py);
                validate.call1((self.scanner.scalar()?,)).ok()?
            }
        })
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Option<Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        if self.depth == DEPTH_LIMIT {
            return None;
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn string(&mut self, least: usize, most: usize) -> Option<Bound<'py, PyAny>> {
        let string = self.scanner.string()?;
        // No string has more characters than bytes.
        if least > 0 || string.len() > most {
            let length = string.chars().count();
            (least..=most).contains(&length).then_some(())?;
        }
        Some(PyString::new(self.py(), &string).into_any())
    }

    fn list(&mut self, items: &Layout) -> Option<Bound<'py, PyAny>> {
        self.scanner.take(b'[').then_some(())?;
        let mut values: SmallVec<[Bound<'py, PyAny>; 16]> = SmallVec::new();
        if !self.scanner.take(b']') {
            loop {
                values.push(self.value(items)?);
                if !self.scanner.take(b',') {
                    self.scanner.take(b']').then_some(())?;
                    break;
                }
            }
        }
        PyList::new(self.py(), values).ok().map(Bound::into_any)
    }

    fn map(&mut self, values: &Layout) -> Option<Bound<'py, PyAny>> {
        let map = PyDict::new(self.py());
        self.members(|text| {
            let key = text.scanner.key()?;
            let value = text.value(values)?;
            map.set_item(key, value).ok()
        })?;
        Some(map.into_any())
    }

    /// Reads an object; `read` takes each key with its value.
    #[inline]
    fn members(&mut self, mut read: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.scanner.take(b'{').then_some(())?;
        if self.scanner.take(b'}') {
            return Some(());
        }
        loop {
            read(self)?;
            if !self.scanner.take(b',') {
                return self.scanner.take(b'}').then_some(());
            }
        }
    }

    fn model(&mut self, model: &ModelLayout) -> Option<Bound<'py, PyAny>> {
        let mut values: SmallVec<[Option<Bound<'py, PyAny>>; 16]> = SmallVec::new();
        values.resize(model.fields.len(), None);
        let mut next = 0;
        self.members(|text| {
            let place = model.place(&mut text.scanner, next)?;
            next = place + 1;
            let value = text.value(&model.fields.get(place)?.layout)?;
            // Of a key that comes twice pydantic has to judge.
            let former = values.get_mut(place)?.replace(value);
            former.is_none().then_some(())
        })?;
        let py = self.py();
        let given = given(py, model, &values)?;
        let members = model.names.bind(py).copy().ok()?;
        for (field, value) in model.fields.iter().zip(values) {
            let value = value.map_or_else(|| absent(py, field), Some)?;
            members.set_item(&field.name, value).ok()?;
        }
        instance(model, &members, &given)
    }
}

/// The names of the fields that the text has.
fn given<'py>(
    py: Python<'py>,
    model: &ModelLayout,
    values: &[Option<Bound<'py, PyAny>>],
) -> Option<Bound<'py, PySet>> {
    if values.iter().all(Option::is_some) {
        let all = model.all_set.as_ptr();
        // SAFETY: the set is alive. The result is a new set with the same members, or null with an exception set, which
        // `from_owned_ptr_or_err` takes.
        let copy = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PySet_New(all)) };
        return copy.ok()?.cast_into().ok();
    }
    let given = PySet::empty(py).ok()?;
    for (field, value) in model.fields.iter().zip(values) {
        if value.is_some() {
            given.add(&field.name).ok()?;
        }
    }
    Some(given)
}

/// The value of a field that the text does not have.
fn absent<'py>(py: Python<'py>, field: &FieldLayout) -> Option<Bound<'py, PyAny>> {
    match &field.missing {
        Missing::Refused => None,
        Missing::Value(value) => Some(value.bind(py).clone()),
        Missing::EmptyList => Some(PyList::empty(py).into_any()),
        Missing::EmptyMap => Some(PyDict::new(py).into_any()),
    }
}

/// An instance with these fields, made without its class's `__init__`, as pydantic makes it.
fn instance<'py>(
    model: &ModelLayout,
    members: &Bound<'py, PyDict>,
    given: &Bound<'py, PySet>,
) -> Option<Bound<'py, PyAny>> {
    let py = members.py();
    let class = model.class.bind(py).as_type_ptr();
    // SAFETY: the class is alive, and its `tp_new` is called as a type's own call does: with the class, a tuple and no
    // keywords. It returns a new reference, or null with an exception set, which `from_owned_ptr_or_err` takes.
    let instance = unsafe {
        let new = (*class).tp_new?;
        let instance = new(class, PyTuple::empty(py).as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, instance).ok()?
    };
    // SAFETY: both objects are alive; the function is that of the ordinary descriptor of `__dict__`.
    let outcome = unsafe {
        ffi::PyObject_GenericSetDict(instance.as_ptr(), members.as_ptr(), std::ptr::null_mut())
    };
    if outcome != 0 {
        drop(PyErr::take(py));
        return None;
    }
    let none = py.None();
    set(&instance, intern!(py, "__pydantic_fields_set__"), given)?;
    set(&instance, intern!(py, "__pydantic_extra__"), none.bind(py))?;
    set(
        &instance,
        intern!(py, "__pydantic_private__"),
        none.bind(py),
    )?;
    Some(instance)
}

/// Sets an attribute past the class's own `__setattr__`.
fn set(
    instance: &Bound<'_, PyAny>,
    name: &Bound<'_, PyString>,
    value: &Bound<'_, PyAny>,
) -> Option<()> {
    // SAFETY: all three objects are alive.
    let outcome =
        unsafe { ffi::PyObject_GenericSetAttr(instance.as_ptr(), name.as_ptr(), value.as_ptr()) };
    if outcome != 0 {
        drop(PyErr::take(instance.py()));
        return None;
    }
    Some(())
}
