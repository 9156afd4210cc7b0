"""The synchronous test client of Starlette."""

from ._extras import from_standard as _from_standard

with _from_standard():
    from starlette.testclient import TestClient as TestClient
