"""Type aliases shared by the package."""

import types
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar, Union

from pydantic import BaseModel
from pydantic.main import IncEx as IncEx

DecoratedCallable = TypeVar("DecoratedCallable", bound=Callable[..., Any])
# The class of `X | Y`, next to `typing.Union`, the class of `Union[X, Y]`.
UnionType = getattr(types, "UnionType", Union)
ModelNameMap = dict[type[BaseModel] | type[Enum], str]
# A dependency's callable, its OAuth2 scopes, and the scope ("function", "request" or "") it lives in.
DependencyCacheKey = tuple[Callable[..., Any] | None, tuple[str, ...], str]
