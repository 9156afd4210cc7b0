"""All parameters of a dependency tree, for its schema."""

from collections.abc import Sequence

from .._compat import ModelField, get_cached_model_fields
from ..types import DependencyCacheKey
from .dependant import Dependant
from .param_models import _get_param_model
from .scopes import _get_cache_key, _UsesScopesCache


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
        flat_fields.extend([field] if model is None else get_cached_model_fields(model))
    return flat_fields


def get_flat_params(dependant: Dependant) -> list[ModelField]:
    """The path, query, header and cookie parameters of the whole tree, in this order of sources.

    A dependency that is used several times with the same scopes counts once.
    """
    visited: list[DependencyCacheKey] = []  # no set: callables may be unhashable
    uses_scopes_cache: _UsesScopesCache = {}
    path_params: list[ModelField] = []
    query_params: list[ModelField] = []
    header_params: list[ModelField] = []
    cookie_params: list[ModelField] = []
    pending = [dependant]
    while pending:
        current = pending.pop()
        cache_key = _get_cache_key(dependant=current, uses_scopes_cache=uses_scopes_cache)
        if cache_key in visited:
            continue
        visited.append(cache_key)
        path_params += current.path_params
        query_params += current.query_params
        header_params += current.header_params
        cookie_params += current.cookie_params
        pending.extend(reversed(current.dependencies))
    return _get_flat_fields_from_params(path_params + query_params + header_params + cookie_params)
