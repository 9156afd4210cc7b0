"""A pytest plugin that puts one HTTP protocol class into uvicorn's own tests, whose files stay as they are.

The class is named by the variable `UVICORN_HTTP_PROTOCOL`, as `module:Class`. It takes the place of the classes that
the fixture `http_protocol_cls` goes through, and of the one that a `Config` without `http` chooses ("auto"), so that
tests with a server of their own, those of TLS among them, run on it as well.
"""

import os

import pytest
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.importer import ImportFromStringError, import_from_string

_FIXTURE = "http_protocol_cls"
# The same for every class, so that a test has one node id.
_LABEL = "class"


class _Overlay:
    def __init__(self, protocol: type) -> None:
        self._protocol = protocol

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if _FIXTURE in metafunc.fixturenames:
            # A mark wins over the fixture's own parameters, where the fixture's name is among its arguments.
            metafunc.definition.add_marker(pytest.mark.parametrize(_FIXTURE, [self._protocol], ids=[_LABEL]))


def pytest_configure(config: pytest.Config) -> None:
    path = os.environ["UVICORN_HTTP_PROTOCOL"]
    try:
        protocol = import_from_string(path)
    except ImportFromStringError as error:
        raise pytest.UsageError(f"no HTTP protocol to test: {error}") from None
    HTTP_PROTOCOLS["auto"] = path
    config.pluginmanager.register(_Overlay(protocol))
