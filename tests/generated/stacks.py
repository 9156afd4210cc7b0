"""Random stacks of middleware around random answers, and the requests that make a difference to them."""

from typing import Any

from ..differential.driver import Headers, Http, Lifespan, WebSocket, header
from .choices import Choices
from .dependencies import ERRORS
from .exchanges import Step

_ORIGINS = ("http://a.b", "https://example.org", "http://o.x:8000", "null", "https://sub.example.org")
_SENT_ORIGINS = (
    *_ORIGINS, "HTTP://A.B", "http://a.b/", "", " http://a.b", "http://é", "http://a.b, http://evil", "http://evil", "*",
)  # fmt: skip
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "QUERY", "TRACE", "BREW", "get", "")
_HEADER_NAMES = ("x-token", "X-Other", "authorization", "Content-Type", "accept", "é")
_HOSTS = (
    "testserver",
    "a.org",
    "*.org",
    "www.a.net",
    "*.Example.com",
    "127.0.0.1",
    "[::1]",
    "www.testserver",
    "b.org",
)
_SENT_HOSTS = (
    "testserver", "testserver:8000", "TestServer", "a.org", "a.org:80", "x.a.org", ".org", "org", "a.net", "a.net:8080", "www.a.net",
    "example.com", "sub.example.COM", "127.0.0.1:1", "[::1]", "[::1]:80", "::1", "", "evil", "evil@a.org", "a.org.", "testserver:", "a.org:x",
    "a b.org", "testserver, a.org", "é.org", "a.org/x", "*.org", "a.org?x", "www.testserver:443", "testserver:443", "[", "a.org:99999",
)  # fmt: skip
_ENCODINGS = (
    "gzip", "gzip, deflate, br", "GZIP", "br;q=1.0, gzip;q=0", "identity", "*", "", "x-gzip", "br", "deflate, gzip;q=0.5", "agzipb",
)  # fmt: skip
_TYPES = (
    "text/plain", "application/json", "image/png", "IMAGE/PNG; q=1", "text/event-stream", "application/grpc+proto", "video/x", "x", "",
    "application/gzip", "text/html; charset=latin-1", "font/woff2", "application/zip;a", "audio/", "image/svg+xml",
)  # fmt: skip
_SIZES = (0, 1, 9, 10, 11, 99, 100, 101, 499, 500, 501, 3000)
_RESPONSE_HEADERS = (
    "'vary': 'Accept'", "'vary': '*'", "'Vary': 'origin'", "'vary': 'Accept-Encoding, Origin'", "'vary': 'accept-encoding'",
    "'access-control-allow-origin': 'http://own'", "'Access-Control-Expose-Headers': 'x-mine'", "'content-encoding': 'br'",
    "'content-encoding': 'identity'", "'etag': '\"1\"'", "'content-length': '3'", "'x-a': 'é'", "'access-control-allow-credentials': 'no'",
    "'content-type': 'image/png'", "'content-encoding': ''", "'vary': ''",
)  # fmt: skip
_CONTENT = (
    "'x' * {size}",
    "'ab\\n' * ({size} // 3)",
    "''.join(map(chr, range(32, 127))) * ({size} // 95 + 1)",
)


class Stack:
    """Collects the source of one application and knows its paths."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.parts = ["ORIGINS = ['http://a.b', 'https://example.org']\nHOSTS = ['testserver', '*.org']\n"]
        self.paths: list[str] = []
        self.places: list[str] = []
        self.sockets: list[str] = []
        self.count = 0
        # Where a response is taken over by a task, the thread that opens a file races with it.
        self.tasks = choices.maybe()
        self.file = "None" if self.tasks else "FileResponse(os.path.join(SITE, 'me.css'))"

    def build(self) -> str:
        """Make all of it."""
        choices = self.choices
        options = ["debug=True"] if choices.maybe(0.08) else []
        if choices.maybe(0.3):
            inner = [f"Middleware({self._layer()})" for _ in choices.many(1, 3)]
            options.append(f"middleware=[{', '.join(inner)}]")
        if choices.maybe(0.2):
            options.append("redirect_slashes=False")
        self.parts.append(f"app = FastAPI({', '.join(options)})\n")
        for _ in choices.many(2, 6):
            self._endpoint("app", "")
        if choices.maybe(0.5):
            self._inner()
        if choices.maybe(0.4):
            self._handlers()
        for _ in choices.many(0, 3) if "middleware=" in " ".join(options) else choices.many(1, 5):
            self._attach("app")
        return "\n\n".join(self.parts)

    def _attach(self, app: str) -> None:
        choices = self.choices
        if self.tasks and choices.maybe(0.3):
            self._decorated(app)
        elif choices.maybe(0.1):
            self.parts.append(f"{app}.user_middleware.append(Middleware({self._layer()}))\n")
        else:
            self.parts.append(f"{app}.add_middleware({self._layer()})\n")

    def _decorated(self, app: str) -> None:
        choices, name = self.choices, f"around{self.count}"
        self.count += 1
        self.places += [name, f"{name} after"]
        body = [f"trip({name!r})", "response = await call_next(request)", f"trip('{name} after')"]
        body.append(
            choices.one(
                "response.headers['x-around'] = '1'",
                "response.headers.append('vary', 'X-Around')",
                "log('around', response.status_code, response.headers.items())",
                "response = PlainTextResponse('other' * 30, 207)",
                "response.headers['access-control-allow-origin'] = 'http://around'",
            )
        )
        lines = [*body, "return response"]
        if choices.maybe(0.3):
            lines = ["try:", *(f"    {line}" for line in lines), "except Exception as error:"]
            lines.append("    return JSONResponse({'around': type(error).__name__}, 500)")
        text = "".join(f"    {line}\n" for line in lines)
        self.parts.append(f"@{app}.middleware('http')\nasync def {name}(request, call_next):\n{text}")

    def _layer(self) -> str:
        """The arguments of `add_middleware`."""
        choices = self.choices
        kind = choices.one(*["cors"] * 8, *["gzip"] * 8, *["hosts"] * 5, "https", *["own"] * 7)
        if kind == "cors":
            name = choices.one(*["CORSMiddleware"] * 8, "OpenCORS", "LateCORS", "CountingCORS", "made_cors")
            return ", ".join([name, *self._cors()])
        if kind == "gzip":
            name = choices.one(*["GZipMiddleware"] * 6, "SomeGZip")
            return ", ".join([name, *self._gzip()])
        if kind == "hosts":
            name = choices.one(*["TrustedHostMiddleware"] * 6, "LoudHosts")
            return ", ".join([name, *self._hosts()])
        if kind == "https":
            return "HTTPSRedirectMiddleware"
        how = choices.one(
            "raise before", "copy scope", "copy scope", "tuple", "lists", "vary", "split", "trailing", "bytearray", "no headers", "vary", "own origin", "drop headers", "other method", "raise at start", "tuple", "lists", "no headers",
            "vary", "status", "no body key", "split", "trailing", "bytearray", "raise in body", "answer errors", "other error", "raise after",
        )  # fmt: skip
        return choices.one(
            "Peek", "Peek, name='two'", f"Tamper, how={how!r}", f"Tamper, how={how!r}", f"Tamper, how={how!r}", "BaseMiddleware" if self.tasks else "Peek",
            "PureMiddleware, name='pure'", "ShortMiddleware",
        )  # fmt: skip

    def _cors(self) -> list[str]:
        choices = self.choices
        options = []
        if choices.maybe(0.9):
            some = choices.some(_ORIGINS, 1, 3)
            options.append(
                "allow_origins="
                + choices.one(
                    repr(some),
                    repr(some),
                    "['*']",
                    "['*']",
                    "'*'",
                    "ORIGINS",
                    repr(tuple(some)),
                    repr([*some, "*"]),
                    repr(some[0]),
                )
            )
        if choices.maybe(0.3):
            regex = choices.one(
                r"https://.*\.example\.org", "http://o.*", ".*", "HTTP://[a-z.]+", "(http|https)://a\\.b", ""
            )
            options.append(f"allow_origin_regex={regex!r}")
        if choices.maybe(0.6):
            some = choices.some(_METHODS, 0, 3)
            options.append(
                "allow_methods="
                + choices.one(repr(some), "['*']", "'*'", repr(tuple(some)), "['GET', '*']", "'POST'")
            )
        if choices.maybe(0.6):
            some = choices.some(_HEADER_NAMES, 0, 3)
            options.append(
                "allow_headers="
                + choices.one(repr(some), "['*']", "'*'", repr(tuple(some)), repr([*some, "*"]))
            )
        if choices.maybe(0.4):
            options.append(f"allow_credentials={choices.one('True', 'True', 'True', '1', 'False')}")
        if choices.maybe(0.3):
            options.append(
                f"expose_headers={choices.one('[]', repr(['x-a']), repr(('X-A', 'x-b')), repr('ab'))}"
            )
        if choices.maybe(0.3):
            options.append(f"max_age={choices.one('0', '-1', '86400', '1.5', 'None', repr('x'))}")
        if choices.maybe(0.2):
            options.append("allow_private_network=True")
        return options

    def _gzip(self) -> list[str]:
        choices = self.choices
        options = []
        if choices.maybe(0.8):
            options.append(f"minimum_size={choices.one(0, 1, 10, 10, 100, 100, 500, -1)}")
        if choices.maybe(0.4):
            options.append(f"compresslevel={choices.one(0, 1, 6, 9, 9, -1)}")
        if choices.maybe(0.15):
            options.append(f"thread_minimum_size={choices.one(0, 10, 100, 1000)}")
        if choices.maybe(0.2):
            options.append(
                "exclude_content_types="
                + choices.one(
                    "()",
                    "('text/*',)",
                    "('Application/JSON; x',)",
                    "('*/*',)",
                    "('text/plain', 'image/*')",
                    "['text/html']",
                )
            )
        return options

    def _hosts(self) -> list[str]:
        choices = self.choices
        if choices.maybe(0.08):
            return []
        some = choices.some(_HOSTS, 1, 3)
        hosts = choices.one(
            *[repr([*some, "testserver"])] * 9,
            repr(some),
            "HOSTS",
            "['*']",
            repr(tuple(some)),
            "None",
            "['*', 'a.org']",
            "[]",
        )
        options = [f"allowed_hosts={hosts}"]
        if choices.maybe(0.3):
            options.append(f"www_redirect={choices.one('False', 'True', '0')}")
        return options

    def _inner(self) -> None:
        """An application, or a part of one, with middleware of its own."""
        choices = self.choices
        shape = choices.one("sub", "sub", "wrapped", "mount", "route", "router")
        if shape == "route":
            name = f"starlette{self.count}"
            self.count += 1
            self.parts.append(
                f"async def {name}(request):\n    trip({name!r})\n    return PlainTextResponse('s' * {choices.of(_SIZES)})\n\n\n"
                f"app.router.routes.append(Route('/{name}', {name}, middleware=[Middleware({self._layer()})]))\n"
            )
            self.paths.append(f"/{name}")
            self.places.append(name)
            return
        if shape == "router":
            self.parts.append("sub = APIRouter()\n")
        else:
            self.parts.append("sub = FastAPI()\n")
        for _ in choices.many(1, 2):
            self._endpoint("sub", "/sub")
        if shape != "router":
            for _ in choices.many(0, 2):
                self._attach("sub")
        name, _, arguments = self._layer().partition(", ")
        if shape == "wrapped":
            arguments = f", {arguments}" if arguments else ""
            self.parts.append(f"app.mount('/sub', {name}(sub{arguments}))\n")
        elif shape in ("mount", "router"):
            arguments = f", {arguments}" if arguments else ""
            self.parts.append(
                f"app.router.routes.append(Mount('/sub', sub, middleware=[Middleware({name}{arguments})]))\n"
            )
        else:
            self.parts.append("app.mount('/sub', sub)\n")

    def _handlers(self) -> None:
        choices = self.choices
        for index, kind in enumerate(
            choices.some(("HTTPException", "Exception", "Known", "404", "ValueError"), 1, 2)
        ):
            size = choices.of(_SIZES)
            self.parts.append(
                f"@app.exception_handler({kind})\nasync def h{index}(request, error):\n    log('handler', {kind!r})\n"
                f"    return PlainTextResponse('h' * {size}, 499, headers={{'x-h': '1', 'vary': 'X-H'}})\n"
            )

    def _endpoint(self, app: str, prefix: str) -> None:
        choices, name = self.choices, f"e{self.count}"
        self.count += 1
        size = choices.of(_SIZES)
        content = choices.of(_CONTENT).format(size=size)
        given = "{" + ", ".join(choices.some(_RESPONSE_HEADERS, 0, 2)) + "}" if choices.maybe(0.4) else "None"
        kind = choices.random()
        if kind < 0.18:
            self._raw(app, name)
        elif kind < 0.24:
            self._socket(app, name, prefix)
            return
        elif kind < 0.42:
            self._stream(app, name, given)
        else:
            self._plain(app, name, content, given)
        plain = choices.maybe(0.05)
        self.paths.append(f"{prefix}/{name}" + ("/plain" if plain else ""))

    def _plain(self, app: str, name: str, content: str, given: str) -> None:
        choices = self.choices
        result = choices.one(
            f"return PlainTextResponse({content}, headers={given})",
            f"return PlainTextResponse({content}, headers={given})",
            f"return {{'a': {content}}}",
            f"return [{content}] * 3",
            f"return JSONResponse({content}, {choices.one(200, 201, 206, 404)}, headers={given})",
            f"return Response({content}, media_type={choices.of(_TYPES)!r}, headers={given})",
            f"raise HTTPException(403, {content}, headers={given})",
            "raise ValueError('value')",
            "raise Known('known')",
            f"return Response(status_code={choices.one(204, 304, 200, 206)}, headers={given})",
            "return RedirectResponse('/e0')",
            f"return {self.file}",
            f"return HTMLResponse({content})",
            "response.headers.append('vary', 'A'); response.headers.append('vary', 'B'); return 'v' * 600",
            "response.set_cookie('c', '1'); return {'a': 1}",
            "tasks.add_task(trip, 'task'); return 'later' * 50",
            "tasks.add_task(log, 'task'); response.headers['content-encoding'] = 'br'; return 'br' * 300",
            "return [request.headers.get('origin'), str(request.url), request.client.port if request.client else 0]",
        )
        method = choices.one("get", "get", "post", *["api_route"] * 5)
        more = ", methods=['GET', 'POST', 'OPTIONS', 'HEAD', 'PUT']" if method == "api_route" else ""
        if "tasks" in result:
            self.places.append("task")
        self.places.append(name)
        parameters = [
            text for word, text in (
                ("response.", "response: Response"), ("tasks.", "tasks: BackgroundTasks"), ("request.", "request: Request"),
            ) if word in result
        ]  # fmt: skip
        self.parts.append(
            f"@{app}.{method}('/{name}'{more})\n{choices.one('async ', '')}def {name}({', '.join(parameters)}):\n"
            f"    trip({name!r})\n    {result}\n"
        )

    def _stream(self, app: str, name: str, given: str) -> None:
        choices = self.choices
        chunks = [
            choices.one(
                "b''", "'a'", "b'b' * 20", "'x' * 600", "b'\\x00\\xff' * 400", "'é' * 50", "'line\\n'"
            )
            for _ in choices.many(0, 4)
        ]
        items = f"[{', '.join(chunks)}]"
        fault = choices.one("None", "None", "None", "ValueError", "Known")
        kind = choices.one(*["response"] * 4, "sync", "lines", "events", "class")
        self.places.append(name)
        if kind in ("response", "sync"):
            body = f"parts({items}, {fault})" if kind == "response" or self.tasks else f"iter({items})"
            media = choices.one("None", repr(choices.of(_TYPES)))
            result = f"return StreamingResponse({body}, media_type={media}, headers={given})"
            head, returns = f"@{app}.get('/{name}')", ""
        else:
            response = {
                "lines": "",
                "events": ", response_class=EventSourceResponse",
                "class": ", response_class=StreamingResponse",
            }[kind]
            head, returns = f"@{app}.get('/{name}'{response})", ""
            values = chunks if kind == "class" else ["{'a': 1}", "'x' * 700", "None"][: len(chunks)]
            result = "\n    ".join([f"yield {value}" for value in values] or ["if False: yield"])
        self.parts.append(f"{head}\nasync def {name}(){returns}:\n    trip({name!r})\n    {result}\n")

    def _raw(self, app: str, name: str) -> None:
        choices = self.choices
        pairs = choices.some(
            (
                "(b'vary', b'Accept')", "(b'Vary', b'X')", "(b'content-type', b'text/plain')", "(b'Content-Encoding', b'br')",
                "(b'content-length', b'600')", "(b'access-control-allow-origin', b'http://raw')", "(b'x-a', b'1')", "(b'x-a', b'2')",
                "(b'vary', b'')", "(b'vary', b'*')", "(b'Content-Length', b'5')", "(b'content-type', b'image/png')",
                "(b'access-control-allow-origin', b'1')", "(b'Access-Control-Allow-Origin', b'2')",
            ), 0, 4,
        )  # fmt: skip
        headers = choices.one(
            f", 'headers': [{', '.join(pairs)}]", f", 'headers': [{', '.join(pairs)}]", f", 'headers': [{', '.join(pairs)}]",
            f", 'headers': ({''.join(pair + ', ' for pair in pairs)})", "",
            ", 'headers': [" + ", ".join(f"list({pair})" for pair in pairs) + "]",
        )  # fmt: skip
        trailers = ", 'trailers': True" if choices.maybe(0.1) else ""
        status = choices.one(200, 200, 200, 206, 404, 204)
        messages = [f"{{'type': 'http.response.start', 'status': {status}{headers}{trailers}}}"]
        last = choices.one(1, 1, 2, 3)
        for index in range(last):
            body = choices.one(
                ", 'body': b'r' * 600",
                ", 'body': b''",
                "",
                ", 'body': b'r' * 10",
                ", 'body': bytearray(b'r' * 600)",
            )
            more = (
                ", 'more_body': True"
                if index < last - 1
                else choices.one("", ", 'more_body': False", ", 'more_body': False")
            )
            messages.append(f"{{'type': 'http.response.body'{body}{more}}}")
        if trailers:
            messages.append("{'type': 'http.response.trailers', 'headers': [(b'x-t', b'1')]}")
        if choices.maybe(0.1):
            messages.insert(0, "{'type': 'http.response.early_hint', 'links': [b'</a>']}")
        if choices.maybe(0.05):
            messages[1:] = ["{'type': 'http.response.pathsend', 'path': os.path.join(SITE, 'me.css')}"]
        if choices.maybe(0.05):
            messages.insert(1, "{'type': 'http.response.debug', 'info': {'a': 1}}")
        if choices.maybe(0.08):
            del messages[choices.randrange(len(messages))]
        if choices.maybe(0.08):
            messages.append(
                messages[-1] if messages and choices.maybe() else messages[0] if messages else "ValueError"
            )
        if choices.maybe(0.12):
            messages.insert(choices.randint(0, len(messages)), choices.one("ValueError", "Known", "OSError"))
        again = ", again=True" if choices.maybe(0.25) else ""
        self.parts.append(f"{app}.mount('/{name}', Raw({', '.join(messages)}{again}))\n")

    def _socket(self, app: str, name: str, prefix: str) -> None:
        choices = self.choices
        self.places.append(name)
        lines = [
            f"trip({name!r})",
            *choices.one(
                ["await websocket.accept()", "await websocket.send_text('é')"],
                ["await websocket.close()"],
                [],
            ),
        ]
        text = "".join(f"    {line}\n" for line in lines)
        self.parts.append(f"@{app}.websocket('/{name}')\nasync def {name}(websocket: WebSocket):\n{text}")
        self.sockets.append(f"{prefix}/{name}")


def _request_headers(choices: Choices) -> Headers:
    found: list[tuple[bytes, bytes]] = []

    def add(name: str, value: str) -> None:
        found.append(header(name, value.encode(choices.one("utf-8", "latin-1"), "replace")))

    host = "testserver" if choices.maybe(0.85) else choices.of(_SENT_HOSTS)
    if choices.maybe(0.98):
        add("host", host)
    if choices.maybe(0.03):
        add("host", choices.of(_SENT_HOSTS))
    if choices.maybe(0.75):
        add("origin", choices.of(_ORIGINS) if choices.maybe(0.75) else choices.of(_SENT_ORIGINS))
        if choices.maybe(0.04):
            add("origin", choices.of(_SENT_ORIGINS))
    if choices.maybe(0.6):
        add("accept-encoding", "gzip" if choices.maybe(0.6) else choices.of(_ENCODINGS))
    if choices.maybe(0.08):
        add("accept-encoding", choices.of(_ENCODINGS))
    if choices.maybe(0.04):
        add("x-forwarded-proto", "https")
    if choices.maybe(0.03):
        choices.shuffle(found)
    if choices.maybe(0.02):  # no server does so, and nothing finds them then
        found = [(name.title(), value) for name, value in found]
    return tuple(found)


def _preflight(choices: Choices) -> Headers:
    found: list[tuple[bytes, bytes]] = []
    if choices.maybe(0.95):
        found.append(
            header(
                "access-control-request-method", choices.of(_METHODS[:4] if choices.maybe(0.7) else _METHODS)
            )
        )
    if choices.maybe(0.5):
        names = choices.some(_HEADER_NAMES[:5], 0, 3)
        text = choices.one(", ", ",", " , ", ",,").join(names)
        found.append(
            header(
                "access-control-request-headers",
                choices.one(text, text, text.upper(), "x-none", "", ",", "*"),
            )
        )
    if choices.maybe(0.1):
        found.append(header("access-control-request-private-network", choices.one("true", "false", "")))
    return tuple(found)


def _request(choices: Choices, stack: Stack) -> Http:
    path = (
        choices.of(stack.paths)
        if stack.paths and choices.maybe(0.93)
        else choices.one("/nope", "/docs", "/openapi.json", "/sub")
    )
    if choices.maybe(0.05):
        path += choices.one("/", "?short", "?a=%C3%A9", "?q=1&q=2", "/plain", "%2F")
    method, headers = (
        choices.one(*["GET"] * 8, "POST", "POST", "HEAD", "OPTIONS", "PUT"),
        _request_headers(choices),
    )
    if choices.maybe(0.25):
        method, headers = "OPTIONS", headers + _preflight(choices)
    elif choices.maybe(0.03):
        headers += _preflight(choices)
    if choices.maybe(0.02):
        method = "options"
    scope: dict[str, Any] = {}
    if choices.maybe(0.1):
        scope = choices.one(
            {"scheme": "https"}, {"scheme": "https"}, {"root_path": "/root"}, {"server": None}, {"client": None}, {"server": ("h", 80)},
            {"extensions": {"http.response.pathsend": {}}}, {"extensions": {"http.response.debug": {}}}, {"server": ("h", None)},
        )  # fmt: skip
    leaves = (
        choices.maybe(0.03) and not stack.tasks and not any("FileResponse" in part for part in stack.parts)
    )
    return Http(
        method=method,
        target=path,
        headers=headers,
        gone_after_sends=choices.one(0, 1, 1, 2) if leaves else None,
        scope=scope,
    )


_CHANGES = (
    "app.middleware_stack = None",
    "app.add_middleware(Peek, name='late')",
    "app.user_middleware.insert(0, Middleware(GZipMiddleware, minimum_size=1)); app.middleware_stack = None",
    "app.user_middleware.reverse(); app.middleware_stack = None",
    "app.user_middleware.clear(); app.middleware_stack = None",
    "app.user_middleware.append(Middleware(CORSMiddleware, allow_origins=['*'])); app.middleware_stack = None",
    "ORIGINS.append('http://o.x:8000')",
    "ORIGINS[:] = ['*']",
    "HOSTS.append('evil')",
    "layer(CORSMiddleware).allow_origins = ['http://evil']",
    "layer(CORSMiddleware).allow_all_origins = True",
    "layer(CORSMiddleware).allow_credentials = True",
    "layer(CORSMiddleware).simple_headers['X-Simple'] = '1'",
    "layer(CORSMiddleware).preflight_headers['X-Preflight'] = '1'",
    "layer(CORSMiddleware).allow_origin_regex = re.compile('.*evil')",
    "layer(CORSMiddleware).is_allowed_origin = lambda origin: True",
    "layer(CORSMiddleware).allow_methods = ['BREW']",
    "layer(CORSMiddleware).app = Raw({'type': 'http.response.start', 'status': 200}, {'type': 'http.response.body', 'body': b'new'})",
    "layer(GZipMiddleware).minimum_size = 5",
    "layer(GZipMiddleware).compresslevel = 1",
    "layer(GZipMiddleware).exclude_content_types = ('text/plain',)",
    "layer(GZipMiddleware).app = Peek(layer(GZipMiddleware).app)",
    "layer(TrustedHostMiddleware).allowed_hosts.append('evil')",
    "layer(TrustedHostMiddleware).allow_any = True",
    "layer(TrustedHostMiddleware).www_redirect = False",
    "app.middleware_stack = TrustedHostMiddleware(app.middleware_stack, allowed_hosts=['testserver', 'a.org'])",
)


def make_stack(choices: Choices, count: int) -> tuple[str, list[Step]]:
    """The source of an application, and what is done with it."""
    stack = Stack(choices)
    source = stack.build()
    steps: list[Step] = [Lifespan()] if choices.maybe(0.05) else []
    for _ in range(count):
        fault = bool(stack.places) and choices.maybe(0.12)
        if fault:
            steps.append(f"FAULTS[{choices.of(stack.places)!r}] = {choices.of(ERRORS)}")
        elif choices.maybe(0.06):
            steps.append(choices.of(_CHANGES))
        if stack.sockets and choices.maybe(0.12):
            steps.append(WebSocket(target=choices.of(stack.sockets), headers=_request_headers(choices)))
        else:
            steps.append(_request(choices, stack))
        if fault:
            steps.append("FAULTS.clear()")
    return source, steps
