//! JSON straight from exact built-in types; everything else goes through the Python encoder.
//!
//! The bytes are those of `json.dumps(jsonable_encoder(value), ensure_ascii=False, allow_nan=False,
//! separators=(",", ":"))`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};

use ferroapi_http::json::text;

use crate::leaves::Leaves;
use crate::unicode::utf8;

/// Nesting beyond this is left to Python, whose recursion limit is the contract.
const DEPTH_LIMIT: usize = 100;

/// Appends the JSON of `value`.
///
/// # Errors
/// Any error means that the caller must let Python encode the whole value, so that what the user sees
/// is Python's own exception.
pub fn write_json(out: &mut Vec<u8>, value: &Bound<'_, PyAny>, leaves: &Leaves) -> PyResult<()> {
    write_value(out, value, Some(leaves), 0)
}

/// Appends the JSON of `value` as the standard library alone would write it: no encoder in between.
///
/// # Errors
/// As for [`write_json`]; values of other than exact built-in types among them.
pub fn write_plain_json(out: &mut Vec<u8>, value: &Bound<'_, PyAny>) -> PyResult<()> {
    write_value(out, value, None, 0)
}

fn write_value(
    out: &mut Vec<u8>,
    value: &Bound<'_, PyAny>,
    encoder: Option<&Leaves>,
    depth: usize,
) -> PyResult<()> {
    if depth > DEPTH_LIMIT {
        return Err(PyValueError::new_err("too deep"));
    }
    if let Ok(string) = value.cast_exact::<PyString>() {
        text::write_str(out, utf8(string)?);
    } else if let Ok(dict) = value.cast_exact::<PyDict>() {
        write_dict(out, dict, encoder, depth)?;
    } else if let Ok(list) = value.cast_exact::<PyList>() {
        write_items(out, list.iter(), encoder, depth)?;
    } else if let Ok(integer) = value.cast_exact::<PyInt>() {
        write_int(out, integer)?;
    } else if let Ok(float) = value.cast_exact::<PyFloat>() {
        write_float(out, float.value())?;
    } else if let Ok(boolean) = value.cast_exact::<PyBool>() {
        out.extend_from_slice(if boolean.is_true() { b"true" } else { b"false" });
    } else if value.is_none() {
        out.extend_from_slice(b"null");
    } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
        write_items(out, tuple.iter(), encoder, depth)?;
    } else {
        write_encoded(out, value, encoder)?;
    }
    Ok(())
}

fn write_items<'py>(
    out: &mut Vec<u8>,
    items: impl Iterator<Item = Bound<'py, PyAny>>,
    encoder: Option<&Leaves>,
    depth: usize,
) -> PyResult<()> {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_value(out, &item, encoder, depth + 1)?;
    }
    out.push(b']');
    Ok(())
}

fn write_dict(
    out: &mut Vec<u8>,
    dict: &Bound<'_, PyDict>,
    encoder: Option<&Leaves>,
    depth: usize,
) -> PyResult<()> {
    out.push(b'{');
    let start = out.len();
    for (key, value) in dict {
        let position = out.len();
        if position > start {
            out.push(b',');
        }
        if !write_key(out, &key, encoder.is_some())? {
            out.truncate(position);
            continue;
        }
        out.push(b':');
        write_value(out, &value, encoder, depth + 1)?;
    }
    out.push(b'}');
    Ok(())
}

/// Writes a key; `false` for SQLAlchemy's private keys, which the encoder leaves out.
fn write_key(out: &mut Vec<u8>, key: &Bound<'_, PyAny>, encoded: bool) -> PyResult<bool> {
    if let Ok(string) = key.cast_exact::<PyString>() {
        let string = utf8(string)?;
        if encoded && string.starts_with("_sa") {
            return Ok(false);
        }
        text::write_str(out, string);
        return Ok(true);
    }
    let Ok(integer) = key.cast_exact::<PyInt>() else {
        return Err(PyValueError::new_err("a key for Python to encode"));
    };
    out.push(b'"');
    write_int(out, integer)?;
    out.push(b'"');
    Ok(true)
}

fn write_int(out: &mut Vec<u8>, integer: &Bound<'_, PyInt>) -> PyResult<()> {
    if let Ok(small) = integer.extract::<i64>() {
        text::write_i64(out, small);
    } else {
        out.extend_from_slice(integer.str()?.to_str()?.as_bytes());
    }
    Ok(())
}

fn write_float(out: &mut Vec<u8>, value: f64) -> PyResult<()> {
    if !value.is_finite() {
        return Err(PyValueError::new_err("not JSON compliant"));
    }
    text::write_f64(out, value);
    Ok(())
}

/// A value of another type: the encoder decides what it is, the standard library writes that.
fn write_encoded(
    out: &mut Vec<u8>,
    value: &Bound<'_, PyAny>,
    encoder: Option<&Leaves>,
) -> PyResult<()> {
    let py = value.py();
    let Some(leaves) = encoder else {
        return Err(PyValueError::new_err("a value for Python to encode"));
    };
    let data = leaves.jsonable_encoder.call1(py, (value,))?;
    let text: Bound<'_, PyString> = leaves.json_text.call1(py, (data,))?.extract(py)?;
    out.extend_from_slice(text.to_str()?.as_bytes());
    Ok(())
}
