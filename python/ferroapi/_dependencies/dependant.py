"""One node of a dependency tree."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, TypeVar

from .._compat import ModelField
from .._epoch import Tracked, TrackedList
from ..concurrency import _DependencyConcurrency

_D = TypeVar("_D")


def _tracked(value: Any) -> Any:
    return TrackedList(value) if isinstance(value, list) and not isinstance(value, TrackedList) else value


def _with_direct_init(cls: type[_D]) -> type[_D]:
    """Replace the `__init__` of a slotted dataclass by one that writes the slots past `__setattr__`.

    The signature stays. Nobody can know the object yet, so there is nothing to track, and a thousand routes
    with twenty dependencies each build such objects at start-up.
    """
    generated = cls.__init__
    signature = inspect.signature(cls)
    namespace: dict[str, Any] = {"_TrackedList": TrackedList, "_tracked": _tracked}
    parameters, writes = [], []
    for item in fields(cls):  # type: ignore[arg-type]
        name = item.name
        value = name
        if item.default_factory is not MISSING:
            namespace[f"_default_{name}"] = signature.parameters[name].default
            value = f"_TrackedList() if {name} is _default_{name} else _tracked({name})"
        namespace[f"_set_{name}"] = getattr(cls, name).__set__
        parameters.append(f"{name}=None")
        writes.append(f"    _set_{name}(self, {value})")
    exec(f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(writes), namespace)
    direct = namespace["__init__"]
    for attribute in ("__defaults__", "__annotations__", "__module__", "__qualname__", "__doc__"):
        setattr(direct, attribute, getattr(generated, attribute))
    cls.__init__ = direct  # type: ignore[method-assign]
    return cls


class _Planned:
    """Room for the plan that `solve_dependencies` compiles of a tree, beside the dataclass fields."""

    __slots__ = ("_solve_plans",)

    _solve_plans: Any


@_with_direct_init
@dataclass(slots=True)
class Dependant(Tracked, _Planned):
    """What a path operation, or one of its dependencies, needs to be called, and from where.

    Attributes:
        path_params, query_params, header_params, cookie_params, body_params: its own fields, by source.
        dependencies: its own dependencies, in the order in which they are solved.
        name: the parameter of the parent that takes the result; None if the result is not passed on.
        call: the callable; None for a node that only groups others.
        request_param_name ... security_scopes_param_name: the parameters that take that special object.
        own_oauth_scopes, parent_oauth_scopes: what `Security(scopes=...)` asked for, here and further up.
        use_cache: whether one request may share one result of `call`.
        path: the path of the route, to tell path parameters from query parameters.
        scope: when the code after `yield` runs; None lets the kind of callable decide.
        concurrency: the limit on simultaneous calls, shared by everything declared with the same `Depends`.

    It may be changed at any time, also while requests are served: compiled plans notice it. A plain list
    assigned to one of the six list attributes is copied into a `TrackedList`.
    """

    path_params: list[ModelField] = field(default_factory=TrackedList)
    query_params: list[ModelField] = field(default_factory=TrackedList)
    header_params: list[ModelField] = field(default_factory=TrackedList)
    cookie_params: list[ModelField] = field(default_factory=TrackedList)
    body_params: list[ModelField] = field(default_factory=TrackedList)
    dependencies: list["Dependant"] = field(default_factory=TrackedList)
    name: str | None = None
    call: Callable[..., Any] | None = None
    request_param_name: str | None = None
    websocket_param_name: str | None = None
    http_connection_param_name: str | None = None
    response_param_name: str | None = None
    background_tasks_param_name: str | None = None
    security_scopes_param_name: str | None = None
    own_oauth_scopes: list[str] | None = None
    parent_oauth_scopes: list[str] | None = None
    use_cache: bool = True
    path: str | None = None
    scope: Literal["function", "request"] | None = None
    concurrency: _DependencyConcurrency | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        Tracked.__setattr__(self, name, _tracked(value) if name in _LIST_FIELDS else value)


_LIST_FIELDS = frozenset(f.name for f in fields(Dependant) if f.default_factory is not MISSING)
