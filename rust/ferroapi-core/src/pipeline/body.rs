//! Reading and parsing the request body.

use pyo3::exceptions::{PyException, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use ferroapi_http::content_type::{self, ContentType};

use super::compiled::{BodyKind, Compiled};
use crate::attached::attached;
use crate::plan::{Body, parse_json, replaced_parser};
use crate::request::RequestContext;
use crate::server::Received;
use crate::wire::Wire;

/// The body as the dependencies receive it.
///
/// `asked` says that a request object's own methods must read it: it came from outside, or Python code has had it.
pub async fn read(
    compiled: &Compiled,
    options: &Py<PyAny>,
    cx: &mut RequestContext,
    asked: bool,
) -> PyResult<Body> {
    let outcome = match compiled.body {
        BodyKind::None => return Ok(Body::Undefined),
        BodyKind::Form => read_form(options, cx).await,
        BodyKind::Json => read_json(compiled, cx, asked).await,
    };
    outcome.or_else(|error| {
        attached(|py| {
            if !error.is_instance_of::<PyException>(py) {
                return Err(error);
            }
            let arguments = (error.into_value(py), options, cx.scope.object(py)?);
            Err(PyErr::from_value(
                cx.leaves.body_error.call1(py, arguments)?.into_bound(py),
            ))
        })
    })
}

async fn read_form(options: &Py<PyAny>, cx: &mut RequestContext) -> PyResult<Body> {
    let call = attached(|py| {
        let request = cx.request(py)?;
        cx.leaves.read_form.call1(py, (request, options))
    })?;
    Ok(Body::Form(cx.await_(call).await?))
}

async fn read_json(compiled: &Compiled, cx: &mut RequestContext, asked: bool) -> PyResult<Body> {
    let bytes = if asked {
        ask_for_bytes(cx).await?
    } else {
        receive_bytes(cx).await?
    };
    let bytes = match bytes {
        Bytes::Empty => return Ok(Body::Undefined),
        Bytes::Read(bytes) => bytes,
    };
    if !attached(|py| is_json(py, compiled, cx))? {
        return Ok(Body::Content(bytes));
    }
    if asked {
        let call = attached(|py| {
            let request = cx.request(py)?;
            request.call_method0(py, intern!(py, "json"))
        })?;
        return Ok(Body::Content(cx.await_(call).await?));
    }
    attached(|py| {
        if let Some(validated) = validated(py, compiled, cx, &bytes)? {
            return Ok(validated);
        }
        let content = parse_json(py, cx.leaves, &bytes)?;
        cx.keep_json(content.clone_ref(py));
        Ok(Body::Content(content))
    })
}

/// The body parsed and validated in one go, where that comes to the same; none if it is refused, so that the
/// errors are those of the long way.
fn validated(
    py: Python<'_>,
    compiled: &Compiled,
    cx: &RequestContext,
    bytes: &Py<PyAny>,
) -> PyResult<Option<Body>> {
    let Some(reader) = compiled.body_reader().filter(|_| !cx.traced) else {
        return Ok(None);
    };
    if replaced_parser(py, cx.leaves)?.is_some() {
        return Ok(None);
    }
    match reader.call1(py, (bytes,)) {
        Ok(value) => Ok(Some(Body::Validated {
            value,
            reader: reader.clone_ref(py),
            bytes: bytes.clone_ref(py),
        })),
        Err(error) if error.is_instance_of::<PyValueError>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

enum Bytes {
    Empty,
    Read(Py<PyAny>),
}

/// `await request.body()`.
async fn ask_for_bytes(cx: &mut RequestContext) -> PyResult<Bytes> {
    let call = attached(|py| {
        let request = cx.request(py)?;
        request.call_method0(py, intern!(py, "body"))
    })?;
    let bytes = cx.await_(call).await?;
    let full = attached(|py| bytes.is_truthy(py))?;
    Ok(if full {
        Bytes::Read(bytes)
    } else {
        Bytes::Empty
    })
}

/// Drains `receive` until the last message of the body.
async fn receive_bytes(cx: &mut RequestContext) -> PyResult<Bytes> {
    let mut chunks: Vec<Py<PyBytes>> = Vec::new();
    loop {
        let more = match cx.wire() {
            Wire::Native(exchange) => {
                let received = exchange.get().next(&cx.channel).await?;
                attached(|py| take_received(py, received, &mut chunks, cx))?
            }
            Wire::Asgi { receive, .. } => {
                let call = attached(|py| receive.call0(py))?;
                let message = cx.await_(call).await?;
                attached(|py| take_chunk(message.bind(py), &mut chunks, cx))?
            }
        };
        if !more {
            break;
        }
    }
    attached(|py| {
        let bytes = join(py, chunks)?;
        cx.keep_body(bytes.clone_ref(py));
        let empty = bytes.as_bytes(py).is_empty();
        Ok(if empty {
            Bytes::Empty
        } else {
            Bytes::Read(bytes.into_any())
        })
    })
}

/// Keeps what came from the socket; `false` after the last piece.
fn take_received(
    py: Python<'_>,
    received: Received,
    chunks: &mut Vec<Py<PyBytes>>,
    cx: &RequestContext,
) -> PyResult<bool> {
    match received {
        Received::Disconnected => Err(disconnected(py, cx)?),
        Received::Body { data, more } => {
            chunks.push(data);
            Ok(more)
        }
    }
}

fn disconnected(py: Python<'_>, cx: &RequestContext) -> PyResult<PyErr> {
    let error = cx.leaves.client_disconnect.call0(py)?;
    Ok(PyErr::from_value(error.into_bound(py)))
}

/// Keeps a message's chunk; `false` after the last one.
fn take_chunk(
    message: &Bound<'_, PyAny>,
    chunks: &mut Vec<Py<PyBytes>>,
    cx: &RequestContext,
) -> PyResult<bool> {
    let py = message.py();
    let kind = message.get_item(intern!(py, "type"))?;
    let kind = kind.cast::<PyString>()?.to_str()?;
    if kind == "http.disconnect" {
        return Err(disconnected(py, cx)?);
    }
    if kind != "http.request" {
        return Ok(true);
    }
    let get = intern!(py, "get");
    let body = message.call_method1(get, (intern!(py, "body"), PyBytes::new(py, b"")))?;
    let more = message.call_method1(get, (intern!(py, "more_body"), false))?;
    if body.is_truthy()? {
        chunks.push(match body.cast_into::<PyBytes>() {
            Ok(bytes) => bytes.unbind(),
            // `bytearray` and `memoryview` bodies.
            Err(error) => PyBytes::new(py, &error.into_inner().extract::<Vec<u8>>()?).unbind(),
        });
    }
    more.is_truthy()
}

fn join(py: Python<'_>, mut chunks: Vec<Py<PyBytes>>) -> PyResult<Py<PyBytes>> {
    if chunks.len() == 1
        && let Some(only) = chunks.pop()
    {
        return Ok(only);
    }
    let length = chunks.iter().map(|chunk| chunk.as_bytes(py).len()).sum();
    PyBytes::new_with(py, length, |target| {
        let mut rest = target;
        for chunk in &chunks {
            let bytes = chunk.as_bytes(py);
            let (head, tail) = rest.split_at_mut(bytes.len());
            head.copy_from_slice(bytes);
            rest = tail;
        }
        Ok(())
    })
    .map(Bound::unbind)
}

/// Whether the content type says JSON; without one, the path operation decides.
fn is_json(py: Python<'_>, compiled: &Compiled, cx: &mut RequestContext) -> PyResult<bool> {
    let unseen = cx.request.is_none() && cx.leaves.connections.are_plain(py, cx.leaves)?;
    if unseen && let Some(headers) = cx.scope.headers(py)? {
        return match headers.first(b"content-type") {
            Some(value) if !value.is_empty() => is_json_type(py, cx, &value),
            _ => Ok(!compiled.strict_content_type),
        };
    }
    let headers = cx.request(py)?.getattr(py, intern!(py, "headers"))?;
    let value = headers.call_method1(py, intern!(py, "get"), (intern!(py, "content-type"),))?;
    if !value.is_truthy(py)? {
        return Ok(!compiled.strict_content_type);
    }
    let text = value.bind(py).cast_exact::<PyString>();
    match text.map(|text| text.to_str()) {
        Ok(Ok(text)) if text.is_ascii() => is_json_type(py, cx, text.as_bytes()),
        _ => ask_for_type(py, cx, value),
    }
}

fn is_json_type(py: Python<'_>, cx: &RequestContext, value: &[u8]) -> PyResult<bool> {
    match content_type::classify(value) {
        ContentType::Json => Ok(true),
        ContentType::NotJson => Ok(false),
        ContentType::Unsure => {
            let text = ferroapi_http::latin1::decode(value);
            ask_for_type(py, cx, PyString::new(py, &text).into_any().unbind())
        }
    }
}

fn ask_for_type(py: Python<'_>, cx: &RequestContext, value: Py<PyAny>) -> PyResult<bool> {
    let answer = cx.leaves.is_json_content_type.call1(py, (value,))?;
    answer.is_truthy(py)
}
