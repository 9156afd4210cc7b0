"""Errors and exception handlers."""

# mypy: ignore-errors
from typing import Annotated

from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException

from ..driver import get, headers, log, post, post_json, request
from ..registry import differential


class Parent(Exception):
    pass


class Child(Parent):
    pass


class Quiet(Exception):
    pass


class Item(BaseModel):
    a: int


@differential(
    get("/404"),
    get("/410"),
    get("/detail"),
    get("/no-body"),
    get("/304"),
    get("/headers"),
    get("/not-json"),
    get("/starlette"),
    get("/unknown-status"),
    get("/none-detail"),
    get("/value-error"),
    get("/sync-value-error"),
    get("/key-error"),
    get("/recursion"),
    get("/stop"),
    get("/stop-async"),
    get("/group"),
    get("/timeout"),
    get("/chained"),
    get("/assertion"),
    get("/nowhere"),
    request("POST", "/404"),
    get("/websocket-exception"),
    get("/from-dependency"),
    get("/response-validation"),
)
def http_exceptions(api):
    app = api.FastAPI()

    def add(path, make):
        @app.get(path, name=path)
        async def endpoint():
            raise make()

    http = api.HTTPException
    add("/404", lambda: http(404))
    add("/410", lambda: http(status_code=410, detail="gone"))
    add("/detail", lambda: http(400, {"a": [1, None], "é": 2.5}))
    add("/no-body", lambda: http(204, "ignored"))
    add("/304", lambda: http(304, headers={"etag": "x"}))
    add("/headers", lambda: http(401, "who", {"WWW-Authenticate": "Basic", "X-A": "1"}))
    add("/not-json", lambda: http(400, object))
    add("/starlette", lambda: StarletteHTTPException(403, "plain"))
    add("/unknown-status", lambda: http(599, "odd"))
    add("/none-detail", lambda: http(500, None))
    add("/value-error", lambda: ValueError("v"))
    add("/key-error", lambda: KeyError("k"))
    add("/recursion", lambda: RecursionError("deep"))
    add("/stop", lambda: StopIteration(1))
    add("/stop-async", lambda: StopAsyncIteration(1))
    add("/group", lambda: ExceptionGroup("g", [http(400), ValueError("x")]))
    add("/timeout", lambda: TimeoutError("slow"))
    add("/websocket-exception", lambda: api.exceptions.WebSocketException(1008, "no"))

    @app.get("/sync-value-error")
    def sync_value_error():
        raise ValueError("sync")

    @app.get("/chained")
    async def chained():
        try:
            raise KeyError("first")
        except KeyError as exc:
            raise http(409, "chained") from exc

    @app.get("/assertion")
    async def assertion():
        assert log is None, "asserted"

    def raises():
        raise http(402, "pay")

    @app.get("/from-dependency", dependencies=[api.Depends(raises)])
    async def from_dependency():
        log("never")

    @app.get("/response-validation", response_model=Item)
    async def response_validation():
        return {"a": "x"}

    return app


@differential(
    get("/parent"),
    get("/child"),
    get("/quiet"),
    get("/teapot"),
    get("/teapot-starlette"),
    get("/http"),
    get("/nowhere"),
    request("DELETE", "/parent"),
    get("/items/x"),
    post_json("/items", {"a": "x"}),
    post("/items", b"{", label="bad json"),
    get("/unhandled"),
    get("/handler-fails"),
    get("/handler-none"),
    get("/handler-raises-http"),
    get("/started"),
    get("/response-validation"),
    get("/group"),
)
def handlers(api):
    app = api.FastAPI()
    json = api.responses.JSONResponse

    @app.exception_handler(Parent)
    async def parent(request: api.Request, exc: Parent):
        log("parent handler", type(exc).__name__, request.url.path, request.scope.get("endpoint") is not None)
        return json({"parent": str(exc)}, 400)

    @app.exception_handler(Quiet)
    def quiet(request, exc):
        log("sync handler")
        return api.responses.PlainTextResponse("quiet", 409, headers={"x-quiet": "1"})

    @app.exception_handler(418)
    async def teapot(request, exc):
        return json({"teapot": exc.detail}, 418, headers=exc.headers)

    @app.exception_handler(404)
    def not_found(request, exc):
        return json({"nothing at": request.url.path, "detail": exc.detail}, 404)

    @app.exception_handler(api.exceptions.RequestValidationError)
    async def invalid(request, exc):
        body = exc.body if not isinstance(exc.body, bytes) else exc.body.decode()
        return json(
            {
                "errors": api.encoders.jsonable_encoder(exc.errors()),
                "body": body,
                "text": str(exc).split(" File")[0],
            },
            400,
        )

    @app.exception_handler(api.exceptions.ResponseValidationError)
    async def invalid_response(request, exc):
        return json(
            {"bad response": exc.errors(), "function": exc.endpoint_function, "path": exc.endpoint_path}, 500
        )

    @app.exception_handler(KeyError)
    async def handler_fails(request, exc):
        raise ValueError("in handler")

    @app.exception_handler(IndexError)
    async def handler_none(request, exc):
        log("returns nothing")

    @app.exception_handler(OSError)
    async def handler_http(request, exc):
        raise api.HTTPException(418, "from handler")

    @app.exception_handler(ExceptionGroup)
    async def group(request, exc):
        return json([str(e) for e in exc.exceptions], 500)

    def add(path, make):
        @app.get(path, name=path)
        async def endpoint():
            raise make()

    add("/parent", lambda: Parent("p"))
    add("/child", lambda: Child("c"))
    add("/quiet", Quiet)
    add("/teapot", lambda: api.HTTPException(418, "t", headers={"x-t": "1"}))
    add("/teapot-starlette", lambda: StarletteHTTPException(418))
    add("/http", lambda: api.HTTPException(403, "default handler"))
    add("/unhandled", lambda: TypeError("unhandled"))
    add("/handler-fails", lambda: KeyError("k"))
    add("/handler-none", lambda: IndexError("i"))
    add("/handler-raises-http", lambda: OSError("o"))
    add("/group", lambda: ExceptionGroup("g", [ValueError("1"), Parent("2")]))

    @app.get("/items/{n}")
    async def item(n: int):
        return n

    @app.post("/items")
    async def items(item: Item):
        return item

    @app.get("/started")
    async def started():
        async def body():
            yield b"a"
            raise Parent("after start")

        return api.responses.StreamingResponse(body())

    @app.get("/response-validation")
    async def response_validation() -> Item:
        return {"b": 1}

    return app


def server_errors(api, handler, **options):
    app = api.FastAPI(**options)
    if handler:

        async def on_error(request, exc):
            log("500 handler", type(exc).__name__)
            return api.responses.JSONResponse({"failed": str(exc)}, 500)

        app.add_exception_handler(handler, on_error)

    @app.get("/fails")
    async def fails():
        raise ValueError("broken")

    @app.get("/sync-fails")
    def sync_fails():
        raise ValueError("broken")

    @app.get("/http")
    async def http():
        raise api.HTTPException(500, "as http")

    @app.get("/fine")
    async def fine():
        return "fine"

    @app.get("/late")
    async def late():
        async def body():
            yield b"a"
            raise ValueError("after start")

        return api.responses.StreamingResponse(body())

    @app.get("/bad-response")
    async def bad_response() -> Item:
        return {}

    return app


ALL = tuple(
    get(f"/{path}") for path in ("fails", "sync-fails", "http", "fine", "late", "bad-response", "nowhere")
)


@differential(*ALL)
def handler_for_exception(api):
    return server_errors(api, Exception)


@differential(*ALL)
def handler_for_500(api):
    return server_errors(api, 500)


@differential(*ALL)
def no_handler(api):
    return server_errors(api, None)


@differential(
    *(get(f"/{path}", only_last_line=True) for path in ("fails", "sync-fails", "late")),
    get("/fails", headers=headers(accept="text/html"), only_last_line=True, label="debug html"),
    get("/http"),
    get("/fine"),
    get("/nowhere"),
    get("/bad-response", only_last_line=True),
)
def debug(api):
    return server_errors(api, None, debug=True)


@differential(*ALL, get("/fine?handlers"), fresh=True)
def handlers_by_argument(api):
    async def anything(request, exc):
        log("by argument", type(exc).__name__)
        return api.responses.PlainTextResponse("oops", 500)

    async def missing(request, exc):
        return api.responses.PlainTextResponse("custom 404", 404)

    return server_errors(api, None, exception_handlers={Exception: anything, 404: missing})


@differential(
    get("/both/x?q=y", headers=headers(x_n="z", cookie="c=w"), label="all places"),
    get("/both/1"),
    post_json("/body/x?q=y", {"a": "z"}),
    post("/body/x?q=y", b"{", label="bad json hides other errors"),
    post_json("/nested/1", {"b": [{"a": 1}, {"a": "x"}, {}]}),
    post_json("/handlers-body", {"a": [1, {"b": "c"}]}),
    get("/typed-loc?items=1&items=x"),
)
def validation_errors(api):
    app = api.FastAPI()

    def first(q: int):
        log("first")

    def second(x_n: Annotated[int, api.Header()]):
        log("second")

    @app.get("/both/{p}", dependencies=[api.Depends(second)])
    async def both(
        p: int, c: Annotated[int, api.Cookie()], one: Annotated[None, api.Depends(first)], other: int
    ):
        log("never")

    @app.post("/body/{p}")
    async def body(p: int, item: Item, one: Annotated[None, api.Depends(first)]):
        return p

    class Nested(BaseModel):
        b: list[Item]

    @app.post("/nested/{p}")
    async def nested(p: int, value: Nested):
        return value

    @app.post("/handlers-body")
    async def handlers_body(value: dict[str, int]):
        return value

    @app.get("/typed-loc")
    async def typed_loc(items: Annotated[list[int], api.Query()]):
        return items

    return app
