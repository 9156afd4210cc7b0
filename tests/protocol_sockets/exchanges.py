"""Drive an application with the exchanges of the differential suites, over a socket, under a protocol class.

As `tests.differential.driver.drive`, but there is a server in between: what is observed is what a client sees, what
the server logs, and what the application itself notes.
"""

import asyncio
import atexit
import functools
import logging
import re
import shutil
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from tests.differential import driver
from tests.differential.driver import Exchange, Http, Outcome, WebSocket
from uvicorn.server import ServerState

from .chosen import PATIENCE
from .wire import Answer, Answers

_DEFAULT_HEADERS = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"server", b"uvicorn")]
_DATE = re.compile(rb"(?i)(?<=\ndate: )[^\r]*")
_UNSAID = 0.3
"""Seconds after which an answer that need not come is not waited for: its request is not whole."""
_UPGRADE = (
    (b"connection", b"Upgrade"),
    (b"upgrade", b"websocket"),
    (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="),
    (b"sec-websocket-version", b"13"),
)


def servable(exchange: Exchange) -> bool:
    """Whether a client can bring this about: not what only a server says of itself, nor the instant of a departure."""
    if isinstance(exchange, Http):
        scheme = exchange.scope.get("scheme", "http")
        said = [
            int(value) for name, value in exchange.headers if name == b"content-length" and value.isdigit()
        ]
        return (
            set(exchange.scope) <= {"scheme", "root_path"}
            and scheme in ("http", "https")
            and exchange.gone_after_sends is None
            # What is behind a body is another request, whose refusal httptools sends before the first one's answer.
            and all(sum(map(len, exchange.body)) <= length for length in said)
        )
    return isinstance(exchange, WebSocket) and not exchange.scope


async def drive(app: Any, exchange: Exchange, *, http: str, unix: bool = False) -> Outcome:
    """Serve one exchange with the protocol class `http` on the running loop.

    With `unix` the client has no address, and so none that differs from time to time.
    """
    driver._events.clear()
    loop = asyncio.get_running_loop()
    config = uvicorn.Config(
        app, http=http, lifespan="off", log_config=None, interface="asgi3", root_path=_root_path(exchange)
    )
    config.load()
    state = ServerState()
    state.default_headers = list(_DEFAULT_HEADERS)
    make = functools.partial(
        config.http_protocol_class, config=config, server_state=state, app_state={}, _loop=loop
    )
    with _logged() as problems:
        received, closed = await _talk(loop, make, exchange, state, unix=unix)
    return Outcome(
        messages=_messages(exchange, received, closed),
        events=list(driver._events),
        received=0,
        exception=problems,
        hung=bool(state.tasks or state.connections),
        scope={},
    )


def _root_path(exchange: Exchange) -> str:
    return str(exchange.scope.get("root_path") or "") if isinstance(exchange, Http) else ""


async def _talk(
    loop: asyncio.AbstractEventLoop,
    make: Callable[[], Any],
    exchange: Exchange,
    state: ServerState,
    *,
    unix: bool,
) -> tuple[bytes, bool]:
    """Have the conversation; the bytes that came, and whether the server closed the connection."""
    secure = isinstance(exchange, Http) and exchange.scope.get("scheme") == "https"
    theirs, ours = _pair(unix=unix)
    served = asyncio.ensure_future(
        loop.connect_accepted_socket(make, theirs, ssl=_server_tls() if secure else None)
    )
    options: dict[str, Any] = {"ssl": _client_tls(), "server_hostname": "testserver"} if secure else {}
    reader, writer = await asyncio.open_connection(sock=ours, **options)
    await served
    try:
        if isinstance(exchange, WebSocket):
            received = await _websocket(exchange, reader, writer, state)
        else:
            assert isinstance(exchange, Http)
            received = await _http(exchange, reader, writer)
        end = time.monotonic() + PATIENCE
        whole = not isinstance(exchange, Http) or _whole(exchange)
        while whole and state.tasks and time.monotonic() < end:
            await asyncio.sleep(0)
        closed = whole and await _ended(reader, state, b"\r\nconnection: close\r\n" in received)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    while (state.tasks or state.connections) and time.monotonic() < end:
        await asyncio.sleep(0.0005)
    return received, closed


async def _ended(reader: asyncio.StreamReader, state: ServerState, announced: bool) -> bool:
    """Whether the server has closed the connection, which comes at once or is announced."""
    end = time.monotonic() + PATIENCE
    for _ in range(20):
        await asyncio.sleep(0)
    while announced and state.connections and not reader.at_eof() and time.monotonic() < end:
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(0.01):
                await reader.read(1)
    return reader.at_eof() or not state.connections


# --- HTTP --------------------------------------------------------------------------------------------------------


def _whole(exchange: Http) -> bool:
    """Whether the request that is sent has its end, as it says."""
    lengths = {value for name, value in exchange.headers if name == b"content-length"}
    return not exchange.cut and lengths <= {str(sum(map(len, exchange.body))).encode()}


def _request(exchange: Http) -> bytes:
    target = exchange.target.encode() if isinstance(exchange.target, str) else exchange.target
    lines = [b" ".join([exchange.method.encode(), target, b"HTTP/1.1"])]
    lines += [name + b": " + value for name, value in exchange.headers]
    body = b"".join(exchange.body)
    if not any(name == b"content-length" for name, _ in exchange.headers) and (body or exchange.cut):
        lines.append(b"transfer-encoding: chunked")
        framed = [b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in exchange.body if chunk]
        body = b"".join(framed) + (b"" if exchange.cut else b"0\r\n\r\n")
    return b"\r\n".join([*lines, b"", body])


async def _http(exchange: Http, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(_request(exchange))
    data = b""
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(PATIENCE if _whole(exchange) else _UNSAID):
            while _parsed(data, exchange.method) is None:
                more = await reader.read(1 << 18)
                if not more:
                    break
                data += more
    return data


def _parsed(data: bytes, method: str) -> Answer | None:
    """The answer, if it is there whole."""
    try:
        return Answers(data).answer(method)
    except (EOFError, AssertionError):
        return None


# --- WebSockets --------------------------------------------------------------------------------------------------


async def _websocket(
    exchange: WebSocket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: ServerState
) -> bytes:
    target = exchange.target.encode() if isinstance(exchange.target, str) else exchange.target
    lines = [b"GET " + target + b" HTTP/1.1"]
    offered = (b"sec-websocket-protocol", ", ".join(exchange.subprotocols).encode())
    headers = (*exchange.headers, *_UPGRADE, *([offered] if exchange.subprotocols else []))
    writer.write(b"\r\n".join([*lines, *(name + b": " + value for name, value in headers), b"", b""]))
    data = b""
    with suppress(asyncio.IncompleteReadError, TimeoutError, OSError):
        async with asyncio.timeout(PATIENCE):
            data = await reader.readuntil(b"\r\n\r\n")
            rest = asyncio.ensure_future(reader.read(-1))
            messages = [*exchange.messages, {"type": "websocket.disconnect", "code": None}]
            while data.startswith(b"HTTP/1.1 101 ") and messages and not rest.done():
                if _waits(state):
                    writer.write(_frame(dict(messages.pop(0))))
                elif not state.tasks:  # the application has ended, what it has not read is nothing to anybody
                    del messages[:-1]
                    await asyncio.sleep(0.002)
                    writer.write(_frame(dict(messages.pop())))
                await asyncio.sleep(0.0005)
            data += await rest
    return _DATE.sub(b"", data)


def _waits(state: ServerState) -> bool:
    """Whether the application is waiting for a message."""
    return any(connection.queue._getters for connection in state.connections if hasattr(connection, "queue"))


def _frame(message: dict[str, Any]) -> bytes:
    """A client's frame, its mask all zero."""
    if message["type"] == "websocket.disconnect":
        code = message.get("code")
        opcode, data = 8, b"" if code in (None, 1005) else int(code).to_bytes(2, "big")
    elif message.get("text") is not None:
        opcode, data = 1, message["text"].encode()
    else:
        opcode, data = 2, message.get("bytes") or b""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xff" + len(data).to_bytes(8, "big")
    return bytes([0x80 | opcode]) + size + b"\0\0\0\0" + data


# --- what was seen -----------------------------------------------------------------------------------------------


def plain(outcome: Outcome) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of an outcome of either driver, without what a server adds."""
    messages = [dict(message) for message in outcome.messages]
    if "status" in messages[0] and "reason" in messages[0]:
        (message,) = messages
        headers, body = message["headers"][len(_DEFAULT_HEADERS) :], message["body"]
    else:
        message = messages[0]
        headers, body = message["headers"], b"".join(part["body"] for part in messages[1:])
    added = ((b"transfer-encoding", b"chunked"), (b"connection", b"close"))
    return message["status"], [item for item in headers if item not in added], body


def _messages(exchange: Exchange, received: bytes, closed: bool) -> list[tuple[Any, ...]]:
    answer = _parsed(received, exchange.method) if isinstance(exchange, Http) else None
    if answer is None:
        return [(("bytes", received), ("closed", closed))]
    facts = (
        ("status", answer.status),
        ("reason", answer.reason),
        ("interim", answer.interim),
        ("closed", closed),
    )
    head = (("headers", [(name.encode(), value.encode("latin-1")) for name, value in answer.headers]),)
    return [(*facts, *head, ("body", answer.body))]


@contextmanager
def _logged() -> Iterator[list[tuple[str, str]]]:
    """What uvicorn logs meanwhile, the access log included."""
    found: list[tuple[str, str]] = []

    class _Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(
                (
                    f"{record.name} {record.levelname}",
                    re.sub(r"127\.0\.0\.1:\d+", "client", record.getMessage()),
                )
            )
            if record.exc_info:
                found.extend(driver.shown_chain(record.exc_info[1]))

    handler = _Handler()
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "uvicorn.access")]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    try:
        yield found
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
            logger.propagate = True


@functools.cache
def _listener(family: socket.AddressFamily) -> socket.socket:
    listener = socket.socket(family)
    listener.bind(("127.0.0.1", 0) if family == socket.AF_INET else _unused_path())
    listener.listen()
    return listener


def _unused_path() -> str:
    directory = tempfile.mkdtemp(prefix="exchanges-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return str(Path(directory, "socket"))


def _pair(*, unix: bool) -> tuple[socket.socket, socket.socket]:
    """A connection: the server's end, and the client's."""
    listener = _listener(socket.AF_UNIX if unix else socket.AF_INET)
    ours = socket.socket(listener.family)
    ours.settimeout(PATIENCE)
    ours.connect(listener.getsockname())
    theirs, _ = listener.accept()
    ours.setblocking(False)
    theirs.setblocking(False)
    return theirs, ours


@functools.cache
def _server_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("testserver").configure_cert(context)
    return context


@functools.cache
def _client_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
