"""Where an endpoint is defined, for the messages of validation errors."""

import inspect
from typing import Any

from starlette.types import Scope

from ..dependencies.models import Dependant
from ..exceptions import EndpointContext

_endpoint_context_cache: dict[int, EndpointContext] = {}


def _extract_endpoint_context(func: Any) -> EndpointContext:
    """Return file, line and name of `func`, as far as they are known; remembered by identity."""
    known = _endpoint_context_cache.get(id(func))
    if known is not None:
        return known
    context = EndpointContext()
    try:
        file = inspect.getsourcefile(func)
        line = inspect.getsourcelines(func)[1]
        name = getattr(func, "__name__", None)
        if file is not None:
            context["file"] = file
        if line is not None:
            context["line"] = line
        if name is not None:
            context["function"] = name
    except Exception:
        # Built-ins, callable objects and code without source have no such place.
        context = EndpointContext()
    _endpoint_context_cache[id(func)] = context
    return context


def endpoint_context(dependant: Dependant, scope: Scope, method: str) -> EndpointContext:
    """Return the context of the endpoint that answers this request or session (`method` is then "WS")."""
    context = _extract_endpoint_context(dependant.call) if dependant.call else EndpointContext()
    if dependant.path:
        mount_path = scope.get("root_path", "").rstrip("/")
        context["path"] = f"{method} {mount_path}{dependant.path}"
    return context
