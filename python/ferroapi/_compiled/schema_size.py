"""How large a core schema is, before it is gone through part by part."""

from collections.abc import Mapping
from typing import Any

# Beyond this many parts nothing is learnt of a schema: models that refer to each other may have more ways
# through them than can be gone.
_MOST_PARTS = 2000
# Where a schema holds values of the user's, which may look like schemas.
_VALUES = {"default", "expected", "members", "metadata"}


def is_small(schema: Mapping[str, Any]) -> bool:
    """Whether a schema has few parts, where those that are referred to count each time."""
    definitions: dict[str, Any] = {}
    parts, left = [schema], _MOST_PARTS
    while parts:
        part: Any = parts.pop()
        if isinstance(part, list | tuple):
            parts.extend(part)
        if not isinstance(part, Mapping):
            continue
        left -= 1
        if left < 0:
            return False
        if part.get("type") == "definitions":
            definitions |= {known["ref"]: known for known in part["definitions"]}
            parts.append(part["schema"])
        elif part.get("type") == "definition-ref":
            parts.append(definitions.get(part["schema_ref"], {}))
        else:
            parts.extend(inner for name, inner in part.items() if name not in _VALUES)
    return True
