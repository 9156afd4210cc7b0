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
ASGI_PEERS = PEERS / "asgi" / "bin" / "python"
ROBYN_PEER = PEERS / "robyn" / "bin" / "python"
APPLICATION = ("benches.load.served:make", "--factory", "--host", "127.0.0.1", "--port", "{port}")
NATIVE = f"{CANDIDATE}.protocol:HTTPProtocol"


@dataclass(frozen=True)
class Program:
    """What serves; `arguments` are those of the interpreter, with `{port}` in them."""

    name: str
    arguments: tuple[str, ...]


def uvicorn(http: str) -> Program:
    """One uvicorn worker on uvloop; `http` is its option of that name."""
    quiet = ("--workers", "1", "--no-access-log", "--log-level", "warning")
    arguments = ("-m", "uvicorn", *APPLICATION, "--loop", "uvloop", "--http", http, *quiet)
    return Program(f"uvicorn, {http.partition(':')[0]}", arguments)


def granian(interface: str) -> Program:
    """One Granian worker on uvloop with one thread beside Python's."""
    one = ("--workers", "1", "--runtime-threads", "1", "--runtime-mode", "st", "--http", "1", "--no-ws")
    quiet = ("--no-access-log", "--log-level", "warning")
    arguments = ("-m", "granian", "--interface", interface, *APPLICATION, "--loop", "uvloop", *one, *quiet)
    return Program(f"Granian, {interface.upper()}", arguments)


HTTPTOOLS = uvicorn("httptools")
ITSELF = Program("its own server", ("-m", "benches.load.served", "--log-level", "WARN"))


@dataclass(frozen=True)
class Side:
    """One line of each case; `package` is a distribution, `python` the interpreter that has it.

    `app` says whose applications are served, if not those called like the side. `copies` is the side whose
    answer this one is given to repeat.
    """

    name: str
    package: str
    python: Path = OWN
    program: Program = HTTPTOOLS
    app: str = ""
    copies: str = ""

    def command(self, port: int) -> list[str]:
        """Return the command that serves on `port` of the loopback interface."""
        return [str(self.python), *(part.format(port=port) for part in self.program.arguments)]

    def environment(self, case: str, port: int) -> dict[str, str]:
        """Return what `benches.load.served` has to know."""
        return {"BENCH_APP": self.app or self.name, "BENCH_CASE": case, "BENCH_PORT": str(port)}

    def cases(self) -> set[str]:
        """Return the names of the cases that this side has an application for."""
        command = [str(self.python), "-c", "from benches.load import served; served.print_cases()"]
        environment = {"BENCH_APP": self.app or self.name}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60)
        return set(json.loads(done.stdout))


BARE = Side("bare ASGI", "uvicorn", app="bare")
STARLETTE = Side("starlette", "starlette")
THE_REFERENCE = Side(REFERENCE, REFERENCE)
THE_CANDIDATE = Side(CANDIDATE, CANDIDATE)
BLACKSHEEP = Side("blacksheep", "blacksheep", ASGI_PEERS)
LITESTAR = Side("litestar", "litestar", ASGI_PEERS)
ROBYN = Side("robyn", "robyn", ROBYN_PEER, ITSELF)


def protocol_sides(http: str = NATIVE) -> tuple[Side, ...]:
    """Return what the own HTTP protocol is measured beside; `http` is that protocol, or a stand-in."""
    own = uvicorn(http)
    return (
        Side("constant", "uvloop", program=ITSELF, copies="native"),
        Side("native", CANDIDATE, program=own, app=CANDIDATE),
        THE_CANDIDATE,
        THE_REFERENCE,
        Side("bare native", CANDIDATE, program=own, app="bare"),
        BARE,
        Side("bare zttp", "zttp", ASGI_PEERS, uvicorn("zttp"), app="bare"),
        Side("granian ASGI", "granian", ASGI_PEERS, granian("asgi"), app="bare"),
        Side("granian RSGI", "granian", ASGI_PEERS, granian("rsgi"), app="rsgi"),
        ROBYN,
    )
