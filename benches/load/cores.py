"""A core for the server, one for the load, and if asked for priority over what else the machine does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Sessions share the processor evenly, whatever the niceness of their processes, unless that of the session is
# set: sched(7), "The autogroup feature".
AUTOGROUP = Path("/proc/self/autogroup")
FIRST = -20


def cores() -> tuple[int, int]:
    """Return the core for the server and the one for the load; the same where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[-1], allowed[0]


def on_core(core: int) -> list[str]:
    """Return the start of a command that runs on one core."""
    return ["taskset", "-c", str(core)]


@contextmanager
def priority(*, wanted: bool) -> Iterator[None]:
    """Put this process and those it starts before all others; that needs root, and hinders the others.

    Raises:
        PermissionError: that is not allowed.
    """
    if not wanted:
        yield
        return
    before, group = os.getpriority(os.PRIO_PROCESS, 0), _group_niceness()
    os.setpriority(os.PRIO_PROCESS, 0, FIRST)
    _set_group_niceness(FIRST)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)
        _set_group_niceness(group)


def _group_niceness() -> int:
    return int(AUTOGROUP.read_text().split()[-1]) if AUTOGROUP.exists() else 0


def _set_group_niceness(value: int) -> None:
    if AUTOGROUP.exists():
        AUTOGROUP.write_text(str(value))
