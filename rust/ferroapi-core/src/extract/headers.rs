//! Raw header look-ups in the ASGI scope (names are lower case there, values are Latin-1).

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use crate::scope::{Member, Scope};

/// The headers of a scope as a list: as `Headers` does, another iterable is settled once for everybody.
pub fn settled<'py>(py: Python<'py>, scope: &Scope) -> PyResult<Bound<'py, PyList>> {
    let headers = match scope.member(py, Member::Headers)?.cast_into::<PyList>() {
        Ok(list) => return Ok(list),
        Err(other) => other.into_inner(),
    };
    let list = PyList::new(py, headers.try_iter()?.collect::<PyResult<Vec<_>>>()?)?;
    scope.dict(py)?.set_item(Member::Headers.text(py), &list)?;
    Ok(list)
}

/// Calls `visit` with each raw `(name, value)` until it returns `false`.
pub fn visit_each(
    headers: &Bound<'_, PyList>,
    mut visit: impl FnMut(&[u8], &[u8]) -> bool,
) -> PyResult<()> {
    for item in headers {
        if !visit_pair(&item, &mut visit)? {
            break;
        }
    }
    Ok(())
}

fn visit_pair(
    item: &Bound<'_, PyAny>,
    visit: &mut impl FnMut(&[u8], &[u8]) -> bool,
) -> PyResult<bool> {
    if let Ok(pair) = item.cast::<PyTuple>()
        && let [name, value, ..] = pair.as_slice()
    {
        return Ok(visit(
            name.cast::<PyBytes>()?.as_bytes(),
            value.cast::<PyBytes>()?.as_bytes(),
        ));
    }
    let name = item.get_item(0)?;
    let value = item.get_item(1)?;
    Ok(visit(
        name.cast::<PyBytes>()?.as_bytes(),
        value.cast::<PyBytes>()?.as_bytes(),
    ))
}

/// A header value as Python text.
pub fn latin1<'py>(py: Python<'py>, value: &[u8]) -> PyResult<Bound<'py, PyString>> {
    // A slice is never longer than `isize::MAX`.
    let length = value.len().cast_signed();
    // SAFETY: so many bytes are there. The result is a new string, or null with an exception set.
    unsafe {
        let text = ffi::PyUnicode_DecodeLatin1(value.as_ptr().cast(), length, std::ptr::null());
        Ok(Bound::from_owned_ptr_or_err(py, text)?.cast_into_unchecked())
    }
}
