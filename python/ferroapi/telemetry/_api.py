"""What a traced request carries, and the marks that the request path leaves on it."""

import sys
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from time import time_ns
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry._logs import Logger, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.trace import Span, StatusCode, Tracer
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import Request
from starlette.websockets import WebSocket, WebSocketDisconnect

from .. import _incidental
from ..exceptions import RequestValidationError, WebSocketRequestValidationError
from . import _gate
from ._config import TelemetryConfig as TelemetryConfig
from ._gate import _NO_OPERATION
from ._gate import _unconfigured as _unconfigured

_REQUEST_TELEMETRY_KEY = otel_context.create_key("fastapi.request")

# Exceptions that are an answer to the client, not a failure of the operation that raised them.
_ANSWERS = (HTTPException, RequestValidationError, WebSocketException, WebSocketRequestValidationError)
_NORMAL_CLOSE_CODES = (1000, 1001)


@dataclass(kw_only=True)
class TelemetryData:
    """What is known about the current request or connection, for span and log processors.

    Filled in step by step while the request is handled. Treat it as read-only, and redact it
    before exporting any of it.

    Attributes:
        request: the request, from the moment its route handler starts.
        websocket: the WebSocket, from the moment its route handler starts.
        body: the parsed request body before validation.
        values: the validated arguments, once dependencies are solved.
        errors: the validation errors, with the input they refer to.
    """

    request: Request | None = None
    websocket: WebSocket | None = None
    body: Any = None
    values: dict[str, Any] | None = None
    errors: Sequence[Any] | None = None


@dataclass(kw_only=True)
class _RequestTelemetry:
    """The state of one traced request; `tracer` and `logger` are `None` where not wanted."""

    span: Span | None
    span_method: str
    tracer: Tracer | None = None
    logger: Logger | None = None
    route: str | None = None
    status_code: int | None = None
    data: TelemetryData | None = field(default_factory=TelemetryData)
    _mount_prefix: str = ""
    _exceptions: list[BaseException] = field(default_factory=list, repr=False)


def _get_request_telemetry(context: Context | None = None) -> _RequestTelemetry | None:
    found = otel_context.get_value(_REQUEST_TELEMETRY_KEY, context)
    return found if isinstance(found, _RequestTelemetry) else None


def get_telemetry_data(context: Context | None = None) -> TelemetryData | None:
    """The data of the request that an OpenTelemetry context belongs to.

    Args:
        context: the context to look in; the current one by default.

    Returns:
        `None` outside a traced request or connection, and after its end.
    """
    current = _get_request_telemetry(context)
    return None if current is None else current.data


def _validation_failed(exc: RequestValidationError | WebSocketRequestValidationError) -> None:
    """Note a validation failure in the data and the log of the current request."""
    current = _get_request_telemetry()
    if current is None:
        return
    if current.data is not None:
        if isinstance(exc, RequestValidationError):
            current.data.body = exc.body
        current.data.errors = exc.errors()
    if current.logger is None:
        return
    attributes: dict[str, Any] = {"fastapi.validation.error_count": len(exc.errors())}
    if current.route is not None:
        attributes["http.route"] = current.route
    current.logger.emit(
        event_name="fastapi.validation.failed",
        timestamp=time_ns(),
        severity_number=SeverityNumber.WARN,
        severity_text="WARN",
        body="Request validation failed",
        attributes=attributes,
    )


def _exception_type(exc: BaseException) -> str:
    """The value of the `error.type` attribute for `exc`."""
    cls = type(exc)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"


def _normal_websocket_disconnect(exc: BaseException) -> bool:
    return isinstance(exc, WebSocketDisconnect) and exc.code in _NORMAL_CLOSE_CODES


def _operation(*, name: str, function: Callable[..., Any] | None = None) -> AbstractContextManager[None]:
    """A context that records a child span for one step of the current request, if it is traced."""
    current = _get_request_telemetry()
    if current is None or current.tracer is None:
        return _NO_OPERATION
    return _traced_operation(tracer=current.tracer, name=name, function=function)


def _function_name(function: Callable[..., Any]) -> str:
    cls = type(function)
    module = getattr(function, "__module__", cls.__module__)
    return f"{module}.{getattr(function, '__qualname__', cls.__qualname__)}"


@contextmanager
def _traced_operation(*, tracer: Tracer, name: str, function: Callable[..., Any] | None) -> Iterator[None]:
    attributes = {} if function is None else {"code.function.name": _function_name(function)}
    with tracer.start_as_current_span(
        f"fastapi.{name}", attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as exc:
            # A background task runs after the response: nothing it raises can be an answer.
            answer = isinstance(exc, _ANSWERS) or _normal_websocket_disconnect(exc)
            if name == "background_task" or not answer:
                span.set_attribute("error.type", _exception_type(exc))
                span.set_status(StatusCode.ERROR)
            raise


def _run_sync_endpoint(*, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Call `function` in the worker thread, recorded as the endpoint operation."""
    with _operation(name="endpoint", function=function):
        return function(**arguments)


def _route_selected(*, scope: MutableMapping[str, Any], path: str | None, mount: bool = False) -> None:
    """Name the request's span after the route template `path`.

    Args:
        scope: the ASGI scope of the request.
        path: the path format of the route below its mounts; ignored when `None`.
        mount: whether it is a mount, whose own routes may be selected next.
    """
    current = scope.get("fastapi.telemetry")
    if path is None or not isinstance(current, _RequestTelemetry):
        return
    if mount:
        current._mount_prefix += path.removesuffix("/{path}")
        path = "/{path}"
    current.route = current._mount_prefix + path
    if current.span is not None:
        current.span.set_attribute("http.route", current.route)
        current.span.update_name(f"{current.span_method} {current.route}")


_incidental.complete(__name__)

# Last, so that whoever finds the module there finds it whole.
_gate.loaded_api = sys.modules[__name__]
