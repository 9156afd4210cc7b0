//! Response headers as applications give them: any iterable of pairs of bytes.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyMemoryView, PyTuple};
use smallvec::SmallVec;

use super::leaves::server_leaves;

pub type Fields<'py> = SmallVec<[(Bound<'py, PyBytes>, Bound<'py, PyBytes>); 16]>;

pub fn collect_fields<'py>(headers: &Bound<'py, PyAny>, fields: &mut Fields<'py>) -> PyResult<()> {
    if let Ok(list) = headers.cast_exact::<PyList>() {
        for pair in list {
            fields.push(field(&pair)?);
        }
        return Ok(());
    }
    for pair in headers.try_iter()? {
        fields.push(field(&pair?)?);
    }
    Ok(())
}

type Field<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

/// `name, value = pair`.
fn field<'py>(pair: &Bound<'py, PyAny>) -> PyResult<Field<'py>> {
    pair_of_bytes(pair).or_else(|error| {
        server_leaves(pair.py())?
            .check_header
            .call1(pair.py(), (pair,))?;
        Err(error)
    })
}

fn pair_of_bytes<'py>(pair: &Bound<'py, PyAny>) -> PyResult<Field<'py>> {
    if let Ok(pair) = pair.cast_exact::<PyTuple>()
        && pair.len() == 2
    {
        let value = bytes_of(&*pair.get_borrowed_item(1)?)?;
        return Ok((bytes_of(&*pair.get_borrowed_item(0)?)?, value));
    }
    let mut parts = pair.try_iter()?;
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(value), None) => Ok((bytes_of(&name?)?, bytes_of(&value?)?)),
        _ => Err(PyValueError::new_err(
            "a header is a pair of name and value",
        )),
    }
}

/// The bytes themselves, or those of another object with a buffer.
pub fn bytes_of<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(bytes.clone());
    }
    let buffer = PyMemoryView::from(object)?;
    let bytes = buffer.call_method0(intern!(object.py(), "tobytes"))?;
    Ok(bytes.cast_into()?)
}
