"""One connection, played on a real event loop through a transport of ours, and everything it did."""

import asyncio
import enum
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from .scripts import Call, Player, Script

DEFAULT_HEADERS = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"server", b"uvicorn")]
_QUIET_TURNS = 8
_MOST_TURNS = 2000


class Act(enum.Enum):
    """What a client or the server does besides sending bytes."""

    SETTLE = "the event loop runs until nothing happens any more"
    GATE = "applications that wait go on"
    EOF = "the client ends its side"
    LOST = "the connection breaks"
    SHUTDOWN = "the server shuts down"
    HOLD = "the transport's buffer is full"
    FREE = "the transport's buffer is empty"
    TICK = "the server makes its default headers anew"


Action = bytes | Act


class Transport(asyncio.Transport):
    """Behaves as the event loops' own: nothing is written after `close`, whose end is a later turn."""

    def __init__(self, loop: asyncio.AbstractEventLoop, **extra: Any) -> None:
        super().__init__({"sockname": ("127.0.0.1", 8000), "peername": ("127.0.0.1", 8001), **extra})
        self._loop = loop
        self.protocol: Any = None
        self.written = bytearray()
        self.closing = self.lost = self.paused = False
        self.activity = 0

    def write(self, data: Any) -> None:
        assert isinstance(data, bytes | bytearray | memoryview)
        self.activity += 1
        if not self.closing:
            self.written += data

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self._loop.call_soon(self.lose, None)

    abort = close

    def lose(self, exception: Exception | None) -> None:
        self.closing = True
        if not self.lost:
            self.lost = True
            self.activity += 1
            self.protocol.connection_lost(exception)

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def is_reading(self) -> bool:
        return not (self.paused or self.closing)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def get_protocol(self) -> Any:
        return self.protocol

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True


@dataclass
class Record:
    """What one connection did."""

    calls: list[Call] = field(default_factory=list)
    written: bytes = b""
    closed: bool = False
    stalled: int = 0
    """Bytes that could not be delivered, since reading was paused."""
    logs: list[tuple[Any, ...]] = field(default_factory=list)
    requests: int = 0
    """As the server counts them."""
    tasks: int = 0
    """Tasks of applications that had not ended when the client had nothing more to do."""
    errors: list[str] = field(default_factory=list)
    """Exceptions that reached the event loop."""
    after: list[int] = field(default_factory=list)
    """Connections, tasks and armed timers that were left after its end."""


def exchange(
    protocol_class: Any,
    actions: Sequence[Action],
    scripts: Sequence[Script],
    *,
    loop_factory: Any = None,
    log_level: int = logging.INFO,
    extra: dict[str, Any] | None = None,
    state: dict[str, Any] | None = None,
    busy: int = 0,
    **options: Any,
) -> Record:
    """Play one connection to its end.

    Args:
        protocol_class: The class under test.
        actions: The bytes that arrive, one item per `data_received`, and what else happens.
        scripts: What the application does, per call.
        loop_factory: Makes the event loop, asyncio's own if not given.
        log_level: The level of uvicorn's loggers.
        extra: What the transport tells of itself, besides addresses.
        state: The lifespan's state.
        busy: How many more connections the server has.
        **options: Arguments of `uvicorn.Config`.
    """

    async def main() -> Record:
        player = Player(scripts)
        settings = {"app": player, "proxy_headers": False, "lifespan": "off", "log_config": None, **options}
        with _captured(log_level) as logs:
            config = Config(**settings)
            config.load()
            connection = _Connection(protocol_class, config, player, extra or {}, state or {}, busy)
            await connection.play(actions)
            record = connection.record(logs)
            record.after = await connection.end()
            return record

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(main())


class _Connection:
    def __init__(
        self,
        protocol_class: Any,
        config: Config,
        player: Player,
        extra: dict[str, Any],
        state: Any,
        busy: int,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._errors: list[str] = []
        self._loop.set_exception_handler(lambda _, context: self._errors.append(repr(context)))
        self._server = ServerState()
        self._server.default_headers = list(DEFAULT_HEADERS)
        self._others = {object() for _ in range(busy)}
        self._server.connections.update(self._others)  # type: ignore[arg-type]
        self._player = player
        self._pending: deque[bytes] = deque()
        self._transport = Transport(self._loop, **extra)
        self._protocol = protocol_class(
            config=config, server_state=self._server, app_state=state, _loop=self._loop
        )
        self._transport.protocol = self._protocol
        self._protocol.connection_made(self._transport)

    async def play(self, actions: Sequence[Action]) -> None:
        for action in actions:
            if isinstance(action, bytes):
                self._pending.append(action)
                if not self._transport.is_reading():
                    await self._settle()
                self._deliver()
            elif action is Act.SETTLE:
                await self._settle()
            else:
                self._act(action)
        await self._settle()

    def _act(self, act: Act) -> None:
        protocol = self._transport.protocol
        match act:
            case Act.GATE:
                self._player.gate.set()
            case Act.EOF if not self._transport.closing:
                if not protocol.eof_received():
                    self._transport.close()
            case Act.LOST:
                self._transport.lose(ConnectionResetError("reset by the script"))
            case Act.SHUTDOWN:
                protocol.shutdown()
            case Act.HOLD:
                protocol.pause_writing()
            case Act.FREE:
                protocol.resume_writing()
            case Act.TICK:
                self._server.default_headers = [(b"date", b"anew"), *DEFAULT_HEADERS[1:]]

    def _deliver(self) -> None:
        while self._pending and self._transport.is_reading():
            data = self._pending.popleft()
            try:
                self._transport.protocol.data_received(data)
            except Exception as error:
                # What an event loop does with it.
                self._errors.append(repr(error))
                self._transport.lose(error)

    async def _settle(self) -> None:
        quiet, last = 0, -1
        for _ in range(_MOST_TURNS):
            if quiet == _QUIET_TURNS:
                return
            await asyncio.sleep(0)
            self._deliver()
            activity = self._transport.activity + self._player.activity
            quiet = quiet + 1 if activity == last else 0
            last = activity
        raise AssertionError("the connection does not come to rest")

    def record(self, logs: list[tuple[Any, ...]]) -> Record:
        return Record(
            calls=[Call(call.scope, list(call.events)) for call in self._player.calls],
            written=bytes(self._transport.written),
            closed=self._transport.closing,
            stalled=0 if self._transport.closing else sum(map(len, self._pending)),
            logs=list(logs),
            requests=self._server.total_requests,
            tasks=len(self._server.tasks),
            errors=list(self._errors),
        )

    async def end(self) -> list[int]:
        """Break the connection, end the applications, and return what the server still knows of."""
        self._transport.lose(ConnectionResetError("the end"))
        self._player.gate.set()
        await self._settle()
        for task in self._server.tasks:
            task.cancel()
        await self._settle()
        return [len(self._server.connections - self._others), len(self._server.tasks)]


@contextmanager
def _captured(level: int) -> Iterator[list[tuple[Any, ...]]]:
    """Collect the records of uvicorn's two loggers, which are otherwise left as they were."""
    records: list[tuple[Any, ...]] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = record.exc_info[1] if record.exc_info else None
            failure = (type(error), str(error)) if error else None
            records.append((record.name, record.levelno, record.msg, record.args, failure))

    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "uvicorn.access")]
    before = [(logger.handlers, logger.level, logger.propagate, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate, logger.disabled = [Collector()], False, False
        logger.setLevel(level)
    try:
        yield records
    finally:
        for logger, (handlers, former, propagate, disabled) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate, logger.disabled = handlers, propagate, disabled
            logger.setLevel(former)
