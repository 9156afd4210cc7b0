"""What happens around requests: timers, shutdown, flow control, limits, logs, state, the end of a connection."""

import gc
import itertools
import logging
import weakref
from typing import Any

import pytest
import uvloop
from uvicorn.logging import TRACE_LOG_LEVEL

from .compare import same_as_httptools
from .exchange import Act, Action, exchange
from .scripts import Drain, Echo, Raise, Receive, Script, Send, Turn, Wait, body, start
from .sides import CANDIDATE, H11, HTTPTOOLS
from .test_applications import CLOSING, GET, OLD, POST, SCRIPTS, STREAMS

ECHO: Script = [Drain(), Echo()]
LOOPS = pytest.mark.parametrize("loop_factory", [None, uvloop.new_event_loop], ids=["asyncio", "uvloop"])

PLAYS: dict[str, tuple[list[Action], list[Script]]] = {
    "nothing": ([], [ECHO]),
    "lost at once": ([Act.LOST], [ECHO]),
    "ended at once": ([Act.EOF], [ECHO]),
    "shut down at once": ([Act.SHUTDOWN], [ECHO]),
    "shut down after a response": ([GET, Act.SETTLE, Act.SHUTDOWN], [ECHO]),
    "shut down within a head": ([GET[:-2], Act.SHUTDOWN, GET[-2:]], [ECHO]),
    "shut down before the response": ([GET, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE], [[Wait(), *ECHO]]),
    "shut down within the response": (
        [GET, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE],
        [[start(), body(b"a", more=True), Wait(), body(b"b")]],
    ),
    "shut down with another behind": (
        [GET + POST, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE], [[Wait(), *ECHO], ECHO],
    ),
    "shut down with others behind": (
        [GET + POST + GET + POST, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE], [[Wait(), *ECHO], ECHO],
    ),
    "shut down with others behind in another read": (
        [GET, Act.SETTLE, POST + GET, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE], [[Wait(), *ECHO], ECHO],
    ),
    "shut down with a part of another behind": (
        [GET + GET[:-2], Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE], [[Wait(), *ECHO], ECHO],
    ),
    "shut down with a part of a body behind": (
        [GET + POST[:-2], Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE, Act.SETTLE, POST[-2:]],
        [[Wait(), *ECHO], ECHO],
    ),
    "shut down within one of several": (
        [GET + GET + GET, Act.SETTLE, Act.GATE, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE],
        [ECHO, [start(), body(b"a", more=True), Wait(), body(b"b")], ECHO],
    ),
    "shut down, the first closes": (
        [GET + POST, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE],
        [[Wait(), start(headers=[(b"connection", b"close")]), body()], ECHO],
    ),
    "shut down before the last": (
        [GET + CLOSING + GET, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.GATE], [[Wait(), *ECHO], ECHO],
    ),
    "shut down twice": (
        [GET + POST, Act.SETTLE, Act.SHUTDOWN, Act.SHUTDOWN, Act.SETTLE, Act.GATE], [[Wait(), *ECHO], ECHO],
    ),
    "lost within a head": ([GET[:-2], Act.LOST], [ECHO]),
    "lost before the response": ([GET, Act.SETTLE, Act.LOST, Act.SETTLE, Act.GATE], [[Wait(), *ECHO]]),
    "lost within the response": (
        [GET, Act.SETTLE, Act.LOST, Act.SETTLE, Act.GATE],
        [[start(), body(b"a", more=True), Wait(), body(b"b", more=True), body(b"c"), Receive()]],
    ),
    "lost, then raises": ([GET, Act.SETTLE, Act.LOST, Act.SETTLE, Act.GATE], [[Wait(), Raise()]]),
    "lost within the body": ([POST[:-2], Act.SETTLE, Act.LOST], [[Drain(), start(), body()]]),
    "lost before the task runs": ([GET, Act.LOST], [ECHO]),
    "ended before the response": ([GET, Act.EOF, Act.SETTLE, Act.GATE], [[Wait(), *ECHO]]),
    "waits for the end": ([GET, Act.SETTLE, Act.LOST], [[Drain(), Receive(), Turn()]]),
    "two wait for the same message": ([POST[:-2], Act.SETTLE, POST[-2:]], [[Receive(), Receive(), Echo()]]),
    "held before the response": ([GET, Act.HOLD, Act.SETTLE], [ECHO]),
    "held within the response": (
        [GET, Act.SETTLE, Act.HOLD, Act.GATE, Act.SETTLE, Act.FREE],
        [[start(), body(b"a", more=True), Wait(), body(b"b", more=True), body(b"c")]],
    ),
    "held twice": ([GET, Act.HOLD, Act.HOLD, Act.SETTLE, Act.FREE, Act.FREE], [ECHO]),
    "free when not held": ([Act.FREE, GET, Act.SETTLE, Act.FREE, GET], [ECHO]),
    "held and lost": ([GET, Act.HOLD, Act.SETTLE, Act.LOST], [ECHO]),
    "held and shut down": ([GET, Act.HOLD, Act.SETTLE, Act.SHUTDOWN, Act.SETTLE, Act.FREE], [ECHO]),
    "large body nobody reads": (
        [POST.replace(b"5", b"200000", 1)[:-5], *[b"x" * 20_000] * 10, Act.SETTLE, Act.GATE, Act.SETTLE, GET],
        [[Wait(), start(), body(b"early")]],
    ),
    "large body read late": (
        [POST.replace(b"5", b"200000", 1)[:-5], *[b"x" * 20_000] * 10, Act.SETTLE, Act.GATE, Act.SETTLE, GET],
        [[Wait(), *ECHO]],
    ),
    "large body read at once": ([POST.replace(b"5", b"200000", 1)[:-5], *[b"x" * 20_000] * 10, GET], [ECHO]),
    "pipelined": ([GET + POST + GET], [ECHO]),
    "pipelined, late": ([GET, Act.SETTLE, POST, Act.SETTLE, GET, Act.SETTLE, Act.GATE], [[Wait(), *ECHO], ECHO]),
    "pipelined, the first fails": ([GET + POST + GET], [[Raise()], ECHO]),
    "pipelined, the first closes": ([CLOSING + POST], [ECHO]),
    "pipelined, the response closes": (
        [GET + POST + GET], [[start(headers=[(b"connection", b"close"), (b"content-length", b"0")]), body()], ECHO],
    ),
    "pipelined, a later response closes": (
        [GET + POST + GET + GET], [ECHO, [start(headers=[(b"Connection", b"Close")]), body(b"a")], ECHO],
    ),
    "pipelined, the response closes late": (
        [GET + POST, Act.SETTLE, GET, Act.SETTLE, Act.GATE],
        [[Wait(), start(headers=[(b"connection", b"close")]), body()], ECHO],
    ),
    "pipelined, the response is cut off": ([GET + POST + GET], [[start(), body(b"a", more=True), Raise()], ECHO]),
    "pipelined, the first is not answered": ([GET + POST + GET], [[Drain()], ECHO]),
    "pipelined, behind a body": ([POST + POST + GET], [ECHO]),
    "pipelined, the body is not read": ([POST + POST + GET], [[start(), body(b"a")], ECHO]),
    "pipelined, in pieces, late": (
        [GET + POST[:-30], Act.SETTLE, POST[-30:-3], Act.SETTLE, POST[-3:] + GET, Act.SETTLE, Act.GATE],
        [[Wait(), *ECHO], ECHO],
    ),
    "pipelined, the second fails": ([GET + POST + GET], [ECHO, [Raise()]]),
    "many": ([GET * 50], [ECHO]),
    "many after each other": ([GET, Act.SETTLE] * 20, [ECHO]),
    "default headers change": ([GET, Act.SETTLE, Act.TICK, GET, Act.SETTLE, GET], [ECHO]),
}  # fmt: skip


@LOOPS
@pytest.mark.parametrize("play", PLAYS)
def test_play(play: str, loop_factory: Any) -> None:
    actions, scripts = PLAYS[play]
    same_as_httptools(actions, scripts, loop_factory=loop_factory)


@pytest.mark.parametrize("play", sorted(PLAYS.keys() - {"large body nobody reads"}))
def test_keep_alive_timer(play: str) -> None:
    """A timer of no time closes as soon as it is armed, and at no other moment."""
    actions, scripts = PLAYS[play]
    same_as_httptools(actions, scripts, timeout_keep_alive=0)


@pytest.mark.parametrize(
    "play", ["lost at once", "shut down after a response", "many after each other", "pipelined"]
)
@pytest.mark.parametrize("extra", [{}, {"peername": None}, {"peername": "", "sockname": "/a.sock"}], ids=str)
def test_trace(play: str, extra: dict[str, Any]) -> None:
    actions, scripts = PLAYS[play]
    same_as_httptools(actions, scripts, log_level=TRACE_LOG_LEVEL, extra=extra)


@pytest.mark.parametrize(
    "extra",
    [
        {"sslcontext": True},
        {"peername": ("::1", 5, 0, 0), "sockname": ("::1", 6, 0, 0)},
        {"peername": ["a", 5]},
        {"sockname": "/a.sock", "peername": ""},
        {"sockname": None, "peername": None},
    ],
    ids=str,
)
def test_addresses(extra: dict[str, Any]) -> None:
    for script in (ECHO, SCRIPTS["raises"]):
        same_as_httptools([GET, Act.SETTLE, POST], [script], extra=extra)


OPTIONS = pytest.mark.parametrize(
    "options",
    [
        {"root_path": "/root"},
        {"root_path": "/root/"},
        {"access_log": False},
        {"proxy_headers": True},
        {"interface": "asgi3"},
        {"limit_concurrency": 1},
        {"limit_concurrency": 2},
        {"limit_concurrency": 10},
        {"reset_contextvars": True},
        {"log_level": TRACE_LOG_LEVEL},
    ],
    ids=str,
)


@pytest.mark.parametrize("stream", [GET, CLOSING, OLD, POST])
@OPTIONS
def test_options(stream: bytes, options: dict[str, Any]) -> None:
    for busy in (0, 1, 5):
        same_as_httptools([stream, Act.SETTLE, GET], [ECHO], busy=busy, **options)


@OPTIONS
def test_options_and_pipelined_requests(options: dict[str, Any]) -> None:
    """Nothing is said of a request whose turn does not come, as behind a 503."""
    for busy in (0, 1, 5):
        found, expected = (
            exchange(side, [GET + GET, Act.SETTLE, GET], [ECHO], busy=busy, **options)
            for side in (CANDIDATE, HTTPTOOLS)
        )
        warnings = [entry for entry in found.logs if entry[2] == "Exceeded concurrency limit."]
        assert len(warnings) == found.written.count(b"HTTP/1.1 503")
        for record in (found, expected):
            record.logs = [entry for entry in record.logs if entry not in warnings]
        assert found == expected


@pytest.mark.parametrize(
    "level", [TRACE_LOG_LEVEL, logging.DEBUG, logging.INFO, logging.WARNING, logging.CRITICAL]
)
def test_log_level(level: int) -> None:
    for name in ("get", "head", "unfinished, lost"):
        for script in ("echo", "raises", "returns early", "unfinished", "too long"):
            same_as_httptools(STREAMS[name], [SCRIPTS[script]], log_level=level)


@pytest.mark.parametrize(
    "path", [b"/%22", b"/%0a%0d", b"/%C3%A9", b"/a%20b", b"/~a", b"/?a%20%22b", b"/%25", b"/%e4"]
)
def test_access_log_quotes_the_path(path: bytes) -> None:
    for root in ("", "/root path"):
        same_as_httptools([b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n"], [ECHO], root_path=root)


def test_state_is_a_copy_for_each_request() -> None:
    state = {"a": 1, "b": [1]}
    record = exchange(CANDIDATE, [GET + GET], [ECHO], state=state)
    first, second = (call.scope["state"][1] for call in record.calls)
    assert first == second == state
    assert first is not second
    assert first is not state
    assert first["b"] is state["b"]


def test_default_headers_may_change_while_the_application_works() -> None:
    """The date is that of the answer's beginning; httptools' class has that of the request's."""
    actions = [GET, Act.SETTLE, Act.TICK, Act.GATE, Act.SETTLE, GET]
    record = exchange(CANDIDATE, actions, [[Wait(), *ECHO], ECHO])
    assert record.written.count(b"\r\ndate: anew\r\n") == 2


def test_counts_of_the_server() -> None:
    """Each response counts; a connection without one does not."""
    for actions, requests in (([GET * 3], 3), ([GET[:-1]], 0), ([b"\0\r\n\r\n"], 0)):
        assert exchange(CANDIDATE, actions, [ECHO]).requests == requests


UPGRADE = b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: %s\r\nUpgrade: %s\r\n\r\n"


@pytest.mark.parametrize(
    ("connection", "upgrade", "ws"),
    [
        *itertools.product(
            [b"upgrade", b"Upgrade, HTTP2-Settings"], [b"h2c", b"websocket2"], ["none", "auto", "wsproto"]
        ),
        *itertools.product([b"keep-alive", b"close"], [b"websocket"], ["none", "auto", "wsproto"]),
        (b"keep-alive, Upgrade", b"websocket", "none"),
    ],
)
def test_upgrade_that_is_none(connection: bytes, upgrade: bytes, ws: str) -> None:
    same_as_httptools([UPGRADE % (connection, upgrade)], [ECHO], ws=ws)


HANDSHAKE = (
    b"GET /a%20b?c HTTP/1.1\r\nHost: a\r\nX-Name: Value\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize("ws", ["websockets-sansio", "wsproto"])
@pytest.mark.parametrize("before", [b"", GET], ids=["first", "second"])
def test_upgrade(ws: str, before: bytes) -> None:
    """The handshake is handed over; the WebSocket class answers it, and gets what follows."""
    accept: Script = [Receive(), *_websocket()]
    frame = b"\x81\x82\0\0\0\0hi"
    scripts = [ECHO, accept] if before else [accept]
    actions: list[Action] = [
        *([before, Act.SETTLE] if before else []),
        HANDSHAKE,
        Act.SETTLE,
        frame,
        Act.SETTLE,
    ]
    record = same_as_httptools(actions, scripts, ws=ws)
    assert record.calls[-1].scope["type"] == (str, "websocket")
    assert ("received", {"type": "websocket.receive", "text": "hi"}) in record.calls[-1].events


def _websocket() -> Script:
    return [
        Send({"type": "websocket.accept"}),
        Receive(),
        Send({"type": "websocket.send", "text": "ho"}),
        Receive(),
    ]


def test_frames_right_after_the_handshake_are_handed_over() -> None:
    """A client may send frames without waiting for the answer; uvicorn's own classes lose them."""
    accept: Script = [Receive(), *_websocket()]
    record = exchange(CANDIDATE, [HANDSHAKE + b"\x81\x82\0\0\0\0hi"], [accept], ws="websockets-sansio")
    assert ("received", {"type": "websocket.receive", "text": "hi"}) in record.calls[0].events


def test_handshake_behind_a_request_waits_for_its_answer() -> None:
    """As with h11; the answer of the first request is not mixed with the WebSocket's."""
    actions: list[Action] = [GET + HANDSHAKE, Act.SETTLE, Act.GATE]
    scripts = [[Wait(), *ECHO], [Receive(), *_websocket()]]
    found, expected = (exchange(side, actions, scripts, ws="wsproto") for side in (CANDIDATE, H11))
    assert [call.scope["type"] for call in found.calls] == [call.scope["type"] for call in expected.calls]
    assert found.written.index(b"HTTP/1.1 200") < found.written.index(b"HTTP/1.1 101")


class _Mark:
    """Something that a weak reference can point to."""


@pytest.mark.parametrize(
    "script", ["echo", "raises", "only starts", "waits within", "receives twice", "too long"]
)
@pytest.mark.parametrize("stream", ["get", "pipelined", "unfinished", "unfinished, lost", "held, lost"])
def test_nothing_keeps_a_connection_alive(stream: str, script: str) -> None:
    mark = _Mark()
    alive = weakref.ref(mark)
    exchange(CANDIDATE, STREAMS[stream], [SCRIPTS[script]], state={"mark": mark})
    del mark
    gc.collect()
    assert alive() is None


@pytest.mark.parametrize("script", ["echo", "stream", "raises", "too long", "waits within", "body after all"])
def test_collector_may_come_at_any_moment(script: str) -> None:
    """A collection at nearly each allocation finds no object half made and none half gone."""
    former = gc.get_threshold()
    gc.freeze()
    try:
        gc.set_threshold(1, 2, 2)
        for stream in ("get", "in parts", "pipelined", "unfinished, lost"):
            exchange(CANDIDATE, STREAMS[stream], [SCRIPTS[script]])
    finally:
        gc.set_threshold(*former)
        gc.unfreeze()
