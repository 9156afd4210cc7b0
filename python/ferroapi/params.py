"""Classes that declare where a value of a path operation comes from.

Most code uses the functions of the same name in `param_functions`, which return these with type `Any`, so
that they can stand as the default of a parameter of any type.
"""

import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from pydantic.fields import FieldInfo
from typing_extensions import Unpack

from . import _incidental
from ._compat import Undefined
from ._field_options import OPTION_DEFAULTS, FieldOptions, spelled_out
from .concurrency import _DependencyConcurrency
from .datastructures import _Unset
from .exceptions import FastAPIDeprecationWarning

# Frames of a declaration that are ours; a deprecation is reported where the user's own code starts.
_OWN_MODULES = frozenset(
    f"{__name__.rpartition('.')[0]}.{module}" for module in ("params", "param_functions", "_field_options")
)


def _warn_deprecated(old: str, new: str) -> None:
    stacklevel = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__") in _OWN_MODULES:
        frame = frame.f_back
        stacklevel += 1
    warnings.warn(
        f"`{old}` has been deprecated, please use `{new}` instead",
        category=FastAPIDeprecationWarning,
        stacklevel=stacklevel,
    )


class ParamTypes(Enum):
    """Places of a parameter outside the body (OpenAPI 3.1, `in` of a Parameter Object)."""

    query = "query"
    header = "header"
    path = "path"
    cookie = "cookie"


# Pydantic marks the class final for type checkers, and supports this one tree of subclasses.
class _Declaration(FieldInfo):  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    """A Pydantic field that also carries what OpenAPI and the request path need to know."""

    example: Any
    include_in_schema: bool
    openapi_examples: dict[str, Any] | None

    @spelled_out
    def __init__(
        self, default: Any = Undefined, *, annotation: Any | None = None, **options: Unpack[FieldOptions]
    ) -> None:
        arguments: dict[str, Any] = {**OPTION_DEFAULTS, **options}
        self.example = arguments.pop("example")
        if self.example is not _Unset:
            _warn_deprecated("example", "examples")
        self.include_in_schema = arguments.pop("include_in_schema")
        self.openapi_examples = arguments.pop("openapi_examples")
        regex = arguments.pop("regex")
        if regex is not None:
            _warn_deprecated("regex", "pattern")
        arguments["pattern"] = arguments["pattern"] or regex

        alias = arguments["alias"]
        if arguments["serialization_alias"] in (_Unset, None) and isinstance(alias, str):
            arguments["serialization_alias"] = alias
        if arguments["validation_alias"] in (_Unset, None):
            arguments["validation_alias"] = alias
        # Pydantic tells "not given" from "given as None", so an unset option must not reach it.
        given = {name: value for name, value in arguments.items() if value is not _Unset}
        super().__init__(default=default, annotation=annotation, **given)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({self.default})"


class Param(_Declaration):  # type: ignore[misc]
    """A single value, or a list of values, outside the body.

    Args:
        default: value of an absent parameter; `...` or nothing makes it required.
        annotation: the type, when it is not read from the function.
        options: see `FieldOptions`.
    """

    in_: ParamTypes


class Path(Param):  # type: ignore[misc]
    """A parameter of the path. It is always required: any default raises `AssertionError`."""

    in_ = ParamTypes.path

    @spelled_out
    def __init__(
        self, default: Any = ..., *, annotation: Any | None = None, **options: Unpack[FieldOptions]
    ) -> None:
        assert default is ..., "Path parameters cannot have a default value"
        self.in_ = self.in_
        super().__init__(default, annotation=annotation, **options)


class Query(Param):  # type: ignore[misc]
    """A parameter of the query string."""

    in_ = ParamTypes.query


class Header(Param):  # type: ignore[misc]
    """A request header.

    Args:
        convert_underscores: look for `x-token` where the parameter is called `x_token`.
    """

    in_ = ParamTypes.header

    @spelled_out
    def __init__(
        self,
        default: Any = Undefined,
        *,
        annotation: Any | None = None,
        convert_underscores: bool = True,
        **options: Unpack[FieldOptions],
    ) -> None:
        self.convert_underscores = convert_underscores
        super().__init__(default, annotation=annotation, **options)


class Cookie(Param):  # type: ignore[misc]
    """A cookie."""

    in_ = ParamTypes.cookie


class Body(_Declaration):  # type: ignore[misc]
    """The request body, or one key of it.

    Args:
        embed: True expects the value under its name in a JSON object, even if it is the only body parameter.
        media_type: media type written to the OpenAPI document.
    """

    @spelled_out
    def __init__(
        self,
        default: Any = Undefined,
        *,
        annotation: Any | None = None,
        embed: bool | None = None,
        media_type: str = "application/json",
        **options: Unpack[FieldOptions],
    ) -> None:
        self.embed = embed
        self.media_type = media_type
        super().__init__(default, annotation=annotation, **options)


class Form(Body):  # type: ignore[misc]
    """A field of a form body."""

    @spelled_out
    def __init__(
        self,
        default: Any = Undefined,
        *,
        annotation: Any | None = None,
        media_type: str = "application/x-www-form-urlencoded",
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(default, annotation=annotation, media_type=media_type, **options)


class File(Form):  # type: ignore[misc]
    """An uploaded file of a multipart body (RFC 7578)."""

    @spelled_out
    def __init__(
        self,
        default: Any = Undefined,
        *,
        annotation: Any | None = None,
        media_type: str = "multipart/form-data",
        **options: Unpack[FieldOptions],
    ) -> None:
        super().__init__(default, annotation=annotation, media_type=media_type, **options)


@dataclass(frozen=True)
class Depends:
    """A value made by calling `dependency`, whose own parameters are resolved in the same way.

    Args:
        dependency: the callable; None takes the parameter's annotation.
        use_cache: share one result among all uses in a request.
        scope: the code after `yield` runs before the response is sent ("function") or after it ("request").
        max_concurrency: calls that may run at once in an event loop; None is no limit.

    Raises:
        ValueError: `max_concurrency` is not a positive integer.
    """

    dependency: Callable[..., Any] | None = None
    use_cache: bool = True
    scope: Literal["function", "request"] | None = None
    max_concurrency: int | None = field(default=None, kw_only=True)
    _concurrency: _DependencyConcurrency | None = field(default=None, repr=False, kw_only=True)

    def __post_init__(self) -> None:
        limit = self.max_concurrency
        shared = self._concurrency
        if limit is None:
            shared = None
        elif type(limit) is not int or limit < 1:
            raise ValueError("max_concurrency must be a positive integer or None")
        elif shared is None or shared.max_concurrency != limit:
            shared = _DependencyConcurrency(limit)
        # The dataclass is frozen for its users; a copy with the same limit keeps sharing the semaphore.
        object.__setattr__(self, "_concurrency", shared)


@dataclass(frozen=True)
class Security(Depends):
    """A dependency that also asks for OAuth2 scopes (RFC 6749, section 3.3).

    Args:
        scopes: names of the scopes this use needs.
    """

    scopes: Sequence[str] | None = None


_incidental.complete(__name__)
