"""The options every parameter declaration takes, spelled once.

`FieldOptions` is what type checkers and editors read, through `Unpack`. `spelled_out` gives the same list,
with its defaults, to `inspect.signature`, and refuses any other keyword.
"""

import inspect
import re
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal, ParamSpec, TypeVar, get_args, get_origin

from pydantic import AliasChoices, AliasPath, Discriminator
from typing_extensions import TypedDict
from typing_extensions import deprecated as _Deprecated  # noqa: N812 (`deprecated` is a key below)

from .datastructures import _Unset
from .openapi.models import Example

P = ParamSpec("P")
R = TypeVar("R")


class _Otherwise:
    """Marks the value an omitted option has, where that is not `_Unset`."""

    def __init__(self, value: object) -> None:
        self.value = value


_NONE = _Otherwise(None)
_TRUE = _Otherwise(value=True)


class FieldOptions(TypedDict, total=False):
    """Options shared by `Path`, `Query`, `Header`, `Cookie`, `Body`, `Form` and `File`.

    Names and meaning are those of `pydantic.Field`, except for the ones commented below.
    """

    default_factory: Callable[[], Any] | None
    alias: str | None
    alias_priority: int | None
    validation_alias: str | AliasPath | AliasChoices | None
    serialization_alias: str | None
    title: str | None
    description: str | None
    gt: Annotated[float | None, _NONE]
    ge: Annotated[float | None, _NONE]
    lt: Annotated[float | None, _NONE]
    le: Annotated[float | None, _NONE]
    min_length: Annotated[int | None, _NONE]
    max_length: Annotated[int | None, _NONE]
    pattern: Annotated[str | re.Pattern[str] | None, _NONE]
    # Former name of `pattern`; warns.
    regex: Annotated[str | None, _NONE]
    discriminator: str | Discriminator | None
    strict: bool | None
    validate_default: bool | None
    union_mode: Literal["smart", "left_to_right"] | None
    fail_fast: bool | None
    multiple_of: float | None
    allow_inf_nan: bool | None
    max_digits: int | None
    decimal_places: int | None
    examples: list[Any] | None
    # A single example, from OpenAPI 3.0; warns.
    example: Any | None
    # Named OpenAPI `Example` objects, shown by Swagger UI (OpenAPI 3.1, section 4.8.19).
    openapi_examples: Annotated[dict[str, Example] | None, _NONE]
    deprecated: _Deprecated | str | bool | None
    # False leaves the parameter out of the OpenAPI document.
    include_in_schema: Annotated[bool, _TRUE]
    json_schema_extra: dict[str, Any] | Callable[[dict[str, Any]], None] | None


def _option_parameter(name: str, annotation: Any) -> inspect.Parameter:
    default: object = _Unset
    if get_origin(annotation) is Annotated:
        annotation, otherwise = get_args(annotation)
        default = otherwise.value
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


_OPTIONS = [_option_parameter(name, annotation) for name, annotation in FieldOptions.__annotations__.items()]

OPTION_DEFAULTS: dict[str, Any] = {option.name: option.default for option in _OPTIONS}

# Where a keyword of a single kind of declaration stands among the shared ones.
_FOLLOWS = {
    "annotation": "default_factory",
    "embed": "default_factory",
    "media_type": "default_factory",
    "convert_underscores": "serialization_alias",
}


def _spell_out(signature: inspect.Signature) -> inspect.Signature:
    leading: list[inspect.Parameter] = []
    own: dict[str, list[inspect.Parameter]] = {}
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            own.setdefault(_FOLLOWS[parameter.name], []).append(parameter)
        elif parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            leading.append(parameter)
    options = [parameter for option in _OPTIONS for parameter in (option, *own.get(option.name, ()))]
    return signature.replace(parameters=[*leading, *options])


def _called_name(function: Callable[..., Any], args: tuple[object, ...]) -> str:
    # An inherited `__init__` goes by the class that is being made.
    if function.__name__ == "__init__":
        return f"{type(args[0]).__qualname__}.__init__"
    return function.__qualname__


def spelled_out(function: Callable[P, R]) -> Callable[P, R]:
    """Replace `**options: Unpack[FieldOptions]` in a function's run-time signature by the options themselves.

    The result raises `TypeError` for a keyword that is no option, under the function's own name.
    """
    signature = _spell_out(inspect.signature(function))

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for keyword in kwargs:
            if keyword not in signature.parameters:
                name = _called_name(function, args)
                raise TypeError(f"{name}() got an unexpected keyword argument {keyword!r}")
        return function(*args, **kwargs)

    setattr(checked, "__signature__", signature)  # noqa: B010 (function objects have no such declared attribute)
    return checked
