"""Imports the package a second time in one process, in every way, and asks applications of either copy.

    python again.py NAME [--install]

prints a JSON object: for each way what is answered differently from before, by application and target.
"""

import asyncio
import importlib
import json
import os
import sys
import warnings
from typing import Annotated, Any

from pydantic import BaseModel

TARGETS = (
    "GET /n/1?q=2",
    "GET /n/x",
    "GET /sync",
    "GET /error",
    "GET /invalid",
    "GET /secured",
    "GET /events",
    "GET /lines",
    "GET /request",
    "GET /in/r/3",
    "GET /sub/x",
    "GET /sub/none",
    "GET /none",
    "GET /openapi.json",
    'POST /model {"a": 1}',
    'POST /model {"a": "x"}',
    "GET /model",
    "POST /form a=1",
    "WS /ws/1",
    "WS /ws/x",
)


class Item(BaseModel):
    a: int


def build(name: str) -> Any:
    """An application with a bit of everything."""
    api = importlib.import_module(name)
    exceptions, security, sse = (
        importlib.import_module(f"{name}.{part}") for part in ("exceptions", "security", "sse")
    )
    cors = importlib.import_module(f"{name}.middleware.cors")
    app = api.FastAPI()

    def dependency(q: int = 1):
        return q

    async def resource():
        yield "r"

    @app.get("/n/{n}")
    async def number(n: int, q: Annotated[int, api.Depends(dependency)], r=api.Depends(resource)):
        return [n, q, r]

    @app.get("/sync")
    def sync(tasks: api.BackgroundTasks, response: api.Response):
        response.headers["x"] = "y"
        return {"a": 1}

    @app.post("/model")
    async def model(item: Item) -> Item:
        return item

    @app.post("/form")
    async def form(a: Annotated[str, api.Form()]):
        return a

    @app.get("/error")
    async def error():
        raise api.HTTPException(418, "short and stout")

    @app.get("/invalid")
    async def invalid():
        raise exceptions.RequestValidationError([{"loc": ("a",), "msg": "m", "type": "t"}])

    @app.get("/secured")
    async def secured(key: str = api.Depends(security.APIKeyHeader(name="k"))):
        return key

    @app.get("/events", response_class=sse.EventSourceResponse)
    async def events():
        yield sse.ServerSentEvent(data="x")

    @app.get("/lines")
    async def lines():
        yield {"a": 1}

    @app.get("/request")
    async def request(request: api.Request):
        return request.url.path

    router = api.APIRouter(prefix="/r")

    @router.get("/{n}")
    def leaf(n: int):
        return n

    app.include_router(router, prefix="/in")
    sub = api.FastAPI()
    sub.get("/x")(lambda: "sub")
    app.mount("/sub", sub)
    app.add_middleware(cors.CORSMiddleware, allow_origins=["*"])

    @app.websocket("/ws/{n}")
    async def socket(websocket: api.WebSocket, n: int, q: Annotated[int, api.Depends(dependency)]):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text() + str(n + q))

    return app


async def ask(app: Any, target: str) -> str:
    """What an application answers, or the exception that it raises."""
    method, path, *body = target.split(" ", 2)
    path, _, query = path.partition("?")
    text = "".join(body)
    incoming = [{"type": "http.request", "body": text.encode(), "more_body": False}]
    sent: list[dict[str, Any]] = []
    if method == "WS":
        incoming = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "x"}]

    async def receive():
        if not incoming:
            await asyncio.Event().wait()
        return incoming.pop(0)

    async def send(message):
        sent.append(message)

    kind = b"application/json" if text.startswith("{") else b"application/x-www-form-urlencoded"
    scope = {
        "type": "websocket" if method == "WS" else "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"content-type", kind)],
        "subprotocols": [],
        "scheme": "http",
        "server": ("server", 80),
        "client": ("client", 1),
        "http_version": "1.1",
        "root_path": "",
    }
    try:
        await app(scope, receive, send)
    except Exception as error:
        return type(error).__name__
    return repr(sent)


async def visit(app: Any) -> dict[str, str]:
    return {target: await ask(app, target) for target in TARGETS}


def drop(*names: str) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in names:
            del sys.modules[name]


def declare(app: Any) -> None:
    """One more route."""

    @app.get("/late", include_in_schema=False)
    async def late(a: int = 1):
        return a


class Look:
    """The applications of the first copy, and what they answered before."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.used, self.fresh = build(name), build(name)
        self.before = asyncio.run(visit(self.used))

    def differences(self) -> dict[str, str]:
        """Ask the applications that are there, then new ones, then either inside of the other."""
        found = self._ask("used", self.used) | self._ask("fresh", self.fresh)
        try:
            declare(self.used)
            late = asyncio.run(ask(self.used, "GET /late?a=2"))
            new = build(self.name)
            found |= {} if "b'2'" in late else {"late": late}
            found |= self._ask("new", new) | self._ask("used again", self.used)
            new.mount("/old", self.used)
            self.used.mount("/new", build(self.name))
            for app, target in ((new, "/old/n/1?q=2"), (self.used, "/new/n/1?q=2")):
                inner = asyncio.run(ask(app, f"GET {target}"))
                if '[1,2,"r"]' not in inner:
                    found[target] = inner[:200]
        except Exception as error:
            found["build"] = type(error).__name__
        return found

    def _ask(self, label: str, app: Any) -> dict[str, str]:
        now = asyncio.run(visit(app))
        return {f"{label}: {key}": value[:200] for key, value in now.items() if value != self.before[key]}


def ways(name: str) -> dict[str, Any]:
    """Functions that make a second copy, whole or in part."""
    importlib.import_module(f"{name}.testclient")
    public = [
        module for module in sorted(sys.modules) if module.partition(".")[0] == name and "._" not in module
    ]

    def twice():
        drop(name)
        importlib.import_module(name)
        drop(name)

    reloads = {
        f"reload {module}": lambda module=module: importlib.reload(sys.modules[module])
        for module in public
        if not module.endswith(".dropin")
    }
    return {
        "dropped": lambda: drop(name),
        "dropped twice": twice,
        "dropped with starlette": lambda: drop(name, "starlette"),
        "dropped under both names": lambda: drop("fastapi", "ferroapi"),
        **reloads,
    }


def in_a_fork(change: Any, look: Look) -> dict[str, str]:
    """What differs after a change that this process does not see."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            change()
            outcome = look.differences()
        except BaseException as error:
            outcome = {"change": repr(error)}
        os.write(writing, json.dumps(outcome).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text)


def main() -> None:
    warnings.simplefilter("ignore")
    if "--install" in sys.argv:
        import ferroapi.dropin

        ferroapi.dropin.install()
    look = Look(sys.argv[1])
    print(json.dumps({way: in_a_fork(change, look) for way, change in ways(sys.argv[1]).items()}))


if __name__ == "__main__":
    main()
