//! The exception that is being raised while an object is dropped.

use std::ptr::null_mut;

use pyo3::{Python, ffi};

/// Keeps the exception in flight, if there is one, for as long as this lives: a `Drop` that may run Python code has to,
/// as CPython's own finalizers do.
pub struct InFlight<'py> {
    _py: Python<'py>,
    class: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
    traceback: *mut ffi::PyObject,
}

impl<'py> InFlight<'py> {
    #[allow(deprecated, reason = "Python 3.11 has no other")]
    pub fn put_aside(py: Python<'py>) -> Self {
        let (mut class, mut value, mut traceback) = (null_mut(), null_mut(), null_mut());
        // SAFETY: attached to the interpreter. What is in flight becomes three owned references, or null pointers.
        unsafe { ffi::PyErr_Fetch(&raw mut class, &raw mut value, &raw mut traceback) };
        Self {
            _py: py,
            class,
            value,
            traceback,
        }
    }
}

impl Drop for InFlight<'_> {
    #[allow(deprecated, reason = "Python 3.11 has no other")]
    fn drop(&mut self) {
        // SAFETY: still attached, by the token; the references are handed back. They may be null.
        unsafe { ffi::PyErr_Restore(self.class, self.value, self.traceback) };
    }
}
