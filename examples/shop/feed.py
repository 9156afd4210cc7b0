"""What happens in the shop, told to everybody who listens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from pydantic import BaseModel

BUFFER = 100


class OrderEvent(BaseModel):
    """An order came a step further."""

    order_id: int
    status: str


class Feed:
    """Hand each event to every listener; a listener that falls `BUFFER` events behind misses some."""

    def __init__(self) -> None:
        self._listeners: set[MemoryObjectSendStream[OrderEvent]] = set()

    def publish(self, event: OrderEvent) -> None:
        """Tell all listeners; called on the event loop, never waits."""
        for listener in self._listeners:
            try:
                listener.send_nowait(event)
            except anyio.WouldBlock:
                continue

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[MemoryObjectReceiveStream[OrderEvent]]:
        """Receive events from now on until the context ends."""
        send, receive = anyio.create_memory_object_stream[OrderEvent](BUFFER)
        self._listeners.add(send)
        try:
            with send, receive:
                yield receive
        finally:
            self._listeners.discard(send)


feed = Feed()
