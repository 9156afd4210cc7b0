"""The synchronous test client of Starlette."""

from starlette.testclient import TestClient as TestClient
