"""Search for differences with new seeds: `python -m tests.generated --seconds 60`, or look at one with `--seed`."""

import argparse
import random
import sys
import time
import warnings

from .program import KINDS, Program, compared, make_program, stand_alone
from .reduce import report

_TRIES = 1500


def main() -> int:
    """Run programs until the time is over or two packages differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.generated", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, help="run this one only")
    parser.add_argument("--kind", choices=KINDS, action="append", help="what the programs are about; all")
    parser.add_argument("--print", action="store_true", help="print the program of the seed")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    kinds = options.kind or KINDS
    if options.seed is not None:
        program = make_program(options.seed, kinds[0])
        if options.print:
            print(stand_alone(program, f"{program.kind} {options.seed}"))
            return 0
        return int(_differs(program))
    seed = start = random.SystemRandom().randrange(10**6, 10**9)
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        if any(_differs(make_program(seed, kind)) for kind in kinds):
            return 1
        seed += 1
    print(
        f"{seed - start} generated programs of each kind ({', '.join(kinds)}) from seed {start}: no difference"
    )
    return 0


def _differs(program: Program) -> bool:
    found, _ = compared(program)
    if found:
        print(report(program, found[0], _TRIES))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
