# ruff: noqa: D103
"""Buying, and what happens in the background."""

from collections.abc import Callable

from ferroapi.testclient import TestClient


def test_order(client: TestClient, buyer: dict[str, str], lamp: int) -> None:
    answer = client.post("/orders", json={"lines": [{"item_id": lamp, "quantity": 2}]}, headers=buyer)
    assert answer.status_code == 201
    order = answer.json()
    assert order["total"] == "25.00"
    assert order["lines"] == [{"item_id": lamp, "quantity": 2, "price": "12.50"}]
    assert order["status"] == "placed"
    assert client.get(f"/items/{lamp}").json()["stock"] == 1
    # The background task has run once the client has its answer.
    assert client.get(f"/orders/{order['id']}", headers=buyer).json()["status"] == "confirmed"
    assert [found["id"] for found in client.get("/orders", headers=buyer).json()] == [order["id"]]


def test_all_or_nothing(client: TestClient, buyer: dict[str, str], lamp: int) -> None:
    lines = [{"item_id": lamp}, {"item_id": lamp, "quantity": 9}]
    answer = client.post("/orders", json={"lines": lines}, headers=buyer)
    assert answer.status_code == 409
    assert answer.json() == {"detail": "Not enough in stock", "item_id": lamp, "left": 2}
    assert client.get(f"/items/{lamp}").json()["stock"] == 3
    assert client.get("/orders", headers=buyer).json() == []


def test_bad_orders(client: TestClient, buyer: dict[str, str]) -> None:
    assert client.post("/orders", json={"lines": [{"item_id": 99}]}, headers=buyer).status_code == 404
    empty = client.post("/orders", json={"lines": []}, headers=buyer)
    assert empty.json()["detail"][0]["type"] == "too_short"
    assert client.post("/orders", content=b"{", headers=buyer).status_code == 422
    assert client.post("/orders", json={"lines": []}).status_code == 401


def test_orders_are_private(
    client: TestClient,
    buyer: dict[str, str],
    staff: dict[str, str],
    lamp: int,
    login: Callable[..., dict[str, str]],
) -> None:
    number = client.post("/orders", json={"lines": [{"item_id": lamp}]}, headers=buyer).json()["id"]
    other = login("eve")
    assert client.get(f"/orders/{number}", headers=other).status_code == 404
    assert client.get(f"/orders/{number}", headers=staff).status_code == 200
    assert client.get("/orders/0", headers=buyer).status_code == 422


def test_send(client: TestClient, buyer: dict[str, str], staff: dict[str, str], lamp: int) -> None:
    number = client.post("/orders", json={"lines": [{"item_id": lamp}]}, headers=buyer).json()["id"]
    assert client.post(f"/orders/{number}/send", headers=buyer).status_code == 403
    assert client.post(f"/orders/{number}/send", headers=staff).json()["status"] == "sent"
    assert client.post(f"/orders/{number}/send", headers=staff).status_code == 409
