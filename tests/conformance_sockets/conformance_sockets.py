"""A pytest plugin: Starlette's TestClient reaches each application over a real socket, under a protocol of uvicorn's.

The test keeps its client, and the application keeps the event loop that the client gives it, with its lifespan.
What lies between them changes: instead of a scope and two callables there is a TCP connection (TLS for `https`),
an HTTP or WebSocket client on one end, and on the other the protocol class named by `SOCKETS_PROTOCOL`, made as
`uvicorn.Server` makes it. An exception of the application, which uvicorn logs, is raised in the client as before.
"""

import asyncio
import contextlib
import functools
import json
import logging
import os
import socket
import ssl
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.from_thread
import httpcore2
import trustme
import uvicorn
from starlette.testclient import TestClient, WebSocketTestSession, _TestClientTransport, _Upgrade, httpx
from uvicorn.server import ServerState
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

_PROTOCOL = os.environ["SOCKETS_PROTOCOL"]
_LOOP = os.environ["SOCKETS_LOOP"]
_PATIENCE = 10.0
"""Seconds to wait for what must happen at once, well under the limit of each test."""
_NOTHING = "TestClient did not receive any response."

_in_process = _TestClientTransport.handle_request
_make_client = TestClient.__init__
_counts: Counter[str] = Counter()


# --- the two ends of a connection --------------------------------------------------------------------------------


class _Listener:
    """One listening socket for all connections of this process, and the TLS contexts of both ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @functools.cached_property
    def _socket(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", 0))

    def connect(self) -> tuple[socket.socket, socket.socket]:
        """A connection: the client's end, and the server's."""
        with self._lock:
            client = socket.create_connection(self._socket.getsockname(), timeout=_PATIENCE)
            server, _ = self._socket.accept()
        return client, server

    def close(self) -> None:
        self._socket.close()

    @functools.cached_property
    def tls(self) -> ssl.SSLContext:
        """The server's context, for any name that the tests use."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("testserver", "example.com").configure_cert(context)
        return context

    @functools.cached_property
    def trusting(self) -> ssl.SSLContext:
        """The client's context: whom it talks to is not the question."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


_listener = _Listener()


class _Failures(logging.Handler):
    """What uvicorn logs as the application's failure, by the thread of its event loop."""

    def __init__(self) -> None:
        super().__init__()
        self._found: defaultdict[int | None, list[BaseException]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._found[record.thread].append(error)
        elif record.getMessage() == "ASGI callable returned without starting response.":
            self._found[record.thread].append(AssertionError(_NOTHING))

    def take(self, thread: int) -> BaseException | None:
        """Return the first failure since the last call."""
        found = self._found.pop(thread, [])
        return found[0] if found else None

    def listen(self) -> None:
        """Be the only one who hears of them: tests look at what is logged, and in-process nothing is."""
        logger = logging.getLogger("uvicorn.error")
        logger.handlers, logger.propagate = [self], False


_failures = _Failures()


class _Server(httpcore2.NetworkBackend):
    """Serves the application of one client on the loop of one portal; also where that client's pool connects."""

    def __init__(self, transport: Any, portal: anyio.from_thread.BlockingPortal) -> None:
        self._portal = portal
        self._app_state = transport.app_state
        self._config = uvicorn.Config(
            transport.app,
            http=_PROTOCOL,
            ws="websockets-sansio",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            root_path=transport.root_path,
        )
        self._config.load()
        self.state = ServerState()
        self.users = 0
        self._thread = portal.call(threading.get_ident)
        self.client = httpx.HTTPTransport(verify=_listener.trusting)
        self.client._pool = httpcore2.ConnectionPool(ssl_context=_listener.trusting, network_backend=self)
        _failures.listen()
        _failures.take(self._thread)

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> Any:
        """What the client's pool calls for a new connection, to whatever host."""
        client = self.connect(self.state, secure=port == 443)
        return httpcore2._backends.sync.SyncStream(client)

    def connect(self, state: ServerState, *, secure: bool) -> socket.socket:
        """Return the client's end of a new connection, which is counted in `state`."""
        client, server = _listener.connect()
        if secure:  # the handshake takes both ends
            self._portal.start_task_soon(self._accept, server, state, _listener.tls)
        else:
            self._portal.call(self._accept, server, state, None)
        return client

    async def _accept(self, server: socket.socket, state: ServerState, tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        make = functools.partial(
            self._config.http_protocol_class,
            config=self._config,
            server_state=state,
            app_state=self._app_state,
            _loop=loop,
        )
        await loop.connect_accepted_socket(make, server, ssl=tls)

    def settle(self, state: ServerState) -> BaseException | None:
        """Wait until the application has returned; how it failed, if it did."""
        self._portal.call(self._empty, state.tasks)
        return _failures.take(self._thread)

    def close(self) -> None:
        """Close the pool's connections, and wait until the protocols know."""
        self.client.close()
        self._portal.call(self._empty, self.state.connections)

    @staticmethod
    async def _empty(waited: set[Any]) -> None:
        end = time.monotonic() + _PATIENCE
        pause = 0.0
        while waited:
            assert time.monotonic() < end, f"still there: {waited}"
            await asyncio.sleep(pause)
            pause = min(pause + 0.0001, 0.01)


class _Use:
    """One use of a client's server, which lasts as long as the client's loop, or else as long as it has users."""

    _lock = threading.RLock()

    def __init__(self, transport: Any, state: ServerState | None = None) -> None:
        client = transport.portal_factory.__self__
        with self._lock:
            server = vars(transport).get("_server")
            if server is None:
                with contextlib.ExitStack() as stack:
                    server = _Server(transport, stack.enter_context(transport.portal_factory()))
                    stack.callback(server.close)
                    stack.callback(delattr, transport, "_server")
                    transport._server, transport._server_stack = server, stack.pop_all()
                if client.portal is not None:  # one user more, until the client is left
                    server.users += 1
                    transport._open_requests.add(self._release)
            server.users += 1
        self.server: _Server = server
        self._transport = transport
        self._state = state or server.state
        self._ended = False

    def end(self) -> BaseException | None:
        """Wait until the application has returned; its failure, the first time this is called."""
        if self._ended:
            return None
        self._ended = True
        try:
            return self.server.settle(self._state)
        finally:
            self._release()

    def _release(self) -> None:
        with self._lock:
            self.server.users -= 1
            if not self.server.users:
                self._transport._server_stack.close()


# --- HTTP --------------------------------------------------------------------------------------------------------


class _Body(httpx.SyncByteStream):
    """The body of a response, after which the application's failure is raised as in-process."""

    def __init__(self, body: Any, end: Callable[[], BaseException | None]) -> None:
        self._body = body
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except httpx.TransportError:
            self.close()
            raise

    def close(self) -> None:
        self._body.close()
        if error := self._end():
            raise error


def _handle_request(transport: Any, request: Any) -> Any:
    """Answer a request of the test client, in the place of `_TestClientTransport.handle_request`."""
    if transport.portal_factory.__self__.async_backend["backend"] != "asyncio":
        _counts["in process"] += 1
        return _in_process(transport, request)
    if request.url.scheme in ("ws", "wss"):
        _counts["websocket"] += 1
        raise _Upgrade(_Session(transport, request))
    _counts["http"] += 1
    use = _Use(transport)

    def end() -> BaseException | None:
        error = use.end()
        return error if transport.raise_server_exceptions else None

    try:
        response = use.server.client.handle_request(_without_root(request, transport.root_path))
    except BaseException:
        if error := end():
            raise error from None
        raise
    response.stream = _Body(response.stream, end)
    return response


def _without_root(request: Any, root: str) -> Any:
    """The request as a proxy hands it on that serves the application under `root`."""
    path = request.url.raw_path
    if not root or not (path + b"/").startswith(root.encode() + b"/"):
        return request
    url = request.url.copy_with(raw_path=path.removeprefix(root.encode()) or b"/")
    return httpx.Request(
        request.method, url, headers=request.headers, stream=request.stream, extensions=request.extensions
    )


# --- WebSockets --------------------------------------------------------------------------------------------------


class _Session(WebSocketTestSession):
    """A session of the test client, whose messages are frames on a connection."""

    def __init__(self, transport: Any, request: Any) -> None:
        self.accepted_subprotocol = None
        self.extra_headers = None
        self._transport = transport
        self._secure = request.url.scheme == "wss"
        self._messages: deque[Any] = deque()
        offered = request.headers.get("sec-websocket-protocol")
        self._protocol = ClientProtocol(
            parse_uri(str(request.url)),
            subprotocols=[item.strip() for item in offered.split(",")] if offered else None,
        )
        self._request = self._protocol.connect()
        headers = self._request.headers
        del headers["host"]
        made = {name.lower() for name in headers}
        for name, value in request.headers.multi_items():
            if name not in made:
                headers[name] = value

    def __enter__(self) -> Self:
        state = ServerState()
        self._use = _Use(self._transport, state)
        self._socket = self._use.server.connect(state, secure=self._secure)
        if self._secure:
            self._socket = _listener.trusting.wrap_socket(self._socket, server_hostname="testserver")
        try:
            self._protocol.send_request(self._request)
            self._flush()
            message = self.receive()
            self._raise_on_close(message)
        except BaseException:
            self._leave()
            raise
        self.accepted_subprotocol = message["subprotocol"]
        self.extra_headers = message["headers"]
        return self

    def __exit__(self, *_: object) -> None:
        self.close(1000)
        self._leave()

    def _leave(self) -> None:
        with contextlib.suppress(OSError):
            while self._read():
                pass
        self._socket.close()
        if error := self._use.end():
            raise error

    def send(self, message: Any) -> None:
        """Send what the application shall receive."""
        if self._protocol.state is State.OPEN:
            if message["type"] == "websocket.disconnect":
                self._protocol.send_close(message["code"], message.get("reason") or "")
            elif message.get("text") is not None:
                self._protocol.send_text(message["text"].encode())
            else:
                self._protocol.send_binary(message["bytes"])
            self._flush()

    def receive(self) -> Any:
        """Return what the application sent."""
        while not self._messages:
            if not self._read():
                self._messages.append({"type": "websocket.close", "code": 1006})
        return self._messages.popleft()

    def _flush(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(b"".join(self._protocol.data_to_send()))

    def _read(self) -> bool:
        data = self._socket.recv(65536)
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._flush()
        for event in self._protocol.events_received():
            self._messages.extend(self._told(event))
        return bool(data)

    def _told(self, event: Frame | Response | Any) -> list[dict[str, Any]]:
        """The messages of the application that an event stands for."""
        if isinstance(event, Response):
            return self._answered(event)
        if event.opcode is Opcode.TEXT:
            return [{"type": "websocket.send", "text": bytes(event.data).decode()}]
        if event.opcode is Opcode.BINARY:
            return [{"type": "websocket.send", "bytes": bytes(event.data)}]
        if event.opcode is Opcode.CLOSE:
            close = Close.parse(event.data)
            return [{"type": "websocket.close", "code": close.code, "reason": close.reason}]
        return []

    def _answered(self, response: Response) -> list[dict[str, Any]]:
        raw = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in response.headers.raw_items()
        ]
        if response.status_code == 101:
            headers = [item for item in raw if item[0] not in _HANDSHAKE]
            subprotocol = self._protocol.subprotocol
            return [{"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers}]
        body = bytes(response.body or b"")
        if response.status_code == 403 and not body:  # closed before it was accepted: the code is not sent
            return [{"type": "websocket.close", "code": 1006}]
        start = {"type": "websocket.http.response.start", "status": response.status_code, "headers": raw}
        return [start, {"type": "websocket.http.response.body", "body": body}]


_HANDSHAKE = {
    b"upgrade",
    b"connection",
    b"sec-websocket-accept",
    b"sec-websocket-protocol",
    b"sec-websocket-extensions",
}


# --- pytest ------------------------------------------------------------------------------------------------------


@functools.wraps(_make_client)
def _init(self: TestClient, *args: Any, **kwargs: Any) -> None:
    if kwargs.get("backend", "asyncio") == "asyncio":
        kwargs["backend_options"] = {"use_uvloop": _LOOP == "uvloop"} | (kwargs.get("backend_options") or {})
    _make_client(self, *args, **kwargs)


def pytest_configure() -> None:
    """Change the client."""
    TestClient.__init__ = _init
    _TestClientTransport.handle_request = _handle_request


def pytest_sessionfinish() -> None:
    """Say how much went over sockets, before a worker may be ended."""
    if _counts:
        Path(os.environ["SOCKETS_COUNTS"], f"{os.getpid()}.json").write_text(json.dumps(_counts))


def pytest_unconfigure() -> None:
    """Leave nothing open."""
    _listener.close()
