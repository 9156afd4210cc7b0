"""Every class and function can be found again by the module and the name that it carries, under both names."""

import sys
from textwrap import dedent

import pytest

from .conftest import run

# Prints what `sys.modules[x.__module__]` does not give back, of all modules of the package.
AUDIT = """
import importlib, pkgutil, sys, types, warnings

def modules(package):
    yield package
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if "._dropin.site" not in found.name and not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)

def lost(package):
    names = ("fastapi", "ferroapi")
    for module in list(modules(package)):
        for name, found in list(vars(module).items()):
            # A module's own hooks (PEP 562) are asked through it, not imported.
            if name in ("__getattr__", "__dir__"):
                continue
            if not isinstance(found, (type, types.FunctionType, types.BuiltinFunctionType)):
                continue
            home = found.__module__ or ""
            if home.partition(".")[0] not in names:
                continue
            try:
                value = sys.modules[home]
                for part in found.__qualname__.split("."):
                    value = getattr(value, part)
            except (KeyError, AttributeError):
                value = None
            if value is not found:
                yield module.__name__.partition(".")[2], name, home.partition(".")[2], found.__qualname__

def audit(name):
    warnings.simplefilter("ignore")
    print(*sorted(lost(importlib.import_module(name))), sep="\\n")
"""
INSTALL = "import ferroapi.dropin; ferroapi.dropin.install()\n"
CHILD = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {(AUDIT + "audit('fastapi')")!r}], check=True)
"""


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> str:
    """What the reference loses: two models that pydantic makes under other names."""
    done = run([sys.executable, "-c", AUDIT + "audit('fastapi')"], tmp_path_factory.mktemp("names"))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["fastapi", "ferroapi"])
def test_in_one_process(python, reference: str, name: str) -> None:
    assert python(INSTALL + AUDIT + f"audit({name!r})") == reference


def test_under_the_own_name(python, reference: str) -> None:
    assert python(AUDIT + "audit('ferroapi')") == reference


@pytest.mark.parametrize("name", ["fastapi", "ferroapi"])
def test_under_exec(under_exec, reference: str, name: str) -> None:
    assert under_exec(code=AUDIT + f"audit({name!r})") == reference


def test_in_a_child_of_exec(under_exec, reference: str) -> None:
    assert under_exec(code=CHILD) == reference


def test_the_extension_is_one_module_under_both_names(python) -> None:
    code = """
        import sys
        from fastapi._routing.handler import RouteApp
        assert RouteApp.__module__ == "ferroapi._core"
        assert sys.modules["fastapi._core"] is sys.modules["ferroapi._core"]
        print(sys.modules["ferroapi._core"].RouteApp is RouteApp)
    """
    assert python(INSTALL + dedent(code)) == "True"
