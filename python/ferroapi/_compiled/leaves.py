"""The Python leaves of the Rust core: what it calls where Python has to answer.

`rust/ferroapi-core/src/leaves.rs` lists the names; this module is handed over as a whole when it is loaded.
"""

import email.message
import functools
import inspect
import json
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from copy import deepcopy
from typing import Any

import starlette.responses
from anyio import CancelScope
from pydantic_core import ValidationError, from_json
from starlette._exception_handler import wrap_app_handling_exceptions
from starlette.background import BackgroundTasks as StarletteBackgroundTasks
from starlette.datastructures import URL, Headers, QueryParams
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from .. import _namespace, encoders
from .._body_limit import get_body_limit_error
from .._compat import ModelField, Undefined, get_missing_field_error
from .._compat.v2 import _regenerate_error_with_loc
from .._dependencies.body_args import body_to_args as body_to_args
from .._dependencies.calls import call_in_thread as call_in_thread
from .._dependencies.calls import call_limited as call_limited
from .._dependencies.calls import close_generators as close_generators
from .._dependencies.calls import end_generator as end_generator
from .._dependencies.calls import enter_generator as enter_generator
from .._dependencies.injected import new_background_tasks as new_background_tasks
from .._dependencies.injected import new_injected_response as new_injected_response
from .._dependencies.injected import new_security_scopes as new_security_scopes
from .._dependencies.param_args import at_headers as at_headers
from .._dependencies.param_args import params_to_args as params_to_args
from .._package import PACKAGE
from .._routing._public import public
from .._routing.dispatch import handle_low_priority, redirected_path
from .._routing.endpoint_context import endpoint_context
from .._routing.results import (
    build_response,
    dumps_json,
    response_arguments,
    run_endpoint_function,
    serialize_response,
)
from .._routing.route import refuse_method
from .._routing.scope import (
    _FASTAPI_SCOPE_KEY,
    _apply_router_form_limits,
    _resolve_form_limits,
    _update_scope,
    report_route,
)
from .._routing.serving import ServingRouter
from .._routing.streaming import stream_response as stream_response
from ..dependencies.models import _is_coroutine_callable
from ..dependencies.utils import SolvedDependency
from ..dependencies.utils import solve_dependencies as _solve_dependencies
from ..encoders import jsonable_encoder as _jsonable_encoder
from ..exception_handlers import http_exception_handler, request_validation_exception_handler
from ..exceptions import FastAPIError, RequestValidationError, ResponseValidationError
from ..telemetry import _gate
from .cancellation import cancellation_point as cancellation_point
from .cancellation import is_in_cancel_scope as is_in_cancel_scope
from .connections import connections_are_plain as connections_are_plain
from .layers import gzip_body as gzip_body
from .layers import gzip_responder as gzip_responder
from .methods import Methods
from .plan import compile_plan as compile_plan
from .plan import plan_is_current as plan_is_current
from .plan import recompile_graph as recompile_graph
from .plan import response_class as _response_class
from .plan import writes_json
from .routes import IncludedCandidate
from .routes import compile_routes as compile_routes
from .routes import routes_are_current as routes_are_current
from .specs import HandlerOptions
from .stack import CompiledExceptionMiddleware, raising
from .stack import inside_of_stack as inside_of_stack
from .stack import pipeline_of as pipeline_of
from .stack import server_error as server_error
from .stack import watched_classes as watched_classes
from .threads import run_by

# Objects that Rust makes or compares with.

new_request = Request
new_websocket = WebSocket
bare_object = object.__new__
connections = (Request, WebSocket, QueryParams, Headers)
new_exit_stack = AsyncExitStack
# What a new stack has, if that is all; a private name of the standard library.
exit_callbacks = deque if vars(AsyncExitStack()) == {"_exit_callbacks": deque()} else None
new_cancel_scope = CancelScope
new_solved_dependency = SolvedDependency
undefined = Undefined
client_disconnect = ClientDisconnect
starlette_http_exception = StarletteHTTPException
http_exception = StarletteHTTPException
default_http_exception_handler = http_exception_handler
default_validation_error_handler = request_validation_exception_handler
request_validation_error = RequestValidationError
response_class = Response
plain_response_call = Response.__call__
innermost_class = CompiledExceptionMiddleware
telemetry_gate = _gate.RequestGate
match_full = Match.FULL
match_partial = Match.PARTIAL
json_module = json
json_loads = json.loads
missing_error = get_missing_field_error
method_not_allowed = refuse_method
apply_form_limits = _apply_router_form_limits
update_scope = _update_scope
jsonable_encoder = _jsonable_encoder
json_text = functools.partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
from_json = from_json


# Functions of other packages that the compiled path stands for, as the modules' dicts and names in them
watched_names = [(vars(json), "dumps"), (vars(starlette.responses), "json")]

_HANDLERS_KEY = "starlette.exception_handlers"
_REQUEST_INIT = Methods(Request, "__init__")
_REQUEST_BODY = Methods(Request, "body", "json", "stream")


# Functions of `routing` that make a response of a result, where no native one may be sent
_RESPONSE_FUNCTIONS = ("Response", "is_body_allowed_for_status_code", "_build_response_args")


def patches() -> "_Patches":
    """Return the functions of the public `routing` module that somebody replaced."""
    return _Patches()


_ORIGINALS: Mapping[str, Any] = {
    "solve_dependencies": _solve_dependencies,
    "run_endpoint_function": run_endpoint_function,
    "serialize_response": serialize_response,
    "jsonable_encoder": _jsonable_encoder,
}


class _Patches:
    """Attribute by attribute: the replacement, or None; and which methods of `Request` were replaced."""

    __slots__ = (
        "body_methods",
        "json_response",
        "jsonable_encoder",
        "request_class",
        "request_init",
        "run_endpoint_function",
        "serialize_response",
        "solve_dependencies",
    )

    def __init__(self) -> None:
        module = public()
        for name, original in _ORIGINALS.items():
            present = getattr(module, name)
            setattr(self, name, None if present is original else present)
        self.request_class = module.Request
        self.request_init = self.request_class is not Request or not _REQUEST_INIT.are_unpatched(Request)
        self.body_methods = not _REQUEST_BODY.are_unpatched(Request)
        self.json_response = not writes_json() or any(
            map(_namespace.replaced, ("encoders", "exception_handlers"))
        )
        # What is called around a function that is not replaced itself has to be as well.
        if not _namespace.replaced("_routing.results").isdisjoint(_RESPONSE_FUNCTIONS):
            self.serialize_response = module.serialize_response
        if encoders.jsonable_encoder is not _jsonable_encoder:
            self.jsonable_encoder = module.jsonable_encoder


# Parameters.


def located_errors(error: ValueError, loc: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the errors of a failed validation under `loc`; raise what is no validation error."""
    if not isinstance(error, ValidationError):
        raise error
    return _regenerate_error_with_loc(errors=error.errors(include_url=False), loc_prefix=loc)


def validate_field(field: ModelField, value: Any, loc: tuple[str, ...]) -> tuple[Any, list[Any]]:
    """Validate by the field's own method."""
    return field.validate(value, {}, loc=loc)


def field_default(field: ModelField) -> Any:
    """Return a default that no other request shares."""
    return deepcopy(field.default)


# The body.


def is_json_content_type(value: str) -> bool:
    """Tell whether a content type is JSON (RFC 8259) or a JSON based format (RFC 6839, section 3.1)."""
    message = email.message.Message()
    message["content-type"] = value
    subtype = message.get_content_subtype()
    is_json = subtype == "json" or subtype.endswith("+json")
    return message.get_content_maintype() == "application" and is_json


async def read_form(request: Request, options: HandlerOptions) -> Any:
    """Parse the form and have it closed with the request."""
    file_stack = request.scope.get("fastapi_middleware_astack")
    assert isinstance(file_stack, AsyncExitStack), "fastapi_middleware_astack not found in request scope"
    limits = _resolve_form_limits(request.scope.get(_FASTAPI_SCOPE_KEY, {}), options.form_limits)
    form = await request.form(**limits)
    file_stack.push_async_callback(form.close)
    return form


def body_error(error: Exception, options: HandlerOptions, scope: Scope) -> Exception:
    """Return what to raise for an error while the body was read or parsed."""
    if isinstance(error, json.JSONDecodeError):
        detail = {
            "type": "json_invalid",
            "loc": ("body", error.pos),
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
        return _caused(validation_error([detail], error.doc, options, scope), error)
    if isinstance(error, StarletteHTTPException):
        return error
    if MAX_BODY_SIZE_SCOPE_KEY in scope and (limit_error := get_body_limit_error(error)):
        return _caused(limit_error, error)
    return _caused(
        StarletteHTTPException(status_code=400, detail="There was an error parsing the body"), error
    )


def _caused(error: Exception, cause: Exception) -> Exception:
    """Return `error` as `raise error from cause` leaves it where `cause` is handled."""
    if error is not cause:
        error.__cause__ = error.__context__ = cause
    return error


def validation_error(
    errors: list[Any], body: Any, options: HandlerOptions, scope: Scope
) -> RequestValidationError:
    """Return the error for parameters that did not validate."""
    context = endpoint_context(options.dependant, scope, scope["method"])
    error = RequestValidationError(errors, body=body, endpoint_ctx=context)
    if _gate.loaded_api is not None:
        _gate.loaded_api._validation_failed(error)
    return error


# Calls.


def run_in_threadpool(func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Awaitable[Any]:
    """Call an endpoint, or the like, in a worker thread."""
    return run_by(public().run_in_threadpool, func, args, kwargs)


async def close_stack(stack: AsyncExitStack, error: BaseException | None) -> None:
    """Close an exit stack; its callbacks see `error` as the exception being handled."""
    if error is None:
        await stack.__aexit__(None, None, None)
        return
    try:
        raise error
    except BaseException as raised:
        del error  # or it would be in a cycle with its traceback
        if not await stack.__aexit__(type(raised), raised, raised.__traceback__):
            raise


def response_not_awaited() -> FastAPIError:
    """Return the error for a dependency that swallowed an exception after the response was made."""
    return FastAPIError(
        "Response not awaited. There's a high chance that the application code is raising an exception and a "
        "dependency with yield has a block with a bare except, or a block with except Exception, and is not "
        "raising the exception again. Read more about it in the docs: "
        "https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/"
        "#dependencies-with-yield-and-except"
    )


async def solve_publicly(
    request: Request, options: HandlerOptions, body: Any, stack: AsyncExitStack
) -> SolvedDependency:
    """Solve the dependencies through the public function, which may be replaced or traced."""
    telemetry = telemetry_begin(request)
    if telemetry is not None:
        telemetry.body = None if body is Undefined else body
    with _gate.operation(name="dependencies", function=options.dependant.call):
        solved: SolvedDependency = await public().solve_dependencies(
            request=request,
            dependant=options.dependant,
            body=body,
            dependency_overrides_provider=options.dependency_overrides_provider,
            async_exit_stack=stack,
            embed_body_fields=options.embed_body_fields,
        )
        if telemetry is not None:
            telemetry.values = solved.values
            telemetry.errors = solved.errors
    return solved


async def run_endpoint(options: HandlerOptions, values: dict[str, Any]) -> Any:
    """Run the endpoint through the public function, which may be replaced or traced."""
    return await public().run_endpoint_function(
        dependant=options.dependant,
        values=values,
        is_coroutine=_is_coroutine_callable(options.dependant.call),
    )


# Responses.


async def make_response(
    options: HandlerOptions,
    result: Any,
    injected: Response | None,
    background: StarletteBackgroundTasks | None,
    scope: Scope,
) -> Response:
    """Return the `Response` object for what the endpoint returned."""
    if isinstance(result, Response):
        if result.background is None:
            result.background = background
        return result
    arguments = response_arguments(options.status_code, injected, background)
    dumped = dumps_json(options.response_field, options.response_class)
    with _gate.operation(name="serialization", function=options.dependant.call):
        content = await public().serialize_response(
            field=options.response_field,
            response_content=result,
            include=options.response_model_include,
            exclude=options.response_model_exclude,
            by_alias=options.response_model_by_alias,
            exclude_unset=options.response_model_exclude_unset,
            exclude_defaults=options.response_model_exclude_defaults,
            exclude_none=options.response_model_exclude_none,
            is_coroutine=_is_coroutine_callable(options.dependant.call),
            endpoint_ctx=endpoint_context(options.dependant, scope, scope["method"]),
            dump_json=dumped,
        )
    return build_response(content, _response_class(options), dumped, arguments, injected)


def response_error(error: ValueError, body: Any, options: HandlerOptions, scope: Scope) -> Exception:
    """Return the error for a result that its response model refuses."""
    if not isinstance(error, ValidationError):
        return error
    context = endpoint_context(options.dependant, scope, scope["method"])
    errors = located_errors(error, ("response",))
    return ResponseValidationError(errors=errors, body=body, endpoint_ctx=context)


# Errors and routing.


async def handle_exception(
    error: Exception, connection: Request, scope: Scope, receive: Receive, send: Any, tables: Any
) -> None:
    """Answer with the handler of `error` in `tables`; `send` is a `_core.Sender`."""
    if send.started:
        try:
            raise error
        except Exception as handled:
            del error  # or it would be in a cycle with its traceback
            raise RuntimeError("Caught handled exception, but response already started.") from handled
    # Starlette reads the tables of the scope, where a mounted application may have put its own meanwhile.
    present = scope.get(_HANDLERS_KEY)
    scope[_HANDLERS_KEY] = tables
    try:
        app = wrap_app_handling_exceptions(raising(error), connection)
    finally:
        scope[_HANDLERS_KEY] = present
    del error
    await app(scope, receive, send)


def asgi_signature() -> inspect.Signature:
    """Return the signature of an ASGI application's function."""
    return inspect.signature(_asgi)


async def _asgi(scope: Scope, receive: Receive, send: Send) -> None: ...


def route_selected(scope: Scope, route: Any) -> None:
    """Tell telemetry about a route that was asked in Python."""
    report_route(scope, getattr(route, "path_format", None), mount=isinstance(route, Mount))


def telemetry_route(scope: Scope, path_format: str | None) -> None:
    """Tell telemetry about a compiled route."""
    report_route(scope, path_format)


def telemetry_begin(request: Request) -> Any:
    """Return the telemetry data of this request with the request noted, or None."""
    if _gate.loaded_api is None:
        return None
    data = _gate.loaded_api.get_telemetry_data()
    if data is not None:
        data.request = request
    return data


async def redirect(scope: Scope, path: str, route: Any, receive: Receive, send: Send) -> None:
    """Redirect to the path with or without its trailing slash."""
    redirect_scope = {**scope, "path": path}
    if scope.get("fastapi.telemetry") is not None:
        candidate = route.candidate if isinstance(route, IncludedCandidate) else route
        target = getattr(candidate, "starlette_route", None) or candidate
        report_route(scope, redirected_path(target, redirect_scope))
    await RedirectResponse(url=str(URL(scope=redirect_scope)))(scope, receive, send)


async def fallback(router: ServingRouter, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what no route matched: low-priority routes, then the router's default application."""
    if not await handle_low_priority(router, scope, receive, send):
        default: ASGIApp = router.default
        await default(scope, receive, send)


PACKAGE.configure(sys.modules[__name__])
