"""What is recorded of a request or connection: the same spans, measurements and log records."""

import asyncio
import importlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
from opentelemetry import baggage, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.websockets import WebSocketDisconnect

Scope = MutableMapping[str, Any]
App = Callable[[str, Scope, Any, Any], Awaitable[None]]


def http(**changes: Any) -> dict[str, Any]:
    scope = {"type": "http", "method": "GET", "scheme": "https", "path": "/items/1", "http_version": "1.1"}
    return {
        **scope,
        "query_string": b"",
        "headers": [(b"host", b"shop.test")],
        "server": ("10.0.0.1", 8000),
        **changes,
    }


def websocket(**changes: Any) -> dict[str, Any]:
    return {"type": "websocket", "path": "/ws", "headers": [], "server": ("10.0.0.1", None), **changes}


async def answer(send: Any, status: int = 200, **start: Any) -> None:
    await send({"type": "http.response.start", "status": status, **start})
    await send({"type": "http.response.body", "body": b"a", "more_body": True})
    await send({"type": "http.response.body", "body": b"b"})


async def plain(package: str, scope: Scope, receive: Any, send: Any) -> None:
    await answer(send)


async def routed(package: str, scope: Scope, receive: Any, send: Any) -> None:
    api = importlib.import_module(f"{package}.telemetry._api")
    api._route_selected(scope=scope, path="/tenants/{tenant}/{path}", mount=True)
    api._route_selected(scope=scope, path=None)
    api._route_selected(scope=scope, path="/items/{item}")
    data = api.get_telemetry_data()
    data.body = baggage.get_baggage("user")
    trace.get_current_span().set_attribute("seen", repr(data))
    api._run_sync_endpoint(function=answer_to_all, arguments={"a": 1})
    await answer(send, 503)


def answer_to_all(a: int) -> int:
    return a


async def failing_operations(package: str, scope: Scope, receive: Any, send: Any) -> None:
    api = importlib.import_module(f"{package}.telemetry._api")
    exceptions = importlib.import_module(f"{package}.exceptions")
    refused = exceptions.HTTPException(400)
    for name, error in [
        ("endpoint", ValueError("v")),
        ("endpoint", refused),
        ("background_task", refused),
        ("endpoint", WebSocketDisconnect(1001)),
        ("endpoint", WebSocketDisconnect(1006)),
    ]:
        with pytest.raises(type(error)), api._operation(name=name, function=error.with_traceback):
            raise error
    with api._operation(name="plain"):
        pass
    await answer(send)


async def invalid(package: str, scope: Scope, receive: Any, send: Any) -> None:
    api = importlib.import_module(f"{package}.telemetry._api")
    exceptions = importlib.import_module(f"{package}.exceptions")
    api._validation_failed(exceptions.RequestValidationError([{"loc": ("q",)}], body={"b": 1}))
    api._route_selected(scope=scope, path="/a")
    api._validation_failed(exceptions.WebSocketRequestValidationError([{"loc": ("q",)}, {}]))
    trace.get_current_span().set_attribute("seen", repr(api.get_telemetry_data()))
    await answer(send, 422)


async def trailers(package: str, scope: Scope, receive: Any, send: Any) -> None:
    await answer(send, trailers=True)
    await send({"type": "http.response.trailers", "headers": [], "more_trailers": True})
    await send({"type": "http.response.trailers", "headers": []})


async def file(package: str, scope: Scope, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 206})
    await send({"type": "http.response.pathsend", "path": "/f"})


async def disconnected(package: str, scope: Scope, receive: Any, send: Any) -> None:
    await receive()


async def silent(package: str, scope: Scope, receive: Any, send: Any) -> None: ...


async def raising(package: str, scope: Scope, receive: Any, send: Any) -> None:
    raise ValueError("failed")


async def cancelled(package: str, scope: Scope, receive: Any, send: Any) -> None:
    raise asyncio.CancelledError


async def failing_after_answer(package: str, scope: Scope, receive: Any, send: Any) -> None:
    await answer(send)
    raise KeyError("late")


async def handled(package: str, scope: Scope, receive: Any, send: Any) -> None:
    """An error that the middleware sees, and that becomes an answer further out."""
    middleware = importlib.import_module(f"{package}.telemetry._asgi").ExceptionTelemetryMiddleware

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("seen")

    with pytest.raises(ValueError, match="seen"):
        await middleware(inner)(scope, receive, send)
    await answer(send, 500)


async def closed(package: str, scope: Scope, receive: Any, send: Any) -> None:
    raise WebSocketDisconnect(1000)


async def broken(package: str, scope: Scope, receive: Any, send: Any) -> None:
    raise WebSocketDisconnect(1006)


PARENT = (b"traceparent", b"00-0123456789abcdef0123456789abcdef-0123456789abcdef-01")
QUERY = b"page=1&sig=secret&empty=&X-Amz-Signature=s%20t"
CASES: dict[str, tuple[dict[str, Any], App, dict[str, Any]]] = {
    "plain": (http(), plain, {}),
    "no scheme, no version": (
        {key: value for key, value in http().items() if key not in ("scheme", "http_version")},
        plain,
        {},
    ),
    "query": (http(query_string=QUERY), plain, {}),
    "unknown method": (http(method="BREW"), routed, {}),
    "parent and baggage": (
        http(headers=[PARENT, (b"baggage", b"a=b"), (b"baggage", b"user=me")]),
        routed,
        {},
    ),
    "mounted below a prefix": (http(app_root_path="/proxy/", root_path="/other"), routed, {}),
    "no operation spans": (http(), routed, {"operation_spans": False}),
    "failing operations": (http(), failing_operations, {}),
    "invalid": (http(), invalid, {}),
    "invalid, no logs": (http(), invalid, {"logs": False}),
    "trailers": (http(), trailers, {}),
    "file": (http(), file, {}),
    "disconnected": (http(), disconnected, {}),
    "silent": (http(), silent, {}),
    "raising": (http(), raising, {}),
    "cancelled": (http(), cancelled, {}),
    "failing after the answer": (http(), failing_after_answer, {}),
    "handled": (http(), handled, {}),
    "only logs": (http(), raising, {"tracing": False, "metrics": False}),
    "only metrics": (http(), routed, {"tracing": False, "logs": False}),
    "nothing wanted": (http(), plain, {"tracing": False, "metrics": False, "logs": False}),
    "excluded": (http(), raising, {"exclude": lambda scope: scope["path"] == "/items/1"}),
    "websocket": (websocket(), silent, {}),
    "secure websocket": (websocket(scheme="wss", headers=[(b"host", b"h.test")]), routed, {}),
    "websocket closed": (websocket(), closed, {}),
    "websocket broken": (websocket(), broken, {}),
    "websocket raising": (websocket(), raising, {}),
    **{
        f"host {host!r}": (http(headers=[(b"host", host)]), plain, {})
        for host in (b"h.test:8080", b"[::1]:80", b"user@h.test", b"h.test/path", b"h.test:port", b"", b"[")
    },
    "no host": (http(headers=[]), plain, {}),
    "no server": (http(headers=[], server=None), plain, {}),
}


def record(
    package: str, scope: dict[str, Any], app: App, settings: dict[str, Any], *, legacy: bool = False
) -> str:
    spans, logs, reader = InMemorySpanExporter(), InMemoryLogRecordExporter(), InMemoryMetricReader()
    tracer = TracerProvider(shutdown_on_exit=False)
    tracer.add_span_processor(SimpleSpanProcessor(spans))
    logger = LoggerProvider(shutdown_on_exit=False)
    logger.add_log_record_processor(SimpleLogRecordProcessor(logs))
    config = {
        "tracer_provider": tracer,
        "meter_provider": MeterProvider(metric_readers=[reader], shutdown_on_exit=False),
        "logger_provider": logger,
        **dict.fromkeys(("tracing", "metrics", "logs", "operation_spans"), True),
        "auto_configure": False,
        "exclude": None,
        **settings,
    }
    native = importlib.import_module(f"{package}.telemetry._asgi").NativeTelemetry(config)
    seen: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        seen.append(f"{message['type']} after {len(spans.get_finished_spans())} spans")

    async def application(scope: Scope, receive: Any, send: Any) -> None:
        await app(package, scope, receive, send)

    async def main() -> None:
        await native(app=application, scope=scope, receive=receive, send=send, legacy_otel=legacy)

    try:
        asyncio.run(main())
    except BaseException as exc:
        seen.append(repr(exc))
    seen.append(f"left in scope: {scope.get('fastapi.telemetry', 'nothing')}")
    seen.append(f"current span: {trace.get_current_span().get_span_context().is_valid}")
    lines = [*seen, *described(spans.get_finished_spans()), *points(reader), *records(logs)]
    return "\n".join(lines).replace("ferroapi", "fastapi")


def described(spans: Any) -> list[str]:
    names = {span.context.span_id: span.name for span in spans}

    def parent(span: Any) -> Any:
        return span.parent and names.get(span.parent.span_id, span.parent)

    return [
        f"span {span.name} {span.kind} in {parent(span)}: "
        f"{dict(span.attributes)} {span.status.status_code} {span.events} {span.instrumentation_scope}"
        for span in spans
    ]


def points(reader: InMemoryMetricReader) -> list[str]:
    data = reader.get_metrics_data()
    return [
        f"metric {metric.name} {metric.unit} {metric.description} {dict(point.attributes)} "
        f"{[getattr(point, name, None) for name in ('count', 'value', 'explicit_bounds')]}"
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    ]


def records(logs: InMemoryLogRecordExporter) -> list[str]:
    found = []
    for data in logs.get_finished_logs():
        one = data.log_record
        attributes = {
            key: value for key, value in (one.attributes or {}).items() if key != "exception.stacktrace"
        }
        found.append(
            f"log {one.event_name} {one.severity_text} {one.severity_number} {one.body} {attributes} "
            f"{one.exception!r} traced={one.trace_id != 0} {data.instrumentation_scope}"
        )
    return found


@pytest.mark.parametrize("case", CASES)
def test_same_record(case: str) -> None:
    scope, app, settings = CASES[case]
    reference = record("fastapi", dict(scope), app, settings)
    assert record("ferroapi", dict(scope), app, settings) == reference


def test_cases_record_something() -> None:
    """The comparison above is not one of empty texts."""
    text = "\n".join(
        record("ferroapi", dict(scope), app, settings) for scope, app, settings in CASES.values()
    )
    for expected in (
        "span GET",
        "'http.route': '/proxy/tenants/{tenant}/items/{item}'",
        "metric http.server.request.duration",
        "log http.server.request.exception",
        "log fastapi.validation.failed",
        "log fastapi.websocket.exception",
        "'error.type': 'RuntimeError'",
        "'url.query': 'page=1&sig=REDACTED&empty=&X-Amz-Signature=REDACTED'",
    ):
        assert expected in text


def test_nothing_is_recorded_beside_contrib() -> None:
    text = record("ferroapi", http(), raising, {}, legacy=True)
    assert text == record("fastapi", http(), raising, {}, legacy=True)
    for absent in ("span GET", "metric", "log "):
        assert absent not in text


def test_contrib_is_found_anywhere_in_the_stack() -> None:
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware

    from ferroapi.telemetry._asgi import ExceptionTelemetryMiddleware, _legacy_otel

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    assert not _legacy_otel(None)
    assert not _legacy_otel(ExceptionTelemetryMiddleware(app))
    assert _legacy_otel(ExceptionTelemetryMiddleware(OpenTelemetryMiddleware(app)))
    circular = ExceptionTelemetryMiddleware(app)
    circular.app = circular
    assert not _legacy_otel(circular)


def test_tracer_is_looked_up_once_per_provider() -> None:
    from ferroapi.telemetry._asgi import NativeTelemetry
    from ferroapi.telemetry._config import complete_config

    class Counting(TracerProvider):
        lookups = 0

        def get_tracer(self, *args: Any, **kwargs: Any) -> Any:
            self.lookups += 1
            return super().get_tracer(*args, **kwargs)

    providers = [Counting(shutdown_on_exit=False) for _ in range(2)]
    config = complete_config(None)
    native = NativeTelemetry(config)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await answer(send)

    async def send(message: Any) -> None: ...

    for provider in providers:
        config["tracer_provider"] = provider
        for _ in range(3):
            asyncio.run(native(app=app, scope=http(), receive=send, send=send))
    assert [provider.lookups for provider in providers] == [1, 1]
