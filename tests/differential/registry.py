"""The applications under comparison, and how each is built on either package."""

import functools
import importlib
import os
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from .driver import Exchange

REFERENCE = "fastapi"
CANDIDATE = os.environ.get("DIFFERENTIAL_CANDIDATE", "ferroapi")
BOTH = ("asyncio", "trio")

_SUBMODULES = [
    "background",
    "concurrency",
    "datastructures",
    "encoders",
    "exception_handlers",
    "exceptions",
    "middleware.cors",
    "middleware.gzip",
    "middleware.trustedhost",
    "openapi.utils",
    "params",
    "requests",
    "responses",
    "routing",
    "security",
    "sse",
    "staticfiles",
    "testclient",
    "websockets",
    "dependencies.utils",
]


@dataclass(frozen=True)
class App:
    """One small application and the exchanges to try on it."""

    name: str
    build: Callable[[Any], Any]
    exchanges: tuple[Exchange, ...]
    backends: tuple[str, ...]
    openapi: bool
    fresh: bool

    def on(self, package: str, side: str) -> Any:
        """Return the application built on `package`, kept between exchanges unless declared `fresh`."""
        return self.build(load(package)) if self.fresh else _built(self.name, package, side)


APPS: dict[str, App] = {}


def differential(
    *exchanges: Exchange, backends: tuple[str, ...] = BOTH, openapi: bool = True, fresh: bool = False
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a `build(api)` function; `api` is the imported top module, its submodules loaded.

    `backends` are the event loops to run on, `openapi` whether to compare the schema too, `fresh` whether
    each exchange gets a newly built application.
    """

    def register(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = f"{build.__module__.rpartition('.')[2]}.{build.__name__}"
        assert name not in APPS, f"two applications named {name}"
        APPS[name] = App(name, build, exchanges, backends, openapi, fresh)
        return build

    return register


def differential_settings(
    settings: Mapping[str, Mapping[str, Any]], exchanges: Callable[[str], tuple[Exchange, ...]]
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `build(api, **values)` once per entry of `settings`, under the entry's name.

    `exchanges` gives the exchanges by that name. The applications run on asyncio, their schemas are not compared.
    """

    def register(build: Callable[..., Any]) -> Callable[..., Any]:
        for name, values in settings.items():
            one = functools.update_wrapper(functools.partial(build, **values), build)
            one.__name__ = name
            differential(*exchanges(name), backends=("asyncio",), openapi=False)(one)
        return build

    return register


REFUSED: dict[str, Callable[[Any], Any]] = {}


def refused(build: Callable[[Any], Any], name: str = "") -> Callable[[Any], Any]:
    """Register a `build(api)` whose result is the exception it raises, or the repr of what it returns."""
    REFUSED[name or build.__name__] = build
    return build


@functools.cache
def load(package: str) -> ModuleType:
    """Import `package` and the submodules applications use."""
    for submodule in _SUBMODULES:
        importlib.import_module(f"{package}.{submodule}")
    return importlib.import_module(package)


@functools.cache
def _built(name: str, package: str, side: str) -> Any:
    return APPS[name].build(load(package))


def discover() -> list[App]:
    """Import every module of `apps` and return what they registered, in a stable order."""
    from . import apps

    for module in sorted(info.name for info in pkgutil.iter_modules(apps.__path__)):
        importlib.import_module(f"{apps.__name__}.{module}")
    return list(APPS.values())
