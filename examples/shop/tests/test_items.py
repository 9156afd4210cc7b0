# ruff: noqa: D103
"""What is for sale."""

import pytest

from ferroapi.testclient import TestClient

PIXEL = b"GIF89a\x01\x00\x01\x00"


def test_create_read_update_delete(client: TestClient, staff: dict[str, str]) -> None:
    made = client.post("/items", json={"name": "Chair", "price": "20", "stock": 1}, headers=staff)
    assert made.status_code == 201
    assert made.headers["location"] == "/items/1"
    expected = {"id": 1, "name": "Chair", "description": "", "price": "20.00", "stock": 1}
    assert client.get("/items/1").json() == expected
    changed = client.patch("/items/1", json={"price": "19.99"}, headers=staff)
    assert changed.json() == expected | {"price": "19.99"}
    assert client.delete("/items/1", headers=staff).status_code == 204
    assert client.get("/items/1").json() == {"detail": "No such item"}


def test_only_staff_changes_items(client: TestClient, buyer: dict[str, str], lamp: int) -> None:
    assert client.post("/items", json={"name": "x", "price": 1}).status_code == 401
    assert client.post("/items", json={"name": "x", "price": 1}, headers=buyer).status_code == 403
    assert client.delete(f"/items/{lamp}", headers=buyer).status_code == 403


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Lamp", "Table", "Lampshade"]),
        ("?search=LAMP", ["Lamp", "Lampshade"]),
        ("?in_stock=true", ["Lamp", "Lampshade"]),
        ("?order_by=price&limit=2", ["Lampshade", "Lamp"]),
        ("?offset=2", ["Lampshade"]),
        ("?search=%25", None),
        ("?limit=0", None),
        ("?unknown=1", None),
    ],
)
def test_list(
    client: TestClient, staff: dict[str, str], lamp: int, query: str, names: list[str] | None
) -> None:
    client.post("/items", json={"name": "Table", "price": 90}, headers=staff)
    client.post("/items", json={"name": "Lampshade", "price": 5, "stock": 2}, headers=staff)
    answer = client.get(f"/items{query}")
    assert answer.status_code == (422 if names is None else 200)
    if names is not None:
        assert [item["name"] for item in answer.json()] == names


def test_bad_item(client: TestClient, staff: dict[str, str]) -> None:
    answer = client.post("/items", json={"name": "x", "price": "1.001", "stock": -1}, headers=staff)
    assert [error["loc"][-1] for error in answer.json()["detail"]] == ["price", "stock"]


def test_picture(client: TestClient, staff: dict[str, str], lamp: int) -> None:
    path = f"/items/{lamp}/picture"
    assert client.get(path).status_code == 404
    sent = client.put(path, files={"picture": ("p.gif", PIXEL, "image/gif")}, headers=staff)
    assert (sent.status_code, sent.content) == (204, b"")
    shown = client.get(path)
    assert (shown.content, shown.headers["content-type"]) == (PIXEL, "image/gif")


def test_bad_pictures(client: TestClient, staff: dict[str, str], lamp: int) -> None:
    path = f"/items/{lamp}/picture"
    text = client.put(path, files={"picture": ("p.txt", b"x", "text/plain")}, headers=staff)
    assert (text.status_code, text.json()) == (415, {"detail": "Not an image"})
    large = client.put(path, files={"picture": ("p.gif", b"x" * 1_000_001, "image/gif")}, headers=staff)
    assert large.status_code == 413
    assert client.put(path, headers=staff).status_code == 422
