"""`python -m benches.callgrind`: instructions a request, counted by valgrind, so that noise does not matter.

Each side runs in a process of its own under callgrind, which counts after the warm-up: a short and a long
run, whose difference has nothing in it but requests. The counts can be looked into with callgrind_annotate;
the files stay in `benches/results`. Needs valgrind, its headers, and a C compiler.
"""

import argparse
import ctypes
import gc
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .cases import CASES, bare, named
from .inprocess import CANDIDATE, REFERENCE, Runner, build, new_loop
from .wire import WireRunner

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
# The candidate behind its own HTTP protocol class, in the place of a package.
PROTOCOL = "protocol"
SIDES = {"bare ASGI": "", "reference": REFERENCE, "candidate": CANDIDATE, "own protocol": PROTOCOL}
# Requests: before counting, in the short run, and how many more in the long one.
WARM_UP, SHORT, MORE = 200, 100, 400
# Hash tables of Rust are seeded by getrandom; a fixed seed makes two counts alike.
SWITCH = """
#include <string.h>
#include <sys/types.h>
#include <valgrind/callgrind.h>
ssize_t getrandom(void *buffer, size_t size, unsigned flags) { memset(buffer, 7, size); return size; }
void start(void) { CALLGRIND_START_INSTRUMENTATION; CALLGRIND_ZERO_STATS; }
void dump(void) { CALLGRIND_DUMP_STATS; }
void stop(void) { CALLGRIND_STOP_INSTRUMENTATION; }
"""
# Nothing else of the environment reaches the counted process: it lies on its stack and moves everything.
PASSED_ON = ("PATH", "HOME", "LD_LIBRARY_PATH", "BENCH_CANDIDATE")


def ready() -> str | None:
    """Return what is missing for counting, if something is."""
    missing = [tool for tool in ("valgrind", "cc") if shutil.which(tool) is None]
    return f"{' and '.join(missing)} not found" if missing else None


def count(case: str, package: str, keep: Path) -> float:
    """Return instructions a request of one side, measured in a child process."""
    with tempfile.TemporaryDirectory(prefix="counts-") as folder:
        switch = Path(folder) / "switch.so"
        compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(switch)]
        subprocess.run(compiler, input=SWITCH, text=True, check=True)
        dumps = Path(folder) / "out"
        _run_child(["--child", case, package, str(switch)], dumps, switch)
        short, more = (Path(f"{dumps}.{number}") for number in (1, 2))
        shutil.copyfile(more, keep)
        return (_total(more) - _total(short)) / MORE


def _run_child(job: list[str], dumps: Path, preload: Path) -> None:
    options = ["--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={dumps}"]
    command = ["valgrind", *options, sys.executable, "-m", "benches.callgrind", *job]
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {"PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc", "LD_PRELOAD": str(preload)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")


def _total(dump: Path) -> int:
    found = re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{dump} has no total")
    return int(found[1])


def child(name: str, package: str, switch: str) -> None:
    """Run in the counted process: warm up, count a short and a long run."""
    library = ctypes.CDLL(switch)
    case = named(name)
    runner: Runner | WireRunner
    if package == PROTOCOL:
        runner = WireRunner(case, build(case, CANDIDATE), new_loop())
        assert runner.answer().startswith(b"HTTP/1.1 %d " % case.status)
    else:
        runner = Runner(case, build(case, package) if package else bare, new_loop())
        assert runner.answer()[0]["status"] == (case.status if package else 200)
    runner.run(runner.prepare(WARM_UP))
    short, long = runner.prepare(SHORT), runner.prepare(SHORT + MORE)
    gc.collect()
    gc.freeze()
    library.start()
    for scopes in (short, long):
        runner.run(scopes)
        library.dump()
    library.stop()


def main() -> None:
    """Print and write the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [case.name for case in CASES]
    parser.add_argument("--case", action="append", choices=names, help="default: all but `hello def`")
    parser.add_argument("--side", action="append", choices=list(SIDES), help="default: all")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    if missing := ready():
        raise SystemExit(missing)
    RESULTS.mkdir(exist_ok=True)
    counts: dict[str, dict[str, float]] = {}
    for case in options.case or [name for name in names if name != "hello def"]:
        counts[case] = {}
        for side in options.side or SIDES:
            keep = RESULTS / f"callgrind.{case.replace(' ', '-')}.{side.split()[0]}.out"
            counts[case][side] = count(case, SIDES[side], keep)
            print(f"{case:<26} {side:<10} {counts[case][side]:>12,.0f} instructions a request", flush=True)
    (RESULTS / "callgrind.json").write_text(json.dumps(counts, indent=1) + "\n")


if __name__ == "__main__":
    main()
