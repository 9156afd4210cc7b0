"""Fields whose adapters are shared by all that are declared alike.

Making a pydantic adapter is most of what it costs to declare a parameter, in time and in memory, and an
application has many parameters of few declarations: `q: str | None = None`, `limit: int = 100`.
"""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from uuid import UUID
from weakref import WeakValueDictionary

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo

from ._compat import Undefined, v2


def _ids(*objects: Any) -> frozenset[int]:
    """What stands for objects that live for ever: those that are compared with them may not be hashable."""
    return frozenset(map(id, objects))


# Nothing in these can change, so that an adapter of them stays what it is.
_SCALARS = _ids(bool, int, float, str, bytes, NoneType, Decimal, UUID, date, datetime, time, timedelta)
_COMPOSED = _ids(Union, UnionType, list)
# Of these types, equal values are the same; of others they may not be, as `0.0` and `-0.0` are not.
_PLAIN_VALUES = _ids(bool, int, str, NoneType, type(Undefined))

_any_field = FieldInfo(annotation=int)
_attributes_of = attrgetter(*[name for name in v2._Attrs if hasattr(_any_field, name)])
_makes_adapter = v2.ModelField.__post_init__
_adapters: WeakValueDictionary[Any, TypeAdapter[Any]] = WeakValueDictionary()


def make_field(
    *, name: str, field_info: FieldInfo, mode: Literal["validation", "serialization"]
) -> v2.ModelField:
    """Return a `ModelField` of `field_info`, with the adapter of an earlier one that was declared alike.

    Raises:
        pydantic.PydanticSchemaGenerationError: there is no schema for the annotation.
    """
    key = _declaration(field_info)
    adapter = None if key is None else _adapters.get(key)
    if adapter is None or v2.ModelField.__post_init__ is not _makes_adapter:
        field = v2.ModelField(mode=mode, name=name, field_info=field_info)
        if key is not None:
            _adapters[key] = field._type_adapter
        return field
    # Past `__post_init__`, which makes the adapter
    field = object.__new__(v2.ModelField)
    field.field_info = field_info
    field.name = name
    field.mode = mode
    field.config = None
    field._type_adapter = adapter
    return field


def _declaration(info: FieldInfo) -> Any:
    """All that `ModelField` hands to pydantic, or None if it is more than scalars and plain values."""
    annotation: Any = info.annotation
    if info.metadata:
        return None
    if type(annotation) is not type:
        origin = get_origin(annotation)
        arguments = get_args(annotation)
        if id(origin) not in _COMPOSED or not _SCALARS.issuperset(map(id, arguments)):
            return None
        # By its parts, since `int | str` equals `str | int`
        annotation = origin, arguments
    elif id(annotation) not in _SCALARS:
        return None
    values = _attributes_of(info)
    kinds = tuple(map(type, values))
    return (annotation, values, kinds) if _PLAIN_VALUES.issuperset(map(id, kinds)) else None
