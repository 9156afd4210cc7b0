"""Paths of frontends: in URLs and in the file system."""

import os
import warnings
from typing import Literal


def _normalize_frontend_path(path: str) -> str:
    """Return a frontend's URL path without the slash at its end.

    Raises:
        AssertionError: it is empty or does not start with a slash.
    """
    if not path:
        raise AssertionError("A frontend path cannot be empty")
    if not path.startswith("/"):
        raise AssertionError("A frontend path must start with '/'")
    return path if path == "/" else path.rstrip("/")


def _join_frontend_paths(prefix: str, path: str) -> str:
    if prefix and path == "/":
        return prefix
    return prefix + path


def _frontend_path_specificity(path: str) -> int:
    """Rank a path: among the frontends that match, the longest path answers."""
    return 0 if path == "/" else len(path)


def _get_resolved_absolute_path(path: str | os.PathLike[str]) -> str:
    return os.path.realpath(os.fspath(path))


def _resolve_frontend_check_dir(
    *, directory: str | os.PathLike[str], check_dir: bool | Literal["auto"]
) -> bool:
    """Decide whether a missing directory is an error; under `"auto"` in development it is only a warning."""
    if check_dir != "auto":
        return check_dir
    if os.environ.get("FASTAPI_ENV") != "development":
        return True
    if not os.path.isdir(directory):
        warnings.warn(missing_directory(directory), stacklevel=3)
    return False


def missing_directory(directory: str | os.PathLike[str]) -> str:
    """Return the message for a directory that is not there."""
    resolved = _get_resolved_absolute_path(directory)
    return f"Frontend directory '{directory}' does not exist. Resolved absolute path: '{resolved}'"
