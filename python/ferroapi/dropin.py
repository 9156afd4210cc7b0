"""Take FastAPI's place in this process: ``import fastapi`` then imports this package.

    import ferroapi.dropin

    ferroapi.dropin.install()

    import fastapi  # this package, under that name, whether or not the real one is installed

The package is loaded *under the name* ``fastapi``: its modules, classes and functions say so, and import
hooks see an ordinary import. The name ``ferroapi`` then leads to the same module objects.

For a whole command with its child processes there is ``python -m ferroapi exec -- COMMAND …``.
"""

import sys

from ._dropin.environment import announce
from ._dropin.finder import DropinFinder
from ._dropin.names import OWN_NAME, PINNED, TAKEN_NAME

__all__ = ["DropinError", "install", "is_installed"]


class DropinError(RuntimeError):
    """The drop-in came too late: modules it would have to replace are already imported."""


def install(*, children: bool = False) -> None:
    """Make ``import fastapi`` import this package, from now on in this process.

    Call it before the first ``import fastapi``, and before anything but this module is imported from
    ``ferroapi``. Calling it again does nothing.

    Args:
        children: Also for the Python processes that this one starts from now on, by means of
            ``PYTHONPATH`` and ``FERROAPI_DROPIN`` in ``os.environ``.

    Raises:
        DropinError: The real ``fastapi``, or a part of this package under its own name, is already imported:
            classes that exist would then differ from those of the same name that are imported later.
    """
    if not is_installed():
        _refuse_if_too_late()
        sys.meta_path.insert(0, DropinFinder())
    if children:
        announce()


def is_installed() -> bool:
    """Tell whether the drop-in is active in this process."""
    return any(isinstance(finder, DropinFinder) for finder in sys.meta_path)


def _refuse_if_too_late() -> None:
    remedy = (
        f"Call {OWN_NAME}.dropin.install() as the program's first step, or start the program with "
        f"`python -m {OWN_NAME} exec -- COMMAND ...`."
    )
    real = sys.modules.get(TAKEN_NAME)
    if real is not None:
        place = getattr(real, "__file__", None) or "an unknown place"
        raise DropinError(f"{TAKEN_NAME!r} is already imported from {place}. {remedy}")
    prefix = f"{OWN_NAME}."
    early = sorted(
        name
        for name in sys.modules
        if name.startswith(prefix) and name.removeprefix(prefix).partition(".")[0] not in PINNED
    )
    if early:
        raise DropinError(f"Already imported under their own name: {', '.join(early)}. {remedy}")
