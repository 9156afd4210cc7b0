"""From a tree of dependants to the flat array of steps that Rust executes."""

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any

from .. import _namespace, params
from .._compat import ModelField
from .._compat.shared import field_annotation_is_sequence
from .._dependencies.aliases import _get_param_aliases
from .._dependencies.body_args import _is_whole_body
from .._dependencies.param_models import _is_json_field
from ..dependencies.models import (
    Dependant,
    _get_cache_key,
    _get_oauth_scopes,
    _is_async_gen_callable,
    _is_coroutine_callable,
    _is_gen_callable,
)
from ..dependencies.utils import get_dependant
from .aliases import alias_of
from .json_reader import json_reader
from .param_models import param_model
from .plain import NOT_PLAIN, plain
from .specs import BodyParam, CallKind, Check, Default, Graph, Injection, Param, Step

_SOURCES = (
    ("path", "path_params"),
    ("query", "query_params"),
    ("header", "header_params"),
    ("cookie", "cookie_params"),
)
_MULTI_VALUED = frozenset({"query", "header"})
# Copying these deeply gives the same object, so that every request can share it.
_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes, Enum, type)
_SHARED_OBJECTS = 1024
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
        self._above: list[Callable[..., Any] | None] = []  # the dependencies around the one that is added
        self._websocket = websocket
        self._embed = bool(embed_body_fields)
        self._form = form
        self._steps: list[Step] = []
        self._slots = 0
        self._uses_scopes: dict[int, tuple[Dependant, bool]] = {}
        self.cache_keys: dict[Any, int] = {}

    def build(self, root: Dependant, kind: CallKind) -> Graph:
        """Return the graph of `root`, whose own call is of `kind`."""
        self._add(root, kind)
        overrides = dict(self._overrides) if self._overrides else None
        origin = Origin(
            root=root,
            kind=kind,
            websocket=self._websocket,
            embed_body_fields=self._embed,
            form=self._form,
            decisions=tuple(self._decisions),
            decided=array("L", [step.decided for step in self._steps]),
            places=array("q", map(_place, self._steps)),
        )
        return Graph(self._steps, self._slots, len(self.cache_keys), overrides, origin)

    def _add(self, dependant: Dependant, kind: CallKind) -> tuple[int, Step]:
        """Append the steps of `dependant`, its dependencies before itself."""
        node = _Node.of(dependant, self._websocket)
        slots = self._allocate(node.argument_names())
        step = Step(
            call=dependant.call, kind=kind, first_slot=self._slots - len(slots), names=_shared(tuple(slots))
        )
        children = [self._add_dependency(child, name, slots) for child, name in node.dependencies]
        step.params = [_param(source, field, slots[field.name]) for source, field in node.params]
        step.body = self._body(node.body, slots)
        step.injections = [(injection, slots[name]) for injection, name in node.injections]
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

    def _add_dependency(self, declared: Dependant, name: str | None, slots: dict[str, int]) -> Step:
        used = self._decide(declared)
        self._above.append(used.call)
        _, step = self._add(used, _dependency_kind(used.call))
        self._above.pop()
        step.cache_cell = self._cache_cell(declared, step)
        step.use_cache = bool(declared.use_cache)
        step.function_scope = declared.scope == "function"
        step.concurrency = used.concurrency
        step.target = None if name is None else slots[name]
        return step

    def _cache_cell(self, declared: Dependant, step: Step) -> int:
        """Return the place of a dependency's result; `step` fails if there is no key for it."""
        key: Any
        try:
            key = _get_cache_key(dependant=declared, uses_scopes_cache=self._uses_scopes)
            hash(key)
        except Exception:
            key = object()
            step.call, step.kind = _keyless(declared), "coroutine"
        return self.cache_keys.setdefault(key, len(self.cache_keys))

    def _decide(self, declared: Dependant) -> Dependant:
        if self._decided == len(self._decisions):
            self._decisions.append(self._overridden(declared))
        self._decided += 1
        return self._decisions[self._decided - 1]

    def _overridden(self, declared: Dependant) -> Dependant:
        if not self._overrides:
            return declared
        try:
            return _analyze_override(declared, self._overrides, self._above)
        except Exception as error:
            return _refused(declared, error)

    def _body(self, fields: list[ModelField], slots: dict[str, int]) -> tuple[str, Any] | None:
        if not fields:
            return None
        if (
            self._form
            or _are_replaced(_BODY_PARTS)
            or any(isinstance(field.field_info, params.Form) for field in fields)
        ):
            return "form", (list(fields), self._embed, [(field.name, slots[field.name]) for field in fields])
        if _is_whole_body(fields, self._embed):
            return "whole", _body_param(fields[0], slots, [("", ("body",))], whole=True)
        keys = []
        for field in fields:
            names: list[tuple[str, tuple[str, ...]]]
            names = [(name, ("body", name)) for name, _ in _get_param_aliases(field)]
            keys.append(_body_param(field, slots, names))
        return "keys", keys


def _analyze_override(
    declared: Dependant,
    overrides: Mapping[Any, Callable[..., Any]],
    above: Sequence[Callable[..., Any] | None],
) -> Dependant:
    assert declared.call is not None
    call = overrides.get(declared.call, declared.call)
    if any(call is other for other in above):
        raise _endless(call)
    return get_dependant(
        path=declared.path or "",
        call=call,
        name=declared.name,
        parent_oauth_scopes=_get_oauth_scopes(dependant=declared),
        scope=declared.scope,
        concurrency=declared.concurrency,
    )


def _keyless(declared: Dependant) -> Callable[..., Any]:
    """Stand for a dependency whose callable or scopes can't be hashed: it fails when its turn comes."""

    async def refuse(**values: Any) -> None:
        hash(_get_cache_key(dependant=declared))

    return refuse


def _refused(declared: Dependant, error: Exception) -> Dependant:
    """Stand for an override that can't be a dependency: it fails when its turn comes, not those before it."""

    async def refuse() -> None:
        raise error

    return Dependant(call=refuse, name=declared.name, path=declared.path, scope=declared.scope)


def _endless(call: Callable[..., Any]) -> RecursionError:
    """Return the error for an override that depends on what it overrides, directly or through another."""
    name = getattr(call, "__qualname__", repr(call))
    text = f"maximum recursion depth exceeded: the override {name} depends on what it overrides"
    return RecursionError(text)


@dataclass(slots=True, eq=False, repr=False)
class _Node:
    """A dependant as it was at one moment: it may be changed by another thread while a graph is built."""

    dependencies: list[tuple[Dependant, str | None]]
    params: list[tuple[str, ModelField]]
    body: list[ModelField]
    injections: list[tuple[Injection, str]]

    @classmethod
    def of(cls, dependant: Dependant, websocket: bool) -> "_Node":
        return cls(
            dependencies=[(child, child.name) for child in list(dependant.dependencies)],
            params=[
                (source, field)
                for source, attribute in _SOURCES
                for field in list(getattr(dependant, attribute))
            ],
            body=list(dependant.body_params),
            injections=_injections(dependant, websocket),
        )

    def argument_names(self) -> list[str]:
        """The keyword arguments of a call, in the order in which the reference fills them."""
        names = [name for _, name in self.dependencies if name is not None]
        names += [field.name for _, field in self.params]
        names += [field.name for field in self.body]
        return [*names, *[name for _, name in self.injections]]


def _place(step: Step) -> int:
    """A hash of what must be the same in two graphs for a request to go on from one to the other.

    The call counts by its id, which stays taken: graphs that are compared are both alive.
    """
    return hash((id(step.call), step.first_slot, step.names, step.cache_cell, step.target))


@dataclass(slots=True, eq=False, repr=False)
class Origin:
    """What a graph was built of, to build it anew. Each route keeps one, so it holds no steps."""

    root: Dependant
    kind: CallKind
    websocket: bool
    embed_body_fields: bool
    form: bool
    decisions: tuple[Dependant, ...]
    decided: "array[int]"
    """By step, how many of the decisions had been made when it was reached."""
    places: "array[int]"

    def rebuild(self, done: int, overrides: Mapping[Any, Callable[..., Any]]) -> Graph | None:
        """Return the graph with other overrides for whatever comes after step `done`.

        Its steps, slots and cache cells are the same as before up to there; None if that can't be, since the
        tree was changed meanwhile.
        """
        builder = GraphBuilder(
            overrides=overrides,
            websocket=self.websocket,
            embed_body_fields=self.embed_body_fields,
            form=self.form,
            decided=self.decisions[: self.decided[done]],
        )
        graph = builder.build(self.root, self.kind)
        new: Origin = graph.builder
        same = new.places[: done + 1] == self.places[: done + 1] and new.places[-1] == self.places[-1]
        return graph if same else None


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
        # Where its functions are replaced it is entered by them, as any generator is.
        entered = any(map(_namespace.replaced, ("_dependencies.calls", "concurrency")))
        return "generator" if entered else "async_generator"
    if _is_gen_callable(call):
        return "generator"
    return "coroutine" if _is_coroutine_callable(call) else "threadpool"


# Where the functions are that are asked for parameters and bodies once one of them is replaced
_PARAM_PARTS = ("aliases", "multidict", "param_args", "param_models")
_BODY_PARTS = (*_PARAM_PARTS, "body_args", "form", "form_models")


def _are_replaced(parts: tuple[str, ...]) -> bool:
    return any(_namespace.replaced(f"_dependencies.{part}") for part in parts)


def _param(source: str, field: ModelField, slot: int) -> Param:
    sequence = field_annotation_is_sequence(field.field_info.annotation)
    check = _check(field)
    return Param(
        source=source,
        slot=slot,
        aliases=[alias_of(name, (source, name)) for _, name in _get_param_aliases(field)],
        many=source in _MULTI_VALUED and sequence and not _is_json_field(field),
        empty_is_missing=sequence,
        model=param_model(source, field),
        plain=plain(field) if check.validate is not None else NOT_PLAIN,
        check=check,
        asked=_are_replaced(_PARAM_PARTS),
    )


def _body_param(
    field: ModelField,
    slots: dict[str, int],
    names: list[tuple[str, tuple[str, ...]]],
    whole: bool = False,
) -> BodyParam:
    aliases = [alias_of(name, loc) for name, loc in names]
    check = _check(field)
    reader = json_reader(field) if whole and check.validate is not None else None
    return BodyParam(slot=slots[field.name], aliases=aliases, check=check, reader=reader)


@lru_cache(maxsize=_SHARED_OBJECTS)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    """The first tuple of those names: a thousand routes have the same few dependencies."""
    return names


def _check(field: ModelField) -> Check:
    native = type(field) is ModelField and ModelField.validate is _ORIGINAL_VALIDATE
    return Check(
        field=field,
        validate=_validator(field) if native else None,
        default=_default(field),
        validate_default=bool(field.field_info.validate_default),
    )


def _validator(field: ModelField) -> Callable[..., Any] | None:
    """None for a type that is not defined, or not yet: an error is one only where the field is validated."""
    try:
        validate: Callable[..., Any] = field._type_adapter.validator.validate_python
    except Exception:
        return None
    return validate


def _default(field: ModelField) -> Default:
    info = field.field_info
    if info.is_required():
        return "required", None
    if info.default_factory is None and isinstance(info.default, _IMMUTABLE):
        return "shared", info.default
    return "per_request", None
