"""The same declaration, made with the reference and with this package."""

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from starlette.datastructures import UploadFile

PACKAGES = ("fastapi", "ferroapi")


@dataclass(frozen=True)
class Side:
    package: str

    def __getattr__(self, name: str) -> Any:
        """A module of the package, or a public name of one of these."""
        for module in ("params", "datastructures", "dependencies.utils", "dependencies.models"):
            found = getattr(importlib.import_module(f"{self.package}.{module}"), name, None)
            if found is not None:
                return found
        return importlib.import_module(f"{self.package}.{name}")

    def dependant(self, annotation: Any, default: Any = ..., *, path: str = "/") -> Any:
        """The dependant of a function with one parameter `value`."""
        return self.get_dependant(path=path, call=endpoint_with(annotation, default))


def endpoint_with(annotation: Any, default: Any = ...) -> Callable[..., Any]:
    if default is ...:

        def endpoint(value: annotation):
            return value
    else:

        def endpoint(value: annotation = default):
            return value

    return endpoint


def both(act: Callable[[Side], Any]) -> tuple[str, str]:
    """What `act` gives on each side, as comparable text; an exception is an outcome too."""
    reference, candidate = (_outcome(act, Side(package)) for package in PACKAGES)
    return reference, candidate


def _outcome(act: Callable[[Side], Any], side: Side) -> str:
    try:
        return plain(act(side))
    except Exception as exc:
        return plain(f"{type(exc).__name__}: {exc}")


def plain(value: Any) -> str:
    text = "\n".join(_lines(value))
    text = text.replace("ferroapi", "fastapi").replace("<fastapi.", "<")
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield f"{indent}{type(value).__name__}"
        yield from _lines({**value.__dict__, **(value.__pydantic_extra__ or {})}, indent + " ")
    elif isinstance(value, dict):
        yield f"{indent}{type(value).__name__}({len(value)})"
        for key, item in value.items():
            yield f"{indent} {key!r}:"
            yield from _lines(item, indent + "  ")
    elif isinstance(value, (list, tuple)):
        yield f"{indent}{'list' if isinstance(value, list) else 'tuple'}({len(value)})"
        for item in value:
            yield from _lines(item, indent + " ")
    elif isinstance(value, UploadFile):
        yield f"{indent}upload {value.filename!r} at {value.file.tell()}"
    else:
        yield f"{indent}{value!r}"
