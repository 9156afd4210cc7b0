"""The public module: a real one, patchable at any time."""

import os
import pickle
import subprocess
import sys
from typing import Any

import pytest

from ferroapi import _namespace, routing
from ferroapi.routing import APIRoute


def endpoint() -> None: ...


@pytest.mark.parametrize(
    "name",
    ["APIRoute", "APIRouter", "RouteContext", "_IncludedRouter", "iter_route_contexts", "request_response"],
)
def test_names_live_in_the_public_module(name: str) -> None:
    obj = getattr(routing, name)
    assert (obj.__module__, obj.__qualname__) == (routing.__name__, name)
    assert pickle.loads(pickle.dumps(obj)) is obj


def test_the_module_is_pickled_by_name() -> None:
    assert pickle.loads(pickle.dumps(routing)) is routing


def test_replacing_a_name_moves_the_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    bumps: list[int] = []
    monkeypatch.setattr(_namespace, "bump_epoch", lambda: bumps.append(1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routing, "solve_dependencies", None)
        assert bumps == [1]
    assert bumps == [1, 1]


def test_replaced_functions_build_the_route(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    monkeypatch.setattr(routing, "get_request_handler", lambda **arguments: seen.update(arguments))
    monkeypatch.setattr(routing, "request_response", lambda handler: ("app", handler))
    route: Any = APIRoute("/", endpoint, status_code=201)
    assert route.app == ("app", None)
    assert (seen["dependant"], seen["status_code"]) == (route.dependant, 201)


def test_an_untraced_process_loads_no_telemetry() -> None:
    code = f"import sys, {routing.__name__}; sys.exit('opentelemetry' in sys.modules)"
    # Pydantic loads the plugins of installed packages, and some of these are made of OpenTelemetry.
    environment = {**os.environ, "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0
