//! What the package's own exception handlers answer, without the exception's way through Python.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use crate::request::RequestContext;
use crate::respond::{JsonResponse, ResponseParts, write_json, write_plain_json};

/// The answer of `handler` to `error`, if it is one of the package's own and needs no Python.
pub fn answer(
    py: Python<'_>,
    cx: &RequestContext,
    handler: &Bound<'_, PyAny>,
    error: &Bound<'_, PyAny>,
) -> PyResult<Option<ResponseParts>> {
    let leaves = cx.leaves;
    if cx.channel.response_started() || cx.patches.json_response {
        return Ok(None);
    }
    if handler.is(leaves.default_http_exception_handler.bind(py)) {
        return http_exception(py, error);
    }
    if handler.is(leaves.default_validation_error_handler.bind(py))
        && error
            .get_type()
            .is(leaves.request_validation_error.bind(py))
    {
        return validation_error(py, cx, error);
    }
    Ok(None)
}

/// `{"detail": …}` with the exception's status and headers.
fn http_exception(py: Python<'_>, error: &Bound<'_, PyAny>) -> PyResult<Option<ResponseParts>> {
    let Ok(status) = error.getattr(intern!(py, "status_code"))?.extract::<u16>() else {
        return Ok(None);
    };
    if status < 200 || matches!(status, 204 | 205 | 304) {
        return Ok(None);
    }
    let headers = match error.getattr_opt(intern!(py, "headers"))? {
        None => None,
        Some(headers) if headers.is_none() => None,
        Some(headers) => match raw_headers(&headers) {
            Some(raw) => Some(raw),
            None => return Ok(None),
        },
    };
    let mut body = br#"{"detail":"#.to_vec();
    let detail = error.getattr(intern!(py, "detail"))?;
    if write_plain_json(&mut body, &detail).is_err() {
        return Ok(None);
    }
    body.push(b'}');
    let mut parts = JsonResponse::new(status, body).parts(py, None)?;
    if let Some(headers) = headers {
        parts.headers = merged(py, headers, parts.headers.bind(py))?;
    }
    Ok(Some(parts))
}

/// The headers as bytes, names in lower case; none if they are no plain mapping of texts.
fn raw_headers(headers: &Bound<'_, PyAny>) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let headers = headers.cast_exact::<PyDict>().ok()?;
    headers
        .iter()
        .map(|(name, value)| Some((ascii(&name)?.to_ascii_lowercase(), ascii(&value)?)))
        .collect()
}

fn ascii(text: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    let text = text.cast_exact::<PyString>().ok()?.to_str().ok()?;
    text.is_ascii().then(|| text.as_bytes().to_vec())
}

/// The exception's headers first, then those of `own` that it does not bring itself.
fn merged(
    py: Python<'_>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    own: &Bound<'_, PyList>,
) -> PyResult<Py<PyList>> {
    let list = PyList::empty(py);
    for (name, value) in &headers {
        list.append((PyBytes::new(py, name), PyBytes::new(py, value)))?;
    }
    for header in own {
        let name = header.get_item(0)?;
        let name = name.cast::<PyBytes>()?.as_bytes();
        if !headers.iter().any(|(known, _)| known == name) {
            list.append(header)?;
        }
    }
    Ok(list.unbind())
}

/// 422 with the list of errors.
fn validation_error(
    py: Python<'_>,
    cx: &RequestContext,
    error: &Bound<'_, PyAny>,
) -> PyResult<Option<ResponseParts>> {
    let errors = error.call_method0(intern!(py, "errors"))?;
    let mut body = br#"{"detail":"#.to_vec();
    if write_json(&mut body, &errors, cx.leaves).is_err() {
        return Ok(None);
    }
    body.push(b'}');
    let response = JsonResponse::new(422, body);
    response.parts(py, None).map(Some)
}
