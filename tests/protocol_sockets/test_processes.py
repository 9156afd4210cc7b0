"""uvicorn as a user starts it, by its command line: workers, reloading, signals, and what it prints."""

import signal
from pathlib import Path

from .process import Process, running
from .wire import request

_PID = """
import os
from ferroapi import FastAPI

app = FastAPI()

@app.get("/")
async def read():
    return {"pid": os.getpid(), "answer": ANSWER}
"""


def _pid_app(directory: Path, answer: int) -> None:
    directory.joinpath("pid_app.py").write_text(_PID.replace("ANSWER", str(answer)))


def test_output(loop: str, tmp_path: Path) -> None:
    with running("tests.protocol_sockets.apps:api", tmp_path, loop=loop) as process:
        with process.connect() as wire:
            assert wire.ask("/item/a%20b?x=1").body == b"a b"
            assert wire.ask("/nowhere", method="POST", body=b"").status == 404
            wire.send(request("/error"))
            assert wire.answer().status == 500
            port = wire.port
        process.signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
        assert process.out.splitlines() == [
            f'INFO:     127.0.0.1:{port} - "GET /item/a%20b?x=1 HTTP/1.1" 200 OK',
            f'INFO:     127.0.0.1:{port} - "POST /nowhere HTTP/1.1" 404 Not Found',
            f'INFO:     127.0.0.1:{port} - "GET /error HTTP/1.1" 500 Internal Server Error',
        ]
        first, *_, last = process.err.splitlines()
        assert first.startswith("INFO:     Started server process [")
        assert last.startswith("INFO:     Finished server process [")
        assert "ERROR:    Exception in ASGI application\nTraceback (most recent call last):" in process.err
        assert "\nValueError: of the application\n" in process.err


def test_no_access_log(loop: str, tmp_path: Path) -> None:
    app = "tests.protocol_sockets.apps:asgi"
    with running(app, tmp_path, "--no-access-log", loop=loop) as process, process.connect() as wire:
        assert wire.ask().body == b"hello"
        assert process.out == ""


def test_interrupt_with_a_request_in_flight(loop: str, tmp_path: Path) -> None:
    """The first interrupt waits for the answer, a second one does not."""
    with (
        running("tests.protocol_sockets.apps:api", tmp_path, loop=loop) as process,
        process.connect() as wire,
    ):
        wire.send(request("/echo", "Content-Length: 3", method="POST"), b"a")
        with process.connect() as other:
            assert other.ask().status == 200
        process.signal(signal.SIGINT)
        process.until(lambda: "Waiting for connections to close" in process.err, "it waits")
        wire.send(b"bc")
        assert wire.answer().body == b"abc"
        assert wire.rest() == b""
        assert process.wait() in (0, -signal.SIGINT)
        assert "Finished server process" in process.err


def test_interrupt_twice(loop: str, tmp_path: Path) -> None:
    with (
        running("tests.protocol_sockets.apps:api", tmp_path, loop=loop) as process,
        process.connect() as wire,
    ):
        wire.send(request("/gate"))
        with process.connect() as other:
            assert other.ask().status == 200
        process.signal(signal.SIGINT)
        process.until(lambda: "Waiting for connections to close" in process.err, "it waits")
        process.signal(signal.SIGINT)
        assert process.wait() in (0, 1, -signal.SIGINT)


def _answers(process: Process, count: int) -> list[tuple[int, int]]:
    found = []
    for _ in range(count):
        with process.connect() as wire:
            text = wire.ask().body.decode()
            pid, answer = (int(part.split(":")[1]) for part in text.strip("{}").split(","))
            found.append((pid, answer))
    return found


def test_workers(loop: str, tmp_path: Path) -> None:
    _pid_app(tmp_path, 1)
    with running("pid_app:app", tmp_path, "--workers", "2", loop=loop, cwd=tmp_path) as process:
        process.until(lambda: process.err.count("Started server process") == 2, "both workers")
        pids: set[int] = set()
        process.until(
            lambda: pids.update(pid for pid, _ in _answers(process, 20)) or len(pids) == 2, "both answer"
        )
        process.signal(signal.SIGTERM)
        assert process.wait() in (0, -signal.SIGTERM)
        assert process.err.count("Finished server process") == 2


def test_reload(loop: str, tmp_path: Path) -> None:
    app, logs = tmp_path / "app", tmp_path / "logs"
    app.mkdir()
    logs.mkdir()
    _pid_app(app, 1)
    with running("pid_app:app", logs, "--reload", loop=loop, cwd=app) as process:
        process.until(lambda: "Application startup complete" in process.err, "it runs")
        assert _answers(process, 1)[0][1] == 1
        _pid_app(app, 22)
        process.until(lambda: process.err.count("Application startup complete") == 2, "it has reloaded")
        process.until(lambda: _answers(process, 1)[0][1] == 22, "the new answer")


def test_limit_max_requests_with_workers(tmp_path: Path) -> None:
    """A worker that has answered enough ends, and is replaced."""
    _pid_app(tmp_path, 1)
    options = ("--workers", "2", "--limit-max-requests", "3", "--timeout-worker-healthcheck", "1")
    with running("pid_app:app", tmp_path, *options, cwd=tmp_path) as process:
        with process.connect() as wire:
            for _ in range(3):
                assert wire.ask().status == 200
        process.until(lambda: "Maximum request limit of 3 exceeded" in process.err, "the limit")
        process.until(lambda: process.err.count("Started server process") >= 3, "another worker")
