//! The ASGI application of one path operation: exit stacks, handler, response, route-level errors.

use pyo3::PyVisit;
use pyo3::exceptions::PyUnboundLocalError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use super::endpoint::Answer;
use super::errors;
use super::handler::Handler;
use crate::attached::attached;
use crate::connection;
use crate::coroutine::Coroutine;
use crate::leaves::Leaves;
use crate::package::{Package, PackageHandle};
use crate::request::RequestContext;
use crate::respond::{ResponseParts, send_json, send_messages};
use crate::scope::Key;
use crate::server::policy_of;
use crate::stacks::{StackKey, close, leave_cleanup_scope};
use crate::traverse::{Traverse, Visited, traverse};

/// What answers the request.
enum Responder {
    Compiled(Py<Handler>),
    /// A handler of the user's: a callable from `Request` to `Response`.
    Python {
        handler: Py<PyAny>,
        is_async: bool,
    },
}

/// What `request_response` returns: an ASGI application that Rust can also enter directly.
#[pyclass(frozen, weakref, module = "ferroapi._core")]
pub struct RouteApp {
    package: &'static Package,
    responder: Responder,
}

traverse!(RouteApp { responder } but { package });

impl Traverse for Responder {
    fn traverse(&self, visit: PyVisit<'_>) -> Visited {
        match self {
            Self::Compiled(handler) => handler.traverse(visit),
            Self::Python {
                handler,
                is_async: _,
            } => handler.traverse(visit),
        }
    }
}

impl RouteApp {
    /// Whether it is of the copy of the package that handed over these leaves.
    pub fn is_of(&self, py: Python<'_>, leaves: &'static Leaves) -> bool {
        self.package.has_leaves(py, leaves)
    }

    /// Answers one request, with the route's own exception handling.
    pub async fn respond(&self, cx: &mut RequestContext) -> PyResult<()> {
        let Err(error) = self.within_stacks(cx).await else {
            return Ok(());
        };
        Box::pin(errors::handle(cx, error, false)).await
    }

    /// The body of the two exit stacks: the function stack closes before sending, the other after.
    async fn within_stacks(&self, cx: &mut RequestContext) -> PyResult<()> {
        let sent = self.answer_and_send(cx).await;
        if cx.request_stack.is_empty() && cx.cleanup_scope.object().is_none() {
            return sent;
        }
        Box::pin(leave_request_stack(cx, sent)).await
    }

    async fn answer_and_send(&self, cx: &mut RequestContext) -> PyResult<()> {
        if cx.watched {
            attached(|py| {
                cx.stack(py, StackKey::Request)?;
                cx.stack(py, StackKey::Function)
            })?;
        }
        let answer = self.answer(cx).await;
        let answer = if cx.function_stack.is_empty() {
            answer?
        } else {
            let stack = std::mem::take(&mut cx.function_stack);
            let answer = Box::pin(close(cx, stack, answer)).await?;
            answer.ok_or_else(unbound_response)?
        };
        match &answer {
            Answer::Native(response) => send_json(cx, response).await,
            Answer::Object(response) => Box::pin(send_object(cx, response)).await,
        }
    }

    async fn answer(&self, cx: &mut RequestContext) -> PyResult<Answer> {
        match &self.responder {
            Responder::Compiled(handler) => {
                if cx.patches.request_init {
                    attached(|py| cx.request(py))?;
                }
                handler.get().answer(cx, false).await
            }
            Responder::Python { handler, is_async } => {
                let call = attached(|py| {
                    let request = cx.request(py)?;
                    if *is_async {
                        handler.call1(py, (request,))
                    } else {
                        cx.leaves.run_in_threadpool.call1(py, (handler, request))
                    }
                })?;
                cx.await_(call).await.map(Answer::Object)
            }
        }
    }
}

/// Puts the endpoint's limits in force for a request that Python code has brought here.
fn limit(py: Python<'_>, cx: &RequestContext) -> PyResult<()> {
    match cx.scope.get(py, Key::Endpoint)? {
        Some(endpoint) => match policy_of(&endpoint)? {
            Some(policy) => cx.limit(py, &policy),
            None => Ok(()),
        },
        None => Ok(()),
    }
}

/// A dependency swallowed the exception, so that there is no response to send.
fn unbound_response() -> PyErr {
    PyUnboundLocalError::new_err(
        "cannot access local variable 'response' where it is not associated with a value",
    )
}

/// Closes the request stack, and the cancel scope around it, after the response went out.
async fn leave_request_stack(cx: &mut RequestContext, sent: PyResult<()>) -> PyResult<()> {
    let stack = std::mem::take(&mut cx.request_stack);
    let closed = close(cx, stack, sent).await;
    let scope = std::mem::take(&mut cx.cleanup_scope);
    match leave_cleanup_scope(&scope, closed)? {
        Some(()) => Ok(()),
        None => Err(attached(|py| {
            match cx.leaves.response_not_awaited.call0(py) {
                Ok(error) => PyErr::from_value(error.into_bound(py)),
                Err(error) => error,
            }
        })),
    }
}

async fn send_object(cx: &mut RequestContext, response: &Py<PyAny>) -> PyResult<()> {
    if let Some(mut parts) = attached(|py| plain_parts(py, cx, response))? {
        return send_messages(cx, &mut parts).await;
    }
    let call = attached(|py| {
        let sender = cx.sender(py)?;
        response.call1(py, (cx.scope.object(py)?, cx.receive(py)?, sender))
    })?;
    cx.run(call).await
}

/// The parts of a response whose `__call__` is Starlette's own, so that it needs no call.
fn plain_parts(
    py: Python<'_>,
    cx: &RequestContext,
    response: &Py<PyAny>,
) -> PyResult<Option<ResponseParts>> {
    let response = response.bind(py);
    let call = response.get_type().getattr(intern!(py, "__call__"))?;
    if !call.is(cx.leaves.plain_response_call.bind(py)) {
        return Ok(None);
    }
    let headers = response.getattr(intern!(py, "raw_headers"))?;
    let Ok(headers) = headers.cast_into::<pyo3::types::PyList>() else {
        return Ok(None);
    };
    let background = response.getattr(intern!(py, "background"))?;
    Ok(Some(ResponseParts {
        status: response.getattr(intern!(py, "status_code"))?.unbind(),
        headers: headers.unbind(),
        body: response.getattr(intern!(py, "body"))?.unbind(),
        background: (!background.is_none()).then(|| background.unbind()),
    }))
}

#[pymethods]
impl RouteApp {
    /// `handler`: a compiled `Handler`, or a callable from request to response.
    #[new]
    #[pyo3(signature = (package, handler, is_async=true))]
    fn new(package: &'static Package, handler: Bound<'_, PyAny>, is_async: bool) -> Self {
        let responder = match handler.cast::<Handler>() {
            Ok(compiled) => Responder::Compiled(compiled.clone().unbind()),
            Err(_) => Responder::Python {
                handler: handler.unbind(),
                is_async,
            },
        };
        Self { package, responder }
    }

    /// The compiled handler, or the user's callable.
    #[getter]
    fn handler(&self, py: Python<'_>) -> Py<PyAny> {
        match &self.responder {
            Responder::Compiled(handler) => handler.clone_ref(py).into_any(),
            Responder::Python { handler, .. } => handler.clone_ref(py),
        }
    }

    /// As the reference's function, for whoever looks at the application of a route.
    #[getter(__name__)]
    fn name(&self) -> &'static str {
        "app"
    }

    #[getter(__qualname__)]
    fn qualified_name(&self) -> &'static str {
        "request_response.<locals>.app"
    }

    #[getter(__signature__)]
    fn signature(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.package.leaves(py)?.asgi_signature.call0(py)
    }

    fn __call__(
        slf: Py<Self>,
        scope: Bound<'_, PyAny>,
        receive: Py<PyAny>,
        send: Py<PyAny>,
    ) -> Coroutine {
        let package = slf.get().package;
        connection::serve(package, scope, receive, send, |mut cx| async move {
            cx.enter_middleware_stack()?;
            attached(|py| limit(py, &cx))?;
            slf.get().respond(&mut cx).await
        })
    }

    /// As a function, it is copied by reference.
    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: Py<PyAny>) -> Py<Self> {
        slf
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let is_async = !matches!(
            slf.get().responder,
            Responder::Python {
                is_async: false,
                ..
            }
        );
        let package = PackageHandle::new(slf.get().package);
        let arguments = (package, slf.get().handler(py), is_async).into_pyobject(py)?;
        Ok((slf.get_type(), arguments))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Visited {
        self.traverse(visit)
    }
}
