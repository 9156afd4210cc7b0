"""What the Rust core is told of a path operation. Each class is read field by field by its Rust namesake.

`rust/ferroapi-core/src/plan/spec.rs`, `pipeline/compiled.rs` and `routing/table.rs` are the other side. Most
are neither compared nor shown: methods for that would only make the import slower.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from starlette.types import ASGIApp

from .._compat import ModelField
from .._form_limits import _FormLimits
from ..dependencies.models import Dependant
from ..types import IncEx
from .plain import Plain

Default: TypeAlias = tuple[Literal["required", "shared", "per_request"], Any]
Injection: TypeAlias = tuple[Literal["request", "response", "background_tasks", "security_scopes"], Any]
CallKind: TypeAlias = Literal["coroutine", "threadpool", "generator", "async_generator", "stream"]
Conversion: TypeAlias = Literal["text", "int", "float", "asked"]


@dataclass(slots=True, frozen=True, eq=False, repr=False)
class HandlerOptions:
    """The arguments of `get_request_handler`."""

    dependant: Dependant
    body_field: ModelField | None
    status_code: int | None
    response_class: Any
    response_field: ModelField | None
    response_model_include: IncEx | None
    response_model_exclude: IncEx | None
    response_model_by_alias: bool
    response_model_exclude_unset: bool
    response_model_exclude_defaults: bool
    response_model_exclude_none: bool
    dependency_overrides_provider: Any
    embed_body_fields: bool
    strict_content_type: Any
    stream_item_field: ModelField | None
    is_json_stream: bool
    form_limits: _FormLimits | None


@dataclass(slots=True, eq=False, repr=False)
class Check:
    """How a raw value becomes an argument."""

    field: ModelField
    validate: Callable[..., Any] | None
    default: Default
    validate_default: bool


@dataclass(slots=True, eq=False, repr=False)
class Alias:
    """A name under which a parameter may arrive, and where an error of it is located."""

    name: str
    key: str
    lower: str | None
    header: bytes | None
    loc: tuple[str, ...]


@dataclass(slots=True, eq=False, repr=False)
class ModelParam:
    """A field of a parameter model, which is a parameter of the request.

    Attributes:
        name: the field's name.
        aliases: the names it may arrive under.
        keys: by alias, the key of the model's input.
        spellings: names in lower case that are taken along with the field, though they don't name it.
        many: all values of the name, as a list.
        empty_is_missing: an empty value counts as none.
    """

    name: str
    aliases: list[Alias]
    keys: list[str]
    spellings: list[str]
    many: bool
    empty_is_missing: bool


@dataclass(slots=True, eq=False, repr=False)
class ParamModel:
    """A pydantic model whose fields are parameters of one source.

    Attributes:
        nullable: without anything of it, there is no value at all.
        extra_counts: other parameters than its fields make that something.
        loc: where its errors are located.
        renames: an error at a field is located at the header that it was read from.
    """

    fields: list[ModelParam]
    nullable: bool
    extra_counts: bool
    loc: tuple[str, ...]
    renames: bool


@dataclass(slots=True, eq=False, repr=False)
class Param:
    """A path, query, header or cookie parameter."""

    source: str
    slot: int
    aliases: list[Alias]
    many: bool
    empty_is_missing: bool
    model: ParamModel | None
    plain: Plain
    check: Check
    asked: bool


@dataclass(slots=True, eq=False, repr=False)
class BodyParam:
    """A whole JSON body, or one key of it."""

    slot: int
    aliases: list[Alias]
    check: Check
    reader: Callable[..., Any] | None


@dataclass(slots=True, eq=False, repr=False)
class Step:
    """One callable with its parameters."""

    call: Callable[..., Any] | None
    kind: CallKind
    first_slot: int
    names: tuple[str, ...] = ()
    params: list[Param] = field(default_factory=list)
    body: tuple[str, Any] | None = None
    injections: list[tuple[Injection, int]] = field(default_factory=list)
    parent: int | None = None
    target: int | None = None
    cache_cell: int = 0
    use_cache: bool = True
    function_scope: bool = False
    concurrency: Any = None
    # How many dependencies had been replaced, or not, by an override when this step was reached.
    decided: int = 0


@dataclass(slots=True, eq=False, repr=False)
class Graph:
    """A dependency graph in the order of execution; the last step is the root.

    Attributes:
        steps: in the order of execution.
        slots: number of argument slots.
        cache_cells: number of different cache keys.
        overrides: the overrides that were in force, a copy; None without any.
        builder: can build the rest anew when an override changes during a request.
    """

    steps: list[Step]
    slots: int
    cache_cells: int
    overrides: dict[Any, Any] | None
    builder: Any


@dataclass(slots=True, eq=False, repr=False)
class ModelRendering:
    """A response model that pydantic-core validates and dumps to bytes, if Rust can't write it."""

    validate: Callable[..., Any]
    dump: Callable[..., Any]
    flag_names: tuple[str, ...]
    flags: list[Any]
    writer: Any


@dataclass(slots=True, eq=False, repr=False)
class Compiled:
    """A path operation, ready to run."""

    graph: Graph
    body: Literal["none", "json", "form"]
    strict_content_type: bool
    status: int | None
    rendering: tuple[Literal["json", "model", "leaf"], ModelRendering | None]
    snapshot: Any


@dataclass(slots=True, eq=False, repr=False)
class Target:
    """What a compiled match writes into the scope, and the application it runs."""

    endpoint: Any
    route: Any
    methods: Any
    convertors: Any
    app: Any
    form_limits: list[Any]
    fastapi: dict[str, Any] | None
    path_format: str | None
    limits: Any


@dataclass(slots=True, eq=False, repr=False)
class PathParameter:
    """A parameter in a path template."""

    name: str
    convertor: Any
    conversion: Conversion


@dataclass(slots=True, eq=False, repr=False)
class Route:
    """One route of a router, in registration order."""

    template: str | None
    convertors: list[tuple[str, str]]
    parameters: list[PathParameter]
    asked: Any
    target: Target | None
    behind_included: bool


@dataclass(slots=True, eq=False, repr=False)
class Routes:
    """All routes of a router."""

    routes: list[Route]
    redirect_slashes: bool
    plain_fallback: bool
    form_limits: Any
    has_included: bool
    volatile: bool
    classes: list[type]
    plain: list[dict[str, Any]]
    snapshot: Any


@dataclass(slots=True, frozen=True)
class LayerSpec:
    """A middleware object that Rust stands for; it reads the settings itself.

    Attributes:
        kind: which class of Starlette's it is of.
        layer: the object.
        call: that class's `__call__` on it, for what Rust does not pass on.
    """

    kind: Literal["cors", "gzip", "trusted_host"]
    layer: Any
    call: ASGIApp


@dataclass(slots=True, frozen=True)
class StackSpec:
    """What is inside of a middleware stack's own outer layers.

    Attributes:
        layers: the outermost layers of the user's, as far as Rust stands for them.
        classes: the classes whose methods these layers run.
        innermost: the first layer that it does not stand for.
    """

    layers: list[LayerSpec]
    classes: list[type]
    innermost: Any
