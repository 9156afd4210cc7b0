"""The start-up check that the form parser is the right package."""

from .._extras import INSTALL_STANDARD
from ..logger import logger

multipart_not_installed_error = (
    'Form data requires "python-multipart" to be installed. \n'
    'You can install "python-multipart" with: \n\n'
    "pip install python-multipart\n"
)
multipart_incorrect_install_error = (
    'Form data requires "python-multipart" to be installed. '
    'It seems you installed "multipart" instead. \n'
    'You can remove "multipart" with: \n\n'
    "pip uninstall multipart\n\n"
    'And then install "python-multipart" with: \n\n'
    "pip install python-multipart\n"
)


def ensure_multipart_is_installed() -> None:
    """Check that forms can be parsed; called when a form or file parameter is declared.

    Raises:
        RuntimeError: neither `python-multipart` nor an old version of it (import name `multipart`) is
            installed. The message tells whether an unrelated package took its place. It is also logged.
    """
    if not _has_current_multipart():
        problem = _legacy_multipart_problem()
        if problem is not None:
            logger.error(problem)
            error = RuntimeError(problem)
            error.add_note(INSTALL_STANDARD)
            raise error


def _has_current_multipart() -> bool:
    try:
        from python_multipart import __version__
    except ImportError:
        return False
    return __version__ > "0.0.12"


def _legacy_multipart_problem() -> str | None:
    """None if the package imported as `multipart` is an old python-multipart."""
    try:
        from multipart import __version__  # type: ignore[import-untyped]
    except ImportError:
        return multipart_not_installed_error
    assert __version__
    try:
        # the unrelated `multipart` package has a version too, but not this function
        from multipart.multipart import parse_options_header  # type: ignore[import-untyped]
    except ImportError:
        return multipart_incorrect_install_error
    assert parse_options_header
    return None
