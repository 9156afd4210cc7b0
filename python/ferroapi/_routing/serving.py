"""How a router serves: by itself, and for each of its inclusions."""

from collections.abc import Iterator
from typing import Any

from starlette import routing
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from .._epoch import Tracked, TrackedList
from .._form_limits import _FormLimits
from .dispatch import dispatcher_of
from .effective import _EffectiveRouteContext
from .included import Selection, _IncludedRouter
from .low_priority import is_more_specific, iter_low_priority_routes, match_low_priority
from .scope import _get_scope_included_router

_ROUTE_LISTS = frozenset({"routes", "_low_priority_routes"})


class ServingRouter(Tracked, routing.Router):
    """The half of `APIRouter` that answers requests, and knows which routers it includes."""

    form_limits: _FormLimits
    _routes_version: int
    _low_priority_routes: list[BaseRoute]

    def __setattr__(self, name: str, value: Any) -> None:
        # Changes inside these lists are seen, too. A sequence of another kind keeps its ways, and is read for
        # each request.
        if name in _ROUTE_LISTS and type(value) is list:
            value = TrackedList(value)
        super().__setattr__(name, value)

    def _mark_routes_changed(self) -> None:
        self._routes_version += 1

    def _get_routes_version(self, seen: set[int] | None = None) -> int:
        """Return a number that grows when a route is added here or to an included router."""
        seen = set() if seen is None else seen
        if id(self) in seen:
            return self._routes_version
        seen.add(id(self))
        return self._routes_version + sum(
            router._get_routes_version(seen) for router in self._included_routers()
        )

    def _contains_router(self, router: "ServingRouter", seen: set[int] | None = None) -> bool:
        """Tell whether `router` is included here, directly or by an included router."""
        seen = set() if seen is None else seen
        if id(self) in seen:
            return False
        seen.add(id(self))
        return any(
            included is router or included._contains_router(router, seen)
            for included in self._included_routers()
        )

    def _included_routers(self) -> Iterator["ServingRouter"]:
        for route in self.routes:
            if isinstance(route, _IncludedRouter):
                yield route.original_router

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, connection or lifespan: the innermost application of the router."""
        await dispatcher_of(self).dispatch(scope, receive, send)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that `matches()` accepted for an inclusion of this router."""
        included = self._current_inclusion(scope)
        if included is not None:
            await included._handle_selected(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request against the routes of an inclusion of this router; else nothing matches."""
        included = self._current_inclusion(scope)
        if included is None:
            return Match.NONE, {}
        match, child_scope, _, _ = included._match(scope)
        return match, child_scope

    def _current_inclusion(self, scope: Scope) -> _IncludedRouter | None:
        included = _get_scope_included_router(scope)
        if isinstance(included, _IncludedRouter) and included.original_router is self:
            return included
        return None

    def _iter_low_priority_routes(self) -> Iterator[BaseRoute | _EffectiveRouteContext]:
        return iter_low_priority_routes(self)

    def _match_low_priority(self, scope: Scope) -> Selection:
        return match_low_priority(self._iter_low_priority_routes(), scope)

    def _frontend_match_is_more_specific(self, child_scope: Scope, previous_child_scope: Scope) -> bool:
        return is_more_specific(child_scope, previous_child_scope)
