"""The classes that are compared. `HTTP_PROTOCOL=module:Class` puts another one in the candidate's place."""

import os
from typing import Any

from uvicorn.importer import import_from_string
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HTTPTOOLS: Any = HttpToolsProtocol
H11: Any = H11Protocol
CANDIDATE: Any = import_from_string(os.environ.get("HTTP_PROTOCOL", "ferroapi.protocol:HTTPProtocol"))
