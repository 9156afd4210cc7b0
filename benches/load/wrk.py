"""One run of wrk, the load generator of always busy connections, and what it found."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..cases import Case
from .answers import WrongAnswersError
from .cores import on_core

# wrk prints rounded figures for people; its script interface has them in microseconds.
REPORT = """
function done(summary, latency, requests)
  local e = summary.errors
  local form = '{"requests": %d, "us": %d, "bytes": %d, "p50_us": %d, "p99_us": %d, ' ..
    '"refused": %d, "failed": %d}'
  io.write('\\n' .. string.format(form,
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout) .. '\\n')
end
"""


@dataclass(frozen=True)
class Load:
    """Requests a second, and latency in microseconds with all connections always busy."""

    requests: int
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


def run(case: Case, port: int, seconds: int, core: int, connections: int, length: int) -> Load:
    """Load `port` for `seconds` from `core`; `length` is that of a whole answer, head and body, in bytes.

    Raises:
        WrongAnswersError: a connection failed, or an answer had another status or length than it should.
    """
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "request.lua"
        lua.write_text(script(case))
        command = [*on_core(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
        command += ["-s", str(lua), f"http://127.0.0.1:{port}{case.target}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    if done.returncode:
        raise WrongAnswersError(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    refused = found["requests"] if case.status >= 400 else 0
    # The end finds some answers half read.
    right_length = 0 <= found["bytes"] - found["requests"] * length <= connections * length
    if found["failed"] or found["refused"] != refused or not found["requests"] or not right_length:
        raise WrongAnswersError(
            f"wrk saw wrong answers, not all of {length} bytes and {case.status}: {found}"
        )
    return Load(found["requests"], found["requests"] / found["us"] * 1e6, found["p50_us"], found["p99_us"])
