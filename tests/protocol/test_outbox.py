"""Responses of one turn of the event loop are written together, where nothing is lost by it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from ferroapi import BackgroundTasks, Depends, FastAPI
from ferroapi.responses import PlainTextResponse

from .exchange import DEFAULT_HEADERS, Transport
from .live import LOOPS, get, run
from .sides import CANDIDATE

T = TypeVar("T")

SLOW = 0.0005
"""Seconds that are longer than responses may be held up."""

LOG: list[str] = []


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Logged(Transport):
    """Says when it is written to, and may refuse."""

    broken = False

    def write(self, data: Any) -> None:
        if self.broken:
            raise OSError("broken")
        LOG.append("written")
        super().write(data)


@dataclass
class Connection:
    """A protocol and its transport, on the running loop."""

    protocol: Any
    transport: Logged

    @property
    def answers(self) -> int:
        return bytes(self.transport.written).count(b"HTTP/1.1 ")

    def receive(self, path: str = "/") -> int:
        """Take a request in, from a callback of the loop; the number of responses right after it."""
        self.protocol.data_received(get(path))
        return self.answers


@dataclass
class Served:
    """What the connections of one server share."""

    config: Config
    state: ServerState
    app_state: dict[str, Any]


def served(app: Any) -> Served:
    config = Config(app, lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = ServerState()
    state.default_headers = list(DEFAULT_HEADERS)
    return Served(config, state, {})


def connected(server: Served, kind: type[Logged] | None = None) -> Connection:
    """Make a connection."""
    running = asyncio.get_running_loop()
    protocol = CANDIDATE(
        config=server.config, server_state=server.state, app_state=server.app_state, _loop=running
    )
    transport = (kind or Logged)(running)
    transport.protocol = protocol
    protocol.connection_made(transport)
    return Connection(protocol, transport)


async def in_turn(act: Callable[[], T]) -> T:
    """What `act` returns when it is called by the loop, as a transport is; its turn is over then."""
    running = asyncio.get_running_loop()
    done = running.create_future()

    def call() -> None:
        try:
            done.set_result(act())
        except Exception as error:
            done.set_exception(error)

    running.call_soon(call)
    result: T = await done
    await asyncio.sleep(0)
    return result


def application() -> FastAPI:
    app = FastAPI(openapi_url=None)

    @app.get("/")
    async def hello() -> str:
        return "hello"

    @app.get("/text")
    async def text() -> PlainTextResponse:
        return PlainTextResponse("hello")

    @app.get("/slow")
    async def slow() -> str:
        time.sleep(SLOW)
        return "slow"

    @app.get("/last", status_code=201)
    async def last() -> PlainTextResponse:
        return PlainTextResponse("bye", headers={"connection": "close"})

    @app.get("/background")
    async def background(tasks: BackgroundTasks) -> str:
        async def note() -> None:
            LOG.append("background")

        tasks.add_task(note)
        return "first"

    async def opened() -> AsyncIterator[int]:
        yield 1
        LOG.append("dependency")

    @app.get("/dependency")
    async def dependency(value: Annotated[int, Depends(opened)]) -> int:
        return value

    @app.get("/large")
    async def large() -> str:
        return "x" * 100_000

    return app


async def several(count: int) -> list[Connection]:
    """Connections of one server, after requests that made it write together."""
    server = served(application())
    connections = [connected(server) for _ in range(count)]
    # The first request finds out about the application, which takes long: the next ones are written at once.
    while not await waits(connections):
        pass
    return connections


async def waits(connections: list[Connection]) -> bool:
    """Whether a turn is written at its end; not so after one that took long, which may be any."""
    found = await in_turn(lambda: [connection.receive() for connection in connections])
    for connection in connections:
        connection.transport.written.clear()
    return found == [0] * len(connections)


def until_quick(loop: str, main: Callable[[], Awaitable[T]]) -> T:
    """Run a test anew as long as the machine made some request of it slow."""
    for _ in range(50):
        try:
            result: T = run(loop, main)
        except Hurried:
            continue
        return result
    raise AssertionError("no turn was written at its end")


class Hurried(Exception):
    """Responses that should wait were written at once."""


def expect_waiting(found: object, wanted: object) -> None:
    """Take another answer for that of a machine that is too slow: whether responses wait depends on time."""
    if found != wanted:
        raise Hurried(found)


def test_a_turn_is_written_at_its_end(loop: str) -> None:
    async def main() -> None:
        connections = await several(4)

        def act() -> list[int]:
            return [answers for one in connections for answers in (one.receive(), one.receive("/text"))]

        expect_waiting(await in_turn(act), [0] * 8)
        assert [connection.answers for connection in connections] == [2] * 4
        assert all(bytes(connection.transport.written).endswith(b"hello") for connection in connections)

    until_quick(loop, main)


def test_who_waited_alone_is_followed_by_some_that_do_not_wait(loop: str) -> None:
    async def main() -> None:
        connection, _ = await several(2)
        waited = []
        for number in range(1, 13):
            waited.append(await in_turn(connection.receive) < number)
            assert connection.answers == number
        expect_waiting(waited, [True, False, True, False, False, True, *[False] * 4, True, False])

    until_quick(loop, main)


@pytest.mark.parametrize("path", ["/background", "/dependency"])
def test_nothing_of_the_application_runs_before_the_response_is_written(loop: str, path: str) -> None:
    async def main() -> list[str]:
        first, second = await several(2)
        LOG.clear()
        expect_waiting(await in_turn(lambda: (second.receive(), first.receive(path))), (0, 1))
        return LOG

    assert until_quick(loop, main) == ["written", path.removeprefix("/"), "written"]


def test_a_slow_request_does_not_hold_up_the_others(loop: str) -> None:
    async def main() -> None:
        first, second, third, fourth = connections = await several(4)
        found = await in_turn(lambda: (first.receive(), second.receive("/slow"), first.answers))
        expect_waiting(found, (0, 1, 1))
        # For a while nobody waits any more.
        assert await in_turn(lambda: (third.receive(), fourth.receive())) == (1, 1)
        turns = [await waits(connections) for _ in range(64)]
        assert not any(turns[:15])
        expect_waiting(any(turns), True)

    until_quick(loop, main)


@pytest.mark.parametrize("path", ["/last", "/large"])
def test_a_last_or_large_response_is_written_behind_those_that_wait(loop: str, path: str) -> None:
    async def main() -> None:
        first, second = await several(2)
        found = await in_turn(lambda: (second.receive(), first.receive(), first.receive(path)))
        expect_waiting(found, (0, 0, 2))
        assert bytes(first.transport.written).startswith(b"HTTP/1.1 200 ")
        assert first.transport.closing == (path == "/last")
        assert (first.answers, second.answers) == (2, 1)

    until_quick(loop, main)


@pytest.mark.parametrize("end", ["eof_received", "shutdown"])
def test_an_end_comes_behind_what_waits(loop: str, end: str) -> None:
    async def main() -> None:
        first, second = await several(2)

        def act() -> tuple[int, bool]:
            expect_waiting((second.receive(), first.receive()), (0, 0))
            getattr(first.protocol, end)()
            return first.answers, first.transport.closing

        assert await in_turn(act) == (1, end == "shutdown")
        assert second.answers == 1

    until_quick(loop, main)


def test_a_connection_that_is_lost_meanwhile(loop: str) -> None:
    async def main() -> None:
        first, second = await several(2)

        def act() -> None:
            expect_waiting((second.receive(), first.receive()), (0, 0))
            first.transport.lose(ConnectionResetError())

        await in_turn(act)
        assert second.answers == 1

    until_quick(loop, main)


def test_a_write_that_fails_is_not_the_others(loop: str) -> None:
    async def main() -> list[str]:
        errors: list[str] = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: errors.append(repr(context["exception"]))
        )
        first, second = await several(2)
        first.transport.broken = True
        expect_waiting(await in_turn(lambda: (first.receive(), second.receive())), (0, 0))
        assert (first.answers, second.answers) == (0, 1)
        return errors

    assert until_quick(loop, main) == ["OSError('broken')"]


# --- The head of an ASGI response ---

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]}
BODY = {"type": "http.response.body", "body": b"hello"}


async def written(app: Any) -> list[bytes]:
    """What an ASGI application makes its transport write in its first turn, write by write."""
    pieces: list[bytes] = []

    class Noting(Logged):
        def write(self, data: Any) -> None:
            pieces.append(bytes(data))

    await in_turn(connected(served(app), Noting).receive)
    return pieces


def test_a_head_goes_out_with_the_first_piece(loop: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send({**BODY, "body": b"he", "more_body": True})
        await send({**BODY, "body": b"llo"})

    first, second = run(loop, lambda: written(app))
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"\r\n\r\nhe")
    assert second == b"llo"


def test_a_head_without_a_piece_goes_out_at_the_end_of_the_turn(loop: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await asyncio.Event().wait()

    async def main() -> list[bytes]:
        pieces = await written(app)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        return pieces

    [head] = run(loop, main)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")


def test_a_head_goes_out_before_the_connection_ends(loop: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        raise ValueError("no body")

    [head] = run(loop, lambda: written(app))
    assert head.endswith(b"\r\n\r\n")
