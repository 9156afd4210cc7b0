//! One interpreter of a process: the classes of the extension, and objects that it keeps, can't be shared by several.

use std::sync::atomic::{AtomicI64, Ordering};

use pyo3::exceptions::PyImportError;
use pyo3::ffi;
use pyo3::prelude::*;

const NONE: i64 = -1;

/// The number of the interpreter that has loaded the extension.
static OWNER: AtomicI64 = AtomicI64::new(NONE);

/// Takes the extension for the interpreter that loads it.
///
/// # Errors
/// `ImportError` if another interpreter of the process has it.
pub fn claim(_py: Python<'_>) -> PyResult<()> {
    // SAFETY: the token proves that this thread is attached to an interpreter, whose state is then never null.
    let here = unsafe { ffi::PyInterpreterState_GetID(ffi::PyInterpreterState_Get()) };
    match OWNER.compare_exchange(NONE, here, Ordering::SeqCst, Ordering::SeqCst) {
        Err(owner) if owner != here => Err(PyImportError::new_err(format!(
            "ferroapi serves one interpreter of a process: interpreter {owner} has loaded it already, and this is \
             interpreter {here}. Under mod_wsgi and its like, let the application run in the main interpreter"
        ))),
        _ => Ok(()),
    }
}
