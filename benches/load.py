"""`python -m benches.load`: requests a second under uvicorn: bare ASGI, the reference and this package.

The server has one core to itself and the load another. wrk makes the load where it is installed, otherwise
a small client of our own, which is then the limit for the fastest server. Rounds alternate between servers.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .cases import CASES, Case
from .inprocess import CANDIDATE, REFERENCE, new_loop

SERVERS = {"bare ASGI": "", "reference": REFERENCE, "candidate": CANDIDATE}
CONNECTIONS = 32


def cores() -> tuple[int, int]:
    """The core for the server and the one for the load; the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(package: str, case: int, core: int) -> Iterator[int]:
    """Run one uvicorn worker pinned to `core` and yield its port."""
    port = free_port()
    environment = os.environ | {"BENCH_PACKAGE": package, "BENCH_CASE": str(case)}
    command = [sys.executable, "-m", "uvicorn", "benches.served:app", "--port", str(port), "--no-access-log"]
    command += ["--loop", "uvloop", "--http", "httptools", "--log-level", "warning"]
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=Path(__file__).parent.parent,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    try:
        _wait_until_up(process, port)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not come up")


def measure(case: Case, port: int, seconds: float, core: int) -> float:
    """Return requests a second over `seconds` of load from `core`."""
    if shutil.which("wrk"):
        return _wrk(case, port, seconds, core)
    os.sched_setaffinity(0, {core})
    loop = new_loop()
    try:
        return float(loop.run_until_complete(_own_load(case, port, seconds)))
    finally:
        loop.close()


def _wrk(case: Case, port: int, seconds: float, core: int) -> float:
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s"]
    script = Path(__file__).parent / "results" / "wrk.lua"
    script.parent.mkdir(exist_ok=True)
    fields = "".join(
        f"wrk.headers[{json.dumps(k.decode())}] = {json.dumps(v.decode())}\n" for k, v in case.all_headers[1:]
    )
    body = f"wrk.body = {json.dumps(case.body.decode())}\n" if case.body else ""
    script.write_text(f'wrk.method = "{case.method}"\n{body}{fields}')
    url = f"http://127.0.0.1:{port}{case.target}"
    output = subprocess.run(
        [*command, "-s", str(script), url], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if found is None:
        raise SystemExit(f"wrk said:\n{output}")
    return float(found[1])


class _Connection(asyncio.Protocol):
    """Send the same request again as soon as its answer, always of the same length, is complete."""

    def __init__(self, request: bytes, size: int) -> None:
        self._request, self._size, self._have = request, size, 0
        self.done = 0

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._have += len(data)
        if self._have >= self._size:
            self._have -= self._size
            self.done += 1
            self._transport.write(self._request)


async def _own_load(case: Case, port: int, seconds: float) -> float:
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in case.all_headers)
    request = f"{case.method} {case.target} HTTP/1.1\r\n".encode() + lines + b"\r\n" + case.body
    size = await _answer_size(request, port)
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(request, size), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    before, started = sum(connection.done for _, connection in made), time.perf_counter()
    await asyncio.sleep(seconds)
    served, spent = sum(connection.done for _, connection in made) - before, time.perf_counter() - started
    for transport, _ in made:
        transport.abort()
    return served / spent


async def _answer_size(request: bytes, port: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    writer.close()
    return len(head) + (int(length[1]) if length else 0)


def main() -> None:
    """Print and write requests a second per server."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", default="hello async", choices=[case.name for case in CASES])
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each server")
    options = parser.parse_args()
    number = next(index for index, case in enumerate(CASES) if case.name == options.case)
    server_core, load_core = cores()
    rates: dict[str, list[float]] = {name: [] for name in SERVERS}
    for _ in range(options.rounds):
        for name, package in SERVERS.items():
            with server(package, number, server_core) as port:
                measure(CASES[number], port, 0.5, load_core)
                rates[name].append(measure(CASES[number], port, options.seconds, load_core))
    _report(options.case, rates)


def _report(case: str, rates: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(values) for name, values in rates.items()}
    by = "wrk" if shutil.which("wrk") else "own client"
    print(f"{case}, {CONNECTIONS} connections, {by}")
    for name, rate in medians.items():
        print(f"  {name:<10} {rate:>9,.0f} requests/s   {rate / medians['reference']:.1f} of the reference")
    target = Path(__file__).parent / "results" / "load.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps({"case": case, "load": by, "requests_per_second": rates}, indent=1) + "\n")
    print(f"written to {target}")


if __name__ == "__main__":
    main()
