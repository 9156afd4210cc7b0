# ruff: noqa: D103
"""The feed, over a WebSocket and as server-sent events."""

import threading

import pytest

from ferroapi import WebSocketDisconnect
from ferroapi.testclient import TestClient

from ..feed import feed


@pytest.fixture
def order(client: TestClient, buyer: dict[str, str], lamp: int) -> int:
    answer = client.post("/orders", json={"lines": [{"item_id": lamp}]}, headers=buyer)
    return int(answer.json()["id"])


def test_websocket(client: TestClient, buyer: dict[str, str], staff: dict[str, str], order: int) -> None:
    token = buyer["Authorization"].removeprefix("Bearer ")
    with client.websocket_connect(f"/orders/{order}/live?token={token}") as websocket:
        assert websocket.receive_json() == {"order_id": order, "status": "confirmed"}
        client.post(f"/orders/{order}/send", headers=staff)
        assert websocket.receive_json() == {"order_id": order, "status": "sent"}


@pytest.mark.parametrize("token", ["", "x"])
def test_websocket_refused(client: TestClient, order: int, token: str) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as raised,
        client.websocket_connect(f"/orders/{order}/live?token={token}") as websocket,
    ):
        websocket.receive_json()
    assert (raised.value.code, raised.value.reason) == (1008, "Not your order")


def test_events(client: TestClient, buyer: dict[str, str], staff: dict[str, str], order: int) -> None:
    listening = threading.Event()
    answers = []

    def send_when_listening() -> None:
        assert listening.wait(10)
        answers.append(client.post(f"/orders/{order}/send", headers=staff))

    original = feed.listen

    def noticed():  # the client shows a stream only when it is complete, so look at the other end
        listening.set()
        return original()

    feed.listen = noticed
    sender = threading.Thread(target=send_when_listening)
    sender.start()
    try:
        answer = client.get("/events?limit=1")
    finally:
        feed.listen = original
        sender.join(10)
    assert answers[0].status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text == (
        f': listening\n\nevent: order\ndata: {{"order_id":{order},"status":"sent"}}\nid: 1\n\n'
    )


def test_root_and_schema(client: TestClient) -> None:
    root = client.get("/")
    assert root.json() == {"name": "Shop", "docs": "/docs"}
    assert float(root.headers["x-process-time"]) >= 0
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) >= {"/users", "/token", "/items/{item_id}", "/orders", "/events"}
    assert schema["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]["password"][
        "scopes"
    ].keys() == {
        "orders",
        "staff",
    }
