"""Noticing that an object was replaced by another one."""

from typing import Any


class Same:
    """Equal to a `Same` of the very object, whatever that thinks of equality.

    It keeps the object, so that no other one can get its address. An `id` alone would not do.
    """

    __slots__ = ("_object",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, obj: Any) -> None:
        self._object = obj

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._object is other._object
