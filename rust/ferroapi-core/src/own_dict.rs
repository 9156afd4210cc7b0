//! The attributes of an object, past whatever its class does on look-up.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The `__dict__` of an object whose class has the ordinary one.
pub fn own_dict<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: the object is alive. The function is that of the ordinary descriptor, and returns a new reference, or
    // null with an exception set, which `from_owned_ptr_or_err` takes.
    let own = unsafe {
        let own = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(object.py(), own)?
    };
    Ok(own.cast_into()?)
}
