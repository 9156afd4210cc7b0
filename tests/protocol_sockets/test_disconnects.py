"""Clients that leave, or close their own direction only: what the application is told, and what still arrives."""

from collections.abc import Callable
from typing import Any

import pytest

from .serving import Served, serve
from .site import Site
from .wire import Wire, chunked, request

Leave = Callable[[Wire], None]
WAYS: dict[str, Leave] = {
    "close": lambda wire: wire.socket.close(),
    "reset": Wire.reset,
    "end of requests": Wire.end_of_requests,
}
leaving = pytest.mark.parametrize("leave", WAYS.values(), ids=WAYS)


def _gone(served: Served) -> None:
    served.until(lambda: served.connections == 0, "the connection is gone")
    served.settle()


@leaving
def test_application_that_waits_is_told(site: Site, loop: str, leave: Leave) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/gone"))
        served.until(lambda: site.notes)
        served.turn()
        assert "disconnect" not in site.notes
        leave(wire)
        served.until(lambda: "disconnect" in site.notes)
        _gone(served)
        if site.kind == "asgi":
            assert site.notes == ["waiting", "0 False", "disconnect", "sent"]
        assert served.problems() == []


@leaving
def test_in_the_middle_of_a_body(site: Site, loop: str, leave: Leave) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/echo", "Content-Length: 10", method="POST"), b"012")
        served.turn()
        leave(wire)
        _gone(served)
        if site.kind == "asgi":
            assert site.notes == ["disconnect"]
            assert served.problems() == []
        else:
            assert served.problems() == [("ERROR", "Exception in ASGI application\n", "ClientDisconnect")]


@leaving
def test_in_the_middle_of_a_chunk(site: Site, loop: str, leave: Leave) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/gone", "Transfer-Encoding: chunked", method="POST"), b"a\r\n0123")
        served.until(lambda: site.notes)
        leave(wire)
        served.until(lambda: "disconnect" in site.notes)
        _gone(served)
        if site.kind == "asgi":
            assert site.notes == ["waiting", "4 True", "disconnect", "sent"]


@leaving
@pytest.mark.parametrize("sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: te"])
def test_before_there_is_a_request(site: Site, loop: str, leave: Leave, sent: bytes) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(sent)
        served.until(lambda: served.connections == 1)
        leave(wire)
        _gone(served)
        assert (served.messages("uvicorn.access"), served.problems()) == ([], [])


@pytest.mark.parametrize("leave", [WAYS["close"], WAYS["reset"]], ids=["close", "reset"])
def test_in_the_middle_of_a_stream(site: Site, loop: str, leave: Leave) -> None:
    """A `send` to nobody does not fail; a streaming response ends when its client does."""
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/stream?count=1000"))
        wire.head()
        wire.take(1_000_000)
        leave(wire)
        _gone(served)
        assert "stream left" in site.notes
        assert ("end of stream" in site.notes) == (site.kind == "asgi")
        assert served.problems() == []


def test_between_requests(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served:
        with served.connect() as wire:
            assert wire.ask().body == b"hello"
        _gone(served)
        assert served.problems() == []


def test_while_requests_are_queued(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/gate"), request("/gone"), request("/gone"))
        served.until(lambda: site.notes)
        wire.socket.close()
        served.turn()
        served.call(site.gate.set)
        _gone(served)
        assert site.notes[:2] == ["at the gate", "through"]
        assert served.problems() == []


def test_receive_after_the_response(loop: str) -> None:
    notes: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})
        notes.append((await receive())["type"])

    with serve(app, loop) as served, served.connect() as wire:
        assert wire.ask().status == 200
        served.settle()
        assert notes == ["http.disconnect"]
        assert wire.ask().status == 200


REQUESTS = {
    "get": request("/item/1"),
    "post": request("/echo", method="POST", body=b"1"),
    "chunks": request("/echo", "Transfer-Encoding: chunked", method="POST") + chunked(b"1"),
    "close": request("/item/1", "Connection: close"),
}


@pytest.mark.parametrize("sent", REQUESTS.values(), ids=REQUESTS)
def test_answer_to_a_half_closed_client(site: Site, loop: str, sent: bytes) -> None:
    """The client has no more to say than its request, as `nc -N`: it gets its answer, and the end."""
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(sent)
        wire.end_of_requests()
        answer = wire.answer()
        assert (answer.status, answer.body) == (200, b"1")
        assert wire.rest() == b""
        _gone(served)


def test_half_closed_client_that_pipelined(site: Site, loop: str) -> None:
    """It gets the first answer; httptools leaves it at that."""
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(*(request(f"/item/{number}") for number in range(3)))
        wire.end_of_requests()
        assert wire.answer().body == b"0"
        for number in range(1, 3):
            more = wire.rest()
            if not more:
                break
            wire.give_back(more)
            assert wire.answer().body == str(number).encode()
        assert wire.rest() == b""
        _gone(served)
