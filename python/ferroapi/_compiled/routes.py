"""A router's routes for the Rust table: included routers flattened, in registration order.

Whatever is not served by the package's own, unpatched code stays a candidate that is asked in Python, at its
place in the order.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette import convertors, routing
from starlette.routing import PARAM_REGEX, BaseRoute, Match
from starlette.types import Receive, Scope, Send

from .._epoch import TrackedList
from .._routing.effective import _EffectiveRouteContext
from .._routing.included import _IncludedRouter, select_candidate
from .._routing.route import APIRoute
from .._routing.scope import _FASTAPI_INCLUDED_ROUTER_KEY, _apply_router_form_limits, _get_fastapi_scope
from .._routing.serving import ServingRouter
from .identity import Same
from .methods import Methods
from .specs import Conversion, PathParameter, Route, Routes, Target

if TYPE_CHECKING:
    from collections.abc import Sequence

_BUILT_IN = {
    "str": convertors.StringConvertor,
    "path": convertors.PathConvertor,
    "int": convertors.IntegerConvertor,
    "float": convertors.FloatConvertor,
    "uuid": convertors.UUIDConvertor,
}
_NATIVE_CONVERSIONS: dict[type, Conversion] = {
    convertors.StringConvertor: "text",
    convertors.PathConvertor: "text",
    convertors.IntegerConvertor: "int",
    convertors.FloatConvertor: "float",
}

# What no template gives, not even one that is none.
_NO_PATTERN = object()
_API_ROUTE = Methods(APIRoute, "matches", "handle")
_ROUTE = Methods(routing.Route, "matches", "handle")
_INCLUDED = Methods(_IncludedRouter, "matches", "handle", "_match", "_handle_selected")
_ROUTER = Methods(ServingRouter, "matches", "handle")
_DEFAULT = Methods(ServingRouter, "not_found")
_CONTEXT = Methods(_EffectiveRouteContext, "matches")


@dataclass(slots=True, eq=False, repr=False)
class IncludedCandidate:
    """A route of an included router that is asked in Python, as the chain of its routers would ask it."""

    chain: "tuple[_IncludedRouter, ...]"
    candidate: _EffectiveRouteContext

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match the scope; what was found is written when the request is handed over."""
        return select_candidate(self.candidate, scope)[0], {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that matched."""
        for included in self.chain:
            _apply_router_form_limits(scope, included.include_context.form_limits)
        innermost = self.chain[-1]
        _get_fastapi_scope(scope)[_FASTAPI_INCLUDED_ROUTER_KEY] = innermost
        await innermost._serve(select_candidate(self.candidate, scope), scope, receive, send)


@dataclass(slots=True, eq=False, repr=False)
class _Found:
    """A route in the flattened order."""

    chain: tuple[_IncludedRouter, ...]
    route: BaseRoute
    context: _EffectiveRouteContext | None


def compile_routes(router: ServingRouter) -> Routes:
    """Describe the routes of `router` to the Rust table."""
    found = list(_flatten(router.routes))
    # Before the routes are described: what another thread changes meanwhile is noticed at the next look.
    snapshot = _snapshot(router, found)
    routes = []
    behind_included = False
    for item in found:
        behind_included = behind_included or bool(item.chain) or isinstance(item.route, _IncludedRouter)
        routes.append(_describe(item, behind_included))
    return Routes(
        routes=routes,
        redirect_slashes=bool(router.redirect_slashes),
        plain_fallback=_has_plain_fallback(router),
        form_limits=router.form_limits or None,
        has_included=behind_included,
        volatile=type(router.routes) is not TrackedList,
        classes=list({type(router): None} | {type(item.route): None for item in found}),
        plain=[item.route.__dict__ for item in found if type(item.route) is routing.Route],
        snapshot=snapshot,
    )


def routes_are_current(router: ServingRouter, snapshot: Any) -> bool:
    """Tell whether a table compiled earlier still describes the router."""
    return bool(_snapshot(router, list(_flatten(router.routes))) == snapshot)


def _snapshot(router: ServingRouter, found: list[_Found]) -> Any:
    return (
        bool(router.redirect_slashes),
        _has_plain_fallback(router),
        dict(router.form_limits),
        [_identity(item) for item in found],
    )


def _identity(item: _Found) -> tuple[Any, ...]:
    source: Any = item.route if item.context is None else item.context
    return (
        Same(item.route),
        Same(item.context),
        *map(Same, item.chain),
        getattr(source, "path", None),
        Same(getattr(source, "path_regex", None)),
        Same(getattr(source, "param_convertors", None)),
        Same(getattr(source, "app", None)),
        Same(getattr(source, "endpoint", None)),
        Same(getattr(source, "methods", None)),
        _is_native(item),
    )


def _flatten(routes: "Sequence[BaseRoute]") -> Iterator[_Found]:
    # A copy: another thread may change the list meanwhile, and no route must be missed for it.
    for route in tuple(routes):
        if isinstance(route, _IncludedRouter):
            yield from _flatten_included(route, ())
        else:
            yield _Found((), route, None)


def _flatten_included(included: _IncludedRouter, chain: tuple[_IncludedRouter, ...]) -> Iterator[_Found]:
    candidates = _candidates(included) if _is_transparent(included) else None
    if candidates is None:
        # Asked through its own methods, below the routers that include it.
        yield _Found(chain, included, None)
        return
    for candidate in candidates:
        if isinstance(candidate, _EffectiveRouteContext):
            yield _Found((*chain, included), candidate.original_route, candidate)
        else:
            yield from _flatten_included(candidate, (*chain, included))


def _candidates(included: _IncludedRouter) -> "list[_EffectiveRouteContext | _IncludedRouter] | None":
    """The routes in an inclusion; None as long as no request has come there.

    The first one asks in Python, and so builds them: until then the included router's list may be changed
    without notice, as in the reference.
    """
    version = included.original_router._get_routes_version()
    return included._effective_candidates if included._effective_candidates_version == version else None


def _is_transparent(included: _IncludedRouter) -> bool:
    return _INCLUDED.are_those_of(included) and _ROUTER.are_those_of(included.original_router)


def _has_plain_fallback(router: ServingRouter) -> bool:
    default = router.default
    return (
        _has_no_low_priority_routes(router)
        and getattr(default, "__self__", None) is router
        and getattr(default, "__func__", None) is ServingRouter.not_found
        and _DEFAULT.are_unpatched(type(router))
    )


def _has_no_low_priority_routes(router: ServingRouter) -> bool:
    """Whether it is known that there are none; those of included routers are built by the first miss."""
    return not router._low_priority_routes and all(
        route._effective_low_priority_routes_version == route.original_router._get_routes_version()
        and not route._effective_low_priority_routes
        for route in tuple(router.routes)
        if isinstance(route, _IncludedRouter)
    )


def _is_native(item: _Found) -> bool:
    route = item.route
    if isinstance(route, APIRoute):
        return (
            _API_ROUTE.are_those_of(route)
            and _ROUTE.are_unpatched(routing.Route)
            and (item.context is None or _CONTEXT.are_those_of(item.context))
        )
    # A plain route of an included router has no effective context of its own kind.
    return item.context is None and type(route) is routing.Route and _ROUTE.are_those_of(route)


def _fastapi(item: _Found) -> dict[str, Any]:
    """Return what a match writes into `scope["fastapi"]`."""
    written: dict[str, Any] = {"included_router": item.chain[-1]} if item.chain else {}
    return written if item.context is None else {**written, "effective_route_context": item.context}


def _describe(item: _Found, behind_included: bool) -> Route:
    route = item.route
    asked: Any = route
    if item.context is not None:
        asked = IncludedCandidate(item.chain, item.context)
    elif item.chain:
        asked = _NestedRouter(item.chain, route)
    template = _template(item) if _is_native(item) else None
    if template is None:
        return Route(None, [], [], asked, None, behind_included)
    source: Any = route if item.context is None else item.context
    return Route(
        template=template,
        convertors=_custom_convertors(template),
        parameters=_parameters(template, source.param_convertors),
        asked=asked,
        target=Target(
            endpoint=source.endpoint,
            route=route if isinstance(route, APIRoute) else None,
            methods=source.methods,
            convertors=source.param_convertors,
            app=source.app,
            form_limits=[
                included.include_context.form_limits
                for included in item.chain
                if included.include_context.form_limits
            ],
            fastapi=_fastapi(item) if behind_included else None,
            path_format=source.path_format,
            limits=getattr(source.endpoint, "__request_limits__", None),
        ),
        behind_included=behind_included,
    )


@dataclass(slots=True, eq=False, repr=False)
class _NestedRouter:
    """A nested included router with methods of its own, below routers that are flattened."""

    chain: tuple[_IncludedRouter, ...]
    nested: Any

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return self.nested.matches(scope)[0], {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        for included in self.chain:
            _apply_router_form_limits(scope, included.include_context.form_limits)
        await self.nested.handle(scope, receive, send)


def _template(item: _Found) -> str | None:
    """The path template, if it still says what the route's regular expression says."""
    source: Any = item.route if item.context is None else item.context
    same = _pattern(source.path) == getattr(source.path_regex, "pattern", _NO_PATTERN)
    return str(source.path) if same else None


def _pattern(path: str) -> str | None:
    """The regular expression that Starlette makes of a path template, but not compiled: there are many."""
    names = set()
    pattern = "^"
    end = 0
    for match in PARAM_REGEX.finditer(path):
        name, kind = match.groups("str")
        convertor = convertors.CONVERTOR_TYPES.get(kind.lstrip(":"))
        if convertor is None or name in names:
            return None
        names.add(name)
        pattern += f"{re.escape(path[end : match.start()])}(?P<{name}>{convertor.regex})"
        end = match.end()
    return f"{pattern}{re.escape(path[end:])}$"


def _custom_convertors(template: str) -> list[tuple[str, str]]:
    """Return the kinds of parameters whose regular expressions are not Starlette's own."""
    custom = []
    for _, kind in PARAM_REGEX.findall(template):
        kind = kind.lstrip(":") or "str"
        registered = convertors.CONVERTOR_TYPES.get(kind)
        if type(registered) is not _BUILT_IN.get(kind):
            custom.append((kind, getattr(registered, "regex", "")))
    return custom


def _parameters(template: str, path_convertors: dict[str, Any]) -> list[PathParameter]:
    parameters = []
    for name, _ in PARAM_REGEX.findall(template):
        convertor = path_convertors.get(name)
        conversion = _NATIVE_CONVERSIONS.get(type(convertor), "asked")
        parameters.append(PathParameter(name, convertor, conversion))
    return parameters
