"""Functions that declare parameters and dependencies of a path operation.

Each returns the class of the same name in `params`, typed `Any`, so that it may stand as the default of a
parameter with any annotation.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from typing_extensions import Unpack

from . import _incidental, params
from ._compat import Undefined
from ._field_options import FieldOptions, spelled_out


@spelled_out
def Path(default: Any = ..., **options: Unpack[FieldOptions]) -> Any:  # noqa: N802
    """Declare a path parameter. See `params.Path`."""
    return params.Path(default, **options)


@spelled_out
def Query(default: Any = Undefined, **options: Unpack[FieldOptions]) -> Any:  # noqa: N802
    """Declare a query parameter. See `params.Query`."""
    return params.Query(default, **options)


@spelled_out
def Header(  # noqa: N802
    default: Any = Undefined, *, convert_underscores: bool = True, **options: Unpack[FieldOptions]
) -> Any:
    """Declare a header parameter. See `params.Header`."""
    return params.Header(default, convert_underscores=convert_underscores, **options)


@spelled_out
def Cookie(default: Any = Undefined, **options: Unpack[FieldOptions]) -> Any:  # noqa: N802
    """Declare a cookie parameter. See `params.Cookie`."""
    return params.Cookie(default, **options)


@spelled_out
def Body(  # noqa: N802
    default: Any = Undefined,
    *,
    embed: bool | None = None,
    media_type: str = "application/json",
    **options: Unpack[FieldOptions],
) -> Any:
    """Declare the body, or a key of it. See `params.Body`."""
    return params.Body(default, embed=embed, media_type=media_type, **options)


@spelled_out
def Form(  # noqa: N802
    default: Any = Undefined,
    *,
    media_type: str = "application/x-www-form-urlencoded",
    **options: Unpack[FieldOptions],
) -> Any:
    """Declare a form field. See `params.Form`."""
    return params.Form(default, media_type=media_type, **options)


@spelled_out
def File(  # noqa: N802
    default: Any = Undefined, *, media_type: str = "multipart/form-data", **options: Unpack[FieldOptions]
) -> Any:
    """Declare an uploaded file. See `params.File`."""
    return params.File(default, media_type=media_type, **options)


def Depends(  # noqa: N802
    dependency: Callable[..., Any] | None = None,
    *,
    use_cache: bool = True,
    scope: Literal["function", "request"] | None = None,
    max_concurrency: int | None = None,
) -> Any:
    """Declare a dependency. See `params.Depends` for the arguments and what is raised."""
    return params.Depends(dependency, use_cache=use_cache, scope=scope, max_concurrency=max_concurrency)


def Security(  # noqa: N802
    dependency: Callable[..., Any] | None = None,
    *,
    scopes: Sequence[str] | None = None,
    use_cache: bool = True,
) -> Any:
    """Declare a dependency that needs OAuth2 scopes. See `params.Security`."""
    return params.Security(dependency, scopes=scopes, use_cache=use_cache)


_incidental.complete(__name__)
