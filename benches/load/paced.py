"""One run of `paced`, the load generator of a constant rate, and what it found.

h2load has a rate, too, but all its clients send in bursts 10 ms apart, and its clock starts when a request is
sent, not when it was due; wrk2 is not packaged. So this is a program of its own: `paced.rs`.
"""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .answers import WrongAnswersError
from .cores import on_core
from .sides import ROOT

SOURCE = Path(__file__).with_name("paced.rs")
PROGRAM = ROOT / ".cache" / "paced"


@dataclass(frozen=True)
class Paced:
    """Latency in microseconds since a request was due.

    `rate` is that of the answers, `stalled` the share of the time in which the generator itself was held up.
    """

    requests: int
    rate: float
    p50_us: float
    p90_us: float
    p99_us: float
    max_us: float
    stalled: float
    longest_stall_us: float


def compile_it() -> None:
    """Compile the program unless it is newer than its source."""
    if PROGRAM.exists() and PROGRAM.stat().st_mtime > SOURCE.stat().st_mtime:
        return
    PROGRAM.parent.mkdir(exist_ok=True)
    subprocess.run(["rustc", "-O", "--edition", "2024", str(SOURCE), "-o", str(PROGRAM)], check=True)


def run(
    port: int, rate: float, seconds: int, core: int, connections: int, exchange: tuple[bytes, bytes]
) -> Paced:
    """Send `rate` requests a second to `port` for `seconds` from `core`; `exchange` is request and answer.

    Raises:
        WrongAnswersError: an answer was another, or the server did not keep up.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("request", "answer")]
        for file, content in zip(files, exchange, strict=True):
            file.write_bytes(content)
        command = [*on_core(core), str(PROGRAM), str(port), f"{rate:.1f}", str(seconds)]
        command += [str(connections), *map(str, files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 30)
    if done.returncode:
        raise WrongAnswersError(f"paced ended with {done.returncode}: {done.stderr}")
    return Paced(**json.loads(done.stdout))
