"""The time that a client has for the head of a request, and the end of a connection that has nothing to do."""

import asyncio
from typing import Any

import pytest

from ferroapi._server.settings import DEFAULT_HEAD_TIMEOUT, HEAD_TIMEOUT, head_timeout

from .exchange import Act, Transport, exchange
from .live import LOOPS, Client, Live, get, run, served
from .scripts import Drain, Echo
from .sides import CANDIDATE

SHORT = "0.05"
OVERDUE = b"Request head took too long."
NEVER = 3600.0


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the request's body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message["more_body"]
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


async def deaf(scope: Any, receive: Any, send: Any) -> None:
    """Answer without a look at the request's body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads have little time."""
    monkeypatch.setenv(HEAD_TIMEOUT, SHORT)


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Heads have any time."""
    monkeypatch.setenv(HEAD_TIMEOUT, "0")


async def refused(live: Live, client: Client) -> None:
    """Wait for the answer to a head that does not end."""
    data = await client.rest()
    head, _, text = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\ndate: ")
    assert b"\r\nconnection: close" in head
    assert text == OVERDUE
    assert [entry[2] for entry in live.failures] == [OVERDUE.decode()]
    live.logs.clear()


HEADS = {
    "a letter": b"G",
    "a request line": b"GET / HTTP/1.1\r\n",
    "all but the end": get()[:-1],
    "empty lines and a letter": b"\r\n\r\nG",
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("head", HEADS)
@pytest.mark.usefixtures("short")
def test_a_head_that_does_not_end(head: str, loop: str) -> None:
    """First on the connection, behind another request, and right behind it."""

    async def main() -> None:
        async with served(CANDIDATE, app, timeout_keep_alive=NEVER) as live:
            async with live.connection() as client:
                client.send(HEADS[head])
                await refused(live, client)
            async with live.connection() as client:
                assert (await client.ask()).status == 200
                client.send(HEADS[head])
                await refused(live, client)
            async with live.connection() as client:
                client.send(get() + HEADS[head])
                assert (await client.answer()).status == 200
                await refused(live, client)
        assert live.errors == []

    run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.usefixtures("short")
def test_a_trickled_head(loop: str) -> None:
    """That bytes go on coming makes no difference."""

    async def main() -> None:
        async with served(CANDIDATE, app) as live, live.connection() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\na: ")
            await live.until(lambda: live.state.connections)
            [protocol] = live.state.connections
            while not protocol.transport.is_closing():
                protocol.data_received(b"x")
                await asyncio.sleep(0.001)
            await refused(live, client)

    run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("sent", [b"", b"\r", b"\r\n", b"\r\n\r\n\r"])
@pytest.mark.usefixtures("short")
def test_a_connection_on_which_nothing_begins(sent: bytes, loop: str) -> None:
    """It is closed without a word."""

    async def main() -> None:
        async with served(CANDIDATE, app) as live, live.connection() as client:
            client.send(sent)
            assert await client.rest() == b""
            assert live.logs == []
        assert live.errors == []

    run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.usefixtures("short")
def test_bodies_and_answers_have_any_time(loop: str) -> None:
    gate = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await gate.wait()
        await app(scope, receive, send)

    async def main() -> None:
        async with (
            served(CANDIDATE, slow, timeout_keep_alive=NEVER) as live,
            live.connection() as body,
            live.connection() as answer,
            live.connection() as behind,
        ):
            body.send(get(method="POST", headers="Content-Length: 2\r\n") + b"a")
            answer.send(get())
            # The server does not look at this one yet.
            behind.send(get() + b"G")
            for _ in range(3):
                async with live.connection() as client:
                    client.send(b"G")
                    await refused(live, client)
            gate.set()
            body.send(b"b")
            assert (await body.answer()).body == b"ab"
            assert (await answer.answer()).status == 200
            assert (await behind.answer()).status == 200
            behind.send(get()[1:])
            assert (await behind.answer()).status == 200

    run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.usefixtures("endless")
@pytest.mark.parametrize("sent", [b"", b"\r", b"\r\n", b"\r\n\r\n\r"])
def test_empty_lines_keep_no_connection(sent: bytes, loop: str) -> None:
    """The keep-alive timer goes on."""

    async def main() -> None:
        async with served(CANDIDATE, app, timeout_keep_alive=0.05) as live, live.connection() as client:
            assert (await client.ask()).status == 200
            client.send(sent)
            assert await client.rest() == b""

    run(loop, main)


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("sent", [b"", b"a", b"ab", b"ab\r\n"])
@pytest.mark.usefixtures("endless")
def test_a_body_that_nobody_waits_for_keeps_no_connection(sent: bytes, loop: str) -> None:
    """Whether it ends or not: the answer was given, and a silent client is gone after the keep-alive time."""

    async def main() -> None:
        async with served(CANDIDATE, deaf, timeout_keep_alive=0.05) as live, live.connection() as client:
            client.send(get(method="POST", headers="Content-Length: 2\r\n"))
            assert (await client.answer()).status == 200
            client.send(sent)
            assert await client.rest() == b""

    run(loop, main)


def test_a_client_that_reads_nothing_gets_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be sent would keep a connection that is to be closed."""
    monkeypatch.setenv(HEAD_TIMEOUT, "1e-6")
    aborted = []

    class Noting(Transport):
        def abort(self) -> None:
            aborted.append(self)
            super().abort()

    monkeypatch.setattr("tests.protocol.exchange.Transport", Noting)
    actions = [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Act.SETTLE, Act.HOLD, b"G", *[Act.SETTLE] * 20]
    record = exchange(CANDIDATE, actions, [[Drain(), Echo()]], timeout_keep_alive=3600)
    assert aborted
    assert b"408" not in record.written


def test_heads_that_arrive_whole_need_no_timer() -> None:
    """One timer for the head of all connections, and one for an idle connection, however many requests there are."""
    timers: list[Any] = []

    class Loop(asyncio.SelectorEventLoop):
        def call_later(self, delay: float, callback: Any, *arguments: Any, **options: Any) -> Any:
            timers.append(callback)
            return super().call_later(delay, callback, *arguments, **options)

    actions = [*[get(), Act.SETTLE] * 20, get() * 40]
    exchange(CANDIDATE, actions, [[Drain(), Echo()]], loop_factory=Loop)
    assert len(timers) == 2


def test_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(HEAD_TIMEOUT, raising=False)
    assert head_timeout() == DEFAULT_HEAD_TIMEOUT == 20.0
    for text, seconds in (
        ("", 20.0),
        (" ", 20.0),
        ("0", None),
        ("0.0", None),
        ("7", 7.0),
        (" 2.5 ", 2.5),
        ("1e9", 1e9),
    ):
        monkeypatch.setenv(HEAD_TIMEOUT, text)
        assert head_timeout() == seconds
    for text in ("-1", "x", "nan", "inf", "-inf", "5 s"):
        monkeypatch.setenv(HEAD_TIMEOUT, text)
        with pytest.raises(ValueError, match="FERROAPI_TIMEOUT_HEAD is in seconds"):
            head_timeout()


@pytest.mark.parametrize("loop", LOOPS)
def test_a_request_right_behind_a_late_body_is_served(loop: str) -> None:
    """The keep-alive timer does not run meanwhile."""
    gate, waiting = asyncio.Event(), asyncio.Event()

    async def early(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/wait":
            waiting.set()
            await gate.wait()
        await deaf(scope, receive, send)

    async def main() -> None:
        async with served(CANDIDATE, early) as live, live.connection() as client:
            client.send(get(method="POST", headers="Content-Length: 2\r\n") + b"a")
            assert (await client.answer()).status == 200
            [protocol] = live.state.connections
            assert protocol.timeout_keep_alive_task is not None
            client.send(b"b" + get("/wait"))
            await waiting.wait()
            assert protocol.timeout_keep_alive_task is None
            gate.set()
            assert (await client.answer()).status == 200
            assert protocol.timeout_keep_alive_task is not None

    run(loop, main)
