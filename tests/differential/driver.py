"""Drive an ASGI application in-process: a scope and scripted messages in, everything it did out.

Nothing is normalised the way an HTTP client would: header order, chunk boundaries, lying lengths and
disconnects stay as written. Scopes look like those uvicorn makes.
"""

import json
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import anyio
import anyio.lowlevel

Message = MutableMapping[str, Any]
Headers = tuple[tuple[bytes, bytes], ...]

HOST: Headers = ((b"host", b"testserver"),)
BOUNDARY = "differential-boundary"
# What follows this in the text of a RecursionError depends on the frame it happened to be raised in.
_DEPTH = "maximum recursion depth exceeded"
# And what follows this names the task and the line it is at.
_CANCELLED = "Cancelled via cancel scope"

_events: list[str] = []
_events_lock = threading.Lock()


def log(*parts: object) -> None:
    """Append one line to the event log of the exchange in progress; callable from any thread."""
    with _events_lock:
        _events.append(" ".join(str(part) for part in parts))


@dataclass(frozen=True, kw_only=True)
class Http:
    """One HTTP request. `target` is the raw request target, `body` the chunks a server would hand over."""

    target: str | bytes
    method: str = "GET"
    headers: Headers = HOST
    body: tuple[bytes, ...] = (b"",)
    cut: bool = False
    """The client goes away after `body`, before the body is complete."""
    gone_after_sends: int | None = None
    """The client goes away once the application has sent this many messages; later sends raise OSError."""
    scope: Mapping[str, Any] = field(default_factory=dict)
    """Overrides of scope keys; a value of `None` removes the key."""
    label: str = ""
    backends: tuple[str, ...] = ()
    """Event loops to run on instead of the application's, for an exchange that races on trio's random order."""
    only_last_line: bool = False
    """Compare just the last line of the body and no length: the body shows the framework's own frames."""

    @property
    def name(self) -> str:
        """Readable part of the test id."""
        if self.label:
            return self.label
        target = (
            self.target if isinstance(self.target, str) else self.target.decode("ascii", "backslashreplace")
        )
        return f"{self.method} {target}"[:90]


@dataclass(frozen=True, kw_only=True)
class WebSocket:
    """One WebSocket connection: `messages` are what the client sends after the handshake, in order."""

    target: str | bytes
    messages: tuple[Message, ...] = ()
    headers: Headers = HOST
    subprotocols: tuple[str, ...] = ()
    scope: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    backends: tuple[str, ...] = ()
    only_last_line: bool = False

    @property
    def name(self) -> str:
        """Readable part of the test id."""
        return self.label or f"WS {self.target!s}"[:90]


@dataclass(frozen=True, kw_only=True)
class Lifespan:
    """Start-up and shutdown."""

    label: str = "lifespan"
    backends: tuple[str, ...] = ()
    only_last_line: bool = False

    @property
    def name(self) -> str:
        """Readable part of the test id."""
        return self.label


Exchange = Http | WebSocket | Lifespan


@dataclass
class Outcome:
    """Everything observable from outside after one exchange."""

    messages: list[tuple[Any, ...]]
    events: list[str]
    received: int
    exception: list[tuple[str, str]]
    hung: bool
    scope: dict[str, Any]


def http_scope(request: Http) -> dict[str, Any]:
    """Return the scope uvicorn would make for `request`."""
    scope = _connection_scope(request.target, request.headers)
    scope |= {"type": "http", "method": request.method, "scheme": "http"}
    return _overridden(scope, request.scope)


def websocket_scope(connection: WebSocket) -> dict[str, Any]:
    """Return the scope uvicorn would make for `connection`."""
    scope = _connection_scope(connection.target, connection.headers)
    scope |= {"type": "websocket", "scheme": "ws", "subprotocols": list(connection.subprotocols)}
    scope["asgi"] = {"version": "3.0", "spec_version": "2.4"}
    scope["extensions"] = {"websocket.http.response": {}}
    return _overridden(scope, connection.scope)


def _connection_scope(target: str | bytes, headers: Headers) -> dict[str, Any]:
    raw = target.encode("ascii") if isinstance(target, str) else target
    raw_path, _, query = raw.partition(b"?")
    return {
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "path": unquote(raw_path.decode("ascii")),
        "raw_path": raw_path,
        "query_string": query,
        "headers": list(headers),
        "state": {},
    }


def _overridden(scope: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    for key, value in overrides.items():
        if value is None:
            scope.pop(key, None)
        else:
            scope[key] = value
    return scope


class _Client:
    """The server's side of one HTTP exchange: hands out scripted messages and records what is sent."""

    def __init__(self, request: Http) -> None:
        self._gone_after = request.gone_after_sends
        self.pending = self._script(request)
        self.sent: list[Message] = []
        self.received = 0
        self._finished = anyio.Event()
        if self._gone_after == 0:
            self._finished.set()

    @staticmethod
    def _script(request: Http) -> list[Message]:
        last = len(request.body) - 1
        script: list[Message] = [
            {"type": "http.request", "body": chunk, "more_body": request.cut or index < last}
            for index, chunk in enumerate(request.body)
        ]
        if request.cut:
            script.append({"type": "http.disconnect"})
        return script

    async def receive(self) -> Message:
        await anyio.lowlevel.checkpoint()
        if self.pending:
            message = self.pending.pop(0)
            self.received += message["type"] == "http.request"
            return message
        await self._finished.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        if self._gone_after is not None and len(self.sent) >= self._gone_after:
            self._finished.set()
            raise OSError("client is gone")
        self.sent.append(dict(message))
        complete = message["type"] == "http.response.body" and not message.get("more_body", False)
        if complete or len(self.sent) == self._gone_after:
            self._finished.set()


class _Peer:
    """The server's side of a WebSocket or lifespan exchange: a fixed script of incoming messages."""

    def __init__(self, script: list[Message], end: Message) -> None:
        self.pending = script
        self._end = end
        self.sent: list[Message] = []
        self.received = 0

    async def receive(self) -> Message:
        await anyio.lowlevel.checkpoint()
        self.received += 1
        return self.pending.pop(0) if self.pending else self._end

    async def send(self, message: Message) -> None:
        await anyio.lowlevel.checkpoint()
        self.sent.append(dict(message))


def _peer(exchange: Exchange) -> tuple[dict[str, Any], _Client | _Peer]:
    if isinstance(exchange, Http):
        return http_scope(exchange), _Client(exchange)
    if isinstance(exchange, WebSocket):
        script = [{"type": "websocket.connect"}, *(dict(message) for message in exchange.messages)]
        end = {"type": "websocket.disconnect", "code": 1005, "reason": ""}
        return websocket_scope(exchange), _Peer(script, end)
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    shutdown = {"type": "lifespan.shutdown"}
    return scope, _Peer([{"type": "lifespan.startup"}, shutdown], shutdown)


async def drive(app: Any, exchange: Exchange, *, timeout: float = 20.0) -> Outcome:
    """Run one exchange against `app`; exceptions and hangs (over `timeout` seconds) become part of the result."""
    _events.clear()
    scope, peer = _peer(exchange)
    error: BaseException | None = None
    with anyio.move_on_after(timeout) as deadline:
        try:
            await app(scope, peer.receive, peer.send)
        except Exception as exc:
            error = exc
    return Outcome(
        messages=[_plain_message(message) for message in peer.sent],
        events=list(_events),
        received=peer.received,
        exception=shown_chain(error),
        hung=deadline.cancelled_caught,
        scope=_seen_in_scope(app, scope),
    )


def _plain_message(message: Message) -> tuple[Any, ...]:
    """Make a sent message comparable, with the defaults of the ASGI specification filled in."""
    plain = dict(message)
    if "headers" in plain:
        plain["headers"] = [tuple(header) for header in plain["headers"]]
    if plain["type"] == "http.response.body":
        plain["body"] = bytes(plain.get("body", b""))
        plain.setdefault("more_body", False)
    if plain["type"].startswith("lifespan.") and "message" in plain:
        plain["message"] = plain["message"].strip().splitlines()[-1]
    return tuple(sorted(plain.items(), key=lambda item: item[0]))


def shown_chain(error: BaseException | None, depth: int = 0) -> list[tuple[str, str]]:
    """Type and text of `error` and of every exception its traceback would show before it."""
    chain: list[tuple[str, str]] = []
    while error is not None and len(chain) < 20:
        kind = type(error)
        text = next((start for start in (_DEPTH, _CANCELLED) if str(error).startswith(start)), str(error))
        chain.append((f"{kind.__module__}.{kind.__qualname__}", text))
        if isinstance(error, BaseExceptionGroup) and depth < 4:  # members may lead back to the group
            for member in error.exceptions:
                chain.extend(("  " + name, text) for name, text in shown_chain(member, depth + 1))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _seen_in_scope(app: Any, scope: Mapping[str, Any]) -> dict[str, Any]:
    """What middleware and instrumentation read from the scope after the exchange."""
    endpoint = scope.get("endpoint")
    inner = scope.get("fastapi")
    context = inner.get("effective_route_context") if isinstance(inner, dict) else None
    return {
        "app is app": scope.get("app") is app,
        "router": scope.get("router") is getattr(app, "router", None),
        "route": _route_summary(scope.get("route")),
        "endpoint": getattr(endpoint, "__qualname__", type(endpoint).__name__),
        "path_params": {key: repr(value) for key, value in (scope.get("path_params") or {}).items()},
        "root_path": scope.get("root_path"),
        "path": scope.get("path"),
        "context": _route_summary(context),
        "context route": _route_summary(getattr(context, "original_route", None)),
    }


def _route_summary(route: Any) -> tuple[str, Any, Any] | None:
    if route is None:
        return None
    return type(route).__name__, getattr(route, "path", None), getattr(route, "name", None)


def get(target: str | bytes, **options: Any) -> Http:
    """A GET request; `headers` in `options` are added to Host."""
    return request("GET", target, **options)


def request(method: str, target: str | bytes, *, headers: Headers = (), **options: Any) -> Http:
    """A request with any method; `headers` are added to Host."""
    return Http(method=method, target=target, headers=HOST + tuple(headers), **options)


def post(
    target: str | bytes,
    payload: bytes | str,
    content_type: str | None = "application/json",
    *,
    method: str = "POST",
    headers: Headers = (),
    chunks: tuple[bytes, ...] | None = None,
    length: int | None = None,
    **options: Any,
) -> Http:
    """A request with `payload` as its body and an honest content-length unless `length` says otherwise."""
    body = payload.encode() if isinstance(payload, str) else payload
    size = str(len(body) if length is None else length).encode()
    extra: Headers = ((b"content-length", size),)
    if content_type is not None:
        extra = ((b"content-type", content_type.encode("latin-1")), *extra)
    return Http(
        method=method, target=target, headers=HOST + extra + tuple(headers), body=chunks or (body,), **options
    )


def post_json(target: str, value: Any, **options: Any) -> Http:
    """A POST of `value` as JSON."""
    options.setdefault("label", f"{options.get('method', 'POST')} {target} {json.dumps(value)}"[:90])
    return post(target, json.dumps(value), **options)


def post_form(target: str, payload: str, **options: Any) -> Http:
    """A POST of an already urlencoded form."""
    options.setdefault("label", f"POST {target} form {payload}"[:90])
    return post(target, payload, "application/x-www-form-urlencoded", **options)


Part = tuple[str, str | None, str | None, bytes]


def post_multipart(target: str, parts: list[Part], **options: Any) -> Http:
    """A POST of multipart parts `(name, filename, content type, data)`."""
    lines = b""
    for name, filename, content_type, data in parts:
        disposition = f'form-data; name="{name}"' + ("" if filename is None else f'; filename="{filename}"')
        lines += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n".encode()
        if content_type:
            lines += f"Content-Type: {content_type}\r\n".encode()
        lines += b"\r\n" + data + b"\r\n"
    summary = " ".join(f"{name}={filename or data[:8]!r}" for name, filename, _, data in parts)
    options.setdefault("label", f"POST {target} multipart {summary}"[:90])
    return post(
        target, lines + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}", **options
    )


def header(name: str, value: str | bytes) -> tuple[bytes, bytes]:
    """One header as a server hands it over: lower-case name, latin-1 value."""
    return name.lower().encode("latin-1"), value.encode("latin-1") if isinstance(value, str) else value


def headers(**values: str | bytes) -> Headers:
    """Headers from keywords, underscores becoming dashes."""
    return tuple(header(name.replace("_", "-"), value) for name, value in values.items())


def ws(target: str, *messages: str | bytes | dict[str, Any], **options: Any) -> WebSocket:
    """A WebSocket connection whose client sends text (str), bytes, or raw ASGI messages (dict)."""
    script: list[Message] = []
    for message in messages:
        if isinstance(message, str):
            script.append({"type": "websocket.receive", "text": message})
        elif isinstance(message, bytes):
            script.append({"type": "websocket.receive", "bytes": message})
        else:
            script.append(dict(message))
    extra = options.pop("headers", ())
    return WebSocket(target=target, messages=tuple(script), headers=HOST + tuple(extra), **options)
