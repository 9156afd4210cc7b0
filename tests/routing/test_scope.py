"""The `scope["fastapi"]` dictionary."""

from typing import Any

import pytest

from ferroapi import routing
from ferroapi._routing.scope import ScopedKey


def test_update_scope_merges_the_framework_part() -> None:
    scope: dict[str, Any] = {"path": "/", "fastapi": {"form_limits": 1}}
    child = {"endpoint": 2, "fastapi": {"frontend_path": "x"}}
    routing._update_scope(scope, child)
    assert scope == {"path": "/", "endpoint": 2, "fastapi": {"form_limits": 1, "frontend_path": "x"}}
    assert "fastapi" in child


@pytest.mark.parametrize("before", [{}, {"key": None}, {"key": 1}])
def test_scoped_key_puts_back_what_was_there(before: dict[str, Any]) -> None:
    scope: dict[str, Any] = {"fastapi": dict(before)}
    with ScopedKey(scope, "key", 2):
        assert scope["fastapi"] == {"key": 2}
    assert scope["fastapi"] == before


def test_restore_without_a_framework_part() -> None:
    scope: dict[str, Any] = {"fastapi": None}
    routing._restore_fastapi_scope_key(scope, "key", 1)
    assert scope == {"fastapi": None}


@pytest.mark.parametrize(
    ("inherited", "own", "expected"),
    [
        ({"max_files": 1}, None, {"max_files": 1}),
        ({"max_files": 1}, {}, {"max_files": 1}),
        ({"max_files": 1, "max_fields": 2}, {"max_files": 3}, {"max_files": 3, "max_fields": 2}),
    ],
)
def test_form_limits(inherited: Any, own: Any, expected: Any) -> None:
    assert routing._resolve_form_limits({"form_limits": inherited}, own) == expected


def test_form_limits_are_for_http_only() -> None:
    scope: dict[str, Any] = {"type": "websocket"}
    routing._apply_router_form_limits(scope, {"max_files": 1})
    assert scope == {"type": "websocket"}
