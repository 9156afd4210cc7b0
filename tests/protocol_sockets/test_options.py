"""Options of uvicorn that the protocol class has to honour."""

import json
import re
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from ferroapi import FastAPI, Request

from .serving import Served, serve
from .site import Site
from .wire import Answer, request


def _scope(answer: Answer) -> dict[str, Any]:
    scope: dict[str, Any] = json.loads(answer.body)
    return scope


# --- limits ---


def test_limit_concurrency_of_connections(site: Site, loop: str) -> None:
    with serve(site.app, loop, limit_concurrency=2) as served, served.connect() as wire:
        assert wire.ask().status == 200
        with served.connect() as other:
            refused = other.ask()
            assert (refused.status, refused.reason) == (503, "Service Unavailable")
            assert refused.body == b"Service Unavailable"
            assert refused["connection"] == "close"
            assert other.rest() == b""
        served.until(lambda: served.connections == 1)
        assert wire.ask().status == 200
        assert served.problems() == [("WARNING", "Exceeded concurrency limit.", "")]
        assert [message[-3:] for _, message in served.messages("uvicorn.access")] == ["200", "503", "200"]


def test_limit_concurrency_of_tasks(site: Site, loop: str) -> None:
    """A pipelined request behind the limit is refused in its turn."""
    with serve(site.app, loop, limit_concurrency=3) as served:
        with served.connect() as one, served.connect() as two:
            one.send(request("/gate"))
            two.send(request("/gate"))
            served.until(lambda: len(site.notes) == 2)
            with served.connect() as three:
                assert three.ask().status == 503
            served.call(site.gate.set)
            assert [one.answer().body, two.answer().body] == [b"open", b"open"]
        served.until(lambda: served.connections == 0)
        with served.connect() as wire:
            assert wire.ask().status == 200


def test_limit_max_requests(site: Site, loop: str) -> None:
    with serve(site.app, loop, limit_max_requests=5) as served, served.connect() as wire:
        for _ in range(5):
            assert wire.ask().status == 200
        assert wire.rest() == b""
        served.join()
        text = "Maximum request limit of 5 exceeded. Terminating process."
        assert ("INFO", text) in served.messages()


@pytest.mark.parametrize("sent", [b"", b"GET / HT"], ids=["idle", "part of a head"])
def test_timeout_keep_alive(site: Site, loop: str, sent: bytes) -> None:
    """An idle connection ends when the time is over; one that has begun a request does not."""
    with serve(site.app, loop, timeout_keep_alive=0.6) as served, served.connect() as wire:
        assert wire.ask().status == 200
        if not sent:
            assert wire.rest() == b""
            served.until(lambda: served.connections == 0)
            return
        wire.send(sent)
        served.turn()
        with served.connect() as other:
            assert other.ask().status == 200
            assert other.rest() == b""
        assert wire.at_hand() == (b"", False)
        wire.send(request()[len(sent) :])
        assert wire.answer().status == 200


def test_timeout_keep_alive_does_not_end_answers(site: Site, loop: str) -> None:
    with serve(site.app, loop, timeout_keep_alive=0.6) as served, served.connect() as wire:
        assert wire.ask().status == 200
        wire.send(request("/gate"))
        served.until(lambda: site.notes)
        with served.connect() as other:
            assert other.ask().status == 200
            assert other.rest() == b""
        served.call(site.gate.set)
        assert wire.answer().body == b"open"


def test_connection_without_a_request_stays(site: Site, loop: str) -> None:
    with serve(site.app, loop, timeout_keep_alive=0.2) as served, served.connect() as wire:
        with served.connect() as other:
            assert other.ask().status == 200
            assert other.rest() == b""
        assert wire.ask().status == 200


# --- where from, where to ---


def test_unix_socket(site: Site, loop: str, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with serve(site.app, loop, uds=path) as served, served.connect() as wire:
        scope = _scope(wire.ask("/scope"))
        assert (scope["server"], scope["client"], scope["scheme"]) == ([path, None], None, "http")
        assert served.messages("uvicorn.access") == [("INFO", ' - "GET /scope HTTP/1.1" 200')]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority for the tests."""
    return trustme.CA()


@pytest.fixture
def certificate(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """The options of uvicorn for a certificate."""
    files = {"ssl_certfile": tmp_path / "certificate.pem", "ssl_keyfile": tmp_path / "key.pem"}
    issued = authority.issue_cert("localhost")
    files["ssl_certfile"].write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    files["ssl_keyfile"].write_bytes(issued.private_key_pem.bytes())
    return {name: str(path) for name, path in files.items()}


@pytest.fixture
def trusting(authority: trustme.CA) -> Iterator[ssl.SSLContext]:
    """A client's context."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls(site: Site, loop: str, certificate: dict[str, str], trusting: ssl.SSLContext) -> None:
    with serve(site.app, loop, **certificate) as served, served.connect(tls=trusting) as wire:
        scope = _scope(wire.ask("/scope"))
        assert (scope["scheme"], scope["client"]) == ("https", ["127.0.0.1", wire.port])
        body = bytes(range(256)) * 4000
        assert wire.ask("/echo", method="POST", body=body).body == body
        wire.send(b"".join(request(f"/item/{number}") for number in range(100)))
        assert [int(wire.answer().body) for _ in range(100)] == list(range(100))
        assert len(wire.ask("/stream?count=100").body) == 100 * 65536
        assert served.problems() == []


def test_tls_client_that_leaves(
    site: Site, loop: str, certificate: dict[str, str], trusting: ssl.SSLContext
) -> None:
    with serve(site.app, loop, **certificate) as served:
        with served.connect(tls=trusting) as wire:
            wire.send(request("/gone"))
            served.until(lambda: site.notes)
        served.until(lambda: "disconnect" in site.notes)
        served.until(lambda: served.connections == 0)


@pytest.mark.parametrize("path", ["/scope", "/item/1"])
def test_root_path(site: Site, loop: str, path: str) -> None:
    with serve(site.app, loop, root_path="/root/p") as served, served.connect() as wire:
        if site.kind == "asgi":
            wire.send(request(f"{path}?q"))
            assert wire.answer().status == 404  # the path that it looks at starts with /root
        else:
            answer = wire.ask(f"{path}?q")
            assert answer.status == 200
            if path == "/scope":
                scope = _scope(answer)
                assert (scope["root_path"], scope["path"], scope["raw_path"]) == (
                    "/root/p",
                    "/root/p/scope",
                    "/root/p/scope",
                )
        ((_, text),) = served.messages("uvicorn.access")
        assert f'"GET /root/p{path}?q HTTP/1.1"' in text


FORWARDED = ("X-Forwarded-For: 1.2.3.4, 10.0.0.1", "X-Forwarded-Proto: https")


@pytest.mark.parametrize(
    ("options", "client", "scheme"),
    [
        ({}, ["10.0.0.1", 0], "https"),
        ({"forwarded_allow_ips": "127.0.0.1,10.0.0.1"}, ["1.2.3.4", 0], "https"),
        ({"forwarded_allow_ips": "*"}, ["1.2.3.4", 0], "https"),
        ({"forwarded_allow_ips": "127.0.0.0/8"}, ["10.0.0.1", 0], "https"),
        ({"forwarded_allow_ips": "10.0.0.1"}, None, "http"),
        ({"proxy_headers": False}, None, "http"),
    ],
)
def test_proxy_headers(
    site: Site, loop: str, options: dict[str, Any], client: list[Any] | None, scheme: str
) -> None:
    with serve(site.app, loop, **options) as served, served.connect() as wire:
        scope = _scope(wire.ask("/scope", *FORWARDED))
        assert scope["client"] == (client or ["127.0.0.1", wire.port])
        assert scope["scheme"] == scheme
        assert [name for name, _ in scope["headers"]] == ["host", "x-forwarded-for", "x-forwarded-proto"]
        ((_, text),) = served.messages("uvicorn.access")
        assert text.startswith(":".join(map(str, scope["client"])))
        # The next request of the connection says nothing.
        scope = _scope(wire.ask("/scope"))
        assert (scope["client"], scope["scheme"]) == (["127.0.0.1", wire.port], "http")


# --- logs ---


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("/item/1", "/item/1"),
        ("/item/a%20b?x=%20&y", "/item/a%20b?x=%20&y"),
        ("/item/%C3%A9", "/item/%C3%A9"),
        ("/item/%ff", "/item/%EF%BF%BD"),
        ("/item/a+b;c?", "/item/a%2Bb%3Bc"),
        ("/nowhere#f", "/nowhere"),
    ],
)
def test_access_log(site: Site, loop: str, target: str, shown: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        answer = wire.ask(target)
        wire.ask(target, method="HEAD")
        head, got = (f'127.0.0.1:{wire.port} - "{method} {shown} HTTP/1.1"' for method in ("HEAD", "GET"))
        found = [text for level, text in served.messages("uvicorn.access") if level == "INFO"]
        assert found[0] == f"{got} {answer.status}"
        assert found[1].startswith(head)


def test_access_log_arguments(site: Site, loop: str) -> None:
    """Formatters read the record's arguments."""
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.ask("/item/1?q")
        (record,) = (record for record in served.records if record.name == "uvicorn.access")
        assert record.msg == '%s - "%s %s HTTP/%s" %d'
        assert record.args == (f"127.0.0.1:{wire.port}", "GET", "/item/1?q", "1.1", 200)


# --- lifespan ---


def test_lifespan_state(loop: str) -> None:
    """Each request gets a copy of what start-up left, of which only the outermost layer is its own."""
    ended = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"number": 1, "shared": []}
        ended.append(True)

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def read(request: Request) -> Any:
        request.state.number += 1
        request.state.shared.append("x")
        return [request.state.number, request.state.shared]

    with serve(app, loop, lifespan="on") as served:
        for count in range(1, 4):
            with served.connect() as wire:
                assert json.loads(wire.ask().body) == [2, ["x"] * (2 * count - 1)]
                assert json.loads(wire.ask().body) == [2, ["x"] * (2 * count)]
        assert not ended
    assert ended


# --- shutdown ---


def _stopping(served: Served) -> None:
    """Begin to shut down."""
    served.stop(wait=False)
    served.until(lambda: ("INFO", "Shutting down") in served.messages())


def test_graceful_shutdown(site: Site, loop: str) -> None:
    """Idle connections end at once; requests are answered to their end, and their connections closed."""
    with serve(site.app, loop) as served, served.connect() as idle, served.connect() as busy:
        assert idle.ask().status == 200
        busy.send(request("/gate"))
        served.until(lambda: site.notes)
        _stopping(served)
        assert idle.rest() == b""
        with pytest.raises(ConnectionError):
            served.connect()
        served.turn()
        assert served.running
        served.call(site.gate.set)
        answer = busy.answer()
        assert (answer.body, answer["connection"]) == (b"open", "close")
        assert busy.rest() == b""
        served.join()
        assert served.problems() == []


def test_graceful_shutdown_of_streams(site: Site, loop: str) -> None:
    """A response that has begun goes on to its end."""
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/stream?count=300"))
        wire.head()
        _stopping(served)
        assert wire.rest().endswith(b"0\r\n\r\n")
        served.join()
        assert "end of stream" in site.notes


def test_graceful_shutdown_of_uploads(site: Site, loop: str) -> None:
    with serve(site.app, loop) as served, served.connect() as wire:
        wire.send(request("/echo", "Content-Length: 3", method="POST"), b"a")
        served.until(lambda: served.connections == 1)
        served.turn()
        _stopping(served)
        wire.send(b"bc")
        assert wire.answer().body == b"abc"
        assert wire.rest() == b""
        served.join()


def test_graceful_shutdown_has_an_end(site: Site, loop: str) -> None:
    with serve(site.app, loop, timeout_graceful_shutdown=1) as served, served.connect() as wire:
        wire.send(request("/gate"))
        served.until(lambda: site.notes)
        served.stop()
        assert "cancelled" in site.notes
        text = "Cancel 1 running task(s), timeout graceful shutdown exceeded"
        assert ("ERROR", text) in served.messages()


def test_class_or_import_string(site: Site, loop: str) -> None:
    """`--http` takes the name, `http=` the class as well."""
    from uvicorn.importer import import_from_string

    from .chosen import PROTOCOL

    with serve(site.app, loop, http=import_from_string(PROTOCOL)) as served, served.connect() as wire:
        assert wire.ask().status == 200
        (connection,) = served.server.server_state.connections
        assert re.search(rf"\b{type(connection).__name__}\b", PROTOCOL)


def test_answers_do_not_depend_on_the_log_level(site: Site, loop: str) -> None:
    """With uvicorn's trace level the application is wrapped once more."""
    with serve(site.app, loop, log_level="trace") as served, served.connect() as wire:
        assert wire.ask("/item/1").body == b"1"
        assert any("HTTP connection made" in text for _, text in served.messages())
