//! Dicts that are looked at for every request and hardly ever change.
//!
//! CPython 3.11 and 3.12 number every change of a dict (PEP 509): comparing that number is all the look it
//! takes. Later versions drop the number, and the dict is read each time.

use std::mem::ManuallyDrop;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::cell::AttachedCell;
use crate::traverse::traverse;

/// A dict and the number of the change after which it was last read.
pub struct Stamped {
    dict: Py<PyDict>,
    seen: AttachedCell<u64>,
}

traverse!(Stamped { dict } but { seen });

impl<'a, 'py> FromPyObject<'a, 'py> for Stamped {
    type Error = PyErr;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self::new(&*object.cast::<PyDict>()?))
    }
}

impl Stamped {
    /// Whether this interpreter numbers changes; if not, nothing is ever found to be unchanged.
    pub const TELLS: bool = !cfg!(Py_3_13);

    pub fn new(dict: &Bound<'_, PyDict>) -> Self {
        Self {
            dict: dict.clone().unbind(),
            seen: AttachedCell::new(0),
        }
    }

    /// The attributes of `object`.
    pub fn attributes(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let dict = object.getattr(intern!(object.py(), "__dict__"))?;
        Ok(Self::new(&dict.cast_into()?))
    }

    /// Whether nothing was written to the dict since `settle`.
    pub fn is_unchanged(&self, py: Python<'_>) -> bool {
        let version = version(self.dict.bind(py));
        version != 0 && version == self.seen.read(py, |seen| *seen)
    }

    /// To be called before the dict is read.
    pub fn settle(&self, py: Python<'_>) {
        self.seen.replace(py, version(self.dict.bind(py)));
    }

    pub fn dict<'py>(&self, py: Python<'py>) -> &Bound<'py, PyDict> {
        self.dict.bind(py)
    }
}

/// The number of the last change; no two changes in a process have the same. Zero where changes are not numbered.
#[cfg(not(Py_3_13))]
pub fn version(dict: &Bound<'_, PyDict>) -> u64 {
    // SAFETY: `dict` is a live dict object, whose fields are read while attached to the interpreter.
    #[allow(deprecated)]
    unsafe {
        (*dict.as_ptr().cast::<pyo3::ffi::PyDictObject>()).ma_version_tag
    }
}

#[cfg(Py_3_13)]
pub fn version(_dict: &Bound<'_, PyDict>) -> u64 {
    0
}

/// What was found last in a dict, to be found again without a look-up.
///
/// No two states of dicts have one number in common: a dict that has the number is the one in which the object was
/// found, as it was then, so that it keeps the object alive.
pub struct LastFound<T>(AttachedCell<Option<(u64, ManuallyDrop<Py<T>>)>>);

impl<T> LastFound<T> {
    pub const fn new() -> Self {
        Self(AttachedCell::new(None))
    }

    /// What was found in this dict, if nothing was written to it since.
    pub fn get<'py>(&self, dict: &Bound<'py, PyDict>) -> Option<Bound<'py, T>> {
        let (py, version) = (dict.py(), version(dict));
        self.0.read(py, |last| {
            let (seen, object) = last.as_ref()?;
            (*seen == version).then(|| object.bind(py).clone())
        })
    }

    /// Takes note of an object that is a value of this dict.
    pub fn set(&self, dict: &Bound<'_, PyDict>, value: &Bound<'_, T>) {
        let version = version(dict);
        if version == 0 {
            return;
        }
        // SAFETY: a copy of the pointer, which is never dropped, and not looked at unless the dict has its reference.
        let pointer = unsafe { std::ptr::read(value.as_unbound()) };
        let last = Some((version, ManuallyDrop::new(pointer)));
        self.0.replace(dict.py(), last);
    }
}
