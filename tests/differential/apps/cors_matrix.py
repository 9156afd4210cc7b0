"""CORSMiddleware (Fetch standard): each setting with each shape of request, alone and inside other layers."""

# mypy: ignore-errors
import re

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount, Route

from ..driver import get, header, log, post, request, ws
from ..registry import differential, differential_settings

GOOD, OTHER, EVIL = "https://example.org", "http://a.b:8000", "http://evil"
ORIGINS = [GOOD, OTHER]


def origin(value=GOOD, *more):
    return (header("origin", value), *more)


def preflight(path="/ok", *, sent=GOOD, method="POST", names=None, private=None, label, **options):
    found = [header("origin", sent), header("access-control-request-method", method)]
    if names is not None:
        found.append(header("access-control-request-headers", names))
    if private is not None:
        found.append(header("access-control-request-private-network", private))
    return request("OPTIONS", path, headers=found, label=label, **options)


EXCHANGES = (
    get("/ok"),
    *(
        get("/ok", headers=origin(value), label=f"origin {value}")
        for value in (GOOD, OTHER, EVIL, "null", "", "*", "HTTPS://EXAMPLE.ORG", "https://sub.example.org", f"{GOOD}/", f" {GOOD}", "http://\xe9")
    ),
    get("/ok", headers=origin(GOOD, *origin(EVIL)), label="two origins"),
    get("/ok", headers=origin(EVIL, *origin(GOOD)), label="two origins, the bad one first"),
    get("/ok", headers=((b"Origin", GOOD.encode()),), label="name in upper case"),
    *(
        get(path, headers=sent, label=f"{path}{' with origin' if sent else ''}")
        for path in ("/vary", "/varies", "/any", "/own", "/refused", "/known", "/broken", "/stream", "/breaks", "/nowhere", "/raw/x", "/bare")
        for sent in ((), origin())
    ),
    get("/refused", headers=origin(EVIL), label="refused, evil origin"),
    get("/broken", headers=origin(EVIL), label="broken, evil origin"),
    post("/ok", '{"a": 1}', headers=origin(), label="post"),
    post("/ok", "[", headers=origin(), label="post of bad JSON"),
    request("HEAD", "/ok", headers=origin()),
    request("DELETE", "/ok", headers=origin()),
    request("OPTIONS", "/ok", headers=origin(), label="options, no preflight"),
    request("OPTIONS", "/ok"),
    request("OPTIONS", "/ok", headers=(header("access-control-request-method", "GET"),), label="preflight without origin"),
    get("/ok", headers=origin(GOOD, header("access-control-request-method", "GET")), label="get like a preflight"),
    request("options", "/ok", headers=origin(GOOD, header("access-control-request-method", "GET")), label="options in lower case"),
    *(preflight(method=method, label=f"preflight {method}") for method in ("GET", "POST", "PUT", "QUERY", "OPTIONS", "TRACE", "get", "", "BREW")),
    *(preflight(sent=value, label=f"preflight from {value}") for value in (OTHER, EVIL, "null", "", "https://x.example.org")),
    *(
        preflight(names=names, label=f"preflight for headers {names!r}")
        for names in (
            "x-token", "X-Token", "x-token,authorization", " x-token , AUTHORIZATION ", "content-type", "Accept, Accept-Language", "x-none",
            "x-token, x-none", "", ",", "x-token,", "*", "\xe9",
        )
    ),
    *(preflight(private=value, label=f"preflight for a private network {value!r}") for value in ("true", "false", "")),
    preflight(sent=EVIL, method="BREW", names="x-none", private="true", label="preflight, all wrong"),
    preflight("/nowhere", label="preflight nowhere"),
    preflight("/raw/x", label="preflight of a mounted application"),
    preflight(gone_after_sends=1, label="preflight, client leaves"),
    ws("/socket", headers=origin(), label="socket"),
    ws("/socket", headers=origin(EVIL), label="socket, evil origin"),
)  # fmt: skip


class Known(Exception):
    pass


def routes(api, app):
    plain = api.responses.PlainTextResponse

    @app.api_route("/ok", methods=["GET", "POST", "HEAD", "OPTIONS"])
    async def ok(request: api.Request):
        return request.method

    @app.get("/vary")
    async def vary(response: api.Response):
        response.headers["vary"] = "Accept"
        return 1

    @app.get("/varies")
    def varies():
        response = plain("v")
        response.headers.append("Vary", "Accept, Origin")
        response.headers.append("vary", "Cookie")
        response.headers.append("x-after", "1")
        return response

    @app.get("/any")
    def any_variation():
        return plain("*", headers={"vary": "*"})

    @app.get("/own")
    async def own():
        names = (
            "access-control-allow-origin",
            "access-control-expose-headers",
            "access-control-allow-credentials",
        )
        return plain("own", headers=dict.fromkeys(names, "mine"))

    @app.get("/refused")
    async def refused():
        raise api.HTTPException(403, "no", headers={"X-No": "1", "Vary": "Cookie"})

    @app.get("/known")
    async def known():
        raise Known

    @app.exception_handler(Known)
    async def handler(request, error):
        return api.responses.JSONResponse("known", 409)

    @app.get("/broken")
    async def broken():
        raise ValueError("broken")

    @app.get("/stream")
    async def stream():
        return api.responses.StreamingResponse(iter(["a", "b"]), headers={"vary": "Accept"})

    @app.get("/breaks")
    async def breaks():
        def body():
            yield "a"
            raise ValueError("middle")

        return api.responses.StreamingResponse(body())

    async def raw(scope, receive, send):
        start = {"type": "http.response.start", "status": 200, "headers": [(b"Vary", b"A"), (b"vary", b"B")]}
        await send(start)
        log(type(start["headers"]).__name__, start["headers"])
        await send({"type": "http.response.body", "body": b"raw"})

    class Bare(api.Response):
        async def __call__(self, scope, receive, send):
            start = {"type": "http.response.start", "status": 200}
            await send(start)
            log(start)
            await send({"type": "http.response.body"})

    @app.get("/bare")
    async def bare():
        return Bare()

    @app.websocket("/socket")
    async def socket(websocket: api.WebSocket):
        await websocket.accept()
        await websocket.close()

    app.mount("/raw", raw)
    return app


# With these an outcome depends on the settings.
DECISIVE = tuple(
    exchange
    for exchange in EXCHANGES
    if exchange.target in ("/ok", "/varies", "/own", "/broken") and "for headers" not in exchange.name
)
FULL = ("listed", "everything_with_credentials")
SETTINGS = {
    "defaults": {},
    "listed": {"allow_origins": ORIGINS, "allow_methods": ["GET", "POST"], "allow_headers": ["X-Token", "authorization"]},
    "everything": {"allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"]},
    "everything_with_credentials": {
        "allow_origins": ["*"], "allow_methods": ["*"], "allow_headers": ["*"], "allow_credentials": True, "expose_headers": ["x-a", "X-B"],
        "allow_private_network": True,
    },
    "listed_with_credentials": {"allow_origins": (GOOD, "null"), "allow_credentials": True, "expose_headers": ("x-a",), "max_age": 0},
    "pattern": {"allow_origin_regex": r"https://.*\.example\.org", "allow_origins": {OTHER}, "max_age": -1, "allow_methods": ("BREW", "get")},
    "texts": {"allow_origins": GOOD, "allow_methods": "*", "allow_headers": "x-token", "expose_headers": "ab", "max_age": "1"},
}  # fmt: skip


@differential_settings(SETTINGS, lambda name: EXCHANGES if name in FULL else DECISIVE)
def build(api, **settings):
    app = api.FastAPI()
    app.add_middleware(api.middleware.cors.CORSMiddleware, **settings)
    return routes(api, app)


SOME = (
    get("/ok"),
    get("/ok", headers=origin()),
    get("/ok", headers=origin(EVIL), label="evil"),
    get("/broken", headers=origin(), label="broken"),
    get("/refused", headers=origin(), label="refused"),
    preflight(label="preflight"),
    preflight(sent=EVIL, label="evil preflight"),
    get("/stream", headers=origin(GOOD, header("accept-encoding", "gzip")), label="stream"),
    get("/ok", headers=origin(GOOD, header("accept-encoding", "gzip")), label="compressed"),
    get("/raw/x", headers=origin(GOOD, header("accept-encoding", "gzip")), label="raw"),
    request(
        "GET", "/ok", headers=origin(), scope={"headers": [(b"host", b"evil"), *origin()]}, label="bad host"
    ),
)


@differential(*SOME)
def inside_and_outside(api):
    """Two of them, and each kind of layer between, before and after."""
    app = api.FastAPI(
        middleware=[Middleware(CORSMiddleware, allow_origins=["*"], expose_headers=["x-inner"])]
    )
    app.add_middleware(api.middleware.trustedhost.TrustedHostMiddleware, allowed_hosts=["testserver"])

    @app.middleware("http")
    async def around(request, call_next):
        response = await call_next(request)
        response.headers.append("vary", "X-Around")
        return response

    app.add_middleware(api.middleware.gzip.GZipMiddleware, minimum_size=1)
    app.add_middleware(CORSMiddleware, allow_origins=[GOOD], allow_credentials=True)
    return routes(api, app)


@differential(*SOME, openapi=False)
def around_a_part(api):
    """Around a mounted application, a mount's routes and one route."""
    settings = {"allow_origins": [GOOD], "allow_credentials": True}
    app = routes(api, api.FastAPI())
    part = routes(api, api.FastAPI())
    outer = api.FastAPI()

    async def leaf(request):
        return api.responses.PlainTextResponse("leaf")

    layers = [Middleware(CORSMiddleware, **settings)]
    outer.router.routes += [Route("/ok", leaf, middleware=layers), Mount("/raw", part, middleware=layers)]
    outer.mount("/", CORSMiddleware(app, **settings))
    return outer


@differential(*SOME)
def changed_by_subclasses(api):
    class Own(api.middleware.cors.CORSMiddleware):
        def is_allowed_origin(self, origin):
            log("asked", origin)
            return "evil" in origin

        def preflight_response(self, request_headers):
            response = super().preflight_response(request_headers)
            response.headers["x-preflight"] = str(sorted(request_headers.keys()))
            return response

        async def send(self, message, send, request_headers):
            log("sends", message["type"])
            await super().send(message, send=send, request_headers=request_headers)

    class Explicit(api.middleware.cors.CORSMiddleware):
        @staticmethod
        def allow_explicit_origin(headers: MutableHeaders, origin):
            headers["x-explicit"] = origin

    app = api.FastAPI()
    app.add_middleware(Own, allow_origins=[GOOD])
    app.add_middleware(Explicit, allow_origins=[GOOD])
    return routes(api, app)


@differential(
    *SOME,
    *(
        get("/ok?change", headers=origin(value), label=f"changed {n}")
        for n, value in enumerate([EVIL, GOOD] * 8)
    ),
)
def changed_while_it_serves(api):
    """Its attributes are read at each request, and its methods looked up."""
    kind = api.middleware.cors.CORSMiddleware
    origins = [GOOD]
    app = api.FastAPI()
    app.add_middleware(kind, allow_origins=origins)
    changes = iter(
        [
            lambda layer: origins.append(EVIL),
            lambda layer: origins.clear(),
            lambda layer: setattr(layer, "allow_all_origins", True),
            lambda layer: setattr(layer, "allow_credentials", True),
            lambda layer: setattr(layer, "allow_all_origins", False),
            lambda layer: setattr(layer, "allow_origin_regex", re.compile("http://e.*")),
            lambda layer: setattr(layer, "allow_origin_regex", None),
            lambda layer: layer.simple_headers.update({"X-Simple": "1", "vary": "Simple"}),
            lambda layer: setattr(layer, "simple_headers", {}),
            lambda layer: setattr(layer, "is_allowed_origin", lambda origin: True),
            lambda layer: delattr(layer, "is_allowed_origin"),
            lambda layer: setattr(layer, "allow_origins", (EVIL, GOOD)),
            lambda layer: setattr(layer, "app", api.responses.PlainTextResponse("replaced")),
        ]
    )

    class Change:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http" and scope["query_string"] == b"change":
                next(changes, lambda layer: None)(self.app)
            await self.app(scope, receive, send)

    app.add_middleware(Change)
    return routes(api, app)


@differential(*SOME, backends=("asyncio",))
def methods_replaced(api):
    """Methods of the class, replaced around each request and restored."""
    kind = api.middleware.cors.CORSMiddleware
    app = api.FastAPI()
    app.add_middleware(kind, allow_origins=[GOOD])

    class Patched:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            names = ("is_allowed_origin", "preflight_response", "simple_response", "send")
            saved = {name: getattr(kind, name) for name in names}

            def wrap(name, original):
                def wrapper(self, *args, **kwargs):
                    log("patched", name, len(args), sorted(kwargs))
                    return original(self, *args, **kwargs)

                return wrapper

            for name, original in saved.items():
                setattr(kind, name, wrap(name, original))
            try:
                await self.app(scope, receive, send)
            finally:
                for name, original in saved.items():
                    setattr(kind, name, original)

    app.add_middleware(Patched)
    return routes(api, app)
