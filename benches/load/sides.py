"""Who is measured: the packages, the interpreter that has them, and the command that serves a case."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..inprocess import CANDIDATE, REFERENCE

ROOT = Path(__file__).parent.parent.parent
PEERS = ROOT / ".cache" / "peers"
OWN = Path(sys.executable)
UVICORN = (
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--workers",
    "1",
    "--no-access-log",
    "--log-level",
    "warning",
)


@dataclass(frozen=True)
class Side:
    """One framework; `package` is its distribution, `python` the interpreter that has it."""

    name: str
    package: str
    python: Path = OWN
    own_server: bool = False

    def command(self, port: int) -> list[str]:
        """Return the command that serves on `port` of the loopback interface."""
        if self.own_server:
            return [str(self.python), "-m", "benches.load.served", "--log-level", "WARN"]
        application = ("benches.load.served:make", "--factory", "--host", "127.0.0.1", "--port", str(port))
        return [str(self.python), "-m", "uvicorn", *application, *UVICORN]

    def environment(self, case: str, port: int) -> dict[str, str]:
        """Return what `benches.load.served` has to know."""
        return {"BENCH_SIDE": self.name, "BENCH_CASE": case, "BENCH_PORT": str(port)}

    def cases(self) -> set[str]:
        """Return the names of the cases that this side has an application for."""
        command = [str(self.python), "-c", "from benches.load import served; served.print_cases()"]
        environment = {"BENCH_SIDE": self.name}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
        return set(json.loads(done.stdout))


SIDES = (
    Side("bare ASGI", "uvicorn"),
    Side("starlette", "starlette"),
    Side(REFERENCE, REFERENCE),
    Side(CANDIDATE, CANDIDATE),
    Side("blacksheep", "blacksheep", PEERS / "asgi" / "bin" / "python"),
    Side("litestar", "litestar", PEERS / "asgi" / "bin" / "python"),
    Side("robyn", "robyn", PEERS / "robyn" / "bin" / "python", own_server=True),
)
