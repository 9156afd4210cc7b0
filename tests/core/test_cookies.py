"""`request.cookies`: linear in the size of the header, and the same as ever."""

# mypy: ignore-errors
import http.cookies
import importlib.util
import itertools
import random
import subprocess
import sys
from typing import Annotated

import pytest
from tests.both import Stories, ask

import ferroapi
from ferroapi._cookies import unquote

stories = Stories()

ferroapi.FastAPI()


def as_installed():
    """The standard library's module as its file has it, whatever was done to the loaded one."""
    spec = importlib.util.spec_from_file_location("http.cookies", http.cookies.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ALPHABET = ('"', "\\", "0", "1", "3", "7", "8", "a", "\n", "é")


@pytest.mark.parametrize("length", range(5))
def test_short_texts_are_decoded_as_by_the_standard_library(length):
    expected = as_installed()._unquote
    for characters in itertools.product(ALPHABET, repeat=length):
        for text in ("".join(characters), '"' + "".join(characters) + '"'):
            assert unquote(text) == http.cookies._unquote(text) == expected(text)


def test_long_texts_are_decoded_as_by_the_standard_library():
    expected = as_installed()._unquote
    chosen = random.Random(1)
    for _ in range(500):
        text = '"' + "".join(chosen.choices(ALPHABET, k=60)) + '"'
        assert unquote(text) == expected(text)
    assert unquote(None) is None


@pytest.mark.skipif(
    hasattr(as_installed(), "_unquote_sub"), reason="this Python has the linear function itself"
)
def test_the_quadratic_function_is_replaced():
    assert http.cookies._unquote is unquote


def test_a_function_of_somebody_elses_stays():
    script = """
import http.cookies
def other(text):
    return text
http.cookies._unquote = other
import ferroapi
ferroapi.FastAPI()
assert http.cookies._unquote is other
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


# A quadratic reader takes a quarter of an hour for it.
MANY = "\\" * 500_000


@stories
async def every_reader_of_cookies_is_linear(api, log):
    """Parameters, a request of the path operation's, and one that middleware made."""

    class Reading:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                log(len(api.requests.HTTPConnection(scope).cookies["a"]))
            await self.app(scope, receive, send)

    app = api.FastAPI()
    app.add_middleware(Reading)

    @app.get("/")
    async def endpoint(request: api.Request, a: Annotated[str, api.Cookie()]):
        return [len(request.cookies["a"]), len(a), a == request.cookies["a"]]

    @app.websocket("/")
    async def session(websocket: api.WebSocket, a: Annotated[str, api.Cookie()] = "none"): ...

    log(await ask(app, "/", headers=(("cookie", f'a="{MANY}"'),)))


test_same_story = stories.test()
