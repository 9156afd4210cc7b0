"""The modules without request handling offer what the reference's modules of the same name do."""

import importlib
import inspect
import warnings
from types import ModuleType
from typing import Any

import pytest

MODULES = [
    "params",
    "param_functions",
    "datastructures",
    "types",
    "utils",
    "exceptions",
    "exception_handlers",
    "encoders",
    "background",
    "concurrency",
    "responses",
    "requests",
    "websockets",
    "staticfiles",
    "templating",
    "testclient",
    "logger",
    "sse",
    "_body_limit",
    "_form_limits",
    "middleware",
    "middleware.asyncexitstack",
    "middleware.cors",
    "middleware.gzip",
    "middleware.httpsredirect",
    "middleware.trustedhost",
    "middleware.wsgi",
    "security",
    "security.api_key",
    "security.base",
    "security.http",
    "security.oauth2",
    "security.open_id_connect_url",
    "security.utils",
    "_compat",
    "_compat.shared",
    "_compat.v2",
]

# Positional-only here, by a mangled name there.
MANGLED = {"dumps", "_validate"}

# What the reference's modules merely import, for their own use.
IMPORTED = {
    "AliasChoices",
    "AliasPath",
    "Annotated",
    "Discriminator",
    "Doc",
    "Example",
    "Union",
    "UnionType",
    "_Attrs",
    "_Unset",
    "_operation",
    "asyncexitstack",
    "binascii",
    "deprecated",
    "fastapi",
    "re",
    "warnings",
}


def pair(name: str) -> tuple[ModuleType, ModuleType]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Starlette's WSGI module is deprecated
        return importlib.import_module(f"fastapi.{name}"), importlib.import_module(f"ferroapi.{name}")


def default(value: object) -> object:
    if type(value).__name__ == "DefaultPlaceholder":
        return ("placeholder", value.value)  # type: ignore[attr-defined]
    return repr(value).replace("ferroapi", "fastapi")


def shape(function: Any) -> Any:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    return [(p.name, p.kind.name, default(p.default)) for p in signature.parameters.values()]


def members(module: ModuleType) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if not name.startswith("__")}


@pytest.mark.parametrize("name", MODULES)
def test_every_name_is_there(name: str) -> None:
    reference, ours = pair(name)
    assert set(members(reference)) - set(members(ours)) <= IMPORTED


@pytest.mark.parametrize("name", MODULES)
def test_every_signature_is_the_same(name: str) -> None:
    reference, ours = pair(name)
    for key, value in members(reference).items():
        if getattr(value, "__module__", None) != reference.__name__ or not callable(value):
            continue
        own = getattr(ours, key)
        assert shape(own) == shape(value), key
        assert (own.__module__, own.__qualname__) == (ours.__name__, value.__qualname__)


@pytest.mark.parametrize("name", MODULES)
def test_every_method_is_the_same(name: str) -> None:
    reference, ours = pair(name)
    for key, cls in members(reference).items():
        if not isinstance(cls, type) or cls.__module__ != reference.__name__:
            continue
        for attribute in dir(cls):
            special = attribute.startswith("__") and attribute not in {"__init__", "__call__"}
            if special or attribute in MANGLED:
                continue
            own = getattr(getattr(ours, key), attribute)
            expected = getattr(cls, attribute)
            if callable(expected):
                assert shape(own) == shape(expected), f"{key}.{attribute}"


@pytest.mark.parametrize("name", ["Path", "Query", "Header", "Cookie", "Body", "Form", "File"])
def test_option_annotations_are_the_same(name: str) -> None:
    reference, ours = pair("param_functions")
    for expected, own in zip(
        inspect.signature(getattr(reference, name)).parameters.values(),
        inspect.signature(getattr(ours, name)).parameters.values(),
        strict=True,
    ):
        annotation = getattr(expected.annotation, "__origin__", expected.annotation)  # without Doc
        assert repr(own.annotation).replace("ferroapi", "fastapi") == repr(
            annotation if own.annotation != expected.annotation else own.annotation
        )
