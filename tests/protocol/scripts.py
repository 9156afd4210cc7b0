"""An ASGI application that follows a script and notes what the server tells it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Message = Mapping[str, Any]
Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Receive:
    """Take one message."""


@dataclass(frozen=True)
class Drain:
    """Take messages up to the end of the request's body, or of the connection."""


@dataclass(frozen=True)
class Send:
    """Send a message; with `caught`, an exception is noted, and the script goes on."""

    message: Message
    caught: bool = False


@dataclass(frozen=True)
class Echo:
    """Answer with the request's body, as far as it was received."""


@dataclass(frozen=True)
class Wait:
    """Wait until the client plays `Act.GATE`."""


@dataclass(frozen=True)
class Turn:
    """Give the event loop one turn."""


@dataclass(frozen=True)
class Raise:
    """Raise an exception."""

    exception: type[BaseException] = ValueError


@dataclass(frozen=True)
class Return:
    """Return a value, which an application must not."""

    value: object = 1


Step = Receive | Drain | Send | Echo | Wait | Turn | Raise | Return
Script = Sequence[Step]


def start(status: int = 200, headers: Headers = ((b"content-type", b"text/plain"),), **more: Any) -> Send:
    """Return the step that begins a response."""
    return Send({"type": "http.response.start", "status": status, "headers": list(headers), **more})


def body(data: bytes = b"", *, more: bool | None = None) -> Send:
    """Return the step that sends a piece of the body; the last one unless `more`."""
    message = {"type": "http.response.body", "body": data}
    return Send(message if more is None else {**message, "more_body": more})


@dataclass
class Call:
    """One call of the application: the scope as it was at first, and what happened, in order."""

    scope: dict[str, Any]
    events: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(
            value["body"] for name, value in self.events if name == "received" and "body" in value
        )


class Player:
    """The application: the n-th call follows the n-th script, later ones the last."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self._scripts = scripts
        self.calls: list[Call] = []
        self.gate = asyncio.Event()
        self.activity = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> object:
        call = Call(_snapshot(scope))
        self.calls.append(call)
        self.activity += 1
        for step in self._scripts[min(len(self.calls), len(self._scripts)) - 1]:
            if isinstance(step, Return):
                return step.value
            await self._take(step, call, receive, send)
            self.activity += 1
        return None

    async def _take(self, step: Step, call: Call, receive: Any, send: Any) -> None:
        match step:
            case Receive():
                call.events.append(("received", await receive()))
            case Drain():
                message: Message = {"more_body": True}
                while message.get("more_body"):
                    message = await receive()
                    call.events.append(("received", message))
            case Send():
                await self._send(step, call, send)
            case Echo():
                data = call.body
                length = (b"content-length", b"%d" % len(data))
                await self._send(start(headers=[length]), call, send)
                await self._send(body(data), call, send)
            case Wait():
                await self.gate.wait()
            case Turn():
                await asyncio.sleep(0)
            case Raise():
                raise step.exception("raised by the script")

    async def _send(self, step: Send, call: Call, send: Any) -> None:
        try:
            result = await send(dict(step.message))
        except Exception as error:
            call.events.append(("raised", (type(error), str(error))))
            if not step.caught:
                raise
        else:
            call.events.append(("sent", result))


def _snapshot(scope: Any) -> dict[str, Any]:
    """Copy a scope as deep as it is the server's, and note what equality does not see."""
    assert type(scope) is dict
    assert type(scope["headers"]) is list
    assert all(type(pair) is tuple and type(pair[0]) is type(pair[1]) is bytes for pair in scope["headers"])
    copy = {**scope, "headers": list(scope["headers"])}
    return {name: (type(value), value) for name, value in copy.items()}
