"""The request path of ferroapi, compiled: what the Rust extension offers to the package.

Nothing here is public API. Every object is derived from the declarations, and can be dropped and made anew.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from collections.abc import Coroutine as AbstractCoroutine
from inspect import Signature
from types import TracebackType
from typing import Any, Final, Self, final

from starlette.types import Message, Receive, Scope, Send
from typing_extensions import disjoint_base

__all__ = [
    "PROFILE_GUIDED",
    "Coroutine",
    "Dispatcher",
    "Entry",
    "Exchange",
    "FilteredSend",
    "Handler",
    "HttpProtocol",
    "InnerLine",
    "ModelReader",
    "ModelWriter",
    "Package",
    "Pipeline",
    "RouteApp",
    "Sender",
    "ServerFacts",
    "SolvePlan",
    "bump_epoch",
    "configure_server",
    "current_epoch",
    "open",
    "solve_dependencies",
]

PROFILE_GUIDED: Final[bool]
"""Whether the compiler was shown a profile of what this code does."""

def bump_epoch() -> None:
    """Tell every compiled plan and route table to look again before its next use."""

def current_epoch() -> int:
    """The number that moves whenever something a compiled plan relies on has changed."""

def configure_server(module: Any) -> None:
    """Hand over the Python leaves of the server. Called by the module of the protocol class."""

def open(app: Any, scope: Scope, receive: Receive, send: Send) -> Coroutine | None:  # noqa: A001
    """The coroutine that serves this connection, or None if the middleware stack has to be called."""

def solve_dependencies(
    plan: SolvePlan,
    request: Any,
    body: Any,
    is_form: bool,
    background: Any | None,
    response: Any,
    cache: list[tuple[Any] | None],
) -> Coroutine:
    """Run the steps of `plan` for `request`; gives `(values, errors, background, response, cache)`.

    In `cache`, given and returned, a result stands in a tuple of its own, and `None` where there is none.
    """

@final
class Coroutine(AbstractCoroutine[Any, Any, Any]):
    """A compiled request in progress; awaitable once, like any coroutine."""

    def __await__(self) -> Generator[Any, Any, Any]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __next__(self) -> Any: ...
    def send(self, value: Any) -> Any:
        """Resume with `value`, as a coroutine's `send` does."""
    def throw(self, typ: Any, val: Any | None = None, tb: TracebackType | None = None, /) -> Any:
        """Raise an exception at the present await."""
    def close(self) -> None:
        """End early: the awaited object is closed, clean-up runs, nothing is awaited any more."""
    __name__: str
    __qualname__: str
    @property
    def cr_running(self) -> bool: ...
    @property
    def cr_suspended(self) -> bool: ...
    @property
    def cr_await(self) -> Any | None:
        """What is awaited, or none. There is no `cr_frame`, nor `cr_code`: this is no code of Python's."""

@final
class Package:
    """One copy of the Python package: what it compiles is made with this, and asks the leaves of this copy.

    `name` is the one that the copy was imported under.
    """

    def __new__(cls, name: str) -> Package: ...
    def configure(self, module: Any) -> None:
        """Take over the Python leaves. Called by their module when it is loaded."""
    def compile_call(self, class_: type) -> None:
        """Let the application class be called without a frame of Python's. Called where it is defined."""
    @staticmethod
    def find(name: str) -> Package:
        """The copy of this name, imported with its leaves."""
    def __copy__(self) -> Package: ...
    def __deepcopy__(self, _memo: Any) -> Package: ...
    def __reduce__(self) -> Any: ...

@final
class Handler:
    """The plan of one path operation, compiled on first use and rebuilt when what it was made of changes."""

    def __new__(cls, package: Package, options: Any) -> Handler: ...
    @property
    def options(self) -> Any:
        """The description this handler is compiled from."""
    @property
    def door(self) -> Callable[..., Any] | None:
        """The coroutine function behind which this handler stands in Python."""
    @door.setter
    def door(self, door: Callable[..., Any]) -> None: ...
    def respond_to(self, request: Any) -> Coroutine:
        """Answer a request object with a response object."""
    def __reduce__(self) -> Any: ...

@final
class RouteApp:
    """What `request_response` returns: an ASGI application that Rust can also enter directly."""

    def __new__(cls, package: Package, handler: Any, is_async: bool = True) -> RouteApp: ...
    @property
    def handler(self) -> Any:
        """The compiled handler, or the user's callable."""
    @property
    def __name__(self) -> str:
        """As the reference's function, for whoever looks at the application of a route."""
    @property
    def __qualname__(self) -> str: ...
    @property
    def __signature__(self) -> Signature: ...
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Coroutine: ...
    def __copy__(self) -> RouteApp: ...
    def __deepcopy__(self, _memo: Any) -> RouteApp: ...
    def __reduce__(self) -> Any: ...

@final
class SolvePlan:
    """A dependency graph that `solve_dependencies` can run on its own."""

    def __new__(cls, package: Package, graph: Any, overrides_provider: Any | None) -> SolvePlan: ...

@final
class ModelReader:
    """Reads the values of one model, `layout` as `_compiled/model_reader.py` describes it."""

    def __new__(cls, layout: Any, validate_json: Callable[..., Any], utc: Any) -> ModelReader: ...
    def __call__(self, data: bytes) -> Any:
        """As `validate_json`."""
    def read(self, data: bytes) -> Any | None:
        """The value that a text stands for; None where pydantic has to read it."""

@final
class ModelWriter:
    """Writes the values of one response model, `shape` as `_compiled/model_writer.py` describes it."""

    def __new__(
        cls, shape: Any, *, exclude_none: bool = False, exclude_unset: bool = False
    ) -> ModelWriter: ...
    def write(self, value: Any) -> bytes | None:
        """The JSON text of `value`; None where pydantic has to write it."""

@final
class Sender:
    """Passes messages on and notes when the response has started."""

    def __call__(self, message: Message) -> Awaitable[None]: ...
    @property
    def started(self) -> bool:
        """Whether `http.response.start` was sent."""

@final
class InnerLine:
    """The line that begins at a layer which Python calls, since middleware of the user's is around it."""

    def __new__(cls, package: Package, layer: Any, description: Any) -> InnerLine: ...
    @property
    def native(self) -> bool:
        """Whether the layer itself is native."""

    def is_for(self, layer: Any) -> bool:
        """Whether this was made for `layer`, and nothing changed since."""

    def settle(self) -> None:
        """Take the layer for unchanged, after this was kept among its attributes."""

    def serve_http(self, scope: Scope, receive: Receive, send: Send) -> Coroutine:
        """Serve one HTTP request as an ASGI application."""

    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class FilteredSend:
    """The `send` inside of a CORS layer."""

    def __call__(self, message: Message) -> Awaitable[None]: ...

@final
class Dispatcher:
    """Finds and runs the route of a request. Derived data: it can be dropped and made anew at any time."""

    def __new__(cls, package: Package, router: Any) -> Dispatcher: ...
    @property
    def router(self) -> Any:
        """The router whose routes are compiled."""
    def dispatch(self, scope: Scope, receive: Receive, send: Send) -> Coroutine:
        """Serve one connection, as the router's ASGI application."""
    def __reduce__(self) -> Any: ...

@final
class Pipeline:
    """What `ExceptionMiddleware`, `AsyncExitStackMiddleware` and the router do, compiled."""

    def __new__(cls, package: Package, middleware: Any, dispatcher: Dispatcher | None) -> Pipeline: ...
    @property
    def native(self) -> bool:
        """Whether Rust may serve; else the layers are called one by one."""
    def is_for(self, middleware: Any) -> bool:
        """Whether this was made for `middleware`, and nothing changed since."""
    def serve_http(self, scope: Scope, receive: Receive, send: Send) -> Coroutine:
        """Serve one HTTP request as an ASGI application."""
    def __reduce__(self) -> Any: ...

@final
class Entry:
    """Enters an application's stack directly in Rust where nothing of it was replaced."""

    def __new__(cls, package: Package, app: Any) -> Entry: ...
    def __reduce__(self) -> Any: ...

@final
class ServerFacts:
    """What all connections of one `uvicorn.Server` have in common."""

@final
class Exchange:
    """One request of a connection and its response: `receive` and `send` of the application's call."""

    def receive(self) -> Coroutine:
        """ASGI's `receive`."""
    def send(self, message: Message) -> Coroutine:
        """ASGI's `send`."""
    def expire(self) -> None:
        """Give the request up, since its time is over. Called by its timer."""

@disjoint_base
class HttpProtocol:
    """HTTP/1.1 for uvicorn: what the transport of a connection calls, an `asyncio.Protocol`."""

    # uvicorn's own protocols have these names as well, and its tests ask for them.
    ws_protocol_class: type[asyncio.Protocol] | None
    def __new__(
        cls,
        config: Any,
        server_state: Any,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> Self: ...
    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop of the server."""
    @property
    def transport(self) -> asyncio.Transport | None:
        """The transport; None before there is a connection."""
    @property
    def scope(self) -> Scope | None:
        """The scope of the last request, if something looked at it."""
    @property
    def timeout_keep_alive_task(self) -> asyncio.TimerHandle | None:
        """The timer of an idle connection."""
    def connection_made(self, transport: asyncio.BaseTransport) -> None: ...
    def data_received(self, data: bytes) -> None: ...
    def eof_received(self) -> None: ...
    def connection_lost(self, exc: Exception | None) -> None: ...
    def pause_writing(self) -> None: ...
    def resume_writing(self) -> None: ...
    def shutdown(self) -> None:
        """Close the connection, after the response that is under way. Called by the server."""
    def timeout_keep_alive_handler(self) -> None:
        """Close the connection if it was idle for long enough. Called by its timer."""
