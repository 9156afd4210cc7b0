"""Package metadata for the taken name, for those who ask `importlib.metadata.version`."""

import re
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, DistributionFinder, MetadataPathFinder
from os import PathLike
from pathlib import Path

from .names import COMPATIBLE_VERSION, OWN_NAME, TAKEN_NAME

_METADATA = f"""\
Metadata-Version: 2.1
Name: {TAKEN_NAME}
Version: {COMPATIBLE_VERSION}
Summary: {OWN_NAME} in the place of {TAKEN_NAME}
Requires-Python: >=3.11
"""
_FILES = {"METADATA": _METADATA, "top_level.txt": f"{TAKEN_NAME}\n"}


class StandInDistribution(Distribution):
    """The metadata of a package that is not installed but stood in for."""

    def read_text(self, filename: str | PathLike[str]) -> str | None:
        """Give the text of a metadata file, or `None` where there is none."""
        return _FILES.get(str(filename))

    def locate_file(self, path: str | PathLike[str]) -> Path:
        """Give the place of a file of the package."""
        return Path(__file__).resolve().parents[2] / path


def stand_ins(context: DistributionFinder.Context) -> Iterable[Distribution]:
    """Give what stands in for the real package's metadata: one distribution, or none where that is installed.

    Args:
        context: What is looked for, as in `importlib.metadata`; explicit directories hold nothing of it.
    """
    asked = context.name is None or re.sub(r"[-_.]+", "-", context.name).lower() == TAKEN_NAME
    if not asked or "path" in vars(context):
        return ()
    return _unless_real()


def _unless_real() -> Iterator[Distribution]:
    real = MetadataPathFinder.find_distributions(DistributionFinder.Context(name=TAKEN_NAME))
    if next(iter(real), None) is None:
        yield StandInDistribution()
