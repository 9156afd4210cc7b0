"""GZipMiddleware (RFC 9110, 8.4): sizes, types, streams and what a client accepts, alone and inside other layers."""

# mypy: ignore-errors
import tempfile
from pathlib import Path

import anyio
from starlette.middleware import Middleware

from ..driver import get, header, log, request, ws
from ..registry import differential, differential_settings

GZIP = (header("accept-encoding", "gzip"),)
FILE = Path(__file__)
ENCODINGS = (
    "gzip", "gzip, deflate, br", "deflate;q=1, gzip;q=0.5", "gzip;q=0", "GZIP", "x-gzip", "br", "identity", "*", "", "agzipb",
)  # fmt: skip
TYPES = (
    "text/plain", "application/json", "image/png", "IMAGE/PNG;+q=1", "image/svg%2Bxml", "text/event-stream", "application/grpc",
    "application/grpc%2Bproto", "application/grpcx", "application/zip", "application/x-gzip;a=b", "audio/x", "video/", "audio", "font/woff2", "x", "",
)  # fmt: skip
SIZES = (0, 1, 19, 20, 21, 499, 500, 501, 5000)
STREAMS = ("", "0", "5", "5,5", "0,500", "500,0", "500,500", "20", "19,1", "0,0", "1,0,1,0", "700")
RAW = (
    "whole", "no-headers", "tuple", "lists", "no-body", "empty", "only-start", "only-body", "two-starts", "after-end", "trailers", "hint",
    "pathsend", "bytearray", "memoryview", "encoded", "encoded-empty", "encoded-upper", "partial", "raises", "raises-first", "long-length",
    "same", "debug", "no-more",
)  # fmt: skip

EXCHANGES = (
    *(get(f"/size/{size}", headers=sent, label=f"{size} bytes{' compressed' if sent else ''}") for size in SIZES for sent in (GZIP, ())),
    *(get("/size/700", headers=(header("accept-encoding", value),), label=f"accepts {value!r}") for value in ENCODINGS),
    get("/size/700", headers=(header("accept-encoding", "br"), *GZIP), label="accepts on two lines"),
    get("/size/700", headers=(*GZIP, header("accept-encoding", "br")), label="accepts on two lines, gzip first"),
    *(get(f"/type/?value={value}", headers=GZIP, label=f"type {value}") for value in TYPES),
    get("/type/?value=text/plain&status=206", headers=GZIP, label="part"),
    *(get(f"/type/?value=text/plain&encoding={value}", headers=GZIP, label=f"encoded {value!r}") for value in ("br", "identity", "")),
    *(get(f"/type/?value=text/plain&vary={value}", headers=GZIP, label=f"varies {value!r}")
      for value in ("*", "Accept", "accept-encoding", "Origin, ACCEPT-ENCODING", "")),
    *(get(f"/stream?sizes={sizes}", headers=GZIP, label=f"stream of {sizes}") for sizes in STREAMS),
    get("/stream?sizes=500,500", label="stream as it is"),
    get("/stream?sizes=500,500&length=1000", headers=GZIP, label="stream with length"),
    get("/stream?sizes=500,500&kind=text/event-stream", headers=GZIP, label="stream not to be compressed"),
    get("/stream?sizes=500,500,500", headers=GZIP, gone_after_sends=2, label="client leaves the stream", backends=("asyncio",)),
    get("/size/700", headers=GZIP, gone_after_sends=0, label="client leaves at once"),
    get("/size/700", headers=GZIP, gone_after_sends=1, label="client leaves"),
    *(get(f"/raw/{kind}", headers=GZIP) for kind in RAW),
    *(get(f"/raw/{kind}", label=f"{kind}, not compressed") for kind in ("no-headers", "tuple", "no-body", "two-starts", "trailers", "same", "pathsend")),
    *(get(path, headers=GZIP) for path in ("/file", "/json", "/refused", "/broken", "/known", "/breaks", "/nowhere", "/late", "/lines", "/events")),
    get("/file", headers=(*GZIP, header("range", "bytes=0-9")), label="range of a file"),
    get("/file", headers=GZIP, scope={"extensions": {"http.response.pathsend": {}}}, label="file by its path"),
    request("HEAD", "/size/700", headers=GZIP),
    request("HEAD", "/file", headers=GZIP),
    get("/status/204", headers=GZIP),
    get("/status/304", headers=GZIP),
    ws("/socket", headers=GZIP),
)  # fmt: skip
SOME = tuple(
    exchange
    for exchange in EXCHANGES
    if exchange.target
    in (
        "/size/20",
        "/size/700",
        "/size/5000",
        "/stream?sizes=500,500",
        "/json",
        "/broken",
        "/refused",
        "/events",
        "/raw/whole",
    )
    or "text/plain" in exchange.target
)


class Known(Exception):
    pass


def messages(kind):
    """What a plain application sends."""
    start = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/plain"), (b"Content-Length", b"600")],
    }
    body = {"type": "http.response.body", "body": b"r" * 600}
    variants = {
        "no-headers": ({key: value for key, value in start.items() if key != "headers"}, body),
        "tuple": ({**start, "headers": tuple(start["headers"])}, body),
        "lists": ({**start, "headers": [list(pair) for pair in start["headers"]]}, body),
        "no-body": (start, {"type": "http.response.body"}),
        "empty": (start, {**body, "body": b""}),
        "only-start": (start,),
        "only-body": (body,),
        "two-starts": (start, {**start, "status": 201}, body),
        "after-end": (start, body, {**body, "more_body": True}),
        "trailers": (
            {**start, "trailers": True},
            body,
            {"type": "http.response.trailers", "headers": [(b"x-t", b"1")]},
        ),
        "hint": ({"type": "http.response.early_hint", "links": [b"</a>"]}, start, body),
        "pathsend": (start, {"type": "http.response.pathsend", "path": str(FILE)}),
        "bytearray": (start, {**body, "body": bytearray(b"r" * 600)}),
        "memoryview": (start, {**body, "body": memoryview(b"r" * 600)}),
        "encoded": ({**start, "headers": [*start["headers"], (b"content-encoding", b"br")]}, body),
        "encoded-empty": ({**start, "headers": [*start["headers"], (b"content-encoding", b"")]}, body),
        "encoded-upper": ({**start, "headers": [*start["headers"], (b"Content-Encoding", b"br")]}, body),
        "partial": ({**start, "status": 206}, body),
        "raises": (start, {**body, "more_body": True}, ValueError),
        "raises-first": (start, ValueError),
        "long-length": (
            {
                **start,
                "headers": [
                    (b"content-length", b"1"),
                    (b"x", b"1"),
                    (b"content-length", b"2"),
                    (b"vary", b"A"),
                    (b"vary", b"B"),
                ],
            },
            body,
        ),
        "same": (start, {**body, "more_body": True}, {**body, "more_body": True}, body),
        "debug": (start, {"type": "http.response.debug", "info": {}}, body),
        "no-more": (start, {**body, "more_body": True}),
    }
    return variants.get(kind, (start, body))


async def raw(scope, receive, send):
    kind = scope["path"].rpartition("/")[2]
    for message in messages(kind):
        if isinstance(message, type):
            raise message("raw")
        await send(message)
        log(sorted(message), message.get("headers"), type(message.get("body")).__name__)


def routes(api, app):
    plain, streaming = api.responses.PlainTextResponse, api.responses.StreamingResponse

    @app.api_route("/size/{size}", methods=["GET", "HEAD"])
    async def sized(size: int):
        return plain("x" * size)

    @app.get("/type/")
    async def typed(value: str, status: int = 200, encoding: str | None = None, vary: str | None = None):
        names = {"content-encoding": encoding, "vary": vary, "content-type": value}
        return api.Response(
            "t" * 700, status, {name: text for name, text in names.items() if text is not None}
        )

    @app.get("/stream")
    async def stream(sizes: str, kind: str = "text/plain", length: str | None = None):
        async def body():
            for size in filter(None, sizes.split(",")):
                await anyio.lowlevel.checkpoint()
                yield b"s" * int(size)

        return streaming(body(), media_type=kind, headers={"content-length": length} if length else None)

    @app.get("/file")
    async def file():
        return api.responses.FileResponse(
            tempfile.gettempdir() if not FILE.exists() else FILE, headers={"etag": "1", "last-modified": "2"}
        )

    @app.get("/json")
    async def as_json(response: api.Response):
        response.headers.append("vary", "Accept")
        response.headers.append("Vary", "Cookie")
        return {"a": "x" * 600, "b": list(range(100))}

    @app.get("/refused")
    async def refused():
        raise api.HTTPException(403, "no" * 300, headers={"X-No": "1"})

    @app.get("/broken")
    async def broken():
        raise ValueError("broken")

    @app.get("/known")
    async def known():
        raise Known

    @app.exception_handler(Known)
    async def handler(request, error):
        return api.responses.JSONResponse("known" * 100, 409)

    @app.get("/breaks")
    async def breaks():
        def body():
            yield "a" * 600
            raise ValueError("middle")

        return streaming(body())

    @app.get("/late")
    async def late(tasks: api.BackgroundTasks):
        tasks.add_task(log, "task")
        return "later" * 200

    @app.get("/lines")
    async def lines():
        for n in range(3):
            yield {"n": n, "text": "x" * 300}

    @app.get("/events", response_class=api.sse.EventSourceResponse)
    async def events():
        yield "x" * 700

    @app.get("/status/{code}")
    async def status(code: int):
        return api.Response(status_code=code)

    @app.websocket("/socket")
    async def socket(websocket: api.WebSocket):
        await websocket.accept()
        await websocket.close()

    app.mount("/raw", raw)
    return app


SETTINGS = {
    "defaults": {},
    "from_twenty": {"minimum_size": 20, "compresslevel": 1},
    "always": {"minimum_size": 0, "compresslevel": 0, "exclude_content_types": ()},
    "in_threads": {"minimum_size": -1, "compresslevel": -1, "thread_minimum_size": 1},
    "other_types": {"minimum_size": 1, "exclude_content_types": ("Text/Plain; charset=x", "application/*")},
}
FULL = ("defaults", "always")


@differential_settings(SETTINGS, lambda name: EXCHANGES if name in FULL else SOME)
def build(api, **settings):
    app = api.FastAPI()
    app.add_middleware(api.middleware.gzip.GZipMiddleware, **settings)
    return routes(api, app)


@differential(*SOME)
def twice(api):
    """One in another, and a layer between them that sees and marks what is sent."""
    kind = api.middleware.gzip.GZipMiddleware

    class Between:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            async def sending(message):
                log("before", sorted(message), message.get("headers"), len(message.get("body", b"")))
                await send(message)
                log("after", sorted(message), message.get("headers"), len(message.get("body", b"")))

            await self.app(scope, receive, sending)

    app = api.FastAPI(
        middleware=[
            Middleware(kind, minimum_size=1000),
            Middleware(Between),
            Middleware(kind, minimum_size=10),
        ]
    )
    app.add_middleware(Between)
    return routes(api, app)


@differential(*SOME, backends=("asyncio",), openapi=False)
def around_parts(api):
    """Around a mounted application, with others in between."""
    app = routes(api, api.FastAPI())
    app.add_middleware(api.middleware.cors.CORSMiddleware, allow_origins=["*"])

    @app.middleware("http")
    async def around(request, call_next):
        response = await call_next(request)
        response.headers["x-around"] = response.headers.get("content-length", "none")
        return response

    outer = api.FastAPI()
    outer.mount("/", api.middleware.gzip.GZipMiddleware(app, minimum_size=30))
    return outer


@differential(
    *SOME, *(get("/size/700?change", headers=GZIP, label=f"changed {n}") for n in range(7)), openapi=False
)
def changed_while_it_serves(api):
    """Subclassed, and its attributes changed."""

    class Own(api.middleware.gzip.GZipMiddleware):
        async def __call__(self, scope, receive, send):
            log("own", scope["type"], self.minimum_size)
            await super().__call__(scope, receive, send)

    changes = iter(
        [
            lambda layer: setattr(layer, "minimum_size", 701),
            lambda layer: setattr(layer, "minimum_size", 5),
            lambda layer: setattr(layer, "compresslevel", 0),
            lambda layer: setattr(layer, "exclude_content_types", ("text/plain",)),
            lambda layer: setattr(layer, "exclude_content_types", ()),
            lambda layer: setattr(layer, "app", api.responses.PlainTextResponse("r" * 100)),
        ]
    )

    class Change:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http" and scope["query_string"] == b"change":
                next(changes, lambda layer: None)(self.app.app)
            await self.app(scope, receive, send)

    app = api.FastAPI()
    app.add_middleware(api.middleware.gzip.GZipMiddleware, minimum_size=200)
    app.add_middleware(Own, minimum_size=500)
    app.add_middleware(Change)
    return routes(api, app)
