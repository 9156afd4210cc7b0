"""`_IncludedRouter`: the route that stands for a whole router in the list of the router that includes it."""

import copy
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from starlette import routing
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from .._body_limit import wrap_app_with_body_limit
from .._core import bump_epoch
from .._epoch import Tracked
from .effective import RouteContext, _EffectiveRouteContext
from .frontend_routes import _FrontendRouteGroup
from .include_context import _RouterIncludeContext
from .route import APIRoute
from .scope import (
    _FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY,
    _FASTAPI_INCLUDED_ROUTER_KEY,
    ScopedKey,
    _apply_router_form_limits,
    _get_fastapi_scope,
    _update_scope,
    report_route,
)
from .websocket_route import APIWebSocketRoute

if TYPE_CHECKING:
    from .router import APIRouter

Selection: TypeAlias = tuple[Match, Scope, BaseRoute | None, _EffectiveRouteContext | None]
"""What a search found: the match, its child scope, the route to hand the request to, and its context if
included."""


@dataclass
class _IncludedRouter(Tracked, BaseRoute):
    """One inclusion of `original_router`, with what `include_context` adds.

    What the inclusion makes of each route is built when it is first needed, and again after routes were added
    to the router or to one that it includes.
    """

    original_router: "APIRouter"
    include_context: _RouterIncludeContext
    _effective_routes_lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)
    _effective_candidates: list["_EffectiveRouteContext | _IncludedRouter"] = field(default_factory=list)
    _effective_candidates_version: int | None = None
    _effective_low_priority_routes: list["_EffectiveRouteContext"] = field(default_factory=list)
    _effective_low_priority_routes_version: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_effective_routes_lock", None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._effective_routes_lock = threading.Lock()

    def effective_candidates(self) -> list["_EffectiveRouteContext | _IncludedRouter"]:
        """Return the router's routes in this inclusion, in their order; nested routers as such."""
        return self._cached("_effective_candidates", self._build_candidates)

    def effective_low_priority_routes(self) -> list["_EffectiveRouteContext"]:
        """Return the routes that are asked after all others, those of nested routers among them."""
        return self._cached("_effective_low_priority_routes", self._build_low_priority_routes)

    def _cached(self, name: str, build: Callable[[], list[Any]]) -> list[Any]:
        version_name = f"{name}_version"
        current = self.original_router._get_routes_version()
        if current != getattr(self, version_name):
            with self._effective_routes_lock:
                current = self.original_router._get_routes_version()
                # Another thread may have built it in the meantime.
                if current != getattr(self, version_name):
                    setattr(self, name, build())
                    setattr(self, version_name, current)
                    bump_epoch()
        return cast("list[Any]", getattr(self, name))

    def _build_candidates(self) -> list["_EffectiveRouteContext | _IncludedRouter"]:
        candidates: list[_EffectiveRouteContext | _IncludedRouter] = []
        for route in self.original_router.routes:
            if isinstance(route, _IncludedRouter):
                candidates.append(self._nested(route))
            elif (context := self._build_effective_context(route)) is not None:
                candidates.append(context)
        return candidates

    def _build_low_priority_routes(self) -> list["_EffectiveRouteContext"]:
        contexts = []
        for route in self.original_router._low_priority_routes:
            context = self._build_effective_context(route)
            if context is None:
                continue
            if not isinstance(route, APIRoute):
                handle = (context.starlette_route or route).handle
                context.app = wrap_app_with_body_limit(handle, self.include_context.max_body_size)
            contexts.append(context)
        for route in self.original_router.routes:
            if isinstance(route, _IncludedRouter):
                contexts += self._nested(route).effective_low_priority_routes()
        return contexts

    def _nested(self, child: "_IncludedRouter") -> "_IncludedRouter":
        context = self.include_context.combine(child.include_context)
        return _IncludedRouter(original_router=child.original_router, include_context=context)

    def _build_effective_context(self, route: BaseRoute) -> _EffectiveRouteContext | None:
        return build_effective_context(route, self.include_context)

    def _match(self, scope: Scope) -> Selection:
        """Find the first route that matches, or else the first that matches but for the method."""
        partial: Selection | None = None
        for candidate in self.effective_candidates():
            found = select_candidate(candidate, scope)
            if found[0] == Match.FULL:
                return found
            if found[0] == Match.PARTIAL and partial is None:
                partial = found
        return (Match.NONE, {}, None, None) if partial is None else partial

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match through the original router's `matches()`, which a subclass may override."""
        with ScopedKey(scope, _FASTAPI_INCLUDED_ROUTER_KEY, self):
            match, _ = self.original_router.matches(scope)
        return match, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the original router's `handle()`, which a subclass may override."""
        _apply_router_form_limits(scope, self.include_context.form_limits)
        _get_fastapi_scope(scope)[_FASTAPI_INCLUDED_ROUTER_KEY] = self
        await self.original_router.handle(scope, receive, send)

    async def _handle_selected(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(self._match(scope), scope, receive, send)

    async def _serve(self, selection: Selection, scope: Scope, receive: Receive, send: Send) -> None:
        match, child_scope, route, context = selection
        if match == Match.NONE or route is None:
            await self._limited(self.original_router.default)(scope, receive, send)
            return
        _update_scope(scope, child_scope)
        if isinstance(route, _IncludedRouter):
            await route.handle(scope, receive, send)
            return
        if context is not None:
            enter_context(context, scope, mount=isinstance(route, routing.Mount))
            if isinstance(context.original_route, APIRoute):
                # Its application is limited already, by the innermost limit.
                await context.original_route.handle(scope, receive, send)
                return
        await self._limited(route.handle)(scope, receive, send)

    def _limited(self, app: ASGIApp) -> ASGIApp:
        return wrap_app_with_body_limit(app, self.include_context.max_body_size)

    def effective_route_contexts(self) -> Iterator[_EffectiveRouteContext]:
        """Yield the context of each route in this inclusion, those of nested routers in their place."""
        for candidate in self.effective_candidates():
            if isinstance(candidate, _IncludedRouter):
                yield from candidate.effective_route_contexts()
            else:
                yield candidate

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Return the URL path of the first route `name`.

        Raises:
            NoMatchFound: no route here has this name and these parameters.
        """
        for context in self.effective_route_contexts():
            try:
                return context.url_path_for(name, **path_params)
            except routing.NoMatchFound:
                pass
        raise routing.NoMatchFound(name, path_params)


def select_candidate(candidate: _EffectiveRouteContext | BaseRoute, scope: Scope) -> Selection:
    """Match one candidate; an `APIRoute` is asked through its own `matches()`, which may be overridden."""
    if not isinstance(candidate, _EffectiveRouteContext):
        return *candidate.matches(scope), candidate, None
    route = candidate.original_route
    if not isinstance(route, APIRoute):
        return *candidate.matches(scope), candidate.starlette_route or route, candidate
    with ScopedKey(scope, _FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY, candidate):
        return *route.matches(scope), route, candidate


def enter_context(context: _EffectiveRouteContext, scope: Scope, *, mount: bool = False) -> None:
    """Write into the scope that the request goes to the route of `context`."""
    path_format = getattr(context.starlette_route, "path_format", None) or context.path_format
    report_route(scope, path_format, mount=mount)
    _get_fastapi_scope(scope)[_FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY] = context
    if isinstance(context.original_route, APIRoute):
        scope["route"] = context.original_route


def build_effective_context(
    route: BaseRoute, include_context: _RouterIncludeContext
) -> _EffectiveRouteContext | None:
    """Return `route` as it is under `include_context`; `None` for a kind of route that can't be prefixed."""
    if isinstance(route, APIRoute):
        return _EffectiveRouteContext.from_api_route(original_route=route, include_context=include_context)
    if isinstance(route, _FrontendRouteGroup):
        return _EffectiveRouteContext.from_frontend_route_group(
            original_route=route, include_context=include_context
        )
    prefixed = _prefixed(route, include_context)
    return (
        None if prefixed is None else _EffectiveRouteContext(original_route=route, starlette_route=prefixed)
    )


def _prefixed(route: BaseRoute, include: _RouterIncludeContext) -> BaseRoute | None:
    if isinstance(route, routing.Route):
        return routing.Route(
            include.path_for(route),
            endpoint=route.endpoint,
            methods=list(route.methods or []),
            name=route.name,
            include_in_schema=route.include_in_schema,
        )
    if isinstance(route, APIWebSocketRoute):
        return APIWebSocketRoute(
            include.path_for(route),
            endpoint=route.endpoint,
            name=route.name,
            dependencies=[*include.dependencies, *route.dependencies],
            dependency_overrides_provider=include.dependency_overrides_provider,
        )
    if isinstance(route, routing.WebSocketRoute):
        return routing.WebSocketRoute(include.path_for(route), route.endpoint, name=route.name)
    if isinstance(route, routing.Mount):
        return _prefixed_mount(route, include)
    if isinstance(route, routing.Host):
        return _prefixed_host(route, include)
    return None


def _prefixed_mount(route: routing.Mount, include: _RouterIncludeContext) -> routing.Mount:
    mount = copy.copy(route)
    mount.path = include.path_for(route).rstrip("/")
    mount.path_regex, mount.path_format, mount.param_convertors = compile_path(mount.path + "/{path:path}")
    return mount


def _prefixed_host(route: routing.Host, include: _RouterIncludeContext) -> routing.Host:
    app = route.app
    if include.prefix:
        app = routing.Router(routes=[routing.Mount(include.prefix, app=app)])
    return routing.Host(route.host, app=app, name=route.name)


def _iter_routes_with_context(
    routes: Sequence[BaseRoute],
) -> Iterator[tuple[BaseRoute, _EffectiveRouteContext | None]]:
    for route in routes:
        if isinstance(route, _IncludedRouter):
            for context in route.effective_route_contexts():
                yield context.original_route, context
        else:
            yield route, None


def _iter_included_route_candidates(routes: Sequence[BaseRoute]) -> Iterator[BaseRoute]:
    for route, context in _iter_routes_with_context(routes):
        yield route if context is None or context.starlette_route is None else context.starlette_route


def iter_route_contexts(routes: Sequence[BaseRoute | RouteContext]) -> Iterator[RouteContext]:
    """Yield a `RouteContext` for each route that is served, included routers flattened, in order.

    Args:
        routes: such as `app.routes`; a `RouteContext` among them is yielded as it is.
    """
    for route in routes:
        if isinstance(route, RouteContext):
            yield route
        else:
            for original_route, context in _iter_routes_with_context([route]):
                yield RouteContext(original_route, context)
