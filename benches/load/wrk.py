"""One run of wrk, the load generator, and what it found."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..cases import Case

CONNECTIONS = 32
# wrk prints rounded figures for people; its script interface has them in microseconds.
REPORT = """
function done(summary, latency, requests)
  local e = summary.errors
  local form = '{"requests": %d, "us": %d, "p50_us": %d, "p99_us": %d, "refused": %d, "failed": %d}'
  io.write('\\n' .. string.format(form,
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout) .. '\\n')
end
"""


@dataclass(frozen=True)
class Load:
    """Requests a second, and latency in microseconds with all connections always busy."""

    rate: float
    p50_us: float
    p99_us: float


def script(case: Case) -> str:
    """Return the Lua that makes wrk send the request of `case`."""
    headers = "".join(
        f"wrk.headers[{json.dumps(name.decode())}] = {json.dumps(value.decode())}\n"
        for name, value in case.all_headers[1:]
        if name != b"content-length"
    )
    body = f"wrk.body = {json.dumps(case.body.decode())}\n" if case.body else ""
    return f'wrk.method = "{case.method}"\n{body}{headers}{REPORT}'


def run(case: Case, port: int, seconds: int, core: int) -> Load:
    """Load `port` for `seconds` from `core`.

    Raises:
        SystemExit: a connection failed, or an answer had another status than it should.
    """
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "request.lua"
        lua.write_text(script(case))
        command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
        command += ["-s", str(lua), f"http://127.0.0.1:{port}{case.target}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    refused = found["requests"] if case.status >= 400 else 0
    if found["failed"] or found["refused"] != refused or not found["requests"]:
        raise SystemExit(f"{case.name}: wrk saw wrong answers: {found}")
    return Load(found["requests"] / found["us"] * 1e6, found["p50_us"], found["p99_us"])
