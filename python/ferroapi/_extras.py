"""Modules that need packages of an extra."""

from collections.abc import Iterator
from contextlib import contextmanager

from ._dropin.names import OWN_NAME

INSTALL_STANDARD = f'Try: pip install "{OWN_NAME}[standard]"'


@contextmanager
def from_standard() -> Iterator[None]:
    """Add the extra to install to an error that says what is missing."""
    try:
        yield
    except (ImportError, RuntimeError) as error:
        error.add_note(INSTALL_STANDARD)
        raise
