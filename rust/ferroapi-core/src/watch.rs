//! Noticing that a class or a module was patched, at the price of comparing a few integers.

use pyo3::PyVisit;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

use crate::cell::AttachedCell;
use crate::epoch;
use crate::leaves::Leaves;
use crate::stamp::Stamped;
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

/// Moves the epoch if one of the package's classes, or a function of another package's that it stands for, changed
/// since the last call.
pub fn look(py: Python<'_>, leaves: &Leaves) {
    leaves.watched_classes.look(py);
    leaves.watched_names.look(py);
}

/// Names in modules of other packages, and what was last seen under them.
pub struct WatchedNames(Vec<WatchedName>);

struct WatchedName {
    module: Stamped,
    name: Py<PyString>,
    seen: AttachedCell<Option<Py<PyAny>>>,
}

impl<'a, 'py> FromPyObject<'a, 'py> for WatchedNames {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let names: Vec<(Stamped, Bound<'py, PyString>)> = object.extract()?;
        let watched = names.into_iter().map(|(module, name)| WatchedName {
            module,
            name: name.unbind(),
            seen: AttachedCell::new(None),
        });
        Ok(Self(watched.collect()))
    }
}

impl WatchedNames {
    fn look(&self, py: Python<'_>) {
        for watched in &self.0 {
            if !watched.module.is_unchanged(py) && watched.is_replaced(py) {
                epoch::bump_epoch();
            }
        }
    }
}

impl WatchedName {
    /// Whether something else is there than at the last look.
    fn is_replaced(&self, py: Python<'_>) -> bool {
        self.module.settle(py);
        let found = self.module.dict(py).get_item(self.name.bind(py));
        let found = found.ok().flatten();
        let same = self.seen.read(py, |seen| match (seen, &found) {
            (Some(seen), Some(found)) => found.is(seen.bind(py)),
            (seen, found) => seen.is_none() && found.is_none(),
        });
        if !same {
            drop(self.seen.replace(py, found.map(Bound::unbind)));
        }
        !same
    }
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
