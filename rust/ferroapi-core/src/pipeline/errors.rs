//! Exceptions on their way out: registered handlers, and the default ones where nothing is registered.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};

use super::default_errors;
use crate::attached::attached;
use crate::request::RequestContext;
use crate::respond::{JsonResponse, JsonText, ResponseParts, send_messages};

/// Runs the handler registered for `error`, as Starlette's `wrap_app_handling_exceptions` does.
///
/// `fresh` asks for a new `Request`, as the exception middleware makes one of its own.
///
/// # Errors
/// The error itself where no handler takes it, or what the handler raised.
pub async fn handle(cx: &mut RequestContext, error: PyErr, fresh: bool) -> PyResult<()> {
    let answer = attached(|py| {
        if !error.is_instance_of::<PyException>(py) {
            return Err(error);
        }
        let Some(handler) = handler_of(py, cx, &error)? else {
            return Err(error);
        };
        if let Some(parts) = default_errors::answer(py, cx, &handler, error.value(py).as_any())? {
            // An exception object that is raised again must not collect the frames of every request.
            let value = error.value(py);
            value.setattr(intern!(py, "__traceback__"), py.None())?;
            return Ok(Handling::Native(parts, error));
        }
        let request = if fresh {
            let sender = cx.sender(py)?;
            cx.leaves
                .new_request
                .call1(py, (cx.scope.object(py)?, cx.receive(py)?, sender))?
        } else {
            cx.request(py)?
        };
        let sender = cx.sender(py)?;
        let arguments = (
            error.into_value(py),
            request,
            cx.scope.object(py)?,
            cx.receive(py)?,
            sender,
            &cx.exception_tables,
        );
        let call = cx.leaves.handle_exception.call1(py, arguments)?;
        Ok(Handling::Python(call))
    })?;
    match answer {
        Handling::Native(mut parts, handled) => send_messages(cx, &mut parts)
            .await
            .map_err(|raised| attached(|py| while_handling(py, raised, &handled))),
        Handling::Python(call) => cx.run(call).await,
    }
}

/// `raised` with `handled` as its context, as Python gives it to what is raised inside of `except`.
fn while_handling(py: Python<'_>, raised: PyErr, handled: &PyErr) -> PyErr {
    let mut last = raised.clone_ref(py);
    while let Some(context) = last.context(py) {
        last = context;
    }
    if !last.value(py).is(handled.value(py)) {
        last.set_context(py, Some(handled.clone_ref(py)));
    }
    raised
}

enum Handling {
    Native(ResponseParts, PyErr),
    Python(Py<PyAny>),
}

/// The handler registered for the error's status, else for the first of its classes that has one.
fn handler_of<'py>(
    py: Python<'py>,
    cx: &RequestContext,
    error: &PyErr,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(tables) = &cx.exception_tables else {
        return Ok(None);
    };
    let tables = tables.bind(py);
    let (by_class, by_status) = (tables.get_item(0)?, tables.get_item(1)?);
    let value = error.value(py);
    if by_status.len()? > 0 && value.is_instance(cx.leaves.starlette_http_exception.bind(py))? {
        let status = value.getattr(intern!(py, "status_code"))?;
        if by_status.contains(&status)? {
            return by_status.get_item(status).map(Some);
        }
    }
    for class in value.get_type().mro() {
        if by_class.contains(&class)? {
            return by_class.get_item(class).map(Some);
        }
    }
    Ok(None)
}

/// Answers 404: natively if the default handler would, else through an `HTTPException`.
pub async fn not_found(cx: &mut RequestContext) -> PyResult<()> {
    let parts = attached(|py| {
        if cx.patches.json_response || !is_default_for(py, cx, 404)? {
            return Ok(None);
        }
        let response = JsonResponse {
            status: 404,
            body: JsonText::Python(not_found_body(py)),
            background: None,
        };
        response.parts(py, None).map(Some)
    })?;
    if let Some(mut parts) = parts {
        let sent = send_messages(cx, &mut parts).await;
        return sent
            .map_err(|error| attached(|py| while_handling(py, error, &not_found_error(py, cx))));
    }
    let error = attached(|py| raised(py, cx, 404))?;
    handle(cx, error, true).await
}

/// What the default handler says of a path that nothing answers.
fn not_found_body(py: Python<'_>) -> Py<PyBytes> {
    static BODY: PyOnceLock<Py<PyBytes>> = PyOnceLock::new();
    let made = || PyBytes::new(py, br#"{"detail":"Not Found"}"#).unbind();
    BODY.get_or_init(py, made).clone_ref(py)
}

fn raised(py: Python<'_>, cx: &RequestContext, status: u16) -> PyResult<PyErr> {
    let exception = cx.leaves.http_exception.call1(py, (status,))?;
    Ok(PyErr::from_value(exception.into_bound(py)))
}

/// `HTTPException(404)`, for whoever is to see it.
pub fn not_found_error(py: Python<'_>, cx: &RequestContext) -> PyErr {
    raised(py, cx, 404).unwrap_or_else(|error| error)
}

/// Whether an `HTTPException` of this status would meet the package's own default handler.
fn is_default_for(py: Python<'_>, cx: &RequestContext, status: u16) -> PyResult<bool> {
    let Some(tables) = &cx.exception_tables else {
        return Ok(false);
    };
    let tables = tables.bind(py);
    let (by_class, by_status) = (tables.get_item(0)?, tables.get_item(1)?);
    let (Ok(by_class), Ok(by_status)) = (by_class.cast::<PyDict>(), by_status.cast::<PyDict>())
    else {
        return Ok(false);
    };
    if by_status.len() > 0 && by_status.contains(status)? {
        return Ok(false);
    }
    let handler = by_class.get_item(&cx.leaves.starlette_http_exception)?;
    let default = &cx.leaves.default_http_exception_handler;
    Ok(handler.is_some_and(|handler| handler.is(default.bind(py))))
}
