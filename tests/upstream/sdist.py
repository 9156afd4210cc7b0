"""Get a project's source distribution, which carries its test suite, and unpack it for one run."""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(
    os.environ.get("CONFORMANCE_CACHE", Path(__file__).resolve().parents[2] / ".cache" / "conformance")
)


@dataclass(frozen=True)
class Sdist:
    """One source distribution: the project's name, its version and the archive's SHA-256 in hexadecimal."""

    project: str
    version: str
    sha256: str
    without: Sequence[str] | None = None
    """What is not unpacked, so that the installed package is tested; by default the folder of the project's name."""
    isolated: bool = False
    """Whether pip gets the build backend itself, where it is not among the `test` requirements."""

    @property
    def name(self) -> str:
        return f"{self.project}-{self.version}"

    def fetch(self, cache: Path = CACHE) -> Path:
        """Return the archive in `cache`, downloaded by pip where it is missing; pip checks its hash."""
        archive = cache / f"{self.name}.tar.gz"
        if archive.exists():
            return archive
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            requirement = Path(scratch, "requirement.txt")
            requirement.write_text(f"{self.project}=={self.version} --hash=sha256:{self.sha256}\n")
            # pip asks the build backend for metadata even for a mere download. The backends of the suites that
            # run in our own environment are there already.
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
            command += [] if self.isolated else ["--no-build-isolation"]
            command += ["--no-binary", self.project, "--dest", scratch, "--requirement", str(requirement)]
            subprocess.run(command, check=True)
            Path(scratch, archive.name).replace(archive)
        return archive

    @contextmanager
    def unpacked(self, cache: Path = CACHE) -> Iterator[Path]:
        """Unpack the archive into a new directory, without the project's package, and remove it afterwards.

        The tests write files next to themselves, and two runs at once must not meet.
        """
        archive = self.fetch(cache)
        directory = Path(tempfile.mkdtemp(prefix="run-", dir=cache))
        try:
            with tarfile.open(archive) as file:
                file.extractall(directory, filter="data")
            root = directory / self.name
            for folder in [self.project] if self.without is None else self.without:
                shutil.rmtree(root / folder)
            yield root
        finally:
            shutil.rmtree(directory, ignore_errors=True)
