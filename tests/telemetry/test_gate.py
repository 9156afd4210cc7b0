"""The check each request starts with gives the reference's answer."""

import importlib
from typing import Any

import pytest
from fastapi import FastAPI
from opentelemetry import _logs, metrics, trace
from opentelemetry.util._once import Once

from ferroapi.telemetry import _gate
from ferroapi.telemetry._config import complete_config

SIGNALS = {
    "tracing": ("tracer_provider", trace, "get_tracer_provider", "opentelemetry.trace", "_TRACER_PROVIDER"),
    "metrics": (
        "meter_provider",
        metrics,
        "get_meter_provider",
        "opentelemetry.metrics._internal",
        "_METER_PROVIDER",
    ),
    "logs": (
        "logger_provider",
        _logs,
        "get_logger_provider",
        "opentelemetry._logs._internal",
        "_LOGGER_PROVIDER",
    ),
}


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _gate._SELECTORS:
        monkeypatch.delenv(name, raising=False)
    for _, _, _, home, slot in SIGNALS.values():
        monkeypatch.setattr(importlib.import_module(home), slot, None)
        monkeypatch.setattr(importlib.import_module(home), f"{slot}_SET_ONCE", Once())


def answers(settings: dict[str, Any]) -> tuple[bool, bool]:
    """The reference's answer and ours."""
    reference = FastAPI(telemetry=settings)._native_telemetry.enabled()
    return reference, _gate.maybe_enabled(complete_config(settings))


def test_nothing_configured() -> None:
    assert answers({}) == (False, False)


@pytest.mark.parametrize("flag", SIGNALS)
@pytest.mark.parametrize("wanted", [True, False])
def test_explicit_provider(flag: str, wanted: bool) -> None:
    assert answers({SIGNALS[flag][0]: object(), flag: wanted}) == (wanted, wanted)


@pytest.mark.parametrize("flag", SIGNALS)
@pytest.mark.parametrize("wanted", [True, False])
def test_global_provider(monkeypatch: pytest.MonkeyPatch, flag: str, wanted: bool) -> None:
    _, _, _, home, slot = SIGNALS[flag]
    monkeypatch.setattr(importlib.import_module(home), slot, object())
    assert answers({flag: wanted}) == (wanted, wanted)


@pytest.mark.parametrize("flag", SIGNALS)
def test_replaced_getter_is_asked_each_time(monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    _, module, getter, _, _ = SIGNALS[flag]
    deferred = getattr(module, getter)()
    provider: list[object] = [object()]
    with monkeypatch.context() as patch:
        patch.setattr(module, getter, lambda: provider[0])
        assert answers({}) == (True, True)
        provider[0] = deferred
        assert answers({}) == (False, False)
    assert answers({}) == (False, False)


@pytest.mark.parametrize("flag", SIGNALS)
def test_environment_selects_while_running(monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    name = SIGNALS[flag][0].upper()
    config = complete_config(None)
    assert not _gate.maybe_enabled(config)
    monkeypatch.setenv(f"OTEL_PYTHON_{name}", f"sdk_{name.lower()}")
    assert _gate.maybe_enabled(config)


@pytest.mark.parametrize("flag", SIGNALS)
def test_environment_selects_something_missing(monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    monkeypatch.setenv(f"OTEL_PYTHON_{SIGNALS[flag][0].upper()}", "not-installed")
    for ask in (FastAPI()._native_telemetry.enabled, lambda: _gate.maybe_enabled(complete_config(None))):
        with pytest.raises(StopIteration):
            ask()


@pytest.mark.parametrize(
    ("variable", "expected"), [("TRUE", True), ("true", True), ("1", False), ("", False), (None, False)]
)
def test_auto_configure_default(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, expected: bool
) -> None:
    monkeypatch.delenv("FASTAPI_OTEL_AUTO_CONFIGURE", raising=False)
    if variable is not None:
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", variable)
    assert complete_config(None) == FastAPI()._telemetry
    assert complete_config(None)["auto_configure"] is expected
    assert complete_config({"auto_configure": not expected})["auto_configure"] is not expected


def test_settings_are_copied() -> None:
    settings: Any = {"tracing": False}
    config = complete_config(settings)
    config["tracing"] = True
    assert settings == {"tracing": False}


def test_operation_outside_a_traced_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_gate, "loaded_api", None)
    with _gate.operation(name="endpoint", function=print):
        pass
