"""`APIRoute`: one HTTP path operation."""

from collections.abc import Callable, Coroutine, Sequence
from enum import Enum
from typing import Any, cast

from starlette import routing
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import params
from .._body_limit import wrap_app_with_body_limit
from .._epoch import Tracked
from .._form_limits import _FormLimits, _validate_form_limits
from ..datastructures import Default, DefaultPlaceholder
from ..types import IncEx
from ..utils import generate_unique_id
from ._public import public
from .scope import _effective_route_context_var, _get_scope_effective_route_context
from .state import ROUTE_OPTIONS, _APIRouteLike, _populate_api_route_state

# What `get_route_handler()` hands to `get_request_handler()` under the same name.
_HANDLER_ARGUMENTS = (
    "dependant",
    "body_field",
    "status_code",
    "response_class",
    "response_field",
    "response_model_include",
    "response_model_exclude",
    "response_model_by_alias",
    "response_model_exclude_unset",
    "response_model_exclude_defaults",
    "response_model_exclude_none",
    "dependency_overrides_provider",
    "strict_content_type",
    "stream_item_field",
    "is_json_stream",
)


def handler_app(handler: Callable[[Request], Any], max_body_size: int | None) -> ASGIApp:
    """Return the ASGI application that answers with `handler`, behind a body limit in bytes."""
    return wrap_app_with_body_limit(public().request_response(handler), max_body_size)


async def refuse_method(methods: set[str], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 405 with the `Allow` header (RFC 9110, section 15.5.6); inside an application, by raising."""
    headers = {"Allow": ", ".join(methods)}
    if "app" in scope:
        raise HTTPException(status_code=405, headers=headers)
    response = PlainTextResponse("Method Not Allowed", status_code=405, headers=headers)
    await response(scope, receive, send)


class APIRoute(Tracked, _APIRouteLike, routing.Route):  # type: ignore[misc]
    """One HTTP path operation: path, methods, function, and how requests and responses are handled.

    Made by the decorators of an application or router. Subclass it, and give the subclass as `route_class`,
    to change how requests are handled. Attributes may be changed after it was built.
    """

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., Any],
        *,
        response_model: Any = Default(None),
        status_code: int | None = None,
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        summary: str | None = None,
        description: str | None = None,
        response_description: str = "Successful Response",
        responses: dict[int | str, dict[str, Any]] | None = None,
        deprecated: bool | None = None,
        name: str | None = None,
        methods: set[str] | list[str] | None = None,
        operation_id: str | None = None,
        response_model_include: IncEx | None = None,
        response_model_exclude: IncEx | None = None,
        response_model_by_alias: bool = True,
        response_model_exclude_unset: bool = False,
        response_model_exclude_defaults: bool = False,
        response_model_exclude_none: bool = False,
        include_in_schema: bool = True,
        response_class: type[Response] | DefaultPlaceholder = Default(JSONResponse),
        dependency_overrides_provider: Any | None = None,
        callbacks: list[BaseRoute] | None = None,
        openapi_extra: dict[str, Any] | None = None,
        generate_unique_id_function: Callable[["APIRoute"], str] | DefaultPlaceholder = Default(
            generate_unique_id
        ),
        strict_content_type: bool | DefaultPlaceholder = Default(value=True),
        max_body_size: int | None = None,
        form_limits: _FormLimits | None = None,
    ) -> None:
        """Build a route.

        The arguments are those of `APIRouter.add_api_route`, but nothing is taken from a router, so `path` is
        the whole path template. `dependency_overrides_provider`, as a rule the application, is the object
        whose `dependency_overrides` replace dependencies.

        Raises:
            ValueError: `max_body_size` is not a size, or the path names a parameter twice.
            pydantic.ValidationError: `form_limits` is not valid.
            AssertionError: an option contradicts another one or the endpoint.
            FastAPIError: a response type is not a valid field.
        """
        given = locals()
        options = {name: given[name] for name in ROUTE_OPTIONS if name in given}
        self.form_limits = _validate_form_limits(form_limits)
        _populate_api_route_state(self, path, endpoint, **options)
        self.app = handler_app(self.get_route_handler(), max_body_size)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the coroutine function that turns a request into a response, to be wrapped or replaced.

        Called once for the route and once for each of its inclusions, then with the values effective there.
        """
        source: _APIRouteLike = self
        context = _effective_route_context_var.get()
        if context is not None and context.original_route is self:
            source = context
        arguments = {name: getattr(source, name) for name in _HANDLER_ARGUMENTS}
        handler = public().get_request_handler(
            **arguments, embed_body_fields=source._embed_body_fields, form_limits=self.form_limits
        )
        return cast("Callable[[Request], Coroutine[Any, Any, Response]]", handler)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request; `PARTIAL` means that only the method is wrong."""
        context = _get_scope_effective_route_context(scope)
        if context is not None and context.original_route is self:
            match, child_scope = context.matches(scope)
        else:
            match, child_scope = super().matches(scope)
        if match != Match.NONE:
            child_scope["route"] = self
        return match, child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that matched, with 405 if its method is wrong."""
        context = _get_scope_effective_route_context(scope)
        if context is None or context.original_route is not self:
            await super().handle(scope, receive, send)
        elif context.methods and scope["method"] not in context.methods:
            await refuse_method(context.methods, scope, receive, send)
        else:
            assert context.app is not None
            await context.app(scope, receive, send)
