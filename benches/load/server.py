"""Start a server on a core of its own, see that it answers rightly, and end it."""

import http.client
import io
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
from .answers import WrongAnswersError
from .cores import on_core
from .sides import ROOT, Side

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
def serve(side: Side, case: Case, core: int, more: dict[str, str], lifetime: int) -> Iterator[Server]:
    """Run a server pinned to `core`; the command `timeout` ends it after `lifetime` should nobody else do.

    `more` is added to its environment.

    Raises:
        WrongAnswersError: it did not come up.
    """
    port = free_port()
    guard = ["timeout", "--kill-after=5", str(lifetime), *on_core(core)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | side.environment(case.name, port) | more
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
            raise WrongAnswersError(f"the server of {name} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise WrongAnswersError(f"the server of {name} did not come up")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server; what it was asked goes on to its guard's child."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        for pid in _family(process.pid)[::-1]:
            os.kill(pid, signal.SIGKILL)
        process.wait()


def request(case: Case, port: int) -> bytes:
    """Return the bytes of the request of `case`, as wrk sends it."""
    headers = [(b"Host", f"127.0.0.1:{port}".encode()), *case.all_headers[1:]]
    head = [f"{case.method} {case.target} HTTP/1.1".encode(), *(b": ".join(header) for header in headers)]
    return b"\r\n".join([*head, b"", case.body])


def answer(case: Case, port: int) -> tuple[int, bytes, bytes]:
    """Return status and body of one request, and the bytes that both came in."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request(case, port))
        recorded = _Recorder(connection)
        response = http.client.HTTPResponse(recorded, method=case.method)  # type: ignore[arg-type]
        response.begin()
        body = response.read()
    return response.status, body, bytes(recorded.seen)


class _Recorder(io.RawIOBase):
    """A socket to `http.client`, and a file: keeps what is read of it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self.seen = connection, bytearray()

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._connection.recv_into(buffer)
        self.seen += buffer[:count]
        return count


def cpu_seconds(server: Server) -> float:
    """Return the processor time that the server and its children have used."""
    return sum(_ticks(pid) for pid in _family(server.pid)[1:]) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    # The second field, a name in brackets, may hold spaces; utime and stime are the 14th and 15th.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


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
