"""Cookie values in double quotes, decoded in linear time on every Python.

Starlette reads the cookies of a request by `http.cookies._unquote`, which takes quadratic time for a value of
backslashes in Python before 3.11.10 and 3.12.6 (CVE-2024-7592): one header of 16 KB blocks the event loop for
seconds. Whatever reads `request.cookies` runs into it, `SessionMiddleware` first of all, also in connection
objects that others make. So the function itself is replaced there, as later patch releases of Python replace
it, by one with the same results.
"""

import http.cookies
import re
import sys

_ESCAPED = re.compile(r"\\([0-3][0-7][0-7]|.)")


def unquote(text: str | None) -> str | None:
    r"""Decode a cookie value: what is between double quotes, without its backslashes.

    Args:
        text: the value as it was sent. `\012` is a character by its octal code, up to `\377`; a backslash
            before any other character but a newline is dropped.

    Returns:
        The decoded text, or `text` itself where there are no quotes around it.
    """
    if text is None or len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    return _ESCAPED.sub(_character, text[1:-1])


def _character(escaped: re.Match[str]) -> str:
    code = escaped[1]
    return code if len(code) == 1 else chr(int(code, 8))


def _is_quadratic() -> bool:
    """Tell whether the standard library has the slow function, and nobody has replaced it yet."""
    fixed = {(3, 11): (3, 11, 10), (3, 12): (3, 12, 6)}.get(sys.version_info[:2])
    own = getattr(http.cookies, "_unquote", None)
    return (
        fixed is not None
        and sys.version_info[:3] < fixed
        and getattr(own, "__module__", None) == http.cookies.__name__
    )


if _is_quadratic():
    http.cookies._unquote = unquote  # type: ignore[assignment]
