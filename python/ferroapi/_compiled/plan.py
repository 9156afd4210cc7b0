"""The compiler: from a path operation's options and dependant tree to the arguments of a Rust plan."""

import json
from collections.abc import Mapping
from contextlib import suppress
from operator import attrgetter, is_
from typing import Any, Literal

import starlette.responses
from starlette.responses import JSONResponse

from .. import _namespace, params
from .._compat import ModelField
from .._routing._public import public
from ..datastructures import DefaultPlaceholder
from ..dependencies.models import (
    Dependant,
    _is_async_gen_callable,
    _is_coroutine_callable,
    _is_gen_callable,
)
from .graph import GraphBuilder, Origin
from .methods import Methods
from .model_writer import model_writer
from .specs import CallKind, Compiled, Graph, HandlerOptions, ModelRendering

_FIELD_LISTS = ("path_params", "query_params", "header_params", "cookie_params", "body_params")
_NAMES = (
    "request_param_name",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "use_cache",
    "path",
    "scope",
)
_fields_of = attrgetter(*_FIELD_LISTS)
_names_of = attrgetter(*_NAMES)
# What pydantic takes for an argument that is not given
_FLAG_DEFAULTS = {
    "include": None,
    "exclude": None,
    "exclude_unset": False,
    "exclude_defaults": False,
    "exclude_none": False,
}
_FIELD = Methods(ModelField, "validate", "serialize_json")
_JSON_RESPONSE = Methods(JSONResponse, "__init__", "render", "init_headers", "__call__")
_json_dumps = json.dumps


def compile_plan(options: HandlerOptions, overrides: Mapping[Any, Any] | None) -> Compiled:
    """Describe the path operation of `options` to the Rust core, with `overrides` in force, if any."""
    builder = GraphBuilder(
        overrides=overrides,
        websocket=False,
        embed_body_fields=options.embed_body_fields,
        form=is_form(options),
    )
    # Before the tree is read: what another thread changes meanwhile is noticed at the next look.
    snapshot = (options.dependant, (_patches(), Fingerprint(options.dependant)))
    strict: Any = options.strict_content_type
    return Compiled(
        graph=builder.build(options.dependant, endpoint_kind(options)),
        body=_body_kind(options),
        strict_content_type=bool(strict.value if isinstance(strict, DefaultPlaceholder) else strict),
        status=options.status_code if _is_status(options.status_code) else None,
        rendering=_rendering(options),
        snapshot=snapshot,
    )


def recompile_graph(builder: Origin, done: int, overrides: Mapping[Any, Any]) -> Graph | None:
    """Describe a graph anew whose overrides changed while it runs, for the steps after `done`."""
    return builder.rebuild(done, overrides)


def plan_is_current(snapshot: tuple[Dependant, Any]) -> bool:
    """Tell whether the dependant tree is still the one that was compiled."""
    dependant, seen = snapshot
    return bool((_patches(), Fingerprint(dependant)) == seen)


class Fingerprint:
    """Everything of a tree that a plan depends on, as identities and plain values.

    Each plan keeps one: the trees of most routes have many alike nodes, whose plain values are kept once.
    """

    __slots__ = ("_objects", "_values")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, dependant: Dependant) -> None:
        objects: list[Any] = []
        values: list[Any] = [_namespace.replacements()]
        alike: dict[Any, Any] = {}

        def add(node: Dependant) -> None:
            fields = [list(held) for held in _fields_of(node)]
            children = list(node.dependencies)
            counts = (*map(len, fields), len(children))
            scopes = tuple(node.own_oauth_scopes or ()), tuple(node.parent_oauth_scopes or ())
            plain = (*counts, *scopes, *_names_of(node))
            values.append(node.name)
            with suppress(Exception):  # scopes that can't be hashed: such a node is alone
                plain = alike.setdefault(plain, plain)
            values.append(plain)
            objects.append(node.call)
            objects.append(node.concurrency)
            for held in fields:
                objects.extend(held)
            for child in children:
                add(child)

        add(dependant)
        self._objects = tuple(objects)
        self._values = tuple(values)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Fingerprint)
            and self._values == other._values
            and len(self._objects) == len(other._objects)
            and all(map(is_, self._objects, other._objects))
        )


def _patches() -> tuple[bool, bool]:
    """Whether JSON responses and fields have other methods than those that Rust stands for."""
    return not writes_json(), not _FIELD.are_unpatched(ModelField)


def writes_json() -> bool:
    """Tell whether `JSONResponse` writes what Starlette and the standard library make it write."""
    return (
        _JSON_RESPONSE.are_unpatched(JSONResponse)
        and vars(starlette.responses).get("json") is json
        and json.dumps is _json_dumps
    )


def is_form(options: HandlerOptions) -> bool:
    """Tell whether the path operation reads its body as a form."""
    return options.body_field is not None and isinstance(options.body_field.field_info, params.Form)


def response_class(options: HandlerOptions) -> Any:
    """Return the class of responses, the default one resolved."""
    declared = options.response_class
    return declared.value if isinstance(declared, DefaultPlaceholder) else declared


def endpoint_kind(options: HandlerOptions) -> CallKind:
    """Tell how the endpoint is run."""
    call = options.dependant.call
    if options.is_json_stream or _is_async_gen_callable(call) or _is_gen_callable(call) or is_sse(options):
        return "stream"
    return "coroutine" if _is_coroutine_callable(call) else "threadpool"


def is_sse(options: HandlerOptions) -> bool:
    """Tell whether the response is a stream of server-sent events."""
    return bool(public().lenient_issubclass(response_class(options), public().EventSourceResponse))


def _body_kind(options: HandlerOptions) -> Literal["none", "json", "form"]:
    if options.body_field is None:
        return "none"
    return "form" if is_form(options) else "json"


def _rendering(
    options: HandlerOptions,
) -> tuple[Literal["json", "model", "leaf"], ModelRendering | None]:
    if options.status_code and not _is_status(options.status_code):
        return "leaf", None
    field = options.response_field
    if field is None:
        plain = response_class(options) is JSONResponse and writes_json()
        return ("json" if plain else "leaf"), None
    native = (
        isinstance(options.response_class, DefaultPlaceholder)
        and type(field) is ModelField
        and not _patches()[1]
        # The model of a synchronous endpoint is validated in a worker thread.
        and _is_coroutine_callable(options.dependant.call)
    )
    model = _model_rendering(options, field) if native else None
    return ("leaf", None) if model is None else ("model", model)


def _is_status(status: Any) -> bool:
    """Tell whether Rust can write a status: whatever else there may be is for the response class."""
    return isinstance(status, int) and 100 <= status <= 999


def _model_rendering(options: HandlerOptions, field: ModelField) -> ModelRendering | None:
    """None for a type that is not defined, or not yet."""
    flags: dict[str, Any] = {"by_alias": options.response_model_by_alias}
    optional = {
        "include": options.response_model_include,
        "exclude": options.response_model_exclude,
        "exclude_unset": options.response_model_exclude_unset,
        "exclude_defaults": options.response_model_exclude_defaults,
        "exclude_none": options.response_model_exclude_none,
    }
    flags |= {name: value for name, value in optional.items() if value is not _FLAG_DEFAULTS[name]}
    adapter = field._type_adapter
    try:
        validate, dump = adapter.validator.validate_python, adapter.serializer.to_json
    except Exception:
        return None
    return ModelRendering(
        validate=validate,
        dump=dump,
        flag_names=tuple(flags),
        flags=list(flags.values()),
        writer=model_writer(field, flags),
    )
