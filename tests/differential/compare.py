"""Compare two outcomes of the same exchange and say where they part."""

import re
from typing import Any

from .driver import Exchange, Outcome

_ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
_LIMIT = 400


def differences(
    exchange: Exchange, reference: Outcome, candidate: Outcome, names: tuple[str, str]
) -> list[str]:
    """Return one readable line per difference; empty when both outcomes are the same.

    `names` are the import names of the two packages: texts of exceptions may contain them, and there they
    count as equal.
    """
    found: list[str] = []
    if exchange.only_last_line:
        _keep_last_line(reference)
        _keep_last_line(candidate)
    for part in ("hung", "exception", "messages", "events", "received"):
        _note(found, part, getattr(reference, part), getattr(candidate, part), names)
    for key in reference.scope:
        _note(found, f"scope {key}", reference.scope[key], candidate.scope.get(key), names)
    return found


def same_text(value: str, names: tuple[str, str]) -> str:
    """Hide what may differ in a text: the package's name as a module, and memory addresses."""
    reference, candidate = names
    return _ADDRESS.sub("0x", re.sub(rf"\b{re.escape(candidate)}\b(?=\.)", reference, value))


def _note(found: list[str], part: str, reference: Any, candidate: Any, names: tuple[str, str]) -> None:
    reference, candidate = _comparable(reference, names), _comparable(candidate, names)
    if reference == candidate:
        return
    if isinstance(reference, list) and isinstance(candidate, list):
        if len(reference) != len(candidate):
            found.append(f"{part}: {len(reference)} entries != {len(candidate)}")
        for index, (left, right) in enumerate(zip(reference, candidate, strict=False)):
            if left != right:
                found.append(_line(f"{part}[{index}]", left, right))
        longer, source = (
            (reference, "reference") if len(reference) > len(candidate) else (candidate, "candidate")
        )
        rest = longer[min(len(reference), len(candidate)) :]
        found.extend(f"{part}: only in {source}: {extra!r}"[:_LIMIT] for extra in rest)
        return
    found.append(_line(part, reference, candidate))


def _line(part: str, reference: Any, candidate: Any) -> str:
    left, right = repr(reference), repr(candidate)
    start = next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    start = max(0, start - 120) if max(len(left), len(right)) > _LIMIT else 0
    return f"{part}:\n    reference {left[start : start + _LIMIT]}\n    candidate {right[start : start + _LIMIT]}"


def _comparable(value: Any, names: tuple[str, str]) -> Any:
    if isinstance(value, str):
        return same_text(value, names)
    if isinstance(value, bytes) and (names[1].encode() in value or b" at 0x" in value):
        return same_text(value.decode("latin-1"), names).encode("latin-1")
    if isinstance(value, (list, tuple)):
        return type(value)(_comparable(item, names) for item in value)
    if isinstance(value, dict):
        return {key: _comparable(item, names) for key, item in value.items()}
    return value


def _keep_last_line(outcome: Outcome) -> None:
    """Drop lengths and all but the last line of each body, where the rest shows stack frames."""
    for index, message in enumerate(outcome.messages):
        plain = dict(message)
        if "headers" in plain:
            plain["headers"] = [item for item in plain["headers"] if item[0] != b"content-length"]
        if "body" in plain:
            plain["body"] = plain["body"].strip().rsplit(b"\n", 1)[-1]
        outcome.messages[index] = tuple(plain.items())
