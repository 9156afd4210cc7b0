"""Random lists of routes made by hand: Starlette's, sub-applications, plain ASGI, files; changed while they serve."""

from typing import Any

from ..differential.driver import Headers, Http, Lifespan, WebSocket, header
from .choices import Choices
from .exchanges import Step

_PATHS = (
    "/a", "/a/", "/b", "/a/b", "/{p}", "/a/{p}", "/{p}/b", "/{p:int}", "/{p:path}", "/a/{p:path}", "/{p:uuid}", "/a.{p}", "/", "", "/me",
    "/{p:float}", "/{p}/{q}", "/é", "/{p:hex}",
)  # fmt: skip
_MOUNTS = ("", "/", "/a", "/m", "/m/", "/{p}", "/a/b", "/{p:int}", "/x/{p}", "/m/n")
_HOSTS = ("testserver", "{sub}.org", "a.org", "{sub:int}.org", "other")
_SENT = (
    "/a", "/a/", "/b", "/b/", "/a/b", "/a/b/", "/1", "/1/", "/1/b", "/me", "/", "", "/m", "/m/", "/m/a", "/m/a/b", "/m//a", "/a/1", "/x/y/a", "/1/a",
    "/a.b", "/ff", "/%C3%A9", "/m/n/a", "/m/n", "/x/1/", "/a/me.css", "/me.css", "/index.html", "/nope/a", "/a/b.txt", "/m/me.css", "/a%2Fb", "//a",
    "/12345678-1234-5678-1234-567812345678", "/1.5", "/A", "/a/b/c", "/m/1", "/m/a/",
)  # fmt: skip


class Mixture:
    """Collects the source of one application."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.parts: list[str] = []
        self.count = 0
        self.owners = ["app"]

    def build(self) -> str:
        """Make all of it."""
        choices = self.choices
        options = ["redirect_slashes=False"] if choices.maybe(0.2) else []
        if choices.maybe(0.1):
            options.append("root_path='/proxy'")
        if choices.maybe(0.25):
            routes = [self._route() for _ in choices.many(1, 3)]
            options.append(f"routes=[{', '.join(routes)}]")
        self.parts.append(f"app = FastAPI({', '.join(options)})\n")
        for _ in choices.many(2, 8):
            self._add()
        if choices.maybe(0.2):
            self.parts.append(
                f"@app.exception_handler({choices.one('404', '405', 'HTTPException', 'Known')})\nasync def handler(request, error):\n"
                "    return PlainTextResponse(f'own {type(error).__name__} {request.url.path}', 410)\n"
            )
        if choices.maybe(0.15):
            self.parts.append("app.add_middleware(PureMiddleware, name='one')\n")
        return "\n\n".join(self.parts)

    def _name(self, start: str) -> str:
        self.count += 1
        return f"{start}{self.count}"

    def _function(self) -> str:
        """A function of Starlette's kind: from a request to a response."""
        name, choices = self._name("s"), self.choices
        kind = choices.random()
        if kind < 0.2:
            self.parts.append(
                f"class {name}(HTTPEndpoint):\n    async def get(self, request):\n        log({name!r})\n"
                f"        return told_request({name!r}, request)\n\n    def post(self, request):\n        return PlainTextResponse('posted')\n"
            )
        else:
            result = choices.one(
                *[f"return told_request({name!r}, request)"] * 6,
                "raise HTTPException(418)",
                "raise Known('s')",
                "return None",
            )
            self.parts.append(
                f"{choices.one('async ', '')}def {name}(request):\n    log({name!r})\n    {result}\n"
            )
        return name

    def _plain(self) -> str:
        """A plain ASGI application."""
        name, choices = self._name("p"), self.choices
        self.parts.append(f"{name} = Told({name!r})\n")
        return choices.one(name, name, f"{name}.__call__", f"partial({name}.__call__)")

    def _sub(self) -> str:
        """A sub-application."""
        choices, name = self.choices, self._name("sub")
        kind = choices.one("FastAPI", "FastAPI", "APIRouter", "Starlette", "starlette.routing.Router")
        if kind in ("Starlette", "starlette.routing.Router"):
            inner = [self._route() for _ in choices.many(0, 3)]
            self.parts.append(f"{name} = {kind}(routes=[{', '.join(inner)}])\n")
            return name
        options = choices.one("", "", "redirect_slashes=False")
        self.parts.append(f"{name} = {kind}({options})\n")
        self.owners.append(name)
        for _ in choices.many(1, 3):
            self._operation(name)
        return name

    def _route(self) -> str:
        """An expression of one route of Starlette's."""
        choices = self.choices
        path, kind = choices.of(_PATHS), choices.random()
        if kind < 0.4:
            path = path or "/e"
            target = self._function() if choices.maybe(0.8) else choices.one(self._plain(), "Told('direct')")
            methods = choices.one(
                "", "", ", methods=['POST']", ", methods=['GET', 'PUT']", ", methods=[]", ", methods=['get']"
            )
            named = choices.one("", "", ", name='n'", ", include_in_schema=False")
            layers = ", middleware=[Middleware(PureMiddleware, name='route')]" if choices.maybe(0.1) else ""
            return f"Route({path!r}, {target}{methods}{named}{layers})"
        if kind < 0.7:
            return self._mount()
        if kind < 0.8:
            return f"Host({choices.of(_HOSTS)!r}, {choices.one(self._sub(), self._plain())}{choices.one('', ', name=repr(1)')})"
        if kind < 0.92:
            name = self._name("w")
            self.parts.append(
                f"async def {name}(websocket):\n    log({name!r}, websocket.path_params)\n    await websocket.accept()\n"
                f"    await websocket.send_text({name!r} + websocket.scope['root_path'])\n    await websocket.close()\n"
            )
            return f"WebSocketRoute({path or '/e'!r}, {name})"
        return f"OddRoute({path!r})"

    def _mount(self) -> str:
        choices = self.choices
        path = choices.of(_MOUNTS)
        layers = ", middleware=[Middleware(PureMiddleware, name='mount')]" if choices.maybe(0.1) else ""
        named = choices.one("", "", f", name={choices.one('n', 'm')!r}")
        kind = choices.random()
        if kind < 0.35:
            return f"Mount({path!r}, {self._sub()}{named}{layers})"
        if kind < 0.55:
            return f"Mount({path!r}, {self._plain()}{named}{layers})"
        if kind < 0.65:
            return f"Mount({path!r}, StaticFiles(directory=SITE, html={choices.maybe()}){named})"
        inner = [self._route() for _ in choices.many(0, 2)]
        return f"Mount({path!r}, routes=[{', '.join(inner)}]{named}{layers})"

    def _operation(self, owner: str) -> None:
        choices, name = self.choices, self._name("o")
        path = choices.of(_PATHS)
        if not path and owner == "app":
            path = "/e"
        parameter = (
            choices.one(
                "request: Request", "request: Request, p: str = 'none'", "request: Request, p: int = 0"
            )
            if "{" not in path
            else ""
        )
        typed = [text for text in ("p", "q") if f"{{{text}" in path]
        parameter = parameter or ", ".join(
            ["request: Request", *(f"{text}: {choices.one('str', 'Any', 'int')}" for text in typed)]
        )
        method = choices.one("get", "get", "get", "post", "api_route", "websocket")
        if method == "websocket":
            self.parts.append(
                f'with attempt("{name}"):\n    @{owner}.websocket({path!r})\n    async def {name}(websocket: WebSocket):\n'
                f"        log({name!r}, websocket.path_params)\n        await websocket.accept()\n        await websocket.close()\n"
            )
            return
        self.parts.append(
            f'with attempt("{name}"):\n    @{owner}.{method}({path!r})\n    {choices.one("async ", "")}def {name}({parameter}):\n'
            f"        log({name!r})\n        return asked({name!r}, request)\n"
        )

    def _add(self) -> None:
        choices = self.choices
        owner, kind = choices.of(self.owners), choices.random()
        if kind < 0.35:
            self._operation(owner)
            return
        what = self._name("add")
        if kind < 0.65:
            route = self._route()
            where = choices.one(
                f"{owner}.routes.append({route})",
                f"{owner}.routes.append({route})",
                f"{owner}.routes.insert(0, {route})",
            )
            if choices.maybe(0.2) and owner == "app":
                where = where.replace("app.routes", "app.router.routes")
            self.parts.append(f'with attempt("{what}"):\n    {where}\n')
        elif kind < 0.75:
            function = self._function()
            methods = choices.one("", ", methods=['POST', 'GET']")
            self.parts.append(
                f'with attempt("{what}"):\n    {owner}.add_route({choices.of(_PATHS)!r}, {function}{methods})\n'
            )
        elif kind < 0.85:
            call = choices.one("mount", "mount", "mount", "host")
            path = choices.of(_HOSTS if call == "host" else _MOUNTS)
            inner = self._sub() if choices.maybe() else self._plain()
            self.parts.append(f'with attempt("{what}"):\n    {owner}.{call}({path!r}, {inner})\n')
        elif kind < 0.93:
            options = choices.one(
                "", ", fallback='index.html'", ", fallback='404.html'", ", fallback=None", ", check_dir=False"
            )
            owner = choices.one(owner, owner, "app.router")
            self.parts.append(
                f'with attempt("{what}"):\n    {owner}.frontend({choices.one("/", "/a", "/m", "/a/b", "/m/")!r}, directory=SITE{options})\n'
            )
        else:
            router = self._name("router")
            self.parts.append(
                f"{router} = APIRouter({choices.one('', 'prefix=' + repr('/a'), 'redirect_slashes=False')})\n"
            )
            for _ in choices.many(1, 2):
                self._operation(router)
            if choices.maybe(0.5):
                self.parts.append(
                    f'with attempt("{what} inner"):\n    {router}.routes.append({self._route()})\n'
                )
            if choices.maybe(0.3):
                self.parts.append(
                    f'with attempt("{what} files"):\n    {router}.frontend("/", directory=SITE)\n'
                )
            self.parts.append(
                f'with attempt("{what}"):\n    {owner}.include_router({router}{choices.one("", ", prefix=" + repr("/m"))})\n'
            )
            self.owners.append(router)

    def change(self) -> str:
        """A change of the routes."""
        choices = self.choices
        owner, path = choices.of(self.owners), choices.of(_PATHS)
        return choices.one(
            f"{owner}.routes.reverse()",
            f"{owner}.routes.pop()",
            f"{owner}.routes.pop(0)",
            f"{owner}.routes[:] = {owner}.routes[1:] + {owner}.routes[:1]",
            f"{owner}.routes.insert(0, Route({path or '/e'!r}, Told('late')))",
            f"{owner}.routes.append(Mount('', Told('everything')))",
            f"{owner}.routes.insert(0, Mount('/a', Told('late mount')))",
            f"{owner}.routes.extend({owner}.routes)",
            f"@{owner}.get({path!r})\ndef late(request: Request):\n    return asked('late', request)",
            f"{owner}.routes.clear()",
            f"{owner}.routes.sort(key=lambda route: getattr(route, 'path', ''))",
            f"{owner}.routes[-1].path = '/changed'",
            f"{owner}.routes[-1].app = Told('other')",
            f"{owner}.routes[-1].methods = {{'GET', 'POST'}}",
            f"{owner}.routes[-1].matches = lambda scope: (starlette.routing.Match.FULL, {{'endpoint': 1}})",
            f"{owner}.routes[-1].routes.append(Route('/me', Told('inner')))",
            "app.router.redirect_slashes = not app.router.redirect_slashes",
            "app.router.default = Told('default')",
            "app.router.routes = list(reversed(app.router.routes))",
            f"{owner}.mount('/m', Told('mounted late'))",
            f"{owner}.frontend('/', directory=SITE)",
            "log(app.url_path_for('n'))",
        )


def _headers(choices: Choices) -> Headers:
    host = (
        "testserver"
        if choices.maybe(0.75)
        else choices.one("a.org", "1.org", "x.y.org", "other:80", "A.org", "")
    )
    found = [header("host", host)]
    if choices.maybe(0.1):
        found.append(header("accept", choices.one("text/html", "*/*", "application/json", "")))
    if choices.maybe(0.04):
        found.append(header("if-modified-since", "Wed, 15 Nov 2023 00:00:00 GMT"))
    return tuple(found)


def make_mixture(choices: Choices, count: int) -> tuple[str, list[Step]]:
    """The source of an application, and what is done with it."""
    made = Mixture(choices)
    source = made.build()
    steps: list[Step] = [Lifespan()] if choices.maybe(0.1) else []
    for _ in range(count):
        if choices.maybe(0.12):
            steps.append(made.change())
        target = choices.of(_SENT) + choices.one("", "", "", "", "?q=1&p=2")
        scope: dict[str, Any] = {}
        if choices.maybe(0.06):
            scope = choices.one(
                {"root_path": "/m"},
                {"root_path": "/a"},
                {"root_path": "/proxy"},
                {"scheme": "https"},
                {"raw_path": None},
            )
        if choices.maybe(0.1):
            steps.append(WebSocket(target=target or "/", headers=_headers(choices), scope=scope))
            continue
        method = choices.one("GET", "GET", "GET", "GET", "HEAD", "POST", "PUT", "OPTIONS", "get")
        steps.append(Http(method=method, target=target, headers=_headers(choices), scope=scope))
    return source, steps
