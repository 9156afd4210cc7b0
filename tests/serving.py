"""Commands that serve, in processes of their own."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


def environment(**changes: str | None) -> dict[str, str]:
    """The environment of the tests without what makes a process a child of `exec`, and with `changes`."""
    environ = {name: value for name, value in os.environ.items() if name != "FERROAPI_DROPIN"}
    environ |= {name: value for name, value in changes.items() if value is not None}
    for name, value in changes.items():
        if value is None:
            environ.pop(name, None)
    return environ


@contextmanager
def serving(
    command: list[str], cwd: Path, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server; its output goes to `server.log` in `cwd`. It must end by itself after SIGTERM."""
    with cwd.joinpath("server.log").open("wb") as log:
        # A group of its own, so that nothing the server started outlives the test.
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ or environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=15)
            assert process.returncode in (0, -signal.SIGTERM), cwd.joinpath("server.log").read_text()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def ask(port: int, process: subprocess.Popen[bytes]) -> str:
    """The body of the answer to `GET /`, once the server gives one."""
    answers: list[str] = []

    def try_once() -> bool:
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
                answers.append(response.read().decode())
        except OSError:
            return False
        return True

    until(try_once)
    return answers[-1]


def until(condition: Callable[[], bool]) -> None:
    """Wait for the state of another process, which gives no event."""
    deadline = time.monotonic() + 25
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
