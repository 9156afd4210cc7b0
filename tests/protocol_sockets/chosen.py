"""Which protocol class the tests of this package are about."""

import os

OURS = "ferroapi.protocol:HTTPProtocol"
HTTPTOOLS = "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol"
PROTOCOL = os.environ.get("HTTP_PROTOCOL", OURS)
"""`HTTP_PROTOCOL=uvicorn.protocols.http.httptools_impl:HttpToolsProtocol` proves the tests: they pass with it as well."""
LOOPS = ("asyncio", "uvloop")
PATIENCE = 20.0
"""Seconds that a test waits for what has to come."""
