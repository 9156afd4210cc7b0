"""Exporters from the environment."""

import asyncio
import importlib
import logging
import os
import threading
from typing import Any

import pytest
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.trace import TracerProvider

from ferroapi.telemetry import _runtime
from ferroapi.telemetry._config import complete_config

BASE = "OTEL_EXPORTER_OTLP_ENDPOINT"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "FASTAPI_OTEL_")):
            monkeypatch.delenv(name)
    monkeypatch.setattr(_runtime, "_owned", [])
    monkeypatch.setattr(_runtime, "_configured", [])


@pytest.mark.parametrize("signal", ["TRACES", "METRICS", "LOGS"])
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {BASE: NOWHERE},
        {BASE: f"{NOWHERE}/base/"},
        {BASE: ""},
        {BASE: "not-a-url"},
        {BASE: "ftp://host"},
        {BASE: "http://"},
        {BASE: NOWHERE, "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "https://logs.test/x"},
        {BASE: NOWHERE, "OTEL_TRACES_EXPORTER": "none"},
        {BASE: NOWHERE, "OTEL_METRICS_EXPORTER": " OTLP "},
        {BASE: NOWHERE, "OTEL_LOGS_EXPORTER": "console"},
        {"OTEL_TRACES_EXPORTER": "console"},
        {BASE: NOWHERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
        {
            BASE: NOWHERE,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
        },
    ],
)
def test_endpoint(monkeypatch: pytest.MonkeyPatch, signal: str, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert endpoint("ferroapi", signal) == endpoint("fastapi", signal)


def endpoint(package: str, signal: str) -> str | None:
    try:
        found: str | None = importlib.import_module(f"{package}.telemetry._runtime")._export_endpoint(signal)
    except Exception as exc:
        return f"{type(exc).__name__}: {exc}"
    return found


def config(**settings: Any) -> Any:
    return complete_config({"auto_configure": True, "metrics": False, "logs": False, **settings})


def test_adds_one_exporter_to_a_given_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BASE, NOWHERE)
    provider = TracerProvider(shutdown_on_exit=False)
    for _ in range(2):
        _runtime._configure_from_environment(config(tracer_provider=provider))
    assert _runtime._configured == [("TRACES", provider)]
    assert len(_runtime._owned) == 1
    _runtime._shutdown()
    assert _runtime._owned == []


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        ({}, {}),
        ({BASE: NOWHERE, "OTEL_SDK_DISABLED": "True"}, {}),
        ({BASE: NOWHERE}, {"auto_configure": False}),
    ],
)
def test_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], settings: dict[str, Any]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    provider = TracerProvider(shutdown_on_exit=False)
    _runtime._configure_from_environment(config(tracer_provider=provider, **settings))
    assert _runtime._configured == []


async def run_lifespan(settings: Any, *messages: str) -> list[str]:
    sent = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "lifespan.startup"
        for message in messages:
            await send({"type": message})

    async def receive() -> dict[str, str]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await _runtime.lifespan(config=settings, app=app, scope={}, receive=receive, send=send)
    return sent


def test_unsupported_provider_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(BASE, NOWHERE)
    settings = config(tracing=False, metrics=True, meter_provider=NoOpMeterProvider())
    assert asyncio.run(run_lifespan(settings, "lifespan.startup.complete")) == ["lifespan.startup.complete"]
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "meter provider does not support adding an OTLP exporter" in record.getMessage()


def test_flushes_in_a_worker_thread_and_survives_failures(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[Any] = []

    class Failing:
        def force_flush(self) -> None:
            raise RuntimeError

        shutdown = force_flush

    class Component:
        def force_flush(self) -> None:
            events.append(threading.get_ident())

        def shutdown(self) -> None:
            events.append("shutdown")

    monkeypatch.setattr(_runtime, "_owned", [Failing(), Component()])
    asyncio.run(run_lifespan(config(), "lifespan.startup.complete", "lifespan.shutdown.complete"))
    _runtime._shutdown()
    (thread, last) = events
    assert thread != threading.get_ident()
    assert last == "shutdown"
    assert [record.getMessage() for record in caplog.records] == ["FastAPI telemetry cleanup failed"] * 2
