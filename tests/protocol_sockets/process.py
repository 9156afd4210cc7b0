"""uvicorn in a process of its own, started as a user starts it, and what it costs."""

import functools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from .chosen import PATIENCE, PROTOCOL
from .wire import Address, Wire

_ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A running uvicorn: its address, its output, its memory."""

    def __init__(self, command: list[str], directory: Path, cwd: Path) -> None:
        self._out, self._err = directory / "out", directory / "err"
        environ = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        }
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(command, stdout=out, stderr=err, env=environ, cwd=cwd)
        self._known = psutil.Process(self._process.pid)

    @property
    def out(self) -> str:
        """Standard output so far; the access log."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Standard error so far; all other logs."""
        return self._err.read_text()

    @functools.cached_property
    def address(self) -> Address:
        """Where to connect to; waits until it listens."""
        pattern = r"running on (?:unix socket (\S+)|https?://([\d.]+):(\d+))"
        match = self.until(lambda: re.search(pattern, self.err), "it listens")
        return match[1] or (match[2], int(match[3]))

    def connect(self, **options: Any) -> Wire:
        """Open a connection, as soon as that can be done."""

        def connected() -> Wire | None:
            try:
                return Wire(self.address, **options)
            except (ConnectionRefusedError, BlockingIOError):  # not yet there, or its backlog is full
                return None

        wire: Wire = self.until(connected, "a connection")
        return wire

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until this is so, and return what it gives."""
        end = time.monotonic() + PATIENCE
        while not (result := condition()):
            assert time.monotonic() < end, f"not within {PATIENCE} seconds: {what}\n{self.err}"
            assert self._process.poll() is None, f"uvicorn has ended, before {what}\n{self.err}"
            time.sleep(0.01)
        return result

    @property
    def memory(self) -> int:
        """Resident memory in bytes."""
        return int(self._known.memory_info().rss)

    @property
    def open_files(self) -> int:
        """Open file descriptors."""
        return int(self._known.num_fds())

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end; the exit status."""
        return self._process.wait(PATIENCE)

    def end(self) -> None:
        """End it and its children, gently where possible."""
        family = [*self._known.children(recursive=True), self._known] if self._process.poll() is None else []
        if family:
            self._process.send_signal(signal.SIGTERM)
            _, alive = psutil.wait_procs(family, timeout=5)
            for process in alive:
                process.kill()
        self._process.wait(PATIENCE)


@contextmanager
def running(
    app: str, directory: Path, *options: str, loop: str = "uvloop", http: str = PROTOCOL, cwd: Path = _ROOT
) -> Iterator[Process]:
    """Run `uvicorn APP` with these options; output goes to files in `directory`."""
    where = [] if {"--uds", "--fd"} & set(options) else ["--host", "127.0.0.1", "--port", "0"]
    command = [sys.executable, "-m", "uvicorn", app, *where, "--loop", loop, "--http", http, *options]
    process = Process(command, directory, cwd)
    try:
        assert process.address
        yield process
    finally:
        process.end()
