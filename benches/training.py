"""`python -m benches.training`: the requests that the compiler is shown for a profile-guided build.

Every case of the speed table, through ASGI and through the HTTP protocol class.
"""

import asyncio

from .cases import CASES, EVERY_CASE, Case
from .inprocess import CANDIDATE, Runner, build, new_loop
from .wire import WireRunner

REQUESTS = 500


def train(case: Case, loop: asyncio.AbstractEventLoop) -> None:
    """Serve one case through both doors."""
    runners = [Runner(case, build(case, CANDIDATE), loop)]
    for runner in runners:
        runner.run(runner.prepare(REQUESTS))


def main() -> None:
    """Serve all cases."""
    loop = new_loop()
    for case in CASES:
        train(case, loop)


if __name__ == "__main__":
    main()
