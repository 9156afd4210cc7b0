//! Starlette's classes whose objects are read without asking them.

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::cell::AttachedCell;
use crate::leaves::Leaves;
use crate::watch;

const COUNT: usize = 4;

/// `Request`, `WebSocket`, `QueryParams` and `Headers`, and whether they are as Starlette wrote them.
pub struct Connections {
    classes: [Py<PyType>; COUNT],
    /// Their versions at the last look, and what it found.
    seen: AttachedCell<([u32; COUNT], bool)>,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Connections {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self {
            classes: object.extract()?,
            seen: AttachedCell::new(([0; COUNT], false)),
        })
    }
}

impl Connections {
    /// Whether nothing that reads a connection was patched, in these classes or in their bases.
    pub fn are_plain(&self, py: Python<'_>, leaves: &Leaves) -> PyResult<bool> {
        let (seen, plain) = self.seen.read(py, |seen| *seen);
        let mut pairs = self.classes.iter().zip(seen);
        // Zero: CPython gave the type no version since its last change.
        if pairs.all(|(class, seen)| seen != 0 && watch::version(class.bind(py)) == seen) {
            return Ok(plain);
        }
        let plain = leaves.connections_are_plain.call0(py)?.is_truthy(py)?;
        // The look itself made CPython give each class a version.
        self.seen.replace(py, (self.versions(py), plain));
        Ok(plain)
    }

    /// Whether an object's own class is one of the two of connections.
    pub fn has(&self, connection: &Bound<'_, PyAny>) -> bool {
        let class = connection.get_type();
        self.classes[..2].iter().any(|known| class.is(known))
    }

    pub fn is_query_params(&self, object: &Bound<'_, PyAny>) -> bool {
        object.get_type().is(&self.classes[2])
    }

    pub fn is_headers(&self, object: &Bound<'_, PyAny>) -> bool {
        object.get_type().is(&self.classes[3])
    }

    pub fn query_params<'py>(&self, py: Python<'py>) -> &Bound<'py, PyType> {
        self.classes[2].bind(py)
    }

    pub fn headers<'py>(&self, py: Python<'py>) -> &Bound<'py, PyType> {
        self.classes[3].bind(py)
    }

    fn versions(&self, py: Python<'_>) -> [u32; COUNT] {
        self.classes
            .each_ref()
            .map(|class| watch::version(class.bind(py)))
    }
}

/// An object of a class whose `__init__` would only set attributes.
pub fn bare<'py>(leaves: &Leaves, class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
    let arguments = PyTuple::new(class.py(), [class])?;
    leaves.bare_object.bind(class.py()).call1(arguments)
}
