"""Parts of generated applications that are about middleware: layers, and applications without a framework."""

LAYER_BLOCKS = (
    "from starlette.middleware import Middleware\n",
    "from fastapi.middleware.httpsredirect import HTTPSRedirectMiddleware\n",
    "from starlette.routing import Host, Mount, Route, WebSocketRoute\n",
    '''\
def told(message):
    """A message as one line, with the kind of its list of headers."""
    parts = []
    for key, value in sorted(message.items()):
        if key == "headers":
            parts.append(f"headers={type(value).__name__}{[tuple(pair) for pair in value]}")
        elif isinstance(value, (bytes, bytearray, memoryview)):
            parts.append(f"{key}={type(value).__name__} {len(value)}")
        else:
            parts.append(f"{key}={value}")
    return " ".join(parts)
''',
    '''\
class Raw:
    """Send these messages, the same objects again and again if so wanted, and tell what became of them."""

    def __init__(self, *messages, again=False):
        self.messages = messages
        self.again = again

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            return
        for message in self.messages:
            if isinstance(message, type):
                raise message("raw")
            made = message if self.again else copy.deepcopy(message)
            await send(made)
            log("sent", told(made))
''',
    '''\
class Peek:
    """Tell each message and what the layers outside made of it."""

    def __init__(self, app, name="peek"):
        self.app = app
        self.name = name

    async def __call__(self, scope, receive, send):
        log(self.name, scope["type"], sorted(key for key in scope if not key.startswith("fastapi")))

        async def peeking(message):
            log(self.name, "out", told(message))
            await send(message)
            log(self.name, "became", told(message))

        async def receiving():
            message = await receive()
            log(self.name, "in", message["type"])
            return message

        await self.app(scope, receiving, peeking)
''',
    '''\
class Tamper:
    """Do one of the things that middleware does to a connection."""

    def __init__(self, app, how):
        self.app = app
        self.how = how

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        how = self.how
        if how == "raise before":
            raise HTTPException(402, "before")
        if how == "copy scope":
            scope = dict(scope)
        if how == "own origin":
            scope = {**scope, "headers": [*scope["headers"], (b"origin", b"http://a.b"), (b"accept-encoding", b"gzip")]}
        if how == "drop headers":
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] == b"host"]
        if how == "other method":
            scope["method"] = "GET"

        async def tampering(message):
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                if how == "raise at start":
                    raise Unknown("at start")
                if how == "tuple":
                    message = {**message, "headers": tuple(headers)}
                if how == "lists":
                    message["headers"] = [list(pair) for pair in headers]
                if how == "no headers":
                    message.pop("headers", None)
                if how == "vary":
                    message["headers"] = [*headers, (b"vary", b"X-One"), (b"Vary", b"X-Two")]
                if how == "status":
                    message["status"] = 206
            elif message["type"] == "http.response.body":
                body = message.get("body", b"")
                if how == "no body key" and not body:
                    message.pop("body", None)
                if how == "split" and len(body) > 1:
                    await send({"type": "http.response.body", "body": body[:1], "more_body": True})
                    message = {**message, "body": body[1:]}
                if how == "trailing":
                    await send({**message, "more_body": True})
                    message = {"type": "http.response.body", "body": b"", "more_body": message.get("more_body", False)}
                if how == "bytearray":
                    message["body"] = bytearray(body)
                if how == "raise in body":
                    raise Known("in body")
            await send(message)

        try:
            await self.app(scope, receive, tampering)
        except Exception as error:
            log("tamper", how, type(error).__name__)
            if how == "answer errors":
                await PlainTextResponse("caught", 503)(scope, receive, send)
                return
            if how == "other error":
                raise Unknown("other") from error
            raise
        if how == "raise after":
            raise ValueError("after")
''',
    '''\
def layer(kind):
    """The first layer of a kind in the application's stack."""
    found = app.middleware_stack
    while found is not None and not isinstance(found, kind):
        found = getattr(found, "app", None)
    return found
''',
    """\
class OpenCORS(CORSMiddleware):
    def is_allowed_origin(self, origin):
        log("asked for origin", origin)
        return origin.startswith("http://o") or super().is_allowed_origin(origin)
""",
    """\
class LateCORS(CORSMiddleware):
    def preflight_response(self, request_headers):
        response = super().preflight_response(request_headers)
        response.headers["x-preflight"] = str(response.status_code)
        return response

    async def send(self, message, send, request_headers):
        log("cors sends", message["type"], request_headers.get("origin"))
        await super().send(message, send, request_headers)
""",
    """\
class CountingCORS(CORSMiddleware):
    async def simple_response(self, scope, receive, send, request_headers):
        log("simple", request_headers.raw)
        await super().simple_response(scope, receive, send, request_headers=request_headers)

    @staticmethod
    def allow_explicit_origin(headers, origin):
        headers["x-explicit"] = origin
        CORSMiddleware.allow_explicit_origin(headers, origin)
""",
    """\
class SomeGZip(GZipMiddleware):
    async def __call__(self, scope, receive, send):
        if "plain" in scope.get("path", ""):
            return await self.app(scope, receive, send)
        await super().__call__(scope, receive, send)
""",
    """\
class LoudHosts(TrustedHostMiddleware):
    def __init__(self, app, **options):
        super().__init__(app, **options)
        self.allowed_hosts.append("late.org")

    async def __call__(self, scope, receive, send):
        log("hosts", self.allow_any, self.allowed_hosts)
        await super().__call__(scope, receive, send)
""",
    """\
async def parts(items, fault=None):
    for item in items:
        yield item
    log("stream ends")
    if fault:
        raise fault("in stream")
""",
    """\
def made_cors(app, **options):
    log("made cors", sorted(options))
    return CORSMiddleware(app, **options)
""",
    "from starlette.applications import Starlette\n",
    "from starlette.endpoints import HTTPEndpoint\n",
    '''\
def asked(name, request):
    """What an endpoint can know of how it was found."""
    scope = request.scope
    urls = []
    for target in ("n", name):
        try:
            urls.append(str(request.url_for(target)))
        except Exception as error:
            urls.append(type(error).__name__)
    route = scope.get("route")
    return [
        name, scope.get("path"), scope.get("root_path"), scope.get("app_root_path"), shown(scope.get("path_params")), urls,
        type(route).__name__, getattr(route, "path", None), type(scope.get("router")).__name__, scope.get("app") is app, str(request.url),
    ]


def told_request(name, request):
    return JSONResponse(asked(name, request), headers={"x-name": name})
''',
    '''\
class Told:
    """A plain ASGI application that tells what it finds in its scope."""

    def __init__(self, name):
        self.name = name

    async def __call__(self, scope, receive, send):
        log(self.name, scope["type"], sorted(key for key in scope if not key.startswith("fastapi")))
        if scope["type"] == "http":
            response = told_request(self.name, Request(scope))
            await response(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1001, "reason": self.name})
''',
    '''\
class OddRoute(starlette.routing.BaseRoute):
    """A route of its own kind."""

    def __init__(self, path):
        self.path = path

    def matches(self, scope):
        log("odd asked", scope["path"])
        if scope["path"].endswith("/b"):
            return starlette.routing.Match.PARTIAL, {"odd": "partial"}
        if scope["path"] == self.path:
            return starlette.routing.Match.FULL, {"odd": self.path}
        return starlette.routing.Match.NONE, {}

    async def handle(self, scope, receive, send):
        log("odd", scope["type"], scope.get("odd"), scope.get("path_params"))
        await Told("odd")(scope, receive, send)

    def url_path_for(self, name, /, **path_params):
        raise starlette.routing.NoMatchFound(name, path_params)
''',
    '''\
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SPANS, LOGS, METRICS = InMemorySpanExporter(), InMemoryLogRecordExporter(), InMemoryMetricReader()
PROVIDERS = {
    "tracer_provider": TracerProvider(shutdown_on_exit=False),
    "meter_provider": MeterProvider(metric_readers=[METRICS], shutdown_on_exit=False),
    "logger_provider": LoggerProvider(shutdown_on_exit=False),
}
PROVIDERS["tracer_provider"].add_span_processor(SimpleSpanProcessor(SPANS))
PROVIDERS["logger_provider"].add_log_record_processor(SimpleLogRecordProcessor(LOGS))


def attributes(found):
    return {key: value for key, value in sorted((found or {}).items()) if key != "exception.stacktrace"}


def recorded():
    """What the exporters have got since the last time, the measurements since the start."""
    spans = SPANS.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans}
    lines = ["'spans': ["] if spans else []
    for span in spans:
        parent = span.parent and names.get(span.parent.span_id, "unknown")
        events = [(event.name, attributes(event.attributes)) for event in span.events]
        lines.append(f"{span.name} {span.kind} in {parent} {attributes(span.attributes)} {span.status.status_code} {span.status.description}")
        lines.append(f"  {events} {len(span.links)} {span.instrumentation_scope}")
    logs = LOGS.get_finished_logs()
    lines += ["'logs': ["] if logs else []
    for data in logs:
        one = data.log_record
        lines.append(f"{one.event_name} {one.severity_text} {one.body} {attributes(one.attributes)} {one.exception!r} {names.get(one.span_id)}")
    metrics = METRICS.get_metrics_data()
    lines += ["'metrics': ["] if metrics else []
    for resource in metrics.resource_metrics if metrics else ():
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    size = getattr(point, "sum", None) if metric.unit == "By" else None
                    counts = [getattr(point, name, None) for name in ("count", "value", "explicit_bounds")]
                    lines.append(f"{metric.name} {metric.unit} {attributes(point.attributes)} {counts} {size}")
    SPANS.clear()
    LOGS.clear()
    return "\\n".join(lines)
''',
)
