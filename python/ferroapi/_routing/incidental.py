"""Names that the reference's `routing` module has only because it uses them itself.

Programs import some of them from there, so they are found there too, when they are asked for.
"""

from importlib import import_module
from typing import Any

_MODULES = frozenset(
    [
        "anyio",
        "contextlib",
        "copy",
        "email",
        "errno",
        "functools",
        "inspect",
        "json",
        "math",
        "os",
        "stat",
        "threading",
        "types",
        "warnings",
    ]
)
_HOMES = {
    "annotated_doc": "Doc",
    "anyio.abc": "ObjectReceiveStream",
    "collections.abc": (
        "AsyncIterator Awaitable Callable Collection Coroutine Generator Iterator Mapping Sequence"
    ),
    "contextlib": "AbstractAsyncContextManager AbstractContextManager AsyncExitStack asynccontextmanager",
    "contextvars": "ContextVar",
    "dataclasses": "dataclass field",
    "enum": "Enum IntEnum",
    "starlette.middleware.body_limit": "MAX_BODY_SIZE_SCOPE_KEY",
    "starlette.staticfiles": "StaticFiles",
    "typing": "Annotated Any Literal Protocol TypeVar cast",
    "typing_extensions": "deprecated",
    # Not imported with the module: it imports OpenTelemetry.
    "..telemetry._api": (
        "_operation _route_selected _run_sync_endpoint _validation_failed get_telemetry_data"
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def lookup(name: str) -> Any:
    """Return what the reference's module has under `name`.

    Raises:
        LookupError: it has nothing there.
    """
    if name in _MODULES:
        return import_module(name)
    return getattr(import_module(_HOME_OF[name], __package__), name)
