//! The header list of a response, changed as Starlette's `MutableHeaders` changes it.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// The values of a header, given its lower-case name.
pub fn values<'py>(
    headers: &Bound<'py, PyList>,
    name: &[u8],
) -> PyResult<Vec<Bound<'py, PyBytes>>> {
    let mut found = Vec::new();
    for header in headers {
        if is_named(&header, name)? {
            found.push(header.get_item(1)?.cast_into()?);
        }
    }
    Ok(found)
}

/// Sets a header at the place of its first occurrence and drops the others; appends it if there is none.
pub fn set(headers: &Bound<'_, PyList>, name: &Bound<'_, PyBytes>, value: &[u8]) -> PyResult<()> {
    let py = headers.py();
    let pair = (name, PyBytes::new(py, value)).into_pyobject(py)?;
    let positions = positions(headers, name.as_bytes())?;
    let Some((first, others)) = positions.split_first() else {
        return headers.append(pair);
    };
    for position in others.iter().rev() {
        headers.del_item(*position)?;
    }
    headers.set_item(*first, pair)
}

/// Makes one header of what the header says already and of `value`.
pub fn add(headers: &Bound<'_, PyList>, name: &Bound<'_, PyBytes>, value: &[u8]) -> PyResult<()> {
    let present = values(headers, name.as_bytes())?;
    let present = present.iter().map(PyBytesMethods::as_bytes);
    let joined: Vec<&[u8]> = present.chain([value]).collect();
    set(headers, name, &joined.join(&b", "[..]))
}

fn positions(headers: &Bound<'_, PyList>, name: &[u8]) -> PyResult<Vec<usize>> {
    let mut found = Vec::new();
    for (position, header) in headers.iter().enumerate() {
        if is_named(&header, name)? {
            found.push(position);
        }
    }
    Ok(found)
}

fn is_named(header: &Bound<'_, PyAny>, name: &[u8]) -> PyResult<bool> {
    let key = header.get_item(0)?;
    Ok(key
        .cast::<PyBytes>()
        .is_ok_and(|key| key.as_bytes() == name))
}
