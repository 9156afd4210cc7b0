"""A byte stream that makes no sense behind a request that is still being answered."""

import asyncio
from typing import Any

import pytest

from .live import LOOPS, get, run, served
from .sides import CANDIDATE


@pytest.mark.parametrize("loop", LOOPS)
def test_a_body_that_breaks_off_while_its_request_waits(loop: str) -> None:
    gate = asyncio.Event()
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await gate.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def main() -> None:
        async with served(CANDIDATE, app) as live, live.connection() as client:
            head = b"POST /broken HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
            client.send(get("/first") + head + b"3\r\nabc\r\n")
            await live.until(lambda: seen)
            # As from a transport that had read this already when it was asked to pause.
            [protocol] = live.state.connections
            protocol.data_received(b"zz\r\n")
            gate.set()
            assert (await client.answer()).body == b"ok"
            assert (await client.rest()).startswith(b"HTTP/1.1 400 ")
        assert seen == ["/first"]

    run(loop, main)
