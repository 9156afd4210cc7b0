"""Questions about annotations: sequence or scalar, bytes or file, Pydantic 1 or 2."""

import sys
import types
import typing
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from typing import Annotated, Any, TypeGuard, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.version import VERSION as PYDANTIC_VERSION
from starlette.datastructures import UploadFile

from .. import _incidental
from ..types import UnionType

_T = TypeVar("_T")

# Generic aliases such as `List[int]` and `list[int]`: `isinstance(x, type)` may be true, `issubclass` raises.
WithArgsTypes: tuple[Any, ...] = (
    typing._GenericAlias,  # type: ignore[attr-defined]
    types.GenericAlias,
    types.UnionType,
)

PYDANTIC_VERSION_MINOR_TUPLE = tuple(int(part) for part in PYDANTIC_VERSION.split(".")[:2])

# The type that values of each kind of sequence annotation are built as.
sequence_annotation_to_type = {
    Sequence: list,
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    deque: deque,
}

sequence_types: tuple[type[Any], ...] = tuple(sequence_annotation_to_type)


def lenient_issubclass(
    cls: Any, class_or_tuple: type[_T] | tuple[type[_T], ...] | None
) -> TypeGuard[type[_T]]:
    """`issubclass` that answers False for what is no class."""
    try:
        return isinstance(cls, type) and issubclass(cls, class_or_tuple)  # type: ignore[arg-type]
    except TypeError:
        if isinstance(cls, WithArgsTypes):
            return False
        raise


def _union_members(annotation: object) -> tuple[Any, ...] | None:
    """Return the members of a union, or None for any other annotation."""
    origin = get_origin(annotation)
    return get_args(annotation) if origin is Union or origin is UnionType else None


def _strip_annotated(annotation: object) -> object:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _annotation_is_sequence(annotation: object) -> bool:
    return lenient_issubclass(annotation, sequence_types) and not lenient_issubclass(annotation, (str, bytes))


def field_annotation_is_sequence(annotation: object) -> bool:
    """Tell whether an annotation, or any member of a union, is a sequence other than `str` and `bytes`."""
    annotation = _strip_annotated(annotation)
    members = _union_members(annotation)
    if members is not None:
        return any(field_annotation_is_sequence(member) for member in members)
    return _annotation_is_sequence(annotation) or _annotation_is_sequence(get_origin(annotation))


def value_is_sequence(value: Any) -> bool:
    """Tell whether a value is a sequence other than `str` and `bytes`."""
    return isinstance(value, sequence_types) and not isinstance(value, (str, bytes))


def _annotation_is_complex(annotation: object) -> bool:
    return (
        lenient_issubclass(annotation, (BaseModel, Mapping, UploadFile))
        or _annotation_is_sequence(annotation)
        or is_dataclass(annotation)
    )


def field_annotation_is_complex(annotation: object) -> bool:
    """Tell whether values of an annotation, or of a union member, have parts, and so go in the body."""
    annotation = _strip_annotated(annotation)
    members = _union_members(annotation)
    if members is not None:
        return any(field_annotation_is_complex(member) for member in members)
    origin = get_origin(annotation)
    return (
        _annotation_is_complex(annotation)
        or _annotation_is_complex(origin)
        or hasattr(origin, "__pydantic_core_schema__")
        or hasattr(origin, "__get_pydantic_core_schema__")
    )


def field_annotation_is_scalar(annotation: Any) -> bool:
    """Tell whether values of an annotation are single ones. The `...` of `tuple[int, ...]` counts as one."""
    return annotation is Ellipsis or not field_annotation_is_complex(annotation)


def field_annotation_is_scalar_sequence(annotation: object) -> bool:
    """Tell whether an annotation is a sequence of scalars; a union, of such sequences and scalars only."""
    annotation = _strip_annotated(annotation)
    members = _union_members(annotation)
    if members is None:
        return field_annotation_is_sequence(annotation) and all(
            field_annotation_is_scalar(arg) for arg in get_args(annotation)
        )
    found = False
    for member in members:
        if field_annotation_is_scalar_sequence(member):
            found = True
        elif not field_annotation_is_scalar(member):
            return False
    return found


def _is_or_has_member(annotation: Any, cls: type[Any]) -> bool:
    if lenient_issubclass(annotation, cls):
        return True
    return any(lenient_issubclass(member, cls) for member in _union_members(annotation) or ())


def _is_sequence_of(annotation: Any, is_item: Callable[[Any], bool]) -> bool:
    members = _union_members(annotation)
    if members is not None:
        return any(_is_sequence_of(member, is_item) for member in members)
    return field_annotation_is_sequence(annotation) and all(is_item(arg) for arg in get_args(annotation))


def is_bytes_or_nonable_bytes_annotation(annotation: Any) -> bool:
    """Tell whether an annotation is `bytes` or a union with it."""
    return _is_or_has_member(annotation, bytes)


def is_uploadfile_or_nonable_uploadfile_annotation(annotation: Any) -> bool:
    """Tell whether an annotation is `UploadFile` or a union with it."""
    return _is_or_has_member(annotation, UploadFile)


def is_bytes_sequence_annotation(annotation: Any) -> bool:
    """Tell whether an annotation, or any member of a union, is a sequence of `bytes`."""
    return _is_sequence_of(annotation, is_bytes_or_nonable_bytes_annotation)


def is_uploadfile_sequence_annotation(annotation: Any) -> bool:
    """Tell whether an annotation, or any member of a union, is a sequence of `UploadFile`."""
    return _is_sequence_of(annotation, is_uploadfile_or_nonable_uploadfile_annotation)


def _pydantic_v1_base_model() -> type[Any] | None:
    # Nothing can be such a model before the module was imported, and importing it is slow.
    return getattr(sys.modules.get("pydantic.v1"), "BaseModel", None)


def is_pydantic_v1_model_instance(obj: Any) -> bool:
    """Tell whether an object is a model of `pydantic.v1`."""
    base = _pydantic_v1_base_model()
    return base is not None and isinstance(obj, base)


def is_pydantic_v1_model_class(cls: Any) -> bool:
    """Tell whether a class is a model of `pydantic.v1`."""
    base = _pydantic_v1_base_model()
    return base is not None and lenient_issubclass(cls, base)


def annotation_is_pydantic_v1(annotation: Any) -> bool:
    """Tell whether an annotation is a model of `pydantic.v1`, a union with one or a sequence of one."""
    if is_pydantic_v1_model_class(annotation):
        return True
    if any(is_pydantic_v1_model_class(member) for member in _union_members(annotation) or ()):
        return True
    if not field_annotation_is_sequence(annotation):
        return False
    return any(annotation_is_pydantic_v1(arg) for arg in get_args(annotation))


_incidental.complete(__name__)
