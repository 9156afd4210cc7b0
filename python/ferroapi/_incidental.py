"""Names that the reference's modules have only because they use them themselves.

Programs import some of them from there (`from fastapi.params import Annotated`), so they are found there too,
when they are asked for: nothing is imported for their sake before.
"""

import sys
from importlib import import_module
from typing import Any

_ROOT = __name__.rpartition(".")[0]
_DECLARED = {"typing": "Annotated", "annotated_doc": "Doc"}
_PARAMETERS = {
    "": "re",
    "typing_extensions": "deprecated",
    "pydantic": "AliasChoices AliasPath Discriminator",
    ".openapi.models": "Example",
}
# By module, home and names. A home with a dot before it is one of this package, itself the dot alone;
# the names of no home are modules.
_NAMES: dict[str, dict[str, str]] = {
    "_compat.shared": {"": "warnings"},
    "_compat.v2": {"": "re", "types": "UnionType", "typing": "Union"},
    "_form_limits": _DECLARED,
    "applications": {**_DECLARED, ".datastructures": "DefaultPlaceholder", ".types": "IncEx"},
    "background": {**_DECLARED, ".telemetry._api": "_operation"},
    "datastructures": _DECLARED,
    "dependencies.models": {
        "": "inspect sys",
        "collections.abc": "Callable",
        "dataclasses": "dataclass field",
        "functools": "lru_cache partial",
        "typing": "Any Literal",
    },
    "dependencies.utils": {
        "": "dataclasses inspect sys",
        "anyio": "CancelScope",
        "collections.abc": (
            "AsyncGenerator AsyncIterable AsyncIterator Callable Generator Iterable Iterator Mapping Sequence"
        ),
        "contextlib": "AsyncExitStack contextmanager",
        "copy": "copy deepcopy",
        "dataclasses": "dataclass",
        "functools": "partial",
        "typing": "Annotated Any ForwardRef Literal Union cast get_args get_origin",
        "typing_inspection.typing_objects": "is_typealiastype",
    },
    "encoders": _DECLARED,
    "exceptions": _DECLARED,
    "openapi.docs": _DECLARED,
    "openapi.utils": {
        "": "copy http inspect",
        "typing": "Literal",
        "starlette.responses": "JSONResponse Response",
        "._compat": "get_schema_from_model_field lenient_issubclass",
        ".datastructures": "DefaultPlaceholder _Unset",
        ".dependencies.models": (
            "Dependant _get_cache_key _get_oauth_scopes _get_security_scheme _is_security_scheme"
            " _UsesScopesCache"
        ),
        ".dependencies.utils": "_get_param_aliases _get_param_model",
        ".openapi._responses": "_SSE_EVENT_SCHEMA",
        ".params": "Body ParamTypes",
        ".types": "DependencyCacheKey",
        ".utils": "is_body_allowed_for_status_code",
    },
    "param_functions": {**_DECLARED, **_PARAMETERS, ".datastructures": "_Unset"},
    "params": {"typing": "Annotated", **_PARAMETERS},
    "routing": {
        "": "anyio contextlib copy email errno functools inspect json math os stat threading types warnings",
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
        ".telemetry._api": (  # not imported with the module: it imports OpenTelemetry
            "_operation _route_selected _run_sync_endpoint _validation_failed get_telemetry_data"
        ),
    },
    "security.api_key": _DECLARED,
    "security.http": {**_DECLARED, "": "binascii"},
    "security.oauth2": {"annotated_doc": "Doc"},
    "security.open_id_connect_url": _DECLARED,
    "sse": {"annotated_doc": "Doc"},
    "telemetry._api": {
        **_DECLARED,
        "contextlib": "nullcontext",
        "opentelemetry._logs": "LoggerProvider",
        "opentelemetry.metrics": "MeterProvider",
        "opentelemetry.trace": "TracerProvider",
        "typing_extensions": "TypedDict",
        ".telemetry._asgi": "_HTTP_METHODS",
        ".telemetry._gate": "_DEFERRED_PROVIDERS",
    },
    "telemetry._asgi": {
        "contextlib": "nullcontext",
        "time": "perf_counter time_ns",
        "urllib.parse": "parse_qsl urlencode urlsplit",
        "opentelemetry": "_logs metrics propagate trace",
        "opentelemetry._logs": "SeverityNumber",
        "opentelemetry.metrics": "Histogram UpDownCounter",
        "opentelemetry.propagators.textmap": "Getter",
        "opentelemetry.trace": "SpanKind StatusCode",
        "starlette.datastructures": "Headers",
        "starlette.types": "Message",
        ".": "__version__",
        ".telemetry._api": (
            "_REQUEST_TELEMETRY_KEY _exception_type _normal_websocket_disconnect _RequestTelemetry"
        ),
        ".telemetry._gate": "_unconfigured",
        ".telemetry._recording": (
            "_DURATION_BUCKETS _SCHEMA_URL _SENSITIVE_QUERY_PARAMETERS _HeadersGetter _HEADERS_GETTER"
            " _server_attributes otel_context"
        ),
    },
    "telemetry._runtime": {
        "collections.abc": "Callable",
        "typing": "cast",
        "opentelemetry": "_logs metrics trace",
    },
    "utils": {".": "fastapi"},
}


def complete(name: str) -> None:
    """Let the public module `name` have its incidental names: by `__getattr__` and `__dir__` (PEP 562).

    They are put there from here, since a type checker that sees a `__getattr__` in a module takes any name
    for one of it.
    """
    module = sys.modules[name]
    homes = {found: home for home, names in _NAMES[_suffix(name)].items() for found in names.split()}

    def find(attribute: str) -> Any:
        if attribute == "__all__":  # `from … import *` looks here first
            return [found for found in {**vars(module), **homes} if not found.startswith("_")]
        if attribute not in homes:
            raise AttributeError(f"module {name!r} has no attribute {attribute!r}")
        return _fetch(homes[attribute], attribute)

    module.__getattr__ = find  # type: ignore[method-assign]
    module.__dir__ = lambda: sorted({*vars(module), *homes})  # type: ignore[method-assign]


def _suffix(name: str) -> str:
    return name.removeprefix(f"{_ROOT}.")


def _fetch(home: str, name: str) -> Any:
    if home == ".":
        package = sys.modules[_ROOT]
        return getattr(package, name) if name.startswith("__") else package
    if not home:
        return import_module(name)
    return getattr(import_module(f"{_ROOT}{home}" if home.startswith(".") else home), name)
