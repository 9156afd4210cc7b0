"""Routes that are asked after all others, redirects included: frontends, as a rule."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from .effective import _EffectiveRouteContext
from .included import Selection, _IncludedRouter, select_candidate
from .scope import _frontend_scope_specificity

if TYPE_CHECKING:
    from .serving import ServingRouter


def iter_low_priority_routes(router: "ServingRouter") -> Iterator[BaseRoute | _EffectiveRouteContext]:
    """Yield the router's own low priority routes, then those of the routers it includes."""
    yield from router._low_priority_routes
    for route in router.routes:
        if isinstance(route, _IncludedRouter):
            yield from route.effective_low_priority_routes()


def match_low_priority(candidates: Iterable[BaseRoute | _EffectiveRouteContext], scope: Scope) -> Selection:
    """Find the candidate to answer: the first that matches, or a frontend with a longer path.

    A match but for the method counts only if there is no other.
    """
    best: dict[Match, Selection] = {}
    for candidate in candidates:
        found = select_candidate(candidate, scope)
        match, child_scope, _, _ = found
        if match not in best or is_more_specific(child_scope, best[match][1]):
            best[match] = found
    return best.get(Match.FULL) or best.get(Match.PARTIAL) or (Match.NONE, {}, None, None)


def is_more_specific(child_scope: Scope, previous_child_scope: Scope) -> bool:
    """Tell whether both matches are of frontends, and the first has the longer path."""
    specificity = _frontend_scope_specificity(child_scope)
    previous = _frontend_scope_specificity(previous_child_scope)
    return specificity is not None and previous is not None and specificity > previous
