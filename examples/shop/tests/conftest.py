"""A client with a fresh database, and two people."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import Session

from ferroapi.testclient import TestClient

from .. import database
from ..main import app
from ..security import passwords

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with the least effort: tests make many accounts."""
    quick = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "hashers", [quick])
    monkeypatch.setattr(passwords, "current_hasher", quick)


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client of the shop with an empty database."""
    engine = database.make_engine(str(tmp_path / "shop.db"))
    monkeypatch.setattr(database, "engine", engine)

    def session() -> Iterator[Session]:
        with Session(engine) as made:
            yield made

    app.dependency_overrides[database.get_session] = session
    with TestClient(app) as made:
        yield made
    app.dependency_overrides.clear()
    engine.dispose()


@pytest.fixture
def login(client: TestClient) -> Callable[..., dict[str, str]]:
    """Make an account and return the headers that log it in."""

    def run(name: str, scope: str = "") -> dict[str, str]:
        email = f"{name}@example.com"
        client.post("/users", json={"email": email, "name": name, "password": PASSWORD})
        answer = client.post("/token", data={"username": email, "password": PASSWORD, "scope": scope})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return run


@pytest.fixture
def staff(login: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Headers of the first account, which runs the shop."""
    return login("ada")


@pytest.fixture
def buyer(staff: dict[str, str], login: Callable[..., dict[str, str]]) -> dict[str, str]:
    """Headers of an ordinary account."""
    return login("bob")


@pytest.fixture
def lamp(client: TestClient, staff: dict[str, str]) -> int:
    """The number of an item, three of which are in stock."""
    answer = client.post("/items", json={"name": "Lamp", "price": "12.50", "stock": 3}, headers=staff)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])
