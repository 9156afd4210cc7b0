"""TrustedHostMiddleware and HTTPSRedirectMiddleware: each shape of Host header with each list of hosts."""

# mypy: ignore-errors
from starlette.middleware.trustedhost import TrustedHostMiddleware

from ..driver import HOST, Http, WebSocket, header, log
from ..registry import differential, differential_settings, refused

HOSTS = (
    "testserver", "TestServer:8000", "testserver:", "testserver.", "example.org", "example.org:80", "www.example.org", "a.example.org",
    "A.B.Example.Org:443", ".example.org", "xexample.org", "example.net", "example.net:8080", "www.example.net", "", " ", "evil", "127.0.0.1:8000",
    "[::1]", "[::1]:8000", "::1", "[", "[::1", "user@example.org", "example.org/x", "example.org?x", "testserver, evil", "\xe9.org", "*.example.org",
    "example.org:x", "example.org:99999", "example.org:0", "exa mple.org", "a_b.example.org", "xn--9ca.org", "testserver#x", "testserver\\x",
)  # fmt: skip


def get(host, target="/ok?a=1", **options):
    options.setdefault("label", f"{options.get('method', 'GET')} {target} of {host!r}")
    return Http(target=target, headers=(header("host", host),), **options)


def socket(host, **options):
    return WebSocket(
        target="/socket?a=1", headers=(header("host", host),), label=f"socket of {host!r}", **options
    )


EXCHANGES = (
    *(get(host) for host in HOSTS),
    Http(target="/ok", headers=(), label="no host"),
    Http(target="/ok", headers=(), scope={"server": None}, label="no host, no server"),
    Http(target="/ok", headers=(*HOST, header("host", "evil")), label="two hosts"),
    Http(target="/ok", headers=(header("host", "evil"), *HOST), label="two hosts, the bad one first"),
    Http(target="/ok", headers=((b"Host", b"testserver"),), label="name in upper case"),
    Http(target="/ok", headers=(header("x-forwarded-host", "testserver"),), label="forwarded host"),
    get("example.net", "/a%2Fb/%C3%A9?q=%C3%A9&x", label="redirect keeps path and query"),
    get("example.net", "//evil/x", label="redirect of a path with two slashes"),
    get("example.net", scope={"scheme": "https"}, label="redirect on https"),
    get("example.net:443", scope={"scheme": "https"}, label="redirect on https with port"),
    get("example.net", scope={"root_path": "/root"}, label="redirect below a root path"),
    get("example.net", method="POST"),
    get("example.net", method="HEAD"),
    get("evil", method="HEAD"),
    get("evil", "/broken"),
    get("testserver", "/broken"),
    get("testserver", "/refused"),
    get("testserver", "/nowhere"),
    get("testserver", "/ok/"),
    get("evil", gone_after_sends=1, label="client leaves"),
    *(socket(host) for host in ("testserver", "evil", "example.net", "", "a.example.org:80")),
    WebSocket(target="/socket", headers=(header("host", "evil"),), scope={"extensions": {}}, label="refused socket without answers"),
)  # fmt: skip
SOME = tuple(
    exchange
    for exchange in EXCHANGES
    if exchange.name not in {f"GET /ok?a=1 of {host!r}" for host in HOSTS[16:]}
)


def routes(api, app):
    @app.api_route("/ok", methods=["GET", "HEAD", "POST"])
    async def ok(request: api.Request):
        return [str(request.url), request.url.hostname, str(request.base_url)]

    @app.get("/broken")
    async def broken():
        raise ValueError("broken")

    @app.get("/refused")
    async def refused_here():
        raise api.HTTPException(403, "no", headers={"x-no": "1"})

    @app.websocket("/socket")
    async def websocket(websocket: api.WebSocket):
        await websocket.accept()
        await websocket.send_text(str(websocket.url))
        await websocket.close()

    return app


SETTINGS = {
    "listed": {"allowed_hosts": ["testserver", "*.example.org", "www.example.net", "127.0.0.1", "[::1]"]},
    "defaults": {},
    "everything": {"allowed_hosts": ["evil", "*"]},
    "no_redirect": {
        "allowed_hosts": ("WWW.Example.net", "*.EXAMPLE.org", "Testserver"),
        "www_redirect": False,
    },
    "nothing": {"allowed_hosts": []},
    "dotted": {"allowed_hosts": ["*.", "testserver", "*.org", "www.www.example.net", "::1"]},
}


@differential_settings(SETTINGS, lambda name: EXCHANGES if name in ("listed", "dotted") else SOME)
def build(api, **settings):
    app = api.FastAPI()
    app.add_middleware(api.middleware.trustedhost.TrustedHostMiddleware, **settings)
    return routes(api, app)


@differential(
    *(
        get(host, scope={"scheme": scheme}, label=f"{scheme} {host!r}")
        for host in HOSTS[:24]
        for scheme in ("http", "https")
    ),
    *(socket(host) for host in ("testserver", "testserver:80", "")),
    *(socket(host, scope={"scheme": "wss"}) for host in ("testserver:443",)),
    Http(target="/ok", headers=(), scope={"server": None}, label="no host, no server"),
    Http(target="/ok", headers=(), scope={"server": ("h", 443)}, label="no host"),
    Http(target="/ok", scope={"scheme": "ftp"}, label="other scheme"),
    get("testserver:80", "/a%2F?q=%20", method="POST"),
    backends=("asyncio",),
    openapi=False,
)
def to_https(api):
    from importlib import import_module

    app = api.FastAPI()
    app.add_middleware(import_module(f"{api.__name__}.middleware.httpsredirect").HTTPSRedirectMiddleware)
    return routes(api, app)


@differential(*SOME)
def stacked(api):
    """Outside of others, and around a part."""
    kind = api.middleware.trustedhost.TrustedHostMiddleware
    app = api.FastAPI()
    app.add_middleware(kind, allowed_hosts=["testserver", "*.example.org", "evil"])
    app.add_middleware(api.middleware.cors.CORSMiddleware, allow_origins=["*"])

    @app.middleware("http")
    async def around(request, call_next):
        log("around", request.headers.get("host"))
        response = await call_next(request)
        response.headers["x-around"] = "1"
        return response

    app.add_middleware(kind, allowed_hosts=["testserver", "www.example.net", "www.example.org"])
    routes(api, app)
    part = routes(api, api.FastAPI())
    app.mount("/part", TrustedHostMiddleware(part, allowed_hosts=["a.example.org"]))
    return app


@differential(
    *(
        get(host, f"/ok?n={n}", label=f"change {n}, {host}")
        for n in range(8)
        for host in ("evil", "testserver", "example.net")
    ),
    openapi=False,
)
def changed_while_it_serves(api):
    """Its attributes are read at each request; the list given to it is copied."""

    class Own(api.middleware.trustedhost.TrustedHostMiddleware):
        async def __call__(self, scope, receive, send):
            log("own", self.allowed_hosts, self.allow_any)
            await super().__call__(scope, receive, send)

    hosts = ["testserver", "www.example.net"]
    changes = [
        lambda layer: None,
        lambda layer: hosts.append("evil"),
        lambda layer: layer.allowed_hosts.append("evil"),
        lambda layer: setattr(layer, "www_redirect", False),
        lambda layer: setattr(layer, "allowed_hosts", ("*.net", "EVIL")),
        lambda layer: setattr(layer, "allow_any", True),
        lambda layer: setattr(layer, "app", api.responses.PlainTextResponse("replaced")),
        lambda layer: setattr(layer, "allow_any", False),
    ]

    class Change:
        def __init__(self, app):
            self.app = app

        async def __call__(self, scope, receive, send):
            if scope["type"] == "http":
                changes[int(scope["query_string"][2:])](self.app)
            await self.app(scope, receive, send)

    app = api.FastAPI()
    app.add_middleware(Own, allowed_hosts=["*.net", "evil", "testserver", "www.example.net"])
    app.add_middleware(api.middleware.trustedhost.TrustedHostMiddleware, allowed_hosts=hosts)
    app.add_middleware(Change)
    return routes(api, app)


def declare_refusal(pattern):
    def build(api):
        return api.middleware.trustedhost.TrustedHostMiddleware(None, allowed_hosts=[pattern]).allowed_hosts

    refused(build, f"trusted host {pattern!r}")


for pattern in ("a.*", "*example.org", "a*b", "**", "*.*.org", "", "*.", "www.*"):
    declare_refusal(pattern)
