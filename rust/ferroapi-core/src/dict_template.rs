//! Dicts that have the same keys each time.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::dict_entries;

/// A dict that is copied with other values: cheaper than one that grows.
pub struct DictTemplate<const N: usize> {
    dict: Py<PyDict>,
    keys: [Py<PyString>; N],
    /// The values may be put where they belong; else they are set by their keys.
    direct: bool,
}

impl<const N: usize> DictTemplate<N> {
    /// The template of dicts with one fixed entry, and these keys behind it.
    pub fn new(py: Python<'_>, fixed: (&str, &str), keys: [&str; N]) -> PyResult<Self> {
        let dict = PyDict::new(py);
        let interned = |text| PyString::intern(py, text);
        dict.set_item(interned(fixed.0), interned(fixed.1))?;
        let keys = keys.map(interned);
        // An object that the garbage collector looks at makes it look at the dict, and at every copy.
        let placeholder = PyList::empty(py);
        for key in &keys {
            dict.set_item(key, &placeholder)?;
        }
        Ok(Self {
            direct: dict_entries::are_where_expected(py)?,
            dict: dict.unbind(),
            keys: keys.map(Bound::unbind),
        })
    }

    /// A copy with these values, in the order of the keys.
    pub fn filled<'py>(
        &self,
        py: Python<'py>,
        values: [&Py<PyAny>; N],
    ) -> PyResult<Bound<'py, PyDict>> {
        let copy = self.dict.bind(py).copy()?;
        for (index, value) in values.into_iter().enumerate() {
            let value = value.bind(py);
            // Behind the fixed entry.
            let place = 1 + index;
            // SAFETY: nobody else has seen the copy, which the collector looks at as it does at the template.
            let done = self.direct && unsafe { dict_entries::replace_at(&copy, place, value) };
            if !done {
                copy.set_item(self.keys[index].bind(py), value)?;
            }
        }
        Ok(copy)
    }
}
