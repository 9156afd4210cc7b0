//! Noticing that a class was patched, at the price of comparing a few integers.

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::cell::AttachedCell;
use crate::epoch;
use crate::leaves::Leaves;
use crate::traverse::{Traverse, Visited};

/// Classes whose methods the compiled path stands for, and the version they were last seen at.
pub struct Watched(Vec<(Py<PyType>, AttachedCell<u32>)>);

impl Traverse for Watched {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        self.0
            .iter()
            .try_for_each(|(class, _)| class.traverse(visit))
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for Watched {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let classes: Vec<Bound<'py, PyType>> = object.extract()?;
        let mut watched = Vec::new();
        for class in &classes {
            if !has_subclass(class, &classes) {
                watched.push((class.clone().unbind(), AttachedCell::new(0)));
            }
        }
        Ok(Self(watched))
    }
}

/// Whether one of `classes` inherits from `class`: CPython takes the version of a subclass for void when a base of it
/// changes.
fn has_subclass(class: &Bound<'_, PyType>, classes: &[Bound<'_, PyType>]) -> bool {
    let inherits = |other: &Bound<'_, PyType>| other.mro().iter().any(|base| base.is(class));
    classes
        .iter()
        .any(|other| !other.is(class) && inherits(other))
}

/// Moves the epoch if one of the package's classes changed since the last call.
pub fn look(py: Python<'_>, leaves: &Leaves) {
    leaves.watched_classes.look(py);
}

impl Watched {
    /// Moves the epoch if one of the classes changed since the last call.
    pub fn look(&self, py: Python<'_>) {
        let mut changed = false;
        for (class, seen) in &self.0 {
            let version = version(class.bind(py));
            // Zero: CPython gave the type no version since its last change.
            if version == 0 || version != seen.read(py, |seen| *seen) {
                seen.replace(py, assigned_version(py, class));
                changed = true;
            }
        }
        if changed {
            epoch::bump_epoch();
        }
    }

    /// Takes the classes as they are now for unchanged.
    pub fn settle(&self, py: Python<'_>) {
        for (class, seen) in &self.0 {
            seen.replace(py, assigned_version(py, class));
        }
    }
}

/// The number of a class's last change. CPython 3.11 and later put zero there at each change, until they give it a new
/// one.
pub fn version(class: &Bound<'_, PyType>) -> u32 {
    // SAFETY: a live type object, whose field is read while attached to the interpreter.
    unsafe { (*class.as_type_ptr()).tp_version_tag }
}

/// The version after a look-up, which makes CPython assign one.
fn assigned_version(py: Python<'_>, class: &Py<PyType>) -> u32 {
    // A missing attribute is fine: the look-up is what counts.
    let _ = class.bind(py).getattr(intern!(py, "__call__"));
    version(class.bind(py))
}
