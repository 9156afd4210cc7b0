"""WebSockets: parameters, dependencies, errors, closing, denial."""

# mypy: ignore-errors
from typing import Annotated

from ..driver import get, header, headers, log, ws
from ..registry import differential


@differential(
    ws("/echo", "a", "b", b"c"),
    ws("/echo"),
    ws("/echo", "a", {"type": "websocket.disconnect", "code": 1001, "reason": "bye"}),
    ws("/bytes", b"\x00\xff"),
    ws("/json", '{"a": [1]}', "not json"),
    ws("/json", b'{"a": 1}'),
    ws("/iterate", "a", "b", "c"),
    ws("/items/5?q=1&q=2", headers=headers(x_token="t", cookie="c=k"), label="parameters"),
    ws("/items/5", headers=(header("cookie", "c=k"),), label="default parameters"),
    ws("/items/x?q=y"),
    ws("/subprotocol", subprotocols=("a", "b")),
    ws("/subprotocol"),
    ws("/headers"),
    ws("/nowhere"),
    ws("/http-only"),
    get("/echo", label="http on a websocket path"),
    ws("/router/r/7", "x"),
    ws("/starlette", "x"),
    ws("/not-utf8?q=%ff"),
)
def basics(api):
    app = api.FastAPI()

    @app.websocket("/echo")
    async def echo(websocket: api.WebSocket):
        await websocket.accept()
        try:
            while True:
                await websocket.send_text("echo " + await websocket.receive_text())
        except api.WebSocketDisconnect as exc:
            log("disconnected", exc.code, exc.reason)
        except KeyError as exc:
            log("no text", exc)
            await websocket.close(1003)

    @app.websocket("/bytes")
    async def as_bytes(socket: api.WebSocket):
        await socket.accept()
        await socket.send_bytes(await socket.receive_bytes())
        await socket.close(code=1000, reason="done")

    @app.websocket("/json")
    async def as_json(websocket: api.WebSocket):
        await websocket.accept()
        while True:
            await websocket.send_json({"got": await websocket.receive_json()})

    @app.websocket("/iterate")
    async def iterate(websocket: api.WebSocket):
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text.upper())

    @app.websocket("/items/{n}")
    async def items(
        websocket: api.WebSocket,
        n: int,
        c: Annotated[str, api.Cookie()],
        q: Annotated[list[int], api.Query()] = [],
        x_token: Annotated[str | None, api.Header()] = None,
    ):
        await websocket.accept()
        await websocket.send_json([n, q, x_token, c, websocket.path_params, websocket.url.path])
        await websocket.close()

    @app.websocket("/subprotocol")
    async def subprotocol(websocket: api.WebSocket):
        chosen = websocket.scope["subprotocols"][-1] if websocket.scope["subprotocols"] else None
        await websocket.accept(subprotocol=chosen, headers=[(b"x-a", b"1")])

    @app.websocket("/headers")
    async def request_headers(connection: api.requests.HTTPConnection, websocket: api.WebSocket):
        await websocket.accept()
        await websocket.send_json([connection is websocket, dict(connection.headers)])

    @app.get("/http-only")
    async def http_only():
        return 1

    router = api.APIRouter(prefix="/router")

    @router.websocket("/r/{n}", name="named")
    async def routed(websocket: api.WebSocket, n: int):
        await websocket.accept()
        await websocket.send_text(f"{n} {websocket.scope['route'].path} {websocket.url_for('named', n=1)}")

    app.include_router(router)

    @app.websocket_route("/starlette")
    async def starlette(websocket):
        await websocket.accept()
        await websocket.send_text(type(websocket).__name__)

    @app.websocket("/not-utf8")
    async def not_utf8(websocket: api.WebSocket, q: str):
        await websocket.accept()
        await websocket.send_text(q)

    return app


class Custom(Exception):
    pass


@differential(
    *(
        ws(f"/{name}", "x")
        for name in ("order", "nested", "raises", "http", "custom", "ws-exception", "before-accept")
    ),
    *(
        ws(f"/{name}", "x")
        for name in ("dependency-ws", "dependency-http", "teardown", "deny", "close-first", "sync", "twice")
    ),
    ws("/validated/x"),
    ws("/validated/1"),
    ws("/override"),
    ws("/scopes"),
    ws("/background"),
    ws("/router/guarded", "x"),
    ws("/swallow", "x"),
)
def dependencies(api):
    app = api.FastAPI()

    @app.exception_handler(Custom)
    async def handler(websocket, exc):
        log("handler", type(websocket).__name__)
        await websocket.close(4000, str(exc))

    def sync_value():
        log("sync enter")
        yield "sync"
        log("sync exit")

    async def value(inner: Annotated[str, api.Depends(sync_value)]):
        log("enter")
        try:
            yield f"value {inner}"
        except Exception as exc:
            log("saw", type(exc).__name__)
            raise
        finally:
            log("exit")

    Value = Annotated[str, api.Depends(value)]

    @app.websocket("/order")
    async def order(websocket: api.WebSocket, value: Value, again: Annotated[str, api.Depends(sync_value)]):
        await websocket.accept()
        await websocket.send_text(value + again)
        log("endpoint done")

    @app.websocket("/nested", dependencies=[api.Depends(value)])
    async def nested(websocket: api.WebSocket, inner: Annotated[str, api.Depends(value, scope="function")]):
        await websocket.accept()

    @app.websocket("/raises")
    async def raises(websocket: api.WebSocket, value: Value):
        await websocket.accept()
        raise ValueError("after accept")

    @app.websocket("/http")
    async def http(websocket: api.WebSocket, value: Value):
        raise api.HTTPException(403, "denied")

    @app.websocket("/custom")
    async def custom(websocket: api.WebSocket, value: Value):
        await websocket.accept()
        raise Custom("c")

    @app.websocket("/ws-exception")
    async def ws_exception(websocket: api.WebSocket, value: Value):
        await websocket.accept()
        raise api.WebSocketException(1008, "policy")

    @app.websocket("/before-accept")
    async def before_accept(websocket: api.WebSocket):
        raise api.WebSocketException(1008)

    async def refuses(websocket: api.WebSocket):
        raise api.WebSocketException(1007, "in dependency")

    def refuses_http():
        raise api.HTTPException(401, "in dependency", headers={"x-a": "1"})

    @app.websocket("/dependency-ws", dependencies=[api.Depends(value), api.Depends(refuses)])
    async def dependency_ws(websocket: api.WebSocket):
        log("never")

    @app.websocket("/dependency-http", dependencies=[api.Depends(refuses_http)])
    async def dependency_http(websocket: api.WebSocket):
        log("never")

    async def broken():
        yield
        raise ValueError("teardown")

    @app.websocket("/teardown", dependencies=[api.Depends(broken)])
    async def teardown(websocket: api.WebSocket):
        await websocket.accept()
        await websocket.close()

    @app.websocket("/deny")
    async def deny(websocket: api.WebSocket):
        await websocket.send_denial_response(api.responses.JSONResponse({"no": 1}, 403))

    @app.websocket("/close-first")
    async def close_first(websocket: api.WebSocket):
        await websocket.close(1001)

    @app.websocket("/sync")
    def sync(websocket: api.WebSocket):
        log("called, not awaitable")

    @app.websocket("/twice")
    async def twice(websocket: api.WebSocket):
        await websocket.accept()
        await websocket.accept()

    @app.websocket("/validated/{n}")
    async def validated(websocket: api.WebSocket, n: int, value: Value, q: int):
        log("never")

    def original():
        return "original"

    app.dependency_overrides[original] = lambda: "override"

    @app.websocket("/override")
    async def override(websocket: api.WebSocket, value: Annotated[str, api.Depends(original)]):
        await websocket.accept()
        await websocket.send_text(value)

    def scoped(scopes: api.security.SecurityScopes):
        return scopes.scope_str

    @app.websocket("/scopes")
    async def scopes(
        websocket: api.WebSocket, scope: Annotated[str, api.Security(scoped, scopes=["a", "b"])]
    ):
        await websocket.accept()
        await websocket.send_text(scope)

    @app.websocket("/background")
    async def background(websocket: api.WebSocket, tasks: api.BackgroundTasks, response: api.Response):
        tasks.add_task(log, "never runs")
        response.headers["x"] = "1"
        await websocket.accept()
        await websocket.close()

    router = api.APIRouter(prefix="/router", dependencies=[api.Depends(value)])

    @router.websocket("/guarded", dependencies=[api.Depends(sync_value)])
    async def guarded(websocket: api.WebSocket):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())

    app.include_router(router)

    async def swallows():
        try:
            yield
        except Exception:
            log("swallowed")

    @app.websocket("/swallow", dependencies=[api.Depends(swallows)])
    async def swallow(websocket: api.WebSocket):
        await websocket.accept()
        raise ValueError("lost")

    return app
