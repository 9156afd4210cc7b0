"""A connection that becomes a WebSocket, of which its successor may make anything."""

import asyncio
from typing import Any

import pytest

from .exchange import Act, Action, exchange
from .scripts import Drain, Echo, Script, Wait
from .sides import CANDIDATE
from .test_applications import GET
from .test_connection import HANDSHAKE

ECHO: Script = [Drain(), Echo()]
BEHIND = [b"", b"\xff\xff", GET, b"\x81\x82\0\0\0\0hi"]
STAGES = ["constructor", "connection_made", "head", "rest"]


def successor(failing: str = "", closing: str = "") -> Any:
    """Make a WebSocket class that notes what it is told, and fails or closes at one stage."""

    class Successor(asyncio.Protocol):
        told: list[Any] = []

        def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:
            self.connections = server_state.connections
            self.transport: Any = None
            self.pieces = 0
            self._at("constructor")

        def _at(self, stage: str) -> None:
            if stage == closing:
                self.transport.close()
            if stage == failing:
                raise AssertionError(stage)

        def connection_made(self, transport: Any) -> None:
            self.connections.add(self)
            self.transport = transport
            self.told.append("made")
            self._at("connection_made")

        def data_received(self, data: bytes) -> None:
            self.told.append(data)
            self.pieces += 1
            if self.pieces == 2:
                assert self.transport.get_protocol() is self
            self._at("head" if self.pieces == 1 else "rest")

        def connection_lost(self, exc: Exception | None) -> None:
            self.told.append("lost")
            self.connections.remove(self)

        def shutdown(self) -> None:
            self.transport.close()

    return Successor


def plays(rest: bytes, *, behind_a_request: bool) -> list[Action]:
    """Give the handshake alone, or behind a request that is answered late."""
    return (
        [GET + HANDSHAKE + rest, Act.SETTLE, Act.GATE, Act.SETTLE] if behind_a_request else [HANDSHAKE + rest]
    )


@pytest.mark.parametrize("behind_a_request", [False, True])
@pytest.mark.parametrize("rest", BEHIND)
def test_head_and_rest_come_apart(rest: bytes, behind_a_request: bool) -> None:
    """The rest comes when the successor is the transport's protocol, as it would later."""
    made = successor()
    scripts = [[Wait(), *ECHO]] if behind_a_request else [ECHO]
    record = exchange(CANDIDATE, plays(rest, behind_a_request=behind_a_request), scripts, ws=made)
    head = made.told[1]
    assert head.startswith(b"GET /a%20b?c HTTP/1.1\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert made.told == ["made", head, *([rest] if rest else []), "lost"]
    assert record.errors == []
    assert record.after == [0, 0]


@pytest.mark.parametrize("behind_a_request", [False, True])
@pytest.mark.parametrize("rest", BEHIND)
@pytest.mark.parametrize("stage", STAGES)
def test_what_it_raises_ends_the_connection(stage: str, rest: bytes, behind_a_request: bool) -> None:
    if stage == "rest" and not rest:
        return
    made = successor(failing=stage)
    scripts = [[Wait(), *ECHO]] if behind_a_request else [ECHO]
    record = exchange(CANDIDATE, plays(rest, behind_a_request=behind_a_request), scripts, ws=made)
    assert record.closed
    assert len(record.errors) == 1
    assert f"AssertionError('{stage}')" in record.errors[0]
    assert made.told[-1:] == ([] if stage == "constructor" else ["lost"])
    assert record.after == [0, 0]
    # It is no matter of the application's that came before.
    assert [entry for entry in record.logs if entry[0] == "uvicorn.error"] == []
    for call in record.calls:
        assert call.events[-1] == ("sent", None)


@pytest.mark.parametrize("behind_a_request", [False, True])
@pytest.mark.parametrize("stage", STAGES[1:])
def test_it_may_close_at_once(stage: str, behind_a_request: bool) -> None:
    """Nothing is given to one that has closed."""
    made = successor(closing=stage)
    scripts = [[Wait(), *ECHO]] if behind_a_request else [ECHO]
    record = exchange(CANDIDATE, plays(b"rest", behind_a_request=behind_a_request), scripts, ws=made)
    assert record.closed
    assert (b"rest" in made.told) == (stage == "rest")
    assert made.told[-1] == "lost"
    assert record.errors == []
    assert record.after == [0, 0]


def test_no_websocket_begins_when_the_server_ends() -> None:
    made = successor()
    actions = [GET + HANDSHAKE, Act.SETTLE, Act.SHUTDOWN, Act.GATE, Act.SETTLE]
    record = exchange(CANDIDATE, actions, [[Wait(), *ECHO]], ws=made)
    assert b"connection: close" in record.written
    assert record.closed
    assert made.told == []
