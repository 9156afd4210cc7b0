"""Conversion of any object to what `json.dumps` takes."""

import dataclasses
import datetime
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import Path, PurePath
from re import Pattern
from types import GeneratorType
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel
from pydantic.networks import AnyUrl, NameEmail
from pydantic.types import SecretBytes, SecretStr
from pydantic_core import PydanticUndefinedType

from . import _incidental, _namespace
from ._compat import Url, is_pydantic_v1_model_instance
from .exceptions import PydanticV1NotSupportedError
from .types import IncEx

try:
    # Deprecated by Pydantic, and still in use.
    from pydantic.color import Color  # pyright: ignore[reportAssignmentType]
except ImportError:

    class Color:  # type: ignore[no-redef]
        """Stands in where Pydantic has no colors."""


try:
    from pydantic_extra_types.color import (
        Color as PyExtraColor,  # pyright: ignore[reportAssignmentType]
    )
except ImportError:

    class PyExtraColor:  # type: ignore[no-redef]
        """Stands in where `pydantic-extra-types` is not installed."""


Encoder = Callable[[Any], Any]


def isoformat(o: datetime.date | datetime.time) -> str:
    """Return a date or time in ISO 8601."""
    return o.isoformat()


def decimal_encoder(dec_value: Decimal) -> int | float:
    """Return a decimal as an `int` where it has no fraction digits, else as a `float`.

    `Decimal("1")`, say from a `NUMERIC(x, 0)` column, so survives being written and read again;
    `Decimal("1.0")` gives 1.0, and NaN and infinities the same floats.
    """
    exponent = dec_value.as_tuple().exponent
    # Special values have a letter for exponent.
    return int(dec_value) if isinstance(exponent, int) and exponent >= 0 else float(dec_value)


# Looked up by exact type at each use, so applications may add to it.
ENCODERS_BY_TYPE: dict[type[Any], Encoder] = {
    bytes: lambda o: o.decode(),
    Color: str,
    PyExtraColor: str,
    datetime.date: isoformat,
    datetime.datetime: isoformat,
    datetime.time: isoformat,
    datetime.timedelta: lambda td: td.total_seconds(),
    Decimal: decimal_encoder,
    Enum: lambda o: o.value,
    frozenset: list,
    deque: list,
    GeneratorType: list,
    IPv4Address: str,
    IPv4Interface: str,
    IPv4Network: str,
    IPv6Address: str,
    IPv6Interface: str,
    IPv6Network: str,
    NameEmail: str,
    Path: str,
    Pattern: lambda o: o.pattern,
    SecretBytes: str,
    SecretStr: str,
    set: list,
    UUID: str,
    Url: str,
    AnyUrl: str,
}


def generate_encoders_by_class_tuples(
    type_encoder_map: dict[Any, Encoder],
) -> dict[Encoder, tuple[Any, ...]]:
    """Turn a table of types around: each encoder with the tuple of its types, for `isinstance`."""
    by_encoder: dict[Encoder, tuple[Any, ...]] = defaultdict(tuple)
    for type_, encoder in type_encoder_map.items():
        by_encoder[encoder] += (type_,)
    return by_encoder


encoders_by_class_tuples = generate_encoders_by_class_tuples(ENCODERS_BY_TYPE)

_PLAIN = frozenset({str, int, float, bool, type(None)})
_SEQUENCES = (list, set, frozenset, GeneratorType, tuple, deque)
_NOT_FOUND = object()


class _Options(NamedTuple):
    """What holds at every depth; `include` and `exclude` do not."""

    by_alias: bool
    exclude_unset: bool
    exclude_defaults: bool
    exclude_none: bool
    custom: Mapping[Any, Encoder]
    sqlalchemy_safe: bool
    encode: Callable[..., Any]
    """Encodes what is inside of an object, with these options and, if given, `include` and `exclude`."""

    def inside_model(self) -> "_Options":
        """Return what is left for a dumped model, which has applied the rest to itself."""
        return self._replace(by_alias=True, exclude_unset=False, custom={})


def jsonable_encoder(
    obj: Any,
    include: IncEx | None = None,
    exclude: IncEx | None = None,
    by_alias: bool = True,
    exclude_unset: bool = False,
    exclude_defaults: bool = False,
    exclude_none: bool = False,
    custom_encoder: dict[Any, Callable[[Any], Any]] | None = None,
    sqlalchemy_safe: bool = True,
) -> Any:
    """Convert an object to dicts, lists and plain values.

    Args:
        obj: a Pydantic model, dataclass, mapping, sequence, plain value, value of a type in
            `ENCODERS_BY_TYPE`, or else anything with `dict(obj)` or `vars(obj)`.
        include: keys to keep, at the top level or in each item of a list; all if None.
        exclude: keys to leave out, likewise.
        by_alias: name fields of models by their aliases.
        exclude_unset: leave out fields of models that were not set.
        exclude_defaults: leave out fields of models that equal their default.
        exclude_none: leave out keys whose value is None, at every depth.
        custom_encoder: encoders by type, asked before all else; for the exact type, then by `isinstance`.
        sqlalchemy_safe: leave out keys that start with `_sa`, where SQLAlchemy keeps its state.

    Raises:
        ValueError: nothing can encode an object.
        PydanticV1NotSupportedError: the object is a model of `pydantic.v1`.
    """
    options = _Options(
        by_alias,
        exclude_unset,
        exclude_defaults,
        exclude_none,
        custom_encoder or {},
        sqlalchemy_safe,
        _encode if jsonable_encoder is _unreplaced else _encode_publicly,
    )
    return _encode(obj, options, include, exclude)


_unreplaced = jsonable_encoder


def _encode_publicly(obj: Any, options: _Options, *keys: IncEx | None) -> Any:
    """Encode by what somebody has put into this module for `jsonable_encoder`."""
    return jsonable_encoder(
        obj,
        **dict(zip(("include", "exclude"), keys, strict=False)),
        by_alias=options.by_alias,
        exclude_unset=options.exclude_unset,
        exclude_defaults=options.exclude_defaults,
        exclude_none=options.exclude_none,
        custom_encoder=options.custom,  # type: ignore[arg-type]
        sqlalchemy_safe=options.sqlalchemy_safe,
    )


def _encode(  # noqa: C901 (see below)
    obj: Any, options: _Options, include: IncEx | None = None, exclude: IncEx | None = None
) -> Any:
    # Containers are walked here and not in helpers: the Python frames a level takes decide how deep data may
    # nest.
    if options.custom:
        converted = _encode_custom(obj, options.custom)
        if converted is not _NOT_FOUND:
            return converted
    elif type(obj) in _PLAIN and include is None and exclude is None:
        return obj
    include, exclude = _as_keys(include), _as_keys(exclude)
    if isinstance(obj, BaseModel):
        return options.encode(_dump_model(obj, include, exclude, options), options.inside_model())
    if dataclasses.is_dataclass(obj):
        assert not isinstance(obj, type)
        return options.encode(dataclasses.asdict(obj), options, include, exclude)
    if isinstance(obj, Enum):
        return obj.value
    if isinstance(obj, PurePath):
        return str(obj)
    if isinstance(obj, (str, int, float, type(None))):
        return obj
    if isinstance(obj, PydanticUndefinedType):
        return None
    if isinstance(obj, dict):
        encoded = {}
        for key, value in _selected(obj, include, exclude, options):
            encoded_key = options.encode(key, options)
            encoded[encoded_key] = options.encode(value, options)
        return encoded
    if isinstance(obj, _SEQUENCES):
        items = []
        for item in obj:
            items.append(options.encode(item, options, include, exclude))  # noqa: PERF401 (a comprehension adds a frame)
        return items
    encoder = _find_encoder(obj)
    if encoder is not None:
        return encoder(obj)
    return options.encode(_as_mapping(obj), options, include, exclude)


def _encode_custom(obj: Any, custom: Mapping[Any, Encoder]) -> Any:
    if type(obj) in custom:
        return custom[type(obj)](obj)
    for type_, encoder in custom.items():
        if isinstance(obj, type_):
            return encoder(obj)
    return _NOT_FOUND


def _as_keys(keys: Any) -> Any:
    return keys if keys is None or isinstance(keys, (set, dict)) else set(keys)


def _dump_model(obj: BaseModel, include: IncEx | None, exclude: IncEx | None, options: _Options) -> Any:
    return obj.model_dump(
        mode="json",
        include=include,
        exclude=exclude,
        by_alias=options.by_alias,
        exclude_unset=options.exclude_unset,
        exclude_none=options.exclude_none,
        exclude_defaults=options.exclude_defaults,
    )


def _selected(
    obj: dict[Any, Any], include: Any, exclude: Any, options: _Options
) -> Iterator[tuple[Any, Any]]:
    allowed = set(obj.keys())
    if include is not None:
        allowed &= set(include)
    if exclude is not None:
        allowed -= set(exclude)
    for key, value in obj.items():
        if options.sqlalchemy_safe and isinstance(key, str) and key.startswith("_sa"):
            continue
        if (value is not None or not options.exclude_none) and key in allowed:
            yield key, value


def _find_encoder(obj: Any) -> Encoder | None:
    if type(obj) in ENCODERS_BY_TYPE:
        return ENCODERS_BY_TYPE[type(obj)]
    for encoder, types in encoders_by_class_tuples.items():
        if isinstance(obj, types):
            return encoder
    return None


def _as_mapping(obj: Any) -> Any:
    if is_pydantic_v1_model_instance(obj):
        raise PydanticV1NotSupportedError(
            f"pydantic.v1 models are no longer supported by FastAPI. Please update the model {obj!r}."
        )
    try:
        return dict(obj)
    except Exception as not_iterable:
        try:
            return vars(obj)
        except Exception as no_attributes:
            raise ValueError([not_iterable, no_attributes]) from no_attributes


_incidental.complete(__name__)
_namespace.spread(__name__)
