"""Stories: a function that uses one of the two packages and logs what happens; both have to log the same.

A story is `def story(api, log)` or `async def story(api, log)`. `api` is the imported package with its usual
submodules, `log(*parts)` adds a line. Facts that must hold on either side are asserted inside of it.
"""

# mypy: ignore-errors
import difflib
import functools
import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from tests.differential.driver import Http, WebSocket, header, http_scope, websocket_scope
from tests.differential.registry import load

REFERENCE, CANDIDATE = "fastapi", "ferroapi"
_VARYING = re.compile(rf"\b{CANDIDATE}\b(?=\.)|0x[0-9a-f]{{6,}}")


class Stories:
    """The stories of one test module: a decorator that collects them, and the test that runs them."""

    def __init__(self) -> None:
        self._cases: list[Any] = []

    def __call__(self, story: Callable[..., Any]) -> Callable[..., Any]:
        """Register a story, to be told on asyncio (if it needs a loop at all)."""
        return self.on("asyncio")(story)

    def on(self, *backends: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a story, to be told on each of these event loops."""

        def register(story: Callable[..., Any]) -> Callable[..., Any]:
            for backend in backends:
                name = story.__name__ + ("" if len(backends) == 1 else f"-{backend}")
                self._cases.append(pytest.param(story, backend, id=name))
            return story

        return register

    def vary(
        self, name: str, values: Any, *backends: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a story once per value of its keyword argument `name`."""

        def register(story: Callable[..., Any]) -> Callable[..., Any]:
            for value in values:
                for backend in backends or ("asyncio",):
                    part = functools.partial(story, **{name: value})
                    label = getattr(value, "__name__", None) or (
                        value if isinstance(value, str) else repr(value)
                    )
                    ends = f"-{backend}" if len(backends) > 1 else ""
                    self._cases.append(pytest.param(part, backend, id=f"{story.__name__}-{label}{ends}"))
            return story

        return register

    def test(self) -> Callable[..., None]:
        """Return the test function of the module."""

        @pytest.mark.parametrize(("story", "backend"), self._cases)
        def test_same_story(story: Callable[..., Any], backend: str) -> None:
            expected = tell(REFERENCE, story, backend)
            assert expected, "the story says nothing"
            found = tell(CANDIDATE, story, backend)
            assert found == expected, "\n".join(
                difflib.unified_diff(expected, found, REFERENCE, CANDIDATE, "", "", 2)
            )

        return test_same_story


def tell(package: str, story: Callable[..., Any], backend: str = "asyncio") -> list[str]:
    """Run a story on one package and return its log."""
    lines: list[str] = []

    def log(*parts: object) -> None:
        lines.append(" ".join(map(str, parts)))

    api = load(package)
    if inspect.iscoroutinefunction(getattr(story, "func", story)):

        async def limited() -> None:
            with anyio.fail_after(10):
                await story(api, log)

        anyio.run(limited, backend=backend)
    else:
        story(api, log)
    return [_VARYING.sub(lambda found: REFERENCE if found[0] == CANDIDATE else "0x", line) for line in lines]


@contextmanager
def replaced(*changes: tuple[Any, str, Any]) -> Iterator[None]:
    """Replace each `(owner, name, new)` for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, name, new in changes:
            patch.setattr(owner, name, new)
        yield


async def ask(
    app: Any,
    target: str,
    *,
    method: str = "GET",
    body: Any = None,
    headers: tuple[tuple[str, str], ...] = (),
    scope: dict[str, Any] | None = None,
    send: Callable[..., Any] | None = None,
    receive: Callable[..., Any] | None = None,
) -> tuple[Any, ...]:
    """Make one request; `(status, body)`, and the text of the exception that reached the server, if any.

    `body` that is no bytes is sent as JSON. `scope` is filled with what the application left in its own.
    """
    given = [header(name, value) for name, value in headers]
    payload = b""
    if body is not None:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        if not any(name == b"content-type" for name, _ in given):
            given.append((b"content-type", b"application/json"))
    made = http_scope(Http(target=target, method=method))
    made["headers"] += given
    script = [{"type": "http.request", "body": payload, "more_body": False}]
    sent: list[Any] = []

    async def receiving() -> Any:
        return script.pop() if script else {"type": "http.disconnect"}

    async def sending(message: Any) -> None:
        sent.append(message)

    error: tuple[str, ...] = ()
    try:
        await app(made, receive or receiving, send or sending)
    except Exception as exc:
        error = (f"{type(exc).__name__}: {exc}",)
    if scope is not None:
        scope.update(made)
    status = next((message["status"] for message in sent if message["type"] == "http.response.start"), None)
    text = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    try:
        return (status, json.loads(text), *error)
    except ValueError:
        return (status, text.decode(), *error)


async def talk(app: Any, target: str, *texts: str, scope: dict[str, Any] | None = None) -> list[Any]:
    """Open a WebSocket and send these texts; what the application sent, and its exception's text if any."""
    made = websocket_scope(WebSocket(target=target))
    script = [{"type": "websocket.receive", "text": text} for text in texts]
    script = [{"type": "websocket.connect"}, *script, {"type": "websocket.disconnect", "code": 1000}]
    sent: list[Any] = []

    async def receiving() -> Any:
        await anyio.lowlevel.checkpoint()
        return script.pop(0)

    async def sending(message: Any) -> None:
        sent.append(message.get("text") or message["type"])

    try:
        await app(made, receiving, sending)
    except Exception as exc:
        sent.append(f"{type(exc).__name__}: {exc}")
    if scope is not None:
        scope.update(made)
    return sent


def route_of(app: Any, path: str) -> Any:
    """The route of an application or router with this path."""
    return next(route for route in app.routes if getattr(route, "path", None) == path)
