//! Calls into Python through the vectorcall protocol (PEP 590), without a tuple or dict per call.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use smallvec::SmallVec;

/// Calls `callable` with the leading `args` by position and the rest by the names in `kwnames`.
///
/// `args` holds the positional values first, then one value per name.
pub fn call_named(
    py: Python<'_>,
    callable: &Py<PyAny>,
    args: &[&Py<PyAny>],
    kwnames: &Py<PyTuple>,
) -> PyResult<Py<PyAny>> {
    let pointers: SmallVec<[*mut ffi::PyObject; 8]> = args.iter().map(|arg| arg.as_ptr()).collect();
    // SAFETY: the pointers are borrowed from references that outlive the call.
    unsafe { vectorcall(py, callable, &pointers, kwnames) }
}

/// The same for a known number of arguments.
pub fn call_fixed<const N: usize>(
    py: Python<'_>,
    callable: &Py<PyAny>,
    args: [Borrowed<'_, '_, PyAny>; N],
    kwnames: &Py<PyTuple>,
) -> PyResult<Py<PyAny>> {
    let pointers = args.map(Borrowed::as_ptr);
    // SAFETY: as above.
    unsafe { vectorcall(py, callable, &pointers, kwnames) }
}

/// # Safety
/// `args` are pointers to live objects.
unsafe fn vectorcall(
    py: Python<'_>,
    callable: &Py<PyAny>,
    args: &[*mut ffi::PyObject],
    kwnames: &Py<PyTuple>,
) -> PyResult<Py<PyAny>> {
    let names = kwnames.bind(py).len();
    debug_assert!(names <= args.len());
    let positional = args.len().saturating_sub(names);
    let kwnames = if names == 0 {
        std::ptr::null_mut()
    } else {
        kwnames.as_ptr()
    };
    // SAFETY: the caller gives live objects, and `kwnames` is a tuple of exactly `args.len() - positional` strings.
    unsafe {
        let result =
            ffi::PyObject_Vectorcall(callable.as_ptr(), args.as_ptr(), positional, kwnames);
        Bound::from_owned_ptr_or_err(py, result).map(Bound::unbind)
    }
}

/// Calls `callable` with keyword arguments only; `None` when a value is missing.
pub fn call_keywords(
    py: Python<'_>,
    callable: &Py<PyAny>,
    values: &[Option<Py<PyAny>>],
    kwnames: &Py<PyTuple>,
) -> Option<PyResult<Py<PyAny>>> {
    if values.iter().any(Option::is_none) || kwnames.bind(py).len() != values.len() {
        return None;
    }
    if values.is_empty() {
        return Some(callable.call0(py));
    }
    // SAFETY: `Option<Py<PyAny>>` has the layout of a nullable `*mut PyObject` (`Py` is a transparent
    // wrapper of `NonNull`), no element is `None` as checked above, the references outlive the call,
    // and `kwnames` is a tuple of exactly `values.len()` strings.
    let result = unsafe {
        let result = ffi::PyObject_Vectorcall(
            callable.as_ptr(),
            values.as_ptr().cast::<*mut ffi::PyObject>(),
            0,
            kwnames.as_ptr(),
        );
        Bound::from_owned_ptr_or_err(py, result)
    };
    Some(result.map(Bound::unbind))
}
