"""What may be set about the native protocol, for all connections of a server: environment variables."""

from __future__ import annotations

import math
import os

HEAD_TIMEOUT = "FERROAPI_TIMEOUT_HEAD"
# In seconds.
DEFAULT_HEAD_TIMEOUT = 20.0


def head_timeout() -> float | None:
    """Give the seconds for the head of a request, from its first byte on; None if it may take any time.

    Raises:
        ValueError: The variable is not a number of seconds.
    """
    text = os.environ.get(HEAD_TIMEOUT, "").strip()
    if not text:
        return DEFAULT_HEAD_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{HEAD_TIMEOUT} is in seconds, and 0 for no limit, not {text!r}")
    return seconds or None
