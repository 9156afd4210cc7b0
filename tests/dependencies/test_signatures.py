"""The module offers the reference's own names, with its signatures."""

import inspect
from typing import Any

import fastapi.dependencies.models
import fastapi.dependencies.utils
import pytest

import ferroapi.dependencies.models
import ferroapi.dependencies.utils

from .sides import plain

OWN = [
    pytest.param(theirs, ours, name, id=f"{theirs.__name__.rpartition('.')[2]}.{name}")
    for theirs, ours in (
        (fastapi.dependencies.models, ferroapi.dependencies.models),
        (fastapi.dependencies.utils, ferroapi.dependencies.utils),
    )
    for name, member in vars(theirs).items()
    if str(getattr(member, "__module__", "")).startswith("fastapi")
]


@pytest.mark.parametrize(("theirs", "ours", "name"), OWN)
def test_signature(theirs: Any, ours: Any, name: str) -> None:
    expected, actual = getattr(theirs, name), getattr(ours, name)
    if not inspect.isroutine(expected) or hasattr(expected, "cache_info"):
        assert type(actual).__name__ == type(expected).__name__
        return
    assert plain(str(inspect.signature(actual))) == plain(str(inspect.signature(expected)))
    assert inspect.iscoroutinefunction(actual) == inspect.iscoroutinefunction(expected)
    assert inspect.isasyncgenfunction(actual) == inspect.isasyncgenfunction(expected)


def test_classes_say_where_they_are_public() -> None:
    for cls in (ferroapi.dependencies.utils.ParamDetails, ferroapi.dependencies.utils.SolvedDependency):
        assert cls.__module__ == ferroapi.dependencies.utils.__name__
