"""How an OTLP exporter is made and added, per signal. Importing this imports the OpenTelemetry SDK.

Names of the SDK are looked up when they are used, so that replaced classes are honoured.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http import _log_exporter, metric_exporter, trace_exporter
from opentelemetry.sdk import _logs as sdk_logs
from opentelemetry.sdk import metrics as sdk_metrics
from opentelemetry.sdk import trace as sdk_trace
from opentelemetry.sdk._logs import export as logs_export
from opentelemetry.sdk.metrics import export as metrics_export
from opentelemetry.sdk.trace import export as trace_export


class Pipeline(Protocol):
    """One signal's way out.

    A component is what is added to a provider: it takes what was recorded and exports it.
    """

    kind: ClassVar[str]

    def current(self) -> Any:
        """The global provider."""

    def set_current(self, provider: Any) -> None:
        """Offer `provider` as the global one; the API keeps one that is already set."""

    def new_component(self, endpoint: str) -> Any:
        """A component that exports to the URL `endpoint`."""

    def new_provider(self, component: Any) -> Any:
        """A provider with `component`; it does not shut itself down at exit."""

    def registration(self, provider: Any) -> Callable[[Any], None] | None:
        """The method of `provider` that adds a component, if it has one."""


class _Traces:
    kind: ClassVar[str] = "tracer"

    def current(self) -> Any:
        return trace.get_tracer_provider()

    def set_current(self, provider: Any) -> None:
        trace.set_tracer_provider(provider)

    def new_component(self, endpoint: str) -> Any:
        return trace_export.BatchSpanProcessor(trace_exporter.OTLPSpanExporter(endpoint=endpoint))

    def new_provider(self, component: Any) -> Any:
        provider = sdk_trace.TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(component)
        return provider

    def registration(self, provider: Any) -> Callable[[Any], None] | None:
        return getattr(provider, "add_span_processor", None)


class _Metrics:
    kind: ClassVar[str] = "meter"

    def current(self) -> Any:
        return metrics.get_meter_provider()

    def set_current(self, provider: Any) -> None:
        metrics.set_meter_provider(provider)

    def new_component(self, endpoint: str) -> Any:
        return metrics_export.PeriodicExportingMetricReader(
            metric_exporter.OTLPMetricExporter(endpoint=endpoint)
        )

    def new_provider(self, component: Any) -> Any:
        return sdk_metrics.MeterProvider(metric_readers=[component], shutdown_on_exit=False)

    def registration(self, provider: Any) -> Callable[[Any], None] | None:
        return getattr(provider, "add_metric_reader", None)


class _Logs:
    kind: ClassVar[str] = "logger"

    def current(self) -> Any:
        return _logs.get_logger_provider()

    def set_current(self, provider: Any) -> None:
        _logs.set_logger_provider(provider)

    def new_component(self, endpoint: str) -> Any:
        return logs_export.BatchLogRecordProcessor(_log_exporter.OTLPLogExporter(endpoint=endpoint))

    def new_provider(self, component: Any) -> Any:
        provider = sdk_logs.LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(component)
        return provider

    def registration(self, provider: Any) -> Callable[[Any], None] | None:
        return getattr(provider, "add_log_record_processor", None)


PIPELINES: dict[str, Pipeline] = {"TRACES": _Traces(), "METRICS": _Metrics(), "LOGS": _Logs()}
