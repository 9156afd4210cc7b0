"""Every name that a module of the reference has is found in ours, whatever it is there for."""

# mypy: ignore-errors
import importlib
import os
import pkgutil
import subprocess
import sys

import fastapi
import pytest

import ferroapi

pytestmark = pytest.mark.filterwarnings(
    "ignore:starlette.middleware.wsgi is deprecated"
)  # `middleware.wsgi` is deprecated


def modules():
    found = [info.name for info in pkgutil.walk_packages(fastapi.__path__, "fastapi.")]
    return [name.removeprefix("fastapi.") for name in found if not name.endswith(".__main__")]


def names_of(module):
    names = set(vars(importlib.import_module(f"fastapi.{module}")))
    # The interpreter's note of a warning, where one was raised
    return sorted(names - {"__warningregistry__"})


@pytest.mark.parametrize("module", modules())
def test_names(module: str) -> None:
    ours = importlib.import_module(f"ferroapi.{module}")
    assert [name for name in names_of(module) if not hasattr(ours, name)] == []


def test_names_of_the_package() -> None:
    assert [name for name in vars(fastapi) if not hasattr(ferroapi, name)] == []


@pytest.mark.parametrize("module", modules())
def test_what_is_not_the_package_s_own_is_the_same_object(module: str) -> None:
    """`Annotated` is `typing.Annotated`, and not some object of that name."""
    theirs = importlib.import_module(f"fastapi.{module}")
    ours = importlib.import_module(f"ferroapi.{module}")
    for name in names_of(module):
        value = vars(theirs)[name]
        home = getattr(value, "__module__", None) or getattr(value, "__name__", "")
        if isinstance(value, type) and not name.startswith("__") and home.split(".")[0] in FOREIGN:
            assert getattr(ours, name) is value, name


FOREIGN = {"typing", "collections", "contextlib", "functools", "starlette", "annotated_doc", "enum", "types"}


@pytest.mark.parametrize(
    "module", ["params", "param_functions", "routing", "dependencies.utils", "openapi.utils"]
)
def test_star_import_and_listing(module: str) -> None:
    theirs, ours = {}, {}
    exec(f"from fastapi.{module} import *", theirs)  # noqa: S102
    exec(f"from ferroapi.{module} import *", ours)  # noqa: S102
    assert [name for name in theirs if name not in ours] == []
    listed = dir(importlib.import_module(f"ferroapi.{module}"))
    names = dir(importlib.import_module(f"fastapi.{module}"))
    assert [name for name in names if name not in listed and not name.startswith("__")] == []


@pytest.mark.parametrize("module", ["params", "routing", "dependencies.utils"])
def test_a_name_that_nobody_has_is_an_error(module: str) -> None:
    with pytest.raises(ImportError, match=f"cannot import name 'nonsense' from 'ferroapi.{module}'"):
        exec(f"from ferroapi.{module} import nonsense")  # noqa: S102
    with pytest.raises(AttributeError, match=f"module 'ferroapi.{module}' has no attribute 'nonsense'"):
        importlib.import_module(f"ferroapi.{module}").nonsense  # noqa: B018


def test_a_name_can_be_set_and_deleted() -> None:
    params = importlib.import_module("ferroapi.params")
    original = params.Annotated
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(params, "Annotated", "other")
        assert params.Annotated == "other"
    assert params.Annotated is original


def test_incidental_names_import_nothing_before_they_are_asked_for() -> None:
    code = (
        "import sys, ferroapi.routing, ferroapi.params; before = set(sys.modules);"
        "sys.exit('opentelemetry' in before or 'telemetry._api' in before)"
    )
    environment = {**os.environ, "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0
