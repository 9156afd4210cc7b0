"""A route as one inclusion makes it: with the prefix, dependencies and defaults of the routers around it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from starlette import routing
from starlette._utils import get_route_path
from starlette.datastructures import URLPath
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Scope

from .. import params
from .._body_limit import get_body_size_limit
from .._compat import ModelField
from .._epoch import Tracked
from ..datastructures import Default, DefaultPlaceholder
from ..dependencies.models import Dependant
from ..types import IncEx
from ..utils import generate_unique_id, get_value_or_default
from .frontend_routes import _FrontendRouteGroup
from .include_context import _RouterIncludeContext
from .route import APIRoute, handler_app
from .scope import _effective_route_context_var
from .state import (
    ROUTE_OPTIONS,
    _APIRouteLike,
    _build_dependant_with_parameterless_dependencies,
    _frontend_dependency_endpoint,
    _populate_api_route_state,
)


@dataclass
class _EffectiveRouteContext(Tracked):
    """One route in one inclusion.

    An `APIRoute` is described by the attributes here, any other kind by `starlette_route`, a copy of it with
    the prefix, and a group of frontends by `frontend_prefix`, `dependencies` and `dependant`.
    """

    original_route: BaseRoute
    starlette_route: BaseRoute | None = None
    app: ASGIApp | None = field(default=None, repr=False, compare=False)
    frontend_prefix: str = ""
    path: str = ""
    endpoint: Callable[..., Any] | None = None
    stream_item_type: Any | None = None
    response_model: Any = None
    summary: str | None = None
    response_description: str = "Successful Response"
    deprecated: bool | None = None
    operation_id: str | None = None
    response_model_include: IncEx | None = None
    response_model_exclude: IncEx | None = None
    response_model_by_alias: bool = True
    response_model_exclude_unset: bool = False
    response_model_exclude_defaults: bool = False
    response_model_exclude_none: bool = False
    include_in_schema: bool = True
    response_class: type[Response] | DefaultPlaceholder = field(default_factory=lambda: Default(JSONResponse))
    dependency_overrides_provider: Any | None = None
    callbacks: list[BaseRoute] | None = None
    openapi_extra: dict[str, Any] | None = None
    generate_unique_id_function: Callable[[Any], str] | DefaultPlaceholder = field(
        default_factory=lambda: Default(generate_unique_id)
    )
    strict_content_type: bool | DefaultPlaceholder = field(default_factory=lambda: Default(value=True))
    max_body_size: int | None = None
    tags: list[str | Enum] = field(default_factory=list)
    responses: dict[int | str, dict[str, Any]] = field(default_factory=dict)
    name: str = ""
    path_regex: Any = None
    path_format: str = ""
    param_convertors: dict[str, Any] = field(default_factory=dict)
    methods: set[str] = field(default_factory=set)
    unique_id: str = ""
    status_code: int | None = None
    response_field: ModelField | None = None
    stream_item_field: ModelField | None = None
    dependencies: list[params.Depends] = field(default_factory=list)
    description: str = ""
    response_fields: dict[int | str, ModelField] = field(default_factory=dict)
    dependant: Dependant | None = None
    _embed_body_fields: bool = False
    body_field: ModelField | None = None
    is_sse_stream: bool = False
    is_json_stream: bool = False

    @classmethod
    def from_api_route(
        cls, *, original_route: APIRoute, include_context: _RouterIncludeContext
    ) -> "_EffectiveRouteContext":
        """Return `original_route` as it is under `include_context`, its handler built."""
        context = cls(original_route=original_route)
        _populate_api_route_state(
            cast("_APIRouteLike", context),
            include_context.path_for(original_route),
            original_route.endpoint,
            **_effective_options(original_route, include_context),
        )
        token = _effective_route_context_var.set(context)
        try:
            context.app = handler_app(original_route.get_route_handler(), context.max_body_size)
        finally:
            _effective_route_context_var.reset(token)
        return context

    @classmethod
    def from_frontend_route_group(
        cls, *, original_route: _FrontendRouteGroup, include_context: _RouterIncludeContext
    ) -> "_EffectiveRouteContext":
        """Return a group of frontends as it is under `include_context`."""
        dependencies = [*include_context.dependencies, *original_route.dependencies]
        context = cls(
            original_route=original_route,
            frontend_prefix=include_context.prefix,
            dependencies=dependencies,
            dependency_overrides_provider=include_context.dependency_overrides_provider,
        )
        context.dependant, _, context._embed_body_fields = _build_dependant_with_parameterless_dependencies(
            path="", call=_frontend_dependency_endpoint, dependencies=dependencies
        )
        return context

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a scope against the effective path; `PARTIAL` means that only the method is wrong."""
        if isinstance(self.original_route, _FrontendRouteGroup):
            return self.original_route.matches_with_prefix(scope, self.frontend_prefix)
        if not isinstance(self.original_route, APIRoute):
            assert self.starlette_route is not None
            return self.starlette_route.matches(scope)
        if scope["type"] != "http":
            return Match.NONE, {}
        found = self.path_regex.match(get_route_path(scope))
        if not found:
            return Match.NONE, {}
        path_params = dict(scope.get("path_params", {}))
        for name, text in found.groupdict().items():
            path_params[name] = self.param_convertors[name].convert(text)
        child_scope = {"endpoint": self.endpoint, "path_params": path_params}
        if self.methods and scope["method"] not in self.methods:
            return Match.PARTIAL, child_scope
        return Match.FULL, child_scope

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Return the URL path of the route `name`.

        Raises:
            NoMatchFound: the name or the names of the parameters are not this route's.
        """
        if not isinstance(self.original_route, APIRoute):
            assert self.starlette_route is not None
            return self.starlette_route.url_path_for(name, **path_params)
        if name != self.name or path_params.keys() != self.param_convertors.keys():
            raise routing.NoMatchFound(name, path_params)
        path, remaining = routing.replace_params(self.path_format, self.param_convertors, path_params)
        assert not remaining
        return URLPath(path=path, protocol="http")


def _effective_options(route: APIRoute, include: _RouterIncludeContext) -> dict[str, Any]:
    """The options of `route`, combined with what the inclusion adds; the innermost choice wins."""
    router = include.included_router
    options = {name: getattr(route, name) for name in ROUTE_OPTIONS}
    return options | {
        "tags": [*include.tags, *route.tags],
        "dependencies": [*include.dependencies, *route.dependencies],
        "responses": {**include.responses, **route.responses},
        "deprecated": route.deprecated or include.deprecated,
        "include_in_schema": route.include_in_schema and include.include_in_schema,
        "response_class": get_value_or_default(
            route.response_class, router.default_response_class, include.default_response_class
        ),
        "dependency_overrides_provider": include.dependency_overrides_provider,
        "callbacks": [*include.callbacks, *(route.callbacks or [])],
        "generate_unique_id_function": get_value_or_default(
            route.generate_unique_id_function,
            router.generate_unique_id_function,
            include.generate_unique_id_function,
        ),
        "strict_content_type": get_value_or_default(
            route.strict_content_type, router.strict_content_type, include.strict_content_type
        ),
        "max_body_size": get_body_size_limit(route.max_body_size, include.max_body_size),
    }


@dataclass(frozen=True)
class RouteContext:
    """A route as it is served, for tools that list routes; see `iter_route_contexts`.

    What is not an attribute here is read from the effective route, so a `RouteContext` can be used in its
    place.

    Attributes:
        route: the route itself, or the original route of an included one.
    """

    route: BaseRoute
    _route_context: _EffectiveRouteContext | None = field(default=None, repr=False)

    @property
    def original_route(self) -> BaseRoute:
        """The route as it was declared, without the prefixes of routers that include its own."""
        return self.route if self._route_context is None else self._route_context.original_route

    @property
    def _effective_route(self) -> BaseRoute | _EffectiveRouteContext:
        context = self._route_context
        if context is None:
            return self.route
        return context if context.starlette_route is None else context.starlette_route

    @property
    def path(self) -> str | None:
        """The whole path template, convertors included."""
        return getattr(self._effective_route, "path", None)

    @property
    def path_format(self) -> str | None:
        """The whole path template, without convertors."""
        return getattr(self._effective_route, "path_format", None)

    @property
    def name(self) -> str | None:
        """The name for `url_path_for`."""
        return getattr(self._effective_route, "name", None)

    @property
    def methods(self) -> set[str] | None:
        """The HTTP methods; `None` where the kind of route has none."""
        return getattr(self._effective_route, "methods", None)

    @property
    def endpoint(self) -> Callable[..., Any] | None:
        """The function that is called."""
        return getattr(self._effective_route, "endpoint", None)

    def __getattr__(self, name: str) -> Any:
        # While it is copied or unpickled, there is nothing to delegate to yet.
        if "route" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self._effective_route, name)
