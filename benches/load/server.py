"""Start a server on a core of its own, see that it answers rightly, and end it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..cases import Case
from .sides import ROOT, Side

LIFETIME = 900
START_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A process that serves one case; `pid` is that of its guard, whose child the server is."""

    side: Side
    pid: int
    port: int


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serve(side: Side, case: Case, core: int) -> Iterator[Server]:
    """Run a server pinned to `core`; the command `timeout` ends it should nobody else do."""
    port = free_port()
    guard = ["timeout", "--kill-after=5", str(LIFETIME), "taskset", "-c", str(core)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | side.environment(case.name, port)
    process = subprocess.Popen(
        [*guard, *side.command(port)], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        _wait_until_up(process, port, side.name)
        yield Server(side, process.pid, port)
    finally:
        _end(process)


def _wait_until_up(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server of {name} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the server of {name} did not come up")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server; what it was asked goes on to its guard's child."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        for pid in _family(process.pid)[::-1]:
            os.kill(pid, signal.SIGKILL)
        process.wait()


def answer(case: Case, port: int) -> tuple[int, Any]:
    """Return status and decoded body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {name.decode(): value.decode() for name, value in case.all_headers[1:]}
    connection.request(case.method, case.target, case.body or None, headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, json.loads(body) if response.status == 200 else None


def resident_mib(server: Server) -> float:
    """Return the resident memory of the server and its children in MiB."""
    return sum(_resident_kib(pid) for pid in _family(server.pid)[1:]) / 1024


def _family(pid: int) -> list[int]:
    """Return `pid` and all its descendants that live."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [pid, *(member for child in text.split() for member in _family(int(child)))]


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
