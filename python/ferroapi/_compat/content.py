"""Recognizing plain data of the same content, such as the core schemas of two parameters declared alike."""

from collections.abc import Hashable, Iterable
from typing import Any

_SCALARS = frozenset({str, int, bool, type(None)})


def content_key(value: Any) -> Hashable | None:
    """Return a key that equal plain data share, or None for anything that holds another object.

    Unlike `==` it tells `1`, `True` and `1.0` apart, as well as the zeros of both signs, and the orders of
    the keys of a dict.
    """
    kind = type(value)
    if kind in _SCALARS:
        return kind, value
    if kind is float:
        return kind, value.hex()
    if kind is list or kind is tuple:
        return _key_of_items(kind, (), value)
    if kind is dict and all(type(name) is str for name in value):
        return _key_of_items(kind, tuple(value), value.values())
    return None


def _key_of_items(kind: type[Any], names: tuple[str, ...], items: Iterable[Any]) -> Hashable | None:
    keys = []
    for item in items:
        key = content_key(item)
        if key is None:
            return None
        keys.append(key)
    return kind, names, tuple(keys)


def own_copy(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON schema that may be changed below its top level without changing `schema`.

    A schema without levels below is returned itself.
    """
    if not any(isinstance(item, (dict, list)) for item in schema.values()):
        return schema
    copied: dict[str, Any] = _copied(schema)
    return copied


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value
