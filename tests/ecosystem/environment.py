"""An environment of its own for each library, with the versions that its list under `requirements/ecosystem/` has."""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .library import CACHE, ROOT, Library

_CONSTRAINTS = ROOT / "requirements" / "constraints.txt"
_RUNNER = ["pytest", "pytest-xdist", "pytest-timeout"]
_HERE = Path(sysconfig.get_path("purelib"))
_INTERPRETER = Path("bin", "python")


def ready(library: Library) -> str:
    """Return the interpreter of the library's environment, made anew where its list has changed."""
    directory = CACHE / "environments" / library.name
    stamp = directory / "stamp"
    state = hashlib.sha256(library.lock.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != state:
        python, packages = _make(directory)
        locked = [line.split("==") for line in library.lock.read_text().splitlines()]
        linked = _link({canonicalize_name(name): version for name, version in locked}, packages)
        rest = [f"{name}=={version}" for name, version in locked if canonicalize_name(name) not in linked]
        if rest:
            # The list is complete, so there is nothing to resolve.
            _pip(python, "--no-deps", *rest)
        stamp.write_text(state)
    return str(directory / _INTERPRETER)


def freeze(library: Library) -> None:
    """Resolve what the library needs, on top of what everything else here is tested with; write the list of versions."""
    python, packages = _make(CACHE / "environments" / library.name)
    _link({name: one.version for name, one in _installed(_HERE).items() if name != "ferroapi"}, packages)
    requirements = [library.requirement, *_pinned(), *library.requires, *_RUNNER]
    _pip(python, *requirements)
    lines = _closure(requirements, _installed(packages))
    library.lock.parent.mkdir(parents=True, exist_ok=True)
    library.lock.write_text("".join(f"{line}\n" for line in sorted(lines, key=str.lower)))


def _make(directory: Path) -> tuple[str, Path]:
    """Make an environment without anything but this package: its interpreter, and where its packages go."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", str(directory)], check=True)
    variables = {"base": str(directory), "platbase": str(directory)}
    packages = Path(sysconfig.get_path("purelib", scheme="venv", vars=variables))
    _link({"ferroapi": _installed(_HERE)["ferroapi"].version}, packages)
    return str(directory / _INTERPRETER), packages


def _pip(python: str, *arguments: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-compile", *arguments], check=True)


def _link(wanted: dict[str, str], packages: Path) -> set[str]:
    """Link what is installed beside us in the version that is wanted, instead of getting it once more."""
    found = {name: one for name, one in _installed(_HERE).items() if wanted.get(name) == one.version}
    for one in found.values():
        for file in one.files or ():
            source = Path(str(one.locate_file(file)))
            # Scripts start with the path of the interpreter that they were installed for.
            if ".." in file.parts or not source.exists():
                continue
            target = packages / file
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:  # another file system
                shutil.copy2(source, target)
    return set(found)


def _installed(packages: Path) -> dict[str, Distribution]:
    return {canonicalize_name(one.name): one for one in distributions(path=[str(packages)])}


def _pinned() -> list[str]:
    """The reference, and all that this package itself stands on, in the versions of everything else here."""
    lines = [line for line in _CONSTRAINTS.read_text().splitlines() if line and not line.startswith("#")]
    versions = {canonicalize_name(Requirement(line).name): line for line in lines}
    own = _installed(_HERE)["ferroapi"].requires or ()
    needs = [Requirement(text).name for text in own if "extra ==" not in text]
    return [versions[canonicalize_name(name)] for name in ["fastapi", *needs]]


def _closure(requirements: list[str], installed: dict[str, Distribution]) -> set[str]:
    """The installed distributions that the requirements lead to, as `name==version`."""
    seen: set[tuple[str, str]] = set()
    pending = [Requirement(text) for text in requirements]
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for text in installed[name].requires or ():
                needed = Requirement(text)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    pending.append(needed)
    return {f"{installed[name].name}=={installed[name].version}" for name, _ in seen}
