"""Handlers of path operations: the Python doors of the compiled request path."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from starlette._utils import is_async_callable
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from .._compat import ModelField
from .._compiled.specs import HandlerOptions
from .._core import Handler, RouteApp
from .._form_limits import _FormLimits
from .._package import PACKAGE
from ..datastructures import Default, DefaultPlaceholder
from ..dependencies.models import Dependant
from ..types import IncEx


def request_response(func: Callable[[Request], Awaitable[Response] | Response]) -> ASGIApp:
    """Return an ASGI application that answers with what `func` makes of the request.

    What `get_request_handler` made is entered directly in Rust; any other function is called with a
    `Request`, in a worker thread unless it is asynchronous.
    """
    handler = getattr(func, "_compiled", None)
    # A wrapper made with `functools.wraps` carries the attribute too, but is not the handler's own door.
    if isinstance(handler, Handler) and handler.door is func:
        return RouteApp(PACKAGE, handler)
    return RouteApp(PACKAGE, func, is_async_callable(func))


def get_request_handler(
    dependant: Dependant,
    body_field: ModelField | None = None,
    status_code: int | None = None,
    response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
    response_field: ModelField | None = None,
    response_model_include: IncEx | None = None,
    response_model_exclude: IncEx | None = None,
    response_model_by_alias: bool = True,
    response_model_exclude_unset: bool = False,
    response_model_exclude_defaults: bool = False,
    response_model_exclude_none: bool = False,
    dependency_overrides_provider: Any | None = None,
    embed_body_fields: bool = False,
    strict_content_type: bool | DefaultPlaceholder = Default(value=True),
    stream_item_field: ModelField | None = None,
    is_json_stream: bool = False,
    form_limits: _FormLimits | None = None,
) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Return the coroutine function that turns a `Request` into a `Response` for one path operation.

    The arguments are the attributes of the `APIRoute` under the same names. What they describe is compiled at
    the first request, and again after a change of the dependant tree.

    Raises:
        AssertionError: `dependant.call` is None.
    """
    assert dependant.call is not None, "dependant.call must be a function"
    handler = Handler(
        PACKAGE,
        HandlerOptions(
            dependant=dependant,
            body_field=body_field,
            status_code=status_code,
            response_class=response_class,
            response_field=response_field,
            response_model_include=response_model_include,
            response_model_exclude=response_model_exclude,
            response_model_by_alias=response_model_by_alias,
            response_model_exclude_unset=response_model_exclude_unset,
            response_model_exclude_defaults=response_model_exclude_defaults,
            response_model_exclude_none=response_model_exclude_none,
            dependency_overrides_provider=dependency_overrides_provider,
            embed_body_fields=embed_body_fields,
            strict_content_type=strict_content_type,
            stream_item_field=stream_item_field,
            is_json_stream=is_json_stream,
            form_limits=form_limits,
        ),
    )

    async def app(request: Request) -> Response:
        response: Response = await handler.respond_to(request)
        return response

    handler.door = app
    app._compiled = handler  # type: ignore[attr-defined]
    return app
