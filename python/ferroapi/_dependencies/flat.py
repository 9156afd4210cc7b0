"""All dependencies of a tree, and all parameters, for the schema."""

from collections.abc import Iterator, Sequence

from .._compat import ModelField, get_cached_model_fields
from ..types import DependencyCacheKey
from .dependant import Dependant
from .param_models import _get_param_model
from .scopes import _get_cache_key, _get_oauth_scopes, _UsesScopesCache

ScopedDependant = tuple[Dependant, list[str]]


class _Visited:
    """The keys met so far. Callables may be unhashable; only these are searched for one by one."""

    def __init__(self) -> None:
        self._hashable: set[DependencyCacheKey] = set()
        self._others: list[DependencyCacheKey] = []

    def add(self, key: DependencyCacheKey) -> bool:
        """Add `key`, and tell whether it is new."""
        try:
            if key in self._hashable:
                return False
        except TypeError:
            if key in [*self._hashable, *self._others]:
                return False
            self._others.append(key)
            return True
        if key in self._others:
            return False
        self._hashable.add(key)
        return True


def _distinct_dependants(root: Dependant) -> Iterator[ScopedDependant]:
    """Each dependency of the tree once, depth first, with its own and its parents' scopes.

    One that is used several times with the same scopes counts once.
    """
    visited = _Visited()
    uses_scopes_cache: _UsesScopesCache = {}
    pending: list[ScopedDependant] = [(root, [])]
    while pending:
        dependant, parent_scopes = pending.pop()
        if not visited.add(_get_cache_key(dependant=dependant, uses_scopes_cache=uses_scopes_cache)):
            continue
        own_scopes = _get_oauth_scopes(dependant=dependant)
        scopes = list(dict.fromkeys([*parent_scopes, *own_scopes])) if own_scopes else parent_scopes
        yield dependant, scopes
        pending += [(child, scopes) for child in reversed(dependant.dependencies)]


def _get_flat_body_params(dependant: Dependant) -> list[ModelField]:
    """The body parameters of the whole tree, depth first, in the order of declaration."""
    body_params: list[ModelField] = []
    pending = [dependant]
    while pending:
        current = pending.pop()
        body_params.extend(current.body_params)
        pending.extend(reversed(current.dependencies))
    return body_params


def _get_flat_fields_from_params(fields: Sequence[ModelField]) -> list[ModelField]:
    """The same fields, with the fields of a parameter model in the place of the model."""
    flat_fields: list[ModelField] = []
    for field in fields:
        model = _get_param_model(field)
        if model is None:
            flat_fields.append(field)
        else:
            flat_fields.extend(get_cached_model_fields(model))
    return flat_fields


def get_flat_params(dependant: Dependant) -> list[ModelField]:
    """The path, query, header and cookie parameters of the whole tree, in this order of sources.

    A dependency that is used several times with the same scopes counts once.
    """
    path_params: list[ModelField] = []
    query_params: list[ModelField] = []
    header_params: list[ModelField] = []
    cookie_params: list[ModelField] = []
    for current, _ in _distinct_dependants(dependant):
        path_params += current.path_params
        query_params += current.query_params
        header_params += current.header_params
        cookie_params += current.cookie_params
    return _get_flat_fields_from_params(path_params + query_params + header_params + cookie_params)
