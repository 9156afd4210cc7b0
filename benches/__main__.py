"""`python -m benches [--quick] [pytest options]`: the speed table.

In CPU time, which a busy machine disturbs least.
"""

import os
import sys
from pathlib import Path

import pytest

OPTIONS = (
    "-q",
    "--benchmark-quiet",
    "--benchmark-timer=time.process_time",
    "-p",
    "no:sugar",
    "-p",
    "no:codspeed",  # it has a `benchmark` fixture of its own
    "-p",
    "no:xdist",
    "-p",
    "no:cacheprovider",
)


def main(arguments: list[str]) -> int:
    """Run the benchmarks; `--quick` takes about half a minute instead of three."""
    if "--quick" in arguments:
        os.environ["BENCH_QUICK"] = "1"
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    rest = [argument for argument in arguments if argument != "--quick"]
    return int(
        pytest.main(
            [
                str(Path(__file__).parent),
                *OPTIONS,
                f"--benchmark-json={results / 'pytest-benchmark.json'}",
                *rest,
            ]
        )
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
