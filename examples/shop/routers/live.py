"""The live feed: as server-sent events for everybody, as a WebSocket for one buyer."""

from collections.abc import AsyncIterable
from typing import Annotated

import anyio

from ferroapi import APIRouter, Query, WebSocket, WebSocketDisconnect, WebSocketException, status
from ferroapi.sse import EventSourceResponse, ServerSentEvent

from ..database import SessionDep
from ..feed import feed
from ..models import Order
from ..security import user_of_token

router = APIRouter(tags=["live"])


@router.get("/events", response_class=EventSourceResponse)
async def events(
    limit: Annotated[int | None, Query(gt=0, description="Close after this many events.")] = None,
) -> AsyncIterable[ServerSentEvent]:
    """Follow all orders; a browser reads this with `EventSource`."""
    async with feed.listen() as stream:
        yield ServerSentEvent(comment="listening")
        number = 0
        async for event in stream:
            number += 1
            yield ServerSentEvent(data=event, event="order", id=str(number))
            if number == limit:
                return


@router.websocket("/orders/{order_id}/live")
async def follow_order(websocket: WebSocket, order_id: int, session: SessionDep, token: str = "") -> None:
    """Send the status of one order now and whenever it changes; ends when the client leaves."""
    found = user_of_token(token, session)
    order = session.get(Order, order_id)
    if found is None or order is None or order.user_id != found[0].id:
        raise WebSocketException(status.WS_1008_POLICY_VIOLATION, "Not your order")
    async with feed.listen() as stream, anyio.create_task_group() as tasks:
        await websocket.accept()
        await websocket.send_json({"order_id": order_id, "status": order.status})

        async def until_client_leaves() -> None:
            try:
                while True:
                    await websocket.receive_text()
            except WebSocketDisconnect:
                tasks.cancel_scope.cancel()

        tasks.start_soon(until_client_leaves)
        async for event in stream:
            if event.order_id == order_id:
                await websocket.send_json(event.model_dump())
