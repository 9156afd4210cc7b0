"""What the source distribution holds."""

import subprocess
import sysconfig
import tarfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".pyi", ".rs", ".toml", ".md", ".txt", ".json", ".svg", ".html"}
FOLDERS = ("benches", "docs", "examples", "python", "requirements", "rust", "tests")
FILES = {
    ".ci/run",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "pyproject.toml",
}


def sources(folder: str) -> set[str]:
    """The files of a folder that are no tool's left-overs."""
    found = (path.relative_to(ROOT) for path in ROOT.joinpath(folder).rglob("*") if path.suffix in SUFFIXES)
    hidden = {"artifacts", "corpus", "target"}
    return {
        str(path)
        for path in found
        if not any(part.startswith((".", "__pycache__")) or part in hidden for part in path.parts)
    }


def test_it_is_the_whole_project(tmp_path: Path) -> None:
    """So that `make test` works from it."""
    maturin = Path(sysconfig.get_path("scripts"), "maturin")
    subprocess.run(
        [maturin, "sdist", "--out", tmp_path], cwd=ROOT, check=True, capture_output=True, timeout=50
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    wanted = FILES.union(*map(sources, FOLDERS))
    assert len(wanted) > 500
    assert not wanted - names
    assert not {name for name in names if "__pycache__" in name or name.startswith((".venv", "target"))}
