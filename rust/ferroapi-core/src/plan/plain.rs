//! Values of the plainest types, made without pydantic where it would make the same.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyString};

use super::spec::unknown;
use crate::unicode::utf8;

/// What a raw value may be taken for.
pub enum Plain {
    No,
    /// A text is its own value.
    Text,
    /// A new list of texts is its own value.
    Texts,
    /// Decimal digits are an integer, if it is within these bounds.
    Integer {
        low: i64,
        high: i64,
    },
}

impl<'a, 'py> FromPyObject<'a, 'py> for Plain {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let (kind, (low, high)): (Bound<'py, PyString>, (i64, i64)) = object.extract()?;
        match kind.to_str()? {
            "no" => Ok(Self::No),
            "text" => Ok(Self::Text),
            "texts" => Ok(Self::Texts),
            "integer" => Ok(Self::Integer { low, high }),
            other => Err(unknown("plain type", other)),
        }
    }
}

impl Plain {
    /// The value of a parameter that nobody else has seen; none if pydantic has to be asked.
    pub fn value(&self, raw: &Bound<'_, PyAny>) -> Option<Py<PyAny>> {
        match self {
            Self::No => None,
            Self::Text => text(raw).map(|_| raw.clone().unbind()),
            Self::Texts => {
                let list = raw.cast_exact::<PyList>().ok()?;
                let plain = list.iter().all(|item| text(&item).is_some());
                plain.then(|| raw.clone().unbind())
            }
            Self::Integer { low, high } => {
                let integer = text(raw).and_then(canonical)?;
                let within = (*low..=*high).contains(&integer);
                let made = within.then(|| integer.into_pyobject(raw.py()));
                made?.ok().map(|made| made.into_any().unbind())
            }
        }
    }
}

/// An exact string without lone surrogates.
fn text<'a>(raw: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    utf8(raw.cast_exact::<PyString>().ok()?).ok()
}

/// An integer written as `str(integer)` writes it, of at most 18 digits.
fn canonical(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.len() < 18 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if canonical { text.parse().ok() } else { None }
}
