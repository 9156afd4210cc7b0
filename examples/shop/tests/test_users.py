# ruff: noqa: D103
"""Accounts and login."""

from collections.abc import Callable

import pytest

from ferroapi.testclient import TestClient

from .conftest import PASSWORD


def test_first_account_is_staff(client: TestClient, staff: dict[str, str], buyer: dict[str, str]) -> None:
    first = client.get("/users/me", headers=staff)
    assert first.json() == {"email": "ada@example.com", "name": "ada", "id": 1, "is_staff": True}
    assert client.get("/users/me", headers=buyer).json()["is_staff"] is False


def test_password_is_never_shown(client: TestClient) -> None:
    answer = client.post("/users", json={"email": "a@example.com", "name": " a ", "password": PASSWORD})
    assert answer.status_code == 201
    assert answer.json() == {"email": "a@example.com", "name": "a", "id": 1, "is_staff": True}


def test_account_exists(client: TestClient, staff: dict[str, str]) -> None:
    answer = client.post("/users", json={"email": "ada@example.com", "name": "x", "password": PASSWORD})
    assert answer.status_code == 409


def test_validation_errors(client: TestClient) -> None:
    answer = client.post("/users", json={"email": "nope", "name": " ", "password": "short"})
    assert answer.status_code == 422
    found = [(error["loc"], error["type"]) for error in answer.json()["detail"]]
    assert found == [
        (["body", "email"], "value_error"),
        (["body", "name"], "string_too_short"),
        (["body", "password"], "string_too_short"),
    ]


@pytest.mark.parametrize(
    ("email", "password"), [("ada@example.com", "wrong"), ("nobody@example.com", PASSWORD)]
)
def test_wrong_login(client: TestClient, staff: dict[str, str], email: str, password: str) -> None:
    answer = client.post("/token", data={"username": email, "password": password})
    assert (answer.status_code, answer.json()["detail"]) == (401, "Wrong e-mail address or password")


def test_no_and_bad_token(client: TestClient) -> None:
    without = client.get("/users/me")
    assert (without.status_code, without.headers["www-authenticate"]) == (401, "Bearer")
    bad = client.get("/users/me", headers={"Authorization": "Bearer x.y.z"})
    assert (bad.status_code, bad.json()) == (401, {"detail": "Invalid token"})


def test_scopes(client: TestClient, login: Callable[..., dict[str, str]]) -> None:
    limited = login("ada", scope="orders")
    answer = client.post("/items", json={"name": "x", "price": 1}, headers=limited)
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer scope="staff"'
    assert client.get("/orders", headers=limited).json() == []
