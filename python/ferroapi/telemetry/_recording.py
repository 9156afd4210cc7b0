"""Records one request or connection with OpenTelemetry.

Source: OpenTelemetry semantic conventions for HTTP servers, version 1.44
(https://opentelemetry.io/docs/specs/semconv/http/).
"""

# Every config here went through `complete_config`, so all of its keys are there.
# pyright: reportTypedDictNotRequiredAccess=false

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter, time_ns
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from opentelemetry import _logs, metrics, propagate, trace
from opentelemetry import context as otel_context
from opentelemetry._logs import SeverityNumber
from opentelemetry.metrics import Histogram, UpDownCounter
from opentelemetry.propagators.textmap import Getter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import __version__
from ._api import (
    _REQUEST_TELEMETRY_KEY,
    _exception_type,
    _normal_websocket_disconnect,
    _RequestTelemetry,
)
from ._config import TelemetryConfig
from ._gate import _unconfigured

_SCOPE_KEY = "fastapi.telemetry"
_INSTRUMENTATION_NAME = "fastapi"
_SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
_DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}

# Source: the conventions' list for `url.query`.
_SENSITIVE_QUERY_PARAMETERS = frozenset(
    {"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "sig", "X-Goog-Signature"}
)

_Provider = TypeVar("_Provider")


class _HeadersGetter(Getter[Headers]):
    """Lets propagators read request headers."""

    def get(self, carrier: Headers, key: str) -> list[str] | None:
        values = carrier.getlist(key)
        if key.lower() == "baggage" and values:
            # That propagator looks at the first value only.
            return [",".join(values)]
        return values or None

    def keys(self, carrier: Headers) -> list[str]:
        return carrier.keys()


_HEADERS_GETTER = _HeadersGetter()


def record_exception(*, scope: Scope, exc: BaseException) -> None:
    """Remember `exc` as a failure of the request, and log it the first time it is seen."""
    is_websocket = scope["type"] == "websocket"
    if is_websocket and _normal_websocket_disconnect(exc):
        return
    current = scope.get(_SCOPE_KEY)
    if not isinstance(current, _RequestTelemetry) or any(seen is exc for seen in current._exceptions):
        return
    current._exceptions.append(exc)
    if current.logger is None or not isinstance(exc, Exception):
        return
    what = "WebSocket connection" if is_websocket else "request"
    current.logger.emit(
        exception=exc,
        event_name="fastapi.websocket.exception" if is_websocket else "http.server.request.exception",
        timestamp=time_ns(),
        severity_number=SeverityNumber.ERROR,
        severity_text="ERROR",
        body=f"Unhandled exception in FastAPI {what}",
        attributes={"http.route": current.route} if current.route else None,
    )


def _server_address(scope: Scope) -> tuple[str | None, int | None]:
    """Host and port the client asked for, else those of the server's socket.

    ASGI gives the authority of HTTP/2 and HTTP/3 as `Host` too. What proxies changed is for the
    server or a middleware to put right, as for the request's URL.
    """
    authority = Headers(scope=scope).get("host")
    if authority is None:
        address, port = scope.get("server") or (None, None)
        return address, port
    try:
        url = urlsplit("//" + authority)
        address, port = url.hostname, url.port
    except ValueError:  # a malformed header is no reason to refuse the request
        return None, None
    if url.username is not None or url.path or url.query or url.fragment:
        return None, None
    return address, _DEFAULT_PORTS.get(scope.get("scheme", "http")) if port is None else port


def _server_attributes(scope: Scope) -> dict[str, Any]:
    address, port = _server_address(scope)
    if address is None:
        return {}
    attributes: dict[str, Any] = {"server.address": address}
    if port is not None:
        attributes["server.port"] = port
    return attributes


def _redacted_query(query_string: bytes) -> str:
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    return urlencode(
        [(key, "REDACTED" if key in _SENSITIVE_QUERY_PARAMETERS else value) for key, value in pairs]
    )


def _choose(explicit: _Provider | None, current: Callable[[], _Provider], noop: type) -> _Provider | None:
    """The provider to record with: the configured one, else the global one; `None` if it does nothing."""
    provider = explicit or current()
    if (explicit is None and _unconfigured(provider)) or isinstance(provider, noop):
        return None
    return provider


class _Providers(NamedTuple):
    """Who records a request; `None` for the signals that are not recorded."""

    tracer: trace.TracerProvider | None
    meter: metrics.MeterProvider | None
    logger: _logs.LoggerProvider | None

    @classmethod
    def chosen(cls, config: TelemetryConfig, *, is_websocket: bool) -> "_Providers":
        logger = tracer = meter = None
        if config["logs"]:
            logger = _choose(config["logger_provider"], _logs.get_logger_provider, _logs.NoOpLoggerProvider)
        if config["tracing"]:
            tracer = _choose(config["tracer_provider"], trace.get_tracer_provider, trace.NoOpTracerProvider)
        if config["metrics"] and not is_websocket:
            meter = _choose(config["meter_provider"], metrics.get_meter_provider, metrics.NoOpMeterProvider)
        return cls(tracer=tracer, meter=meter, logger=logger)


class _Target(NamedTuple):
    """What the request is, in the words of the conventions.

    `attributes` go on the span and the duration; `method` is `_OTHER` for unknown ones.
    """

    is_websocket: bool
    method: str
    original_method: str
    span_method: str
    attributes: dict[str, Any]

    @classmethod
    def of(cls, scope: Scope, known_methods: frozenset[str]) -> "_Target":
        original = scope.get("method", "")
        method = original if original in known_methods else "_OTHER"
        is_websocket = scope["type"] == "websocket"
        attributes = {"url.scheme": scope.get("scheme", "ws" if is_websocket else "http")}
        if is_websocket:
            span_method = "WS"
            attributes["network.protocol.name"] = "websocket"
        else:
            span_method = "HTTP" if method == "_OTHER" else method
            attributes["http.request.method"] = method
            if scope.get("http_version"):
                attributes["network.protocol.version"] = scope["http_version"]
        return cls(is_websocket, method, original, span_method, attributes)

    def span_attributes(self, scope: Scope) -> dict[str, Any]:
        """What is known of the span when it starts."""
        attributes = {**self.attributes, **_server_attributes(scope)}
        if self.is_websocket:
            return attributes
        attributes["url.path"] = scope["path"]
        if scope.get("query_string"):
            attributes["url.query"] = _redacted_query(scope["query_string"])
        if self.original_method != self.method:
            attributes["http.request.method_original"] = self.original_method
        return attributes


class _Meters:
    """Measures one HTTP request: counts it as active at once, and its duration at the end."""

    def __init__(self, duration: Histogram, active: UpDownCounter, attributes: dict[str, Any]) -> None:
        self._duration = duration
        self._active = active
        self._active_attributes = {
            key: value for key, value in attributes.items() if key != "network.protocol.version"
        }
        active.add(1, self._active_attributes)
        self._started = perf_counter()

    def finish(self, attributes: dict[str, Any]) -> None:
        self._duration.record(max(0, perf_counter() - self._started), attributes)
        self._active.add(-1, self._active_attributes)


class _Recording:
    """Follows the ASGI messages of one request, to end its span and measurements when it is over."""

    def __init__(
        self,
        *,
        target: _Target,
        telemetry: _RequestTelemetry,
        meters: _Meters | None,
        receive: Receive,
        send: Send,
    ) -> None:
        self._is_websocket = target.is_websocket
        self._attributes = target.attributes
        self._telemetry = telemetry
        self._meters = meters
        self._receive = receive
        self._send = send
        self._finished = False
        self._trailers = False
        self._disconnected = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._disconnected = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._telemetry.status_code = message["status"]
            self._trailers = message.get("trailers", False)
        await self._send(message)
        if self._is_last(message):
            self.finish(None)

    def _is_last(self, message: Message) -> bool:
        match message["type"]:
            case "http.response.body":
                return not message.get("more_body", False) and not self._trailers
            case "http.response.trailers":
                return not message.get("more_trailers", False)
            case kind:
                return bool(kind == "http.response.pathsend")

    def returned(self) -> None:
        """The application returned; unless the response was complete, that is a failure."""
        if self._is_websocket:
            self.finish(None)
        elif self._disconnected:
            self.finish(ConnectionError("Client disconnected"))
        else:
            self.finish(RuntimeError("Incomplete ASGI response"))

    def raised(self, exc: BaseException) -> None:
        """The application raised `exc`."""
        normal = self._is_websocket and _normal_websocket_disconnect(exc)
        self.finish(None if normal else exc)

    def finish(self, error: BaseException | None) -> None:
        """End everything that is recorded, once; later calls do nothing."""
        if self._finished:
            return
        self._finished = True
        attributes = self._attributes
        failed = self._describe_outcome(error)
        span = self._telemetry.span
        if span is not None:
            span.set_attributes(attributes)
            if failed:
                span.set_status(StatusCode.ERROR)
        # While the span is current, so that exemplars can refer to it.
        if self._meters is not None:
            self._meters.finish(attributes)
        if span is not None:
            span.end()

    def _describe_outcome(self, error: BaseException | None) -> bool:
        """Complete the attributes; whether the request counts as failed."""
        telemetry, attributes = self._telemetry, self._attributes
        status = telemetry.status_code
        if telemetry.route is not None:
            attributes["http.route"] = telemetry.route
        if status is not None:
            attributes["http.response.status_code"] = status
        if error is None and (self._is_websocket or (status is not None and status < 500)):
            return False
        failure = error or (telemetry._exceptions[-1] if telemetry._exceptions else None)
        attributes["error.type"] = (
            _exception_type(failure) if failure else str(status or "incomplete_response")
        )
        return True


class Instrumentation:
    """Records the requests of one application.

    Args:
        config: the application's settings, complete.
        known_methods: HTTP methods to call by name; others become `_OTHER`.
    """

    def __init__(self, *, config: TelemetryConfig, known_methods: frozenset[str]) -> None:
        self._config = config
        self._known_methods = known_methods
        self._tracer: tuple[trace.TracerProvider, trace.Tracer] | None = None
        self._instruments: tuple[metrics.MeterProvider, Histogram, UpDownCounter] | None = None

    async def run(
        self, *, app: ASGIApp, scope: Scope, receive: Receive, send: Send, legacy_otel: bool
    ) -> None:
        """Run `app` for one HTTP or WebSocket `scope`, recorded as configured."""
        exclude = self._config["exclude"]
        if exclude is not None and exclude(scope):
            await self._run_excluded(app, scope, receive, send)
            return
        # Where contrib's middleware records, spans, metrics and logs would all be duplicates.
        if not legacy_otel:
            providers = _Providers.chosen(self._config, is_websocket=scope["type"] == "websocket")
            if any(provider is not None for provider in providers):
                await self._run_recorded(providers, app, scope, receive, send)
                return
        await app(scope, receive, send)

    async def _run_excluded(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        # The key keeps mounted applications from recording the request themselves; the context
        # may have been inherited from a request that this one is made within.
        scope[_SCOPE_KEY] = None
        token = otel_context.attach(otel_context.set_value(_REQUEST_TELEMETRY_KEY, None))
        try:
            await app(scope, receive, send)
        finally:
            otel_context.detach(token)
            scope.pop(_SCOPE_KEY, None)

    async def _run_recorded(
        self, providers: _Providers, app: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        target = _Target.of(scope, self._known_methods)
        meters = None if providers.meter is None else self._start_meters(providers.meter, target)
        parent_token = span = tracer = None
        if providers.tracer is not None:
            parent = propagate.extract(Headers(scope=scope), getter=_HEADERS_GETTER)
            parent_token = otel_context.attach(parent)
            tracer = self._tracer_of(providers.tracer)
            span = tracer.start_span(
                target.span_method,
                context=parent,
                kind=SpanKind.SERVER,
                attributes=target.span_attributes(scope),
            )
        telemetry = _RequestTelemetry(
            span=span,
            span_method=target.span_method,
            tracer=tracer if self._config["operation_spans"] else None,
            logger=None if providers.logger is None else self._logger(),
            _mount_prefix=scope.get("app_root_path", scope.get("root_path", "")).rstrip("/"),
        )
        scope[_SCOPE_KEY] = telemetry
        token = otel_context.attach(otel_context.set_value(_REQUEST_TELEMETRY_KEY, telemetry))
        recording = _Recording(target=target, telemetry=telemetry, meters=meters, receive=receive, send=send)
        try:
            if target.is_websocket:
                await _follow(recording, span, app, scope, receive, send)
            else:
                await _follow(recording, span, app, scope, recording.receive, recording.send)
        finally:
            telemetry.data = None
            telemetry._exceptions.clear()
            otel_context.detach(token)
            scope.pop(_SCOPE_KEY, None)
            if parent_token is not None:
                otel_context.detach(parent_token)

    def _start_meters(self, provider: metrics.MeterProvider, target: _Target) -> _Meters:
        if self._instruments is None or self._instruments[0] is not provider:
            meter = provider.get_meter(_INSTRUMENTATION_NAME, __version__, schema_url=_SCHEMA_URL)
            duration = meter.create_histogram(
                "http.server.request.duration",
                unit="s",
                description="Duration of HTTP server requests.",
                explicit_bucket_boundaries_advisory=_DURATION_BUCKETS,
            )
            active = meter.create_up_down_counter(
                "http.server.active_requests",
                unit="{request}",
                description="Number of active HTTP server requests.",
            )
            self._instruments = (provider, duration, active)
        return _Meters(*self._instruments[1:], target.attributes)

    def _tracer_of(self, provider: trace.TracerProvider) -> trace.Tracer:
        # Kept, because looking it up touches the warnings filters and so repeats warnings that
        # are shown once.
        if self._tracer is None or self._tracer[0] is not provider:
            tracer = provider.get_tracer(_INSTRUMENTATION_NAME, __version__, schema_url=_SCHEMA_URL)
            self._tracer = (provider, tracer)
        return self._tracer[1]

    def _logger(self) -> _logs.Logger:
        return _logs.get_logger(
            _INSTRUMENTATION_NAME, __version__, self._config["logger_provider"], schema_url=_SCHEMA_URL
        )


async def _follow(
    recording: _Recording, span: trace.Span | None, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run `app` with `span` current, and tell `recording` how it ended."""
    current: AbstractContextManager[Any] = nullcontext()
    if span is not None:
        current = trace.use_span(
            span, end_on_exit=False, record_exception=False, set_status_on_exception=False
        )
    with current:
        try:
            await app(scope, receive, send)
        except BaseException as exc:
            record_exception(scope=scope, exc=exc)
            recording.raised(exc)
            raise
        recording.returned()
