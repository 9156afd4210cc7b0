"""Get the reference's source distribution, which carries its test suite, and unpack it for one run."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = "0.165.0"
_NAME = f"fastapi-{VERSION}"
_SHA256 = "dd94d4128319c1e1d50535ab023ab698f850a4d2822f0e181747b46f4ff3c0ab"


def fetch(cache: Path) -> Path:
    """Return the archive in `cache`, downloaded by pip where it is missing; pip checks its hash."""
    archive = cache / f"{_NAME}.tar.gz"
    if archive.exists():
        return archive
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        requirement = Path(scratch, "requirement.txt")
        requirement.write_text(f"fastapi=={VERSION} --hash=sha256:{_SHA256}\n")
        # pip asks the build backend for metadata even for a mere download. The backend is one of the
        # `reference` requirements, so nothing has to be built in isolation.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
        command += ["--no-binary", "fastapi", "--require-hashes", "--dest", scratch, "-r", str(requirement)]
        subprocess.run(command, check=True)
        Path(scratch, archive.name).replace(archive)
    return archive


@contextmanager
def unpacked(cache: Path) -> Iterator[Path]:
    """Unpack the archive into a new directory, without the reference's package, and remove it afterwards.

    The tests write files next to themselves, and two runs at once must not meet.
    """
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=fetch(cache).parent))
    try:
        with tarfile.open(fetch(cache)) as archive:
            archive.extractall(directory, filter="data")
        root = directory / _NAME
        shutil.rmtree(root / "fastapi")
        yield root
    finally:
        shutil.rmtree(directory, ignore_errors=True)
