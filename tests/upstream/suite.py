"""Run a suite that a source distribution carries, with plugins of ours, in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .outcomes import Outcome, read

_HERE = Path(__file__).resolve().parent
# No such suite knows these plugins: one warns under xdist, and the suites make warnings errors; one draws.
_PLUGINS = ["-p", "no:benchmark", "-p", "no:sugar", "-p", "no:cacheprovider", "-p", "outcome_report"]


class Source(Protocol):
    """Where a suite comes from: gives a directory of its own to each run."""

    def unpacked(self) -> AbstractContextManager[Path]: ...


@dataclass(frozen=True)
class Suite:
    """A suite and what is put around it: directories with plugins of ours, the names of these plugins, and the
    interpreter whose environment it is run in."""

    source: Source
    plugin_directories: Sequence[Path] = ()
    plugins: Sequence[str] = ()
    python: str = sys.executable

    def run(
        self,
        arguments: Sequence[str],
        *,
        launcher: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        deadline: float,
    ) -> tuple[int, dict[str, Outcome]]:
        """Run pytest with `arguments` in the unpacked distribution; return its status and the outcomes.

        Args:
            arguments: Pytest's, after the options that every run has.
            launcher: A command in front of the one that starts pytest.
            environ: Variables to set in addition.
            deadline: Seconds for the whole run.

        Raises:
            subprocess.TimeoutExpired: The run had no end in time.
        """
        plugins = [option for name in self.plugins for option in ("-p", name)]
        command = [*launcher, self.python, "-m", "pytest", *_PLUGINS, *plugins, *arguments]
        with self.source.unpacked() as root, tempfile.TemporaryDirectory() as directory:
            variables = {**self._environ(), **(environ or {}), "OUTCOMES": directory}
            done = subprocess.run(command, cwd=root, env=variables, timeout=deadline, check=False)
            return done.returncode, read(Path(directory))

    def _environ(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))
        }
        directories = [str(_HERE), *map(str, self.plugin_directories)]
        paths = [*directories, *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**inherited, "PYTHONPATH": os.pathsep.join(paths)}


def show(title: str, nodeids: Iterable[str], outcomes: Mapping[str, Outcome]) -> None:
    """Print the node ids under a title with their number, each with why it failed; nothing if there are none."""
    lines = [f"  {nodeid}  {_reason(outcomes.get(nodeid))}" for nodeid in sorted(nodeids)]
    if lines:
        print(f"{len(lines)} {title}:", *lines, sep="\n")


def _reason(outcome: Outcome | None) -> str:
    if outcome is None or outcome.kind == "passed":
        return ""
    lines = [line for line in map(str.strip, outcome.detail.splitlines()) if line]
    return f"[{outcome.kind}] {' '.join(lines)[:160]}"
