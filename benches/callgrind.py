"""`python -m benches.callgrind`: instructions a request, counted by valgrind, so that noise does not matter.

Each side runs in a process of its own under callgrind, which starts counting after the warm-up. The counts
can be looked into with callgrind_annotate; the files stay in `benches/results`. Needs valgrind, its headers,
and a C compiler.
"""

import argparse
import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .cases import CASES, bare
from .inprocess import CANDIDATE, REFERENCE, Runner, build, new_loop

RESULTS = Path(__file__).parent / "results"
SIDES = {"bare ASGI": "", "reference": REFERENCE, "candidate": CANDIDATE}
SWITCH = """
#include <valgrind/callgrind.h>
void start(void) { CALLGRIND_START_INSTRUMENTATION; }
void stop(void) { CALLGRIND_STOP_INSTRUMENTATION; }
"""


def count(case: int, package: str, requests: int, warm_up: int, keep: Path) -> float:
    """Return instructions a request of one side, measured in a child process."""
    with tempfile.TemporaryDirectory() as folder:
        switch = Path(folder) / "switch.so"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", switch], input=SWITCH, text=True, check=True
        )
        options = ["--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={keep}"]
        job = [str(case), package, str(requests), str(warm_up), str(switch)]
        command = ["valgrind", *options, sys.executable, "-m", "benches.callgrind", "--child", *job]
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONMALLOC": "pymalloc"}
        done = subprocess.run(
            command,
            cwd=Path(__file__).parent.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or found is None:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return int(found[1]) / requests


def child(case: int, package: str, requests: int, warm_up: int, switch: str) -> None:
    """Run in the counted process: warm up, count, stop."""
    library = ctypes.CDLL(switch)
    made = CASES[case]
    runner = Runner(made, build(made, package) if package else bare, new_loop())
    assert runner.answer()[0]["status"] == (made.status if package else 200)
    runner.run(runner.prepare(warm_up))
    scopes = runner.prepare(requests)
    library.start()
    runner.run(scopes)
    library.stop()


def main() -> None:
    """Print and write the counts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES], help="default: all but `hello def`"
    )
    parser.add_argument("--side", action="append", choices=list(SIDES), help="default: all")
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--warm-up", type=int, default=50)
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        case, package, requests, warm_up, switch = options.child
        child(int(case), package, int(requests), int(warm_up), switch)
        return
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not installed")
    RESULTS.mkdir(exist_ok=True)
    wanted = options.case or [case.name for case in CASES if case.name != "hello def"]
    counts: dict[str, dict[str, float]] = {}
    for number, case in enumerate(CASES):
        if case.name not in wanted:
            continue
        counts[case.name] = {}
        for side in options.side or SIDES:
            keep = RESULTS / f"callgrind.{case.name.replace(' ', '-')}.{side.split()[0]}.out"
            counts[case.name][side] = count(number, SIDES[side], options.requests, options.warm_up, keep)
            print(
                f"{case.name:<26} {side:<10} {counts[case.name][side]:>12,.0f} instructions a request",
                flush=True,
            )
    (RESULTS / "callgrind.json").write_text(json.dumps(counts, indent=1) + "\n")


if __name__ == "__main__":
    main()
