"""An HTTP/1.1 protocol for uvicorn, from the bytes of a socket to the application and back in Rust.

    uvicorn main:app --loop uvloop --http ferroapi.protocol:HTTPProtocol

or `uvicorn.run(app, http=HTTPProtocol)`. Everything else stays uvicorn's: its command line, reload, workers,
TLS, logging, signals, lifespan and WebSockets. A ferroapi application is entered without ASGI in between; any
other ASGI application is served as by uvicorn's own protocols. `ferroapi run` and `ferroapi dev` use it by
themselves. What it accepts and refuses is in `docs/http.md`.
"""

from __future__ import annotations

import asyncio
from typing import Any, final

from ._core import HttpProtocol, configure_server
from ._server import leaves

__all__ = ["HTTPProtocol"]

configure_server(leaves)
# What is wrong with a setting shall be known before there is a connection.
leaves.head_timeout()


@final
class HTTPProtocol(HttpProtocol, asyncio.Protocol):
    """One connection of a uvicorn server (HTTP/1.1, RFC 9112; ASGI HTTP 2.3).

    uvicorn makes it with `config`, `server_state` (`uvicorn.server.ServerState`), `app_state` (the lifespan's
    state) and the running event loop.
    """

    __slots__ = ()

    def __init_subclass__(cls, **keywords: Any) -> None:
        raise TypeError(f"{HTTPProtocol.__qualname__} can't be subclassed; wrap the application instead")
