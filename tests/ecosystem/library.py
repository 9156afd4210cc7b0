"""The table of libraries, `libraries.toml`: what is fetched, what it needs, and what of its suite is run."""

import os
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.upstream.sdist import Sdist
from tests.upstream.suite import Source

_HERE = Path(__file__).resolve().parent
ROOT = _HERE.parents[1]
CACHE = Path(os.environ.get("ECOSYSTEM_CACHE", ROOT / ".cache" / "ecosystem"))
TABLE = _HERE / "libraries.toml"


@dataclass(frozen=True)
class Library:
    """One row of the table."""

    name: str
    version: str
    requires: Sequence[str]
    """What the suite needs beside the library, as pip's requirements; `requirements/ecosystem/` has the frozen list."""
    about: str
    """What it is, in a word or two."""
    sha256: str = ""
    """Of its source distribution; without one the tests are ours, in the folder `own/NAME`."""
    sdist: str = ""
    """The project's name as the archive spells it, where that is not `name`."""
    extras: str = ""
    without: Sequence[str] = ()
    """Folders of the archive that are left out, so that the installed package is tested."""
    adds: Sequence[str] = ()
    """Files that the tests need and the archive lacks; they are empty."""
    within: str = "."
    """The folder of the archive in which pytest is started."""
    pytest: Sequence[str] = ("tests",)
    environ: Mapping[str, str] = field(default_factory=dict)
    plugins: Sequence[str] = ()
    """Plugins of ours, from the folder `plugins`."""
    workers: int = 0
    """Most pytest-xdist workers: for large suites whose tests share no ports or files."""
    deadline: float = 600
    """Seconds for one run of the suite."""
    short: bool = False
    """Whether it is among those that each `make test` runs."""
    deselect: Mapping[str, str] = field(default_factory=dict)
    """Files and node ids that are not run on either side, each with the reason."""

    @property
    def requirement(self) -> str:
        """The library itself, as a requirement of pip's."""
        return f"{self.name}{self.extras}=={self.version}"

    @property
    def lock(self) -> Path:
        """The frozen versions of its environment."""
        return ROOT / "requirements" / "ecosystem" / f"{self.name}.txt"

    @property
    def baseline(self) -> Path:
        """What the suite gives on the reference."""
        return _HERE / "baseline" / f"{self.name}.json"

    @property
    def source(self) -> Source:
        """Where its tests come from."""
        if not self.sha256:
            return _Folder(_HERE / "own" / self.name)
        sdist = Sdist(self.sdist or self.name, self.version, self.sha256, self.without, isolated=True)
        return _Archive(sdist, self.within, self.adds)

    def arguments(self, workers: int) -> list[str]:
        """Pytest's arguments for a run of the whole suite with at most so many workers."""
        number = min(workers, self.workers)
        left_out = [f"--{'deselect' if '::' in name else 'ignore'}={name}" for name in self.deselect]
        options = ["--rootdir=.", "-q", "--tb=no", "--no-header", "--disable-warnings"]
        options += ["--continue-on-collection-errors", "-n", str(number)]
        return [*self.pytest, *options, *left_out]


@dataclass(frozen=True)
class _Archive:
    sdist: Sdist
    within: str
    adds: Sequence[str]

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        _bound()
        with self.sdist.unpacked(CACHE) as root:
            for name in self.adds:
                file = root / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
            yield root / self.within


@dataclass(frozen=True)
class _Folder:
    path: Path

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        _bound()
        with tempfile.TemporaryDirectory(prefix="run-", dir=CACHE) as directory:
            shutil.copytree(self.path, Path(directory, "tests"))
            yield Path(directory)


def _bound() -> None:
    """Keep a suite that has no configuration of pytest's from finding that of this checkout, above it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    CACHE.joinpath("pytest.ini").write_text("[pytest]\n")


def load_table(path: Path = TABLE) -> dict[str, Library]:
    """Read the table.

    Raises:
        ValueError: Something is left out without a reason.
        TypeError: A row lacks an entry, or has an unknown one.
    """
    rows = tomllib.loads(path.read_text(encoding="utf-8"))
    table = {name: Library(name, **row) for name, row in rows.items()}
    for library in table.values():
        for entry, reason in library.deselect.items():
            if not reason.strip():
                raise ValueError(f"{library.name}: no reason to leave out {entry}")
    return table
