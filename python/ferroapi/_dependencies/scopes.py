"""OAuth2 scopes of a dependant, and the key under which its result is shared within a request."""

from ..security.base import SecurityBase
from ..types import DependencyCacheKey
from .callables import _computed_scope, _unwrapped_call
from .dependant import Dependant

# By id, since a Dependant is unhashable; the object is kept beside the answer so that its id stays taken
_UsesScopesCache = dict[int, tuple[Dependant, bool]]


def _get_oauth_scopes(*, dependant: Dependant) -> list[str]:
    """All scopes asked for here and further up, parents first, without repeating an own one."""
    scopes = list(dependant.parent_oauth_scopes or ())
    for scope in dependant.own_oauth_scopes or ():
        if scope not in scopes:
            scopes.append(scope)
    return scopes


def _get_cache_key(
    *, dependant: Dependant, uses_scopes_cache: _UsesScopesCache | None = None
) -> DependencyCacheKey:
    """Scopes are part of the key only where a result can depend on them."""
    scopes: tuple[str, ...] = ()
    if _uses_scopes(dependant=dependant, cache=uses_scopes_cache):
        scopes = tuple(sorted(set(_get_oauth_scopes(dependant=dependant))))
    return dependant.call, scopes, _get_computed_scope(dependant=dependant) or ""


def _uses_scopes(*, dependant: Dependant, cache: _UsesScopesCache | None = None) -> bool:
    """Whether this dependant, or one below it, can see OAuth2 scopes."""
    cache = {} if cache is None else cache
    known = cache.get(id(dependant))
    if known is not None and known[0] is dependant:
        return known[1]
    result = bool(
        dependant.own_oauth_scopes
        or dependant.security_scopes_param_name is not None
        or _is_security_scheme(dependant=dependant)
        or any(_uses_scopes(dependant=child, cache=cache) for child in dependant.dependencies)
    )
    cache[id(dependant)] = (dependant, result)
    return result


def _is_security_scheme(*, dependant: Dependant) -> bool:
    return isinstance(_unwrapped_call(dependant.call), SecurityBase)


def _get_security_scheme(*, dependant: Dependant) -> SecurityBase:
    scheme = _unwrapped_call(dependant.call)
    assert isinstance(scheme, SecurityBase)
    return scheme


def _get_computed_scope(*, dependant: Dependant) -> str | None:
    return _computed_scope(dependant.call, dependant.scope)
