"""The `scope["fastapi"]` dictionary: what the router and the routes tell each other about a request."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from starlette.types import Scope

from .._form_limits import _FormLimits
from ..telemetry import _gate

_FASTAPI_SCOPE_KEY = "fastapi"
_FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY = "effective_route_context"
_FASTAPI_FORM_LIMITS_KEY = "form_limits"
_FASTAPI_FRONTEND_PATH_KEY = "frontend_path"
_FASTAPI_FRONTEND_SPECIFICITY_KEY = "frontend_specificity"
_FASTAPI_INCLUDED_ROUTER_KEY = "included_router"
_SCOPE_MISSING = object()

# Set while the handler of an included route is built, so that `get_route_handler()` reads the effective
# values.
_effective_route_context_var: ContextVar[Any | None] = ContextVar(
    "fastapi_effective_route_context", default=None
)


def _get_fastapi_scope(scope: Scope) -> dict[str, Any]:
    own = scope.setdefault(_FASTAPI_SCOPE_KEY, {})
    assert isinstance(own, dict)
    return own


def _update_scope(scope: Scope, child_scope: Scope) -> None:
    """Merge what a match found into the scope; the `"fastapi"` part is merged key by key, not replaced."""
    if _FASTAPI_SCOPE_KEY in child_scope:
        child_scope = dict(child_scope)
        own = child_scope.pop(_FASTAPI_SCOPE_KEY)
        if isinstance(own, dict):
            _get_fastapi_scope(scope).update(own)
    scope.update(child_scope)


def _read(scope: Scope, key: str) -> Any | None:
    own: Mapping[str, Any] = scope.get(_FASTAPI_SCOPE_KEY, {})
    return own.get(key)


def _get_scope_effective_route_context(scope: Scope) -> Any | None:
    return _read(scope, _FASTAPI_EFFECTIVE_ROUTE_CONTEXT_KEY)


def _get_scope_included_router(scope: Scope) -> Any | None:
    return _read(scope, _FASTAPI_INCLUDED_ROUTER_KEY)


def _frontend_scope_specificity(scope: Scope) -> int | None:
    specificity = _read(scope, _FASTAPI_FRONTEND_SPECIFICITY_KEY)
    return specificity if isinstance(specificity, int) else None


def _restore_fastapi_scope_key(scope: Scope, key: str, previous: Any) -> None:
    own = scope.get(_FASTAPI_SCOPE_KEY)
    if not isinstance(own, dict):
        return
    if previous is _SCOPE_MISSING:
        own.pop(key, None)
    else:
        own[key] = previous


class ScopedKey:
    """Set one key of `scope["fastapi"]` for the length of a `with` block, then put back what was there."""

    __slots__ = ("_key", "_previous", "_scope", "_value")

    def __init__(self, scope: Scope, key: str, value: Any) -> None:
        self._scope = scope
        self._key = key
        self._value = value

    def __enter__(self) -> None:
        own = _get_fastapi_scope(self._scope)
        self._previous = own.get(self._key, _SCOPE_MISSING)
        own[self._key] = self._value

    def __exit__(self, *exc_info: object) -> None:
        _restore_fastapi_scope_key(self._scope, self._key, self._previous)


def _resolve_form_limits(fastapi_scope: dict[str, Any], overrides: _FormLimits | None) -> _FormLimits:
    inherited: _FormLimits = fastapi_scope.get(_FASTAPI_FORM_LIMITS_KEY, {})
    if not overrides:
        return inherited
    return {**inherited, **overrides}


def _apply_router_form_limits(scope: Scope, limits: _FormLimits) -> None:
    if limits and scope["type"] == "http":
        own = _get_fastapi_scope(scope)
        own[_FASTAPI_FORM_LIMITS_KEY] = _resolve_form_limits(own, limits)


def report_route(scope: Scope, path: str | None, *, mount: bool = False) -> None:
    """Tell telemetry which route was selected.

    The telemetry code is imported only for a traced request: a process without tracing never loads
    OpenTelemetry.
    """
    if "fastapi.telemetry" in scope and _gate.loaded_api is not None:
        _gate.loaded_api._route_selected(scope=scope, path=path, mount=mount)
