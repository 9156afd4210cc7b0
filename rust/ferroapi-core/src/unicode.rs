//! The text of Python strings.

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// The characters of `string` as UTF-8; an error if there are lone surrogates among them.
pub fn utf8<'a>(string: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    match ascii(string) {
        Some(text) => Ok(text),
        None => string.to_str(),
    }
}

/// The characters where they lie, without a call to Python, if all of them are ASCII.
#[cfg(not(Py_3_14))]
fn ascii<'a>(string: &'a Bound<'_, PyString>) -> Option<&'a str> {
    let object = string.as_ptr();
    // SAFETY: the object is a live `str` (or an instance of a subclass, whose strings are never compact), which
    // never changes. The characters of a compact ASCII string lie behind its header, one byte each.
    unsafe {
        if ffi::PyUnicode_IS_COMPACT_ASCII(object) == 0 {
            return None;
        }
        let length = usize::try_from(ffi::PyUnicode_GET_LENGTH(object)).ok()?;
        let bytes = std::slice::from_raw_parts(ffi::PyUnicode_DATA(object).cast(), length);
        Some(std::str::from_utf8_unchecked(bytes))
    }
}

#[cfg(Py_3_14)]
fn ascii<'a>(_string: &'a Bound<'_, PyString>) -> Option<&'a str> {
    None
}
