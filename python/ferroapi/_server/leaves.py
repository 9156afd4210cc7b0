"""The leaves of the native protocol: what belongs to uvicorn, or happens seldom.

Each public name here is read by `configure_server` of the extension.
"""

from __future__ import annotations

import asyncio
import asyncio.tasks
import http
import logging
import re
import socket
import sys
from typing import Any
from weakref import WeakSet

from uvicorn.logging import TRACE_LOG_LEVEL
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.utils import (
    get_client_addr,
    get_local_addr,
    get_path_with_query_string,
    get_remote_addr,
    is_ssl,
)

from .settings import head_timeout as head_timeout

logger = logging.getLogger("uvicorn.error")
access_logger = logging.getLogger("uvicorn.access")

local_address = get_local_addr
remote_address = get_remote_addr
is_tls = is_ssl

proxy_middleware = ProxyHeadersMiddleware
proxy_call = ProxyHeadersMiddleware.__call__

task_class = asyncio.Task
# asyncio's own class in C, if tasks are made of it.
future_class: Any = getattr(sys.modules.get("_asyncio"), "Future", None)
if future_class not in asyncio.Task.__mro__:
    future_class = None
current_tasks: dict[Any, Any] = getattr(asyncio.tasks, "_current_tasks", {})
all_tasks: Any = getattr(asyncio.tasks, "_all_tasks", None)
# The set of references inside of asyncio's weak set, where that is one of the standard library's.
all_tasks_data: set[Any] | None = getattr(all_tasks, "data", None) if type(all_tasks) is WeakSet else None

# A built-in function that can be called with a task for nothing.
nothing = callable

cancelled_error = asyncio.CancelledError

warn = logger.warning


def corkable(transport: asyncio.BaseTransport) -> int | None:
    """The descriptor of a transport's socket, if `TCP_CORK` can be set on it (Linux, tcp(7))."""
    if not hasattr(socket, "TCP_CORK"):
        return None
    connected = transport.get_extra_info("socket")
    if getattr(connected, "family", None) not in (socket.AF_INET, socket.AF_INET6):
        return None
    descriptor: int = connected.fileno()
    return descriptor if descriptor >= 0 else None


def makes_plain_tasks(event_loop: asyncio.AbstractEventLoop) -> bool:
    """Whether `create_task` of a loop's class is asyncio's own or uvloop's: one that just makes a task."""
    method = type(event_loop).create_task
    uvloop: Any = sys.modules.get("uvloop")
    if uvloop is not None and method is uvloop.Loop.create_task:
        return True
    name = getattr(method, "__module__", None), getattr(method, "__qualname__", None)
    return name == ("asyncio.base_events", "BaseEventLoop.create_task")


def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode("ascii")


# The first line of a response by status; None where HTTP has no such status.
status_lines: list[bytes | None] = [_status_line(status) if status >= 100 else None for status in range(600)]
# The same number for what is equal to one of them; KeyError where HTTP has no such status.
status_code = {status: status for status in range(100, 600)}.__getitem__

_ANYTHING = re.compile(b"")


def check_header(pair: Any) -> None:
    """Raise what uvicorn raises for a response header that is not a pair of bytes."""
    name, value = pair
    _ANYTHING.search(name)
    _ANYTHING.search(value)


def check_length(value: bytes) -> None:
    """Raise what uvicorn raises for a `content-length` that is not a number."""
    int(value.decode())


def trace(message: str, client: tuple[str, int] | None) -> None:
    """Log an event of a connection, for those who trace."""
    if logger.level <= TRACE_LOG_LEVEL:
        prefix = "{}:{} - ".format(*client) if client else ""
        logger.log(TRACE_LOG_LEVEL, "%s" + message, prefix)


def log_access(scope: Any, status: int) -> None:
    """One line of the access log."""
    access_logger.info(
        '%s - "%s %s HTTP/%s" %d',
        get_client_addr(scope),
        scope["method"],
        get_path_with_query_string(scope),
        scope["http_version"],
        status,
    )


def log_exception(error: BaseException) -> None:
    """An application raised."""
    logger.error("Exception in ASGI application\n", exc_info=error)


def log_result(result: object) -> None:
    """An application returned something."""
    logger.error("ASGI callable should return None, but returned '%s'.", result)


def log_unfinished(started: bool) -> None:
    """An application returned before its response was complete."""
    what = "completing" if started else "starting"
    logger.error(f"ASGI callable returned without {what} response.")


def warn_of_upgrade(websockets_are_supported: bool) -> None:
    """A request asks for a protocol that is not to be had; it is served as an ordinary one."""
    logger.warning("Unsupported upgrade request.")
    if not websockets_are_supported:
        logger.warning(
            "No supported WebSocket library detected. Please use \"pip install 'uvicorn[standard]'\", "
            "or install 'websockets' or 'wsproto' manually."
        )


def upgrade(
    protocol: Any,
    websocket_class: Any,
    server: tuple[Any, Any, Any],
    transport: asyncio.Transport,
    request: tuple[bytes, bytes, list[tuple[bytes, bytes]]],
    rest: bytes,
) -> None:
    """Hand a connection over to uvicorn's WebSocket protocol, with the request that asked for it.

    `rest` is what the client sent after the head.
    """
    config, server_state, app_state = server
    client = get_remote_addr(transport)
    trace("Upgrading to WebSocket", client)
    server_state.connections.discard(protocol)
    method, target, headers = request
    lines = [b"%b %b HTTP/1.1\r\n" % (method, target)]
    lines += [b"%b: %b\r\n" % header for header in headers]
    try:
        successor = websocket_class(config=config, server_state=server_state, app_state=app_state)
        try:
            successor.connection_made(transport)
            successor.data_received(b"".join([*lines, b"\r\n"]))
        finally:
            # Whatever happened: it is the one that has to hear of the connection's end.
            transport.set_protocol(successor)
        if rest and not transport.is_closing():
            successor.data_received(rest)
    except BaseException:
        transport.abort()
        raise


def report_failure(
    event_loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, error: BaseException
) -> None:
    """End a connection that can't be read on, where there is no callback of the transport's to raise from.

    Raises:
        SystemExit, KeyboardInterrupt: It is one, and meant for the event loop's caller.
    """
    transport.abort()
    if isinstance(error, SystemExit | KeyboardInterrupt):
        raise error
    event_loop.call_exception_handler(
        {
            "message": "Fatal error: what came behind a request could not be read.",
            "exception": error,
            "transport": transport,
            "protocol": transport.get_protocol(),
        }
    )
