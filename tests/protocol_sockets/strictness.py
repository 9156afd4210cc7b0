"""Requests that the protocol class treats otherwise than httptools on purpose, and what it has to do with them.

RFC 9110 and RFC 9112 leave no doubt about any of them; httptools lets through what they forbid, refuses methods that
are not on its list, and has no limit for a head but one for a target.
"""

import re
from dataclasses import replace

from tests.differential.driver import Exchange, Http, Lifespan

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "PURGE", "REPORT"}
"""Methods in the tests that httptools knows."""
_HOST = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|([A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})*)(:[0-9]*)?")
"""RFC 9110, section 7.2, without the comma, which would make two hosts of one."""
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEAD = 256 * 1024
_FIELDS = 1024
_TARGET = 65535
"""Bytes of a target that httptools can take apart."""

BAD = (400, b"Invalid HTTP request received.")
TOO_LARGE = (431, b"Request head too large.")
NOT_IMPLEMENTED = (501, b"Not implemented.")


def refusal(exchange: Exchange) -> tuple[int, bytes] | None:
    """Status and text of the refusal that a request meets, where httptools lets it through."""
    if isinstance(exchange, Lifespan):
        return None
    hosts = [value.strip(b" \t") for name, value in exchange.headers if name.lower() == b"host"]
    size = sum(len(name) + len(value) + 4 for name, value in exchange.headers) + len(exchange.target)
    if size > _HEAD or len(exchange.headers) > _FIELDS:
        return TOO_LARGE
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return BAD
    if isinstance(exchange, Http) and exchange.method == "CONNECT":
        return NOT_IMPLEMENTED
    return None


def refused_by_httptools(exchange: Exchange) -> bool:
    """Whether only httptools refuses a request."""
    if not isinstance(exchange, Http) or refusal(exchange):
        return False
    other = exchange.method not in {*_METHODS, "CONNECT"} and _TOKEN.fullmatch(exchange.method)
    return bool(other) or len(exchange.target) > _TARGET


def trimmed(exchange: Exchange) -> Exchange:
    """The exchange as httptools has to get it to see the same: it keeps the white space behind a header's value."""
    if isinstance(exchange, Lifespan):
        return exchange
    return replace(exchange, headers=tuple((name, value.rstrip(b" \t")) for name, value in exchange.headers))
