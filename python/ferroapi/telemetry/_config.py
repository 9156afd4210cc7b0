"""The settings of `FastAPI(telemetry={...})`, without importing OpenTelemetry."""

import os
from collections.abc import Callable, MutableMapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from opentelemetry import _logs as _otel_logs
    from opentelemetry import metrics as _otel_metrics
    from opentelemetry import trace as _otel_trace
else:

    class _Lazy:
        """A module that is imported when one of its names is read.

        It lets `typing.get_type_hints(TelemetryConfig)` work although this module imports
        nothing from OpenTelemetry.
        """

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:
            return getattr(import_module(self._name), attribute)

    _otel_logs = _Lazy("opentelemetry._logs")
    _otel_metrics = _Lazy("opentelemetry.metrics")
    _otel_trace = _Lazy("opentelemetry.trace")


class TelemetryConfig(TypedDict, total=False):
    """Settings accepted by `FastAPI(telemetry=...)`; what is left out keeps its default.

    Providers given here are used instead of the process-wide ones and are never shut down
    by the framework.

    Keys:
        tracer_provider: provider for spans; the global one by default.
        meter_provider: provider for metrics; the global one by default.
        logger_provider: provider for log records; the global one by default.
        tracing: record a span for each HTTP request and WebSocket connection (default `True`).
        metrics: record HTTP request metrics (default `True`).
        logs: record validation failures and unhandled exceptions, with message and
            stack trace (default `True`).
        operation_spans: record child spans for dependencies, the endpoint, serialization and
            background tasks (default `True`).
        auto_configure: add OTLP exporters found in `OTEL_*` environment variables at start-up
            (default: whether `FASTAPI_OTEL_AUTO_CONFIGURE` is `true`).
        exclude: called with the ASGI scope; a true answer leaves that request or connection
            out of telemetry.
    """

    tracer_provider: "_otel_trace.TracerProvider | None"
    meter_provider: "_otel_metrics.MeterProvider | None"
    logger_provider: "_otel_logs.LoggerProvider | None"
    tracing: bool
    metrics: bool
    logs: bool
    operation_spans: bool
    auto_configure: bool
    exclude: Callable[[MutableMapping[str, Any]], bool] | None


def complete_config(settings: TelemetryConfig | None) -> TelemetryConfig:
    """A copy of `settings` in which every key is present.

    Reads `FASTAPI_OTEL_AUTO_CONFIGURE` from the environment.
    """
    config: TelemetryConfig = {
        "tracer_provider": None,
        "meter_provider": None,
        "logger_provider": None,
        "tracing": True,
        "metrics": True,
        "logs": True,
        "operation_spans": True,
        "auto_configure": os.getenv("FASTAPI_OTEL_AUTO_CONFIGURE", "").lower() == "true",
        "exclude": None,
    }
    if settings is not None:
        config.update(settings)
    return config
