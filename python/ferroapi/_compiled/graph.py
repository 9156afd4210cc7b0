"""From a tree of dependants to the flat array of steps that Rust executes."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from .._compat import ModelField
from .._compat.shared import field_annotation_is_sequence
from .._dependencies.aliases import _get_param_aliases
from .._dependencies.body_args import _is_whole_body
from .._dependencies.param_models import _get_param_model, _is_json_field
from ..dependencies.models import (
    Dependant,
    _get_cache_key,
    _get_oauth_scopes,
    _is_async_gen_callable,
    _is_coroutine_callable,
    _is_gen_callable,
)
from ..dependencies.utils import get_dependant
from ..params import Form
from .specs import Alias, BodyParam, CallKind, Check, Default, Graph, Injection, Param, Step

_SOURCES = (
    ("path", "path_params"),
    ("query", "query_params"),
    ("header", "header_params"),
    ("cookie", "cookie_params"),
)
_MULTI_VALUED = frozenset({"query", "header"})
# Copying these deeply gives the same object, so that every request can share it.
_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes, Enum, type)
_ORIGINAL_VALIDATE = ModelField.validate


class GraphBuilder:
    """Flattens one tree.

    Args:
        overrides: `dependency_overrides` in force; each dependency is then analyzed anew, as the reference
            does it per request.
        websocket: the tree is solved for a WebSocket.
        embed_body_fields: the body's parameters are keys of it.
        form: the body is a form, or its kind is not known before the request.
        decided: the dependants that earlier decisions led to, for the first dependencies of the tree.
    """

    def __init__(
        self,
        *,
        overrides: Mapping[Any, Callable[..., Any]] | None,
        websocket: bool,
        embed_body_fields: bool,
        form: bool,
        decided: Sequence[Dependant] = (),
    ) -> None:
        self._overrides = overrides
        self._decisions = list(decided)
        self._decided = 0
        self._websocket = websocket
        self._embed = embed_body_fields
        self._form = form
        self._steps: list[Step] = []
        self._slots = 0
        self._root: tuple[Dependant, CallKind]
        self._uses_scopes: dict[int, tuple[Dependant, bool]] = {}
        self.cache_keys: dict[Any, int] = {}

    def build(self, root: Dependant, kind: CallKind) -> Graph:
        """Return the graph of `root`, whose own call is of `kind`."""
        self._root = root, kind
        self._add(root, kind)
        overrides = dict(self._overrides) if self._overrides else None
        return Graph(self._steps, self._slots, len(self.cache_keys), overrides, self)

    def rebuild(self, decided: int, overrides: Mapping[Any, Callable[..., Any]]) -> Graph:
        """Return the graph with other overrides, the first `decided` dependencies staying as they are.

        Its steps, slots and cache cells are the same as before up to there.
        """
        builder = GraphBuilder(
            overrides=overrides,
            websocket=self._websocket,
            embed_body_fields=self._embed,
            form=self._form,
            decided=self._decisions[:decided],
        )
        return builder.build(*self._root)

    def _add(self, dependant: Dependant, kind: CallKind) -> tuple[int, Step]:
        """Append the steps of `dependant`, its dependencies before itself."""
        slots = self._allocate(_argument_names(dependant, self._websocket))
        step = Step(call=dependant.call, kind=kind, first_slot=self._slots - len(slots), names=tuple(slots))
        children = [self._add_dependency(child, slots) for child in dependant.dependencies]
        step.params = [
            _param(source, field, slots[field.name])
            for source, attribute in _SOURCES
            for field in getattr(dependant, attribute)
        ]
        step.body = self._body(dependant, slots)
        step.injections = [
            (injection, slots[name]) for injection, name in _injections(dependant, self._websocket)
        ]
        index = len(self._steps)
        step.decided = self._decided
        self._steps.append(step)
        for child in children:
            child.parent = index
        return index, step

    def _allocate(self, names: list[str]) -> dict[str, int]:
        slots = {name: self._slots + index for index, name in enumerate(dict.fromkeys(names))}
        self._slots += len(slots)
        return slots

    def _add_dependency(self, declared: Dependant, slots: dict[str, int]) -> Step:
        used = self._decide(declared)
        _, step = self._add(used, _dependency_kind(used.call))
        key = _get_cache_key(dependant=declared, uses_scopes_cache=self._uses_scopes)
        step.cache_cell = self.cache_keys.setdefault(key, len(self.cache_keys))
        step.use_cache = declared.use_cache
        step.function_scope = declared.scope == "function"
        step.concurrency = used.concurrency
        step.target = None if declared.name is None else slots[declared.name]
        return step

    def _decide(self, declared: Dependant) -> Dependant:
        if self._decided == len(self._decisions):
            self._decisions.append(self._overridden(declared))
        self._decided += 1
        return self._decisions[self._decided - 1]

    def _overridden(self, declared: Dependant) -> Dependant:
        if not self._overrides:
            return declared
        assert declared.call is not None
        return get_dependant(
            path=declared.path or "",
            call=self._overrides.get(declared.call, declared.call),
            name=declared.name,
            parent_oauth_scopes=_get_oauth_scopes(dependant=declared),
            scope=declared.scope,
            concurrency=declared.concurrency,
        )

    def _body(self, dependant: Dependant, slots: dict[str, int]) -> tuple[str, Any] | None:
        fields = dependant.body_params
        if not fields:
            return None
        if self._form or any(isinstance(field.field_info, Form) for field in fields):
            return "form", (list(fields), self._embed, [(field.name, slots[field.name]) for field in fields])
        if _is_whole_body(fields, self._embed):
            return "whole", _body_param(fields[0], slots, [("", ("body",))])
        keys = []
        for field in fields:
            names: list[tuple[str, tuple[str, ...]]]
            names = [(name, ("body", name)) for name, _ in _get_param_aliases(field)]
            keys.append(_body_param(field, slots, names))
        return "keys", keys


def _argument_names(dependant: Dependant, websocket: bool) -> list[str]:
    """The keyword arguments of a call, in the order in which the reference fills them."""
    names = [child.name for child in dependant.dependencies if child.name is not None]
    names += [field.name for _, attribute in _SOURCES for field in getattr(dependant, attribute)]
    names += [field.name for field in dependant.body_params]
    names += [name for _, name in _injections(dependant, websocket)]
    return names


def _injections(dependant: Dependant, websocket: bool) -> list[tuple[Injection, str]]:
    own_connection = dependant.websocket_param_name if websocket else dependant.request_param_name
    scopes = _get_oauth_scopes(dependant=dependant)
    named: list[tuple[Injection, str | None]] = [
        (("request", None), dependant.http_connection_param_name),
        (("request", None), own_connection),
        (("background_tasks", None), dependant.background_tasks_param_name),
        (("response", None), dependant.response_param_name),
        (("security_scopes", scopes), dependant.security_scopes_param_name),
    ]
    return [(injection, name) for injection, name in named if name]


def _dependency_kind(call: Callable[..., Any] | None) -> CallKind:
    if _is_async_gen_callable(call):
        return "async_generator"
    if _is_gen_callable(call):
        return "generator"
    return "coroutine" if _is_coroutine_callable(call) else "threadpool"


def _param(source: str, field: ModelField, slot: int) -> Param:
    sequence = field_annotation_is_sequence(field.field_info.annotation)
    return Param(
        source=source,
        slot=slot,
        aliases=[_alias(name, (source, name)) for _, name in _get_param_aliases(field)],
        many=source in _MULTI_VALUED and sequence and not _is_json_field(field),
        empty_is_missing=sequence,
        model=_get_param_model(field),
        check=_check(field),
    )


def _body_param(
    field: ModelField, slots: dict[str, int], names: list[tuple[str, tuple[str, ...]]]
) -> BodyParam:
    aliases = [_alias(name, loc) for name, loc in names]
    return BodyParam(slot=slots[field.name], aliases=aliases, check=_check(field))


def _alias(name: str, loc: tuple[str, ...]) -> Alias:
    try:
        header: bytes | None = name.lower().encode("latin-1")
    except UnicodeEncodeError:
        header = None
    return Alias(name=name, key=name, header=header, loc=loc)


def _check(field: ModelField) -> Check:
    native = type(field) is ModelField and ModelField.validate is _ORIGINAL_VALIDATE
    return Check(
        field=field,
        validate=field._type_adapter.validator.validate_python if native else None,
        default=_default(field),
        validate_default=bool(field.field_info.validate_default),
    )


def _default(field: ModelField) -> Default:
    info = field.field_info
    if info.is_required():
        return "required", None
    if info.default_factory is None and isinstance(info.default, _IMMUTABLE):
        return "shared", info.default
    return "per_request", None
