"""`APIRouter`: routes with common options, served by themselves or included in an application."""

import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from enum import Enum
from typing import Any, Literal

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Lifespan
from starlette.websockets import WebSocket

from .. import params
from .._body_limit import get_body_size_limit, validate_max_body_size, wrap_app_with_body_limit
from .._form_limits import _FormLimits, _validate_form_limits
from ..datastructures import Default
from ..exceptions import FastAPIError
from ..types import DecoratedCallable
from ..utils import generate_unique_id, get_value_or_default
from .frontend_paths import _join_frontend_paths, _normalize_frontend_path, _resolve_frontend_check_dir
from .frontend_routes import _FrontendRouteGroup
from .include_context import _RouterIncludeContext
from .included import _IncludedRouter, _iter_routes_with_context
from .lifespan import EventHandlers, _merge_lifespan_context, resolve_lifespan
from .route import APIRoute
from .serving import ServingRouter
from .signatures import Options, path_operation, router_add_api_route, router_api_route
from .verbs import signed
from .websocket_route import APIWebSocketRoute


def _assert_prefix(prefix: str) -> None:
    assert prefix.startswith("/"), "A path prefix must start with '/'"
    assert not prefix.endswith("/"), "A path prefix must not end with '/', as the routes will start with '/'"


class APIRouter(EventHandlers, ServingRouter):
    """Path operations with a common prefix, dependencies, tags and defaults.

    Include it in an application or another router with `include_router()`; what is added to it later is
    served too. Its lists and attributes may be changed at any time.
    """

    def __init__(
        self,
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        default_response_class: type[Response] = Default(JSONResponse),
        responses: dict[int | str, dict[str, Any]] | None = None,
        callbacks: list[BaseRoute] | None = None,
        routes: list[BaseRoute] | None = None,
        redirect_slashes: bool = True,
        default: ASGIApp | None = None,
        dependency_overrides_provider: Any | None = None,
        route_class: type[APIRoute] = APIRoute,
        on_startup: Sequence[Callable[[], Any]] | None = None,
        on_shutdown: Sequence[Callable[[], Any]] | None = None,
        lifespan: Lifespan[Any] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
        strict_content_type: bool = Default(value=True),
        max_body_size: int | None = None,
        form_limits: _FormLimits | None = None,
    ) -> None:
        """Build a router.

        Args:
            prefix: put before each path: empty, or a path with a slash at its start and none at its end.
            tags: put before the tags of each operation, in OpenAPI.
            dependencies: run before those of each operation, for their effects.
            default_response_class: renders the results of operations that name no class.
            responses: further OpenAPI responses for each operation, by status code.
            callbacks: put before the OpenAPI callbacks of each operation.
            routes: routes to start with.
            redirect_slashes: answer a path that matches but for a slash at its end with a redirect.
            default: ASGI application for what no route matches; 404 if left out.
            dependency_overrides_provider: object whose `dependency_overrides` replace dependencies, as a rule
                the application.
            route_class: class of the routes that are added.
            on_startup: functions called at start-up; prefer `lifespan`.
            on_shutdown: functions called at shutdown; prefer `lifespan`.
            lifespan: function of the application that returns an asynchronous context manager around its
                life.
            deprecated: marks each operation as deprecated in OpenAPI.
            include_in_schema: `False` hides every operation from OpenAPI.
            generate_unique_id_function: makes the `operationId` of operations that name none.
            strict_content_type: refuse a JSON body that does not say so in `Content-Type`.
            max_body_size: limit of the request body in bytes, where an operation has none.
            form_limits: limits on form parsing: `max_fields`, `max_files` (counts), `max_part_size` (bytes).

        Raises:
            AssertionError: the prefix is not valid.
            ValueError: `max_body_size` is not a size.
            pydantic.ValidationError: `form_limits` is not valid.
        """
        validate_max_body_size(max_body_size)
        self.lifespan_context = resolve_lifespan(self, lifespan)
        limit = Middleware(wrap_app_with_body_limit, max_body_size=max_body_size)
        super().__init__(
            routes=routes,
            redirect_slashes=redirect_slashes,
            default=default,
            lifespan=self.lifespan_context,
            middleware=None if max_body_size is None else [limit],
        )
        if prefix:
            _assert_prefix(prefix)
        self.on_startup: list[Callable[[], Any]] = list(on_startup or [])
        self.on_shutdown: list[Callable[[], Any]] = list(on_shutdown or [])
        self.prefix = prefix
        self.tags: list[str | Enum] = tags or []
        self.dependencies = list(dependencies or [])
        self.deprecated = deprecated
        self.include_in_schema = include_in_schema
        self.responses = responses or {}
        self.callbacks = callbacks or []
        self.dependency_overrides_provider = dependency_overrides_provider
        self.route_class = route_class
        self.default_response_class = default_response_class
        self.generate_unique_id_function = generate_unique_id_function
        self.form_limits = _validate_form_limits(form_limits)
        self.strict_content_type = strict_content_type
        self.max_body_size = max_body_size
        self._routes_version = 0
        self._low_priority_routes: list[BaseRoute] = []
        self._frontend_routes: _FrontendRouteGroup | None = None

    def _add(self, route: BaseRoute) -> None:
        self.routes.append(route)
        self._mark_routes_changed()

    def add_route(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response] | Response],
        methods: Collection[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
    ) -> None:
        """Add a plain Starlette route: its function takes the request and returns the response."""
        super().add_route(path, endpoint, methods=methods, name=name, include_in_schema=include_in_schema)
        self._mark_routes_changed()

    def add_websocket_route(
        self, path: str, endpoint: Callable[[WebSocket], Awaitable[None]], name: str | None = None
    ) -> None:
        """Add a plain Starlette WebSocket route: its function takes the connection."""
        super().add_websocket_route(path, endpoint, name=name)
        self._mark_routes_changed()

    def route(
        self,
        path: str,
        methods: Collection[str] | None = None,
        name: str | None = None,
        include_in_schema: bool = True,
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to serve a plain Starlette route; see `add_route`."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_route(path, func, methods=methods, name=name, include_in_schema=include_in_schema)
            return func

        return decorator

    def websocket_route(
        self, path: str, name: str | None = None
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to serve a plain Starlette WebSocket route; see `add_websocket_route`."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_websocket_route(path, func, name=name)
            return func

        return decorator

    def frontend(
        self,
        path: str,
        *,
        directory: str | os.PathLike[str],
        fallback: Literal["auto", "index.html", "404.html"] | None = "auto",
        check_dir: bool | Literal["auto"] = "auto",
    ) -> None:
        """Serve the static files of a frontend, where no other route matches.

        Args:
            path: URL path below which the files are served.
            directory: where the files are.
            fallback: page for paths that are no file: `404.html`, `index.html` (for the navigations of a
                browser), or whichever is there (`"auto"`); `None` for a plain 404.
            check_dir: whether the directory must exist now; `"auto"` only warns in development.

        Raises:
            AssertionError: the path or the fallback is not valid.
            RuntimeError: the directory or the fallback file is not there.
        """
        check_dir = _resolve_frontend_check_dir(directory=directory, check_dir=check_dir)
        normalized_path = _normalize_frontend_path(path)
        if self._frontend_routes is None:
            self._frontend_routes = _FrontendRouteGroup(
                dependencies=self.dependencies,
                dependency_overrides_provider=self.dependency_overrides_provider,
            )
            self._low_priority_routes.append(self._frontend_routes)
        self._frontend_routes.add_frontend_route(
            _join_frontend_paths(self.prefix, normalized_path),
            directory=directory,
            fallback=fallback,
            check_dir=check_dir,
        )
        self._mark_routes_changed()

    @signed(router_add_api_route)
    def add_api_route(self, path: str, options: Options) -> None:
        """Add a path operation, combined with the router's prefix, tags, dependencies and defaults."""
        route_class = options.pop("route_class_override") or self.route_class
        if options["form_limits"] is None:
            # Not passed on, for the sake of route classes that were written before there was this argument.
            del options["form_limits"]
        options |= {
            "responses": {**self.responses, **(options["responses"] or {})},
            "response_class": get_value_or_default(options["response_class"], self.default_response_class),
            "tags": [*self.tags, *(options["tags"] or [])],
            "dependencies": [*self.dependencies, *(options["dependencies"] or [])],
            "callbacks": [*self.callbacks, *(options["callbacks"] or [])],
            "deprecated": options["deprecated"] or self.deprecated,
            "include_in_schema": options["include_in_schema"] and self.include_in_schema,
            "dependency_overrides_provider": self.dependency_overrides_provider,
            "generate_unique_id_function": get_value_or_default(
                options["generate_unique_id_function"], self.generate_unique_id_function
            ),
            "strict_content_type": get_value_or_default(
                options["strict_content_type"], self.strict_content_type
            ),
            "max_body_size": get_body_size_limit(options["max_body_size"], self.max_body_size),
        }
        self._add(route_class(self.prefix + path, **options))

    @signed(router_api_route)
    def api_route(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a path operation for any methods."""

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_api_route(path, func, **options)
            return func

        return decorator

    @signed(path_operation)
    def get(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a GET path operation."""
        return self.api_route(path=path, methods=["GET"], **options)

    @signed(path_operation)
    def put(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a PUT path operation."""
        return self.api_route(path=path, methods=["PUT"], **options)

    @signed(path_operation)
    def post(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a POST path operation."""
        return self.api_route(path=path, methods=["POST"], **options)

    @signed(path_operation)
    def delete(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a DELETE path operation."""
        return self.api_route(path=path, methods=["DELETE"], **options)

    @signed(path_operation)
    def options(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be an OPTIONS path operation."""
        return self.api_route(path=path, methods=["OPTIONS"], **options)

    @signed(path_operation)
    def head(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a HEAD path operation."""
        return self.api_route(path=path, methods=["HEAD"], **options)

    @signed(path_operation)
    def patch(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a PATCH path operation."""
        return self.api_route(path=path, methods=["PATCH"], **options)

    @signed(path_operation)
    def trace(self, path: str, options: Options) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a function to be a TRACE path operation."""
        return self.api_route(path=path, methods=["TRACE"], **options)

    def add_api_websocket_route(
        self,
        path: str,
        endpoint: Callable[..., Any],
        name: str | None = None,
        *,
        dependencies: Sequence[params.Depends] | None = None,
    ) -> None:
        """Add a WebSocket operation, combined with the router's prefix and dependencies."""
        self._add(
            APIWebSocketRoute(
                self.prefix + path,
                endpoint=endpoint,
                name=name,
                dependencies=[*self.dependencies, *(dependencies or [])],
                dependency_overrides_provider=self.dependency_overrides_provider,
            )
        )

    def websocket(
        self, path: str, name: str | None = None, *, dependencies: Sequence[params.Depends] | None = None
    ) -> Callable[[DecoratedCallable], DecoratedCallable]:
        """Decorate a coroutine function to be a WebSocket operation.

        Args:
            path: URL path; `{name}` is a path parameter.
            name: route name, for `url_path_for`; the function's name if left out.
            dependencies: run before the function, for their effects.
        """

        def decorator(func: DecoratedCallable) -> DecoratedCallable:
            self.add_api_websocket_route(path, func, name=name, dependencies=dependencies)
            return func

        return decorator

    def include_router(
        self,
        router: "APIRouter",
        *,
        prefix: str = "",
        tags: list[str | Enum] | None = None,
        dependencies: Sequence[params.Depends] | None = None,
        default_response_class: type[Response] = Default(JSONResponse),
        responses: dict[int | str, dict[str, Any]] | None = None,
        callbacks: list[BaseRoute] | None = None,
        deprecated: bool | None = None,
        include_in_schema: bool = True,
        generate_unique_id_function: Callable[[APIRoute], str] = Default(generate_unique_id),
        max_body_size: int | None = None,
        form_limits: _FormLimits | None = None,
    ) -> None:
        """Include the routes of another router, its start-up and shutdown handlers and its lifespan.

        Args:
            router: the router; routes added to it later are served too.
            prefix: put before each path: empty, or a path with a slash at its start and none at its end.
            tags: put before the tags of each operation, in OpenAPI.
            dependencies: run before those of each operation, for their effects.
            default_response_class: for operations and routers that name none.
            responses: further OpenAPI responses for each operation, by status code.
            callbacks: put before the OpenAPI callbacks of each operation.
            deprecated: marks each operation as deprecated in OpenAPI.
            include_in_schema: `False` hides every operation from OpenAPI.
            generate_unique_id_function: for operations and routers that name none.
            max_body_size: limit of the request body in bytes, where neither the operation nor the router has
                one.
            form_limits: limits on form parsing, where the router sets none: `max_fields`, `max_files`
                (counts), `max_part_size` (bytes).

        Raises:
            AssertionError: the prefix is not valid, or the inclusion would be circular.
            FastAPIError: a route would have no path at all.
            ValueError: `max_body_size` is not a size.
            pydantic.ValidationError: `form_limits` is not valid.
        """
        options = locals()
        assert self is not router, (
            "Cannot include the same APIRouter instance into itself. "
            "Did you mean to include a different router?"
        )
        assert not router._contains_router(self), (
            "Cannot include an APIRouter instance that already includes this router. "
            "Did you mean to include a different router?"
        )
        if prefix:
            _assert_prefix(prefix)
        else:
            _refuse_empty_paths(router)
        context = _RouterIncludeContext.for_include(
            parent_router=self, included_router=router, options=options
        )
        self._add(_IncludedRouter(original_router=router, include_context=context))
        for handler in router.on_startup:
            self.add_event_handler("startup", handler)
        for handler in router.on_shutdown:
            self.add_event_handler("shutdown", handler)
        self.lifespan_context = _merge_lifespan_context(self.lifespan_context, router.lifespan_context)


def _refuse_empty_paths(router: APIRouter) -> None:
    for route, context in _iter_routes_with_context(router.routes):
        effective: Any = route if context is None else context.starlette_route or context
        path = getattr(effective, "path", None)
        if path is not None and not path:
            name = getattr(effective, "name", "unknown")
            raise FastAPIError(f"Prefix and path cannot be both empty (path operation: {name})")
