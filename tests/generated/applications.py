"""Random applications: routers, mounts, middleware, handlers and overrides around random endpoints."""

from dataclasses import dataclass, field

from .choices import Choices
from .dependencies import Graph
from .endpoints import RESPONSE_CLASSES, Endpoint, make_endpoint, make_path, make_websocket
from .models import Model, make_model


@dataclass(frozen=True)
class Reach:
    """One way to reach an endpoint: its whole path template."""

    path: str
    endpoint: Endpoint


@dataclass
class Router:
    """A router or an application, and what can be reached through it."""

    name: str
    prefix: str = ""
    parameters: list[tuple[str, str]] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    is_app: bool = False
    users: list[tuple["Router", str]] = field(default_factory=list)
    """Who includes or mounts it, and at what prefix."""

    def add(self, reach: Reach) -> None:
        """Note an endpoint that can be reached through this router and through those who use it."""
        self.reaches.append(reach)
        for user, start in self.users:
            user.add(Reach(start + reach.path, reach.endpoint))


@dataclass
class Application:
    """Source text of one application, and what a client may know of it."""

    source: str
    reaches: list[Reach]
    graph: Graph
    routers: list[Router]


class Builder:
    """Collects the source of one application."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.parts: list[str] = []
        self.routers: list[Router] = []
        self.count = 0
        flat = [make_model(choices, f"Q{index}", [], flat=True) for index in choices.many(0, 2)]
        models: list[Model] = []
        for index in choices.many(0, 3):
            models.append(make_model(choices, f"M{index}", [*models, *flat], flat=False))
        self.parts += [model.source for model in [*flat, *models]]
        self.graph = Graph(choices, models, flat)
        for _ in choices.many(0, 6):
            self.graph.grow()
        self.parts += [dependency.source for dependency in self.graph.found]

    def build(self) -> Application:
        """Make all of it."""
        choices = self.choices
        root = Router("app", is_app=True)
        self._app(root)
        inner: list[Router] = []
        for _ in choices.many(0, 3):
            router = self._router(f"r{len(inner)}")
            self._fill(router, choices.randint(0, 3))
            inner.append(router)
        if choices.maybe(0.25):
            sub = Router("sub", is_app=True)
            self._app(sub)
            self._fill(sub, choices.randint(1, 3))
            self._handlers(sub)
            inner.append(sub)
        self._fill(root, choices.randint(1, 4))
        users: list[Router] = [root]
        for router in reversed(inner):
            for _ in range(choices.one(1, 1, 1, 2)):
                self._attach(choices.of(users), router)
            if not router.is_app:
                users.append(router)
        self._fill(root, choices.randint(0, 2))
        if inner and choices.maybe(0.3):
            self._fill(choices.of(inner), 1)
        if choices.maybe(0.05):
            self.parts.append(
                "@app.webhooks.post('hook')\ndef hook(body: Cat, q: int = 0) -> Dog:\n    pass\n"
            )
        self._handlers(root)
        self._middleware(root)
        self._overrides(root)
        return Application("\n\n".join(self.parts), root.reaches, self.graph, [root, *inner])

    def _app(self, app: Router) -> None:
        choices = self.choices
        options = []
        if choices.maybe(0.2):
            options.append("redirect_slashes=False")
        if choices.maybe(0.1) and self.graph.found:
            options.append(f"dependencies=[{self.graph.marker(choices.of(self.graph.found))}]")
        if choices.maybe(0.1):
            options.append(f"default_response_class={choices.of(RESPONSE_CLASSES)}")
        if choices.maybe(0.1):
            options.append("strict_content_type=False")
        if choices.maybe(0.1):
            options.append(
                choices.one("root_path='/proxy'", "root_path='/proxy/'", "root_path_in_servers=False")
            )
        if choices.maybe(0.1):
            options.append("debug=True")
        if choices.maybe(0.08):
            options.append(
                choices.one("openapi_url=None", "docs_url=None", "separate_input_output_schemas=False")
            )
        if choices.maybe(0.08):
            options.append(
                choices.one("max_body_size=20", "form_limits={'max_fields': 2}", "include_in_schema=False")
            )
        if choices.maybe(0.08):
            options.append(
                choices.one(
                    "servers=[{'url': '/s'}]", "tags_metadata=1", "responses={401: {'description': 'u'}}"
                )
            )
        options = [option for option in options if "tags_metadata" not in option]
        self.parts.append(f"{app.name} = FastAPI({', '.join(options)})\n")

    def _router(self, name: str) -> Router:
        choices = self.choices
        router = Router(name)
        options = []
        if choices.maybe(0.6):
            router.prefix, router.parameters = make_path(choices, prefix=True)
            options.append(f"prefix={router.prefix!r}")
        if choices.maybe(0.15) and self.graph.found:
            options.append(f"dependencies=[{self.graph.marker(choices.of(self.graph.found))}]")
        if choices.maybe(0.1):
            options.append(f"default_response_class={choices.of(RESPONSE_CLASSES)}")
        if choices.maybe(0.1):
            options.append(f"route_class={choices.one('LoggedRoute', 'RequestRoute')}")
        rare = (
            "tags=['r']", "redirect_slashes=False", "strict_content_type=False", "deprecated=True", "include_in_schema=False",
            "responses={403: {'description': 'f'}}", "generate_unique_id_function=unique", "max_body_size=30",
            "form_limits={'max_files': 1}",
        )  # fmt: skip
        options += [option for option in rare if choices.maybe(0.05)]
        self.parts.append(f"{name} = APIRouter({', '.join(options)})\n")
        return router

    def _fill(self, router: Router, count: int) -> None:
        choices = self.choices
        for _ in range(count):
            name = f"e{self.count}"
            self.count += 1
            if choices.maybe(0.08):
                made = make_websocket(choices, self.graph, router.name, name, router.parameters)
            elif choices.maybe(0.05):
                made = self._plain(router, name)
            elif choices.maybe(0.04):
                made = self._files(router, name)
            else:
                made = make_endpoint(choices, self.graph, router.name, name, router.parameters)
            self.parts.append(made.source)
            router.add(Reach(router.prefix + made.path, made))

    def _plain(self, router: Router, name: str) -> Endpoint:
        """A route of Starlette's."""
        choices = self.choices
        path, _ = make_path(choices)
        is_async = "async " if choices.maybe() else ""
        methods = choices.one("None", "['POST']")
        source = (
            f"{is_async}def {name}(request):\n    trip({name!r})\n"
            "    return JSONResponse([str(request.url), shown(request.path_params)])\n\n\n"
            f'with attempt("{name}"):\n    {router.name}.add_route({path!r}, {name}, methods={methods})\n'
        )
        return Endpoint(name, path, ("GET", "POST"), source, places=[name])

    def _files(self, router: Router, name: str) -> Endpoint:
        """A directory of files."""
        choices = self.choices
        path = choices.one("/", "/site", "/a", "/a/b/")
        fallback = choices.one("", "", ", fallback='index.html'", ", fallback='404.html'", ", fallback=None")
        call = f"frontend({path!r}, directory=SITE{fallback})"
        if choices.maybe(0.2):
            call = f"mount({path!r}, StaticFiles(directory=SITE, html={choices.maybe()}))"
        source = f'with attempt("{name}"):\n    {router.name}.{call}\n'
        inside = choices.one("", "/", "/a", "/a/", "/a/b.txt", "/me.css", "/none", "/../x", "/index.html")
        return Endpoint(name, path.rstrip("/") + inside, ("GET", "HEAD", "POST"), source)

    def _attach(self, outer: Router, inner: Router) -> None:
        choices = self.choices
        prefix, _ = make_path(choices, prefix=True)
        what = f"{outer.name} takes {inner.name}"
        if inner.is_app or choices.maybe(0.1):
            prefix = choices.one(prefix, prefix, "/m", "")
            host = choices.maybe(0.1)
            call = (
                f"host('{choices.one('testserver', '{sub}.org', 'other')}', {inner.name})"
                if host
                else f"mount({prefix!r}, {inner.name})"
            )
            self.parts.append(f'with attempt("{what}"):\n    {outer.name}.{call}\n')
            start = outer.prefix + ("" if host else prefix)
        else:
            if choices.maybe(0.4):
                prefix = ""
            options = [f"prefix={prefix!r}"] if prefix else []
            if choices.maybe(0.15) and self.graph.found:
                options.append(f"dependencies=[{self.graph.marker(choices.of(self.graph.found))}]")
            rare = (
                "tags=['i']", "deprecated=True", "include_in_schema=False", "responses={409: {'description': 'c'}}",
                "default_response_class=QuietResponse", "generate_unique_id_function=unique", "max_body_size=40",
                "form_limits={'max_part_size': 10}",
            )  # fmt: skip
            options += [option for option in rare if choices.maybe(0.06)]
            arguments = ", ".join([inner.name, *options])
            self.parts.append(f'with attempt("{what}"):\n    {outer.name}.include_router({arguments})\n')
            start = outer.prefix + prefix
        inner.users.append((outer, start))
        for reach in inner.reaches:
            outer.add(Reach(start + reach.path, reach.endpoint))

    def _handlers(self, app: Router) -> None:
        choices = self.choices
        kinds = (
            "HTTPException", "starlette.exceptions.HTTPException", "RequestValidationError", "ResponseValidationError", "Known",
            "Unknown", "Exception", "404", "405", "418", "500", "422", "ValueError", "WebSocketException",
            "WebSocketRequestValidationError", "KeyError",
        )  # fmt: skip
        if choices.maybe(0.45):
            return
        for index, kind in enumerate(choices.some(kinds, 1, 4)):
            name = f"h{index}_{app.name}"
            is_async = "async " if choices.maybe() else ""
            body = choices.one(
                f"return JSONResponse({{'handled': {kind!r}, 'what': str(error)}}, {choices.one('400', '499', '503')})",
                f"return JSONResponse([{kind!r}, shown(request.path_params)], 410, headers={{'x-h': '1'}})",
                "return PlainTextResponse(type(error).__name__, 420)",
                "raise error",
                f"return {choices.one('None', '1')}"
                if choices.maybe(0.1)
                else "return Response(status_code=421)",
            )
            if kind.startswith("WebSocket"):
                is_async, body = "async ", "await request.close(1011, type(error).__name__)"
            self.parts.append(
                f"@{app.name}.exception_handler({kind})\n{is_async}def {name}(request, error):\n"
                f"    log('handler', {kind!r}, type(error).__name__, request.url.path)\n    {body}\n"
            )

    def _middleware(self, app: Router) -> None:
        choices = self.choices
        if choices.maybe(0.5):
            return
        kinds = (
            "PureMiddleware, name='one'",
            "PureMiddleware, name='two'",
            "BaseMiddleware",
            "CORSMiddleware, allow_origins=['http://a.b'], allow_methods=['GET', 'POST'], allow_credentials=True",
            "CORSMiddleware, allow_origins=['*'], expose_headers=['x-a'], allow_headers=['x-token']",
            "GZipMiddleware, minimum_size=20",
            "ShortMiddleware",
            "TrustedHostMiddleware, allowed_hosts=['testserver', '*.org']",
        )
        for kind in choices.some(kinds, 1, 3):
            self.parts.append(f"{app.name}.add_middleware({kind})\n")
        if choices.maybe(0.2):
            self.parts.append(
                f"@{app.name}.middleware('http')\nasync def around(request, call_next):\n    log('around', request.method)\n"
                "    response = await call_next(request)\n    log('around', response.status_code)\n    return response\n"
            )

    def _overrides(self, app: Router) -> None:
        choices = self.choices
        names = [dependency.name for dependency in self.graph.found]
        if len(names) < 2 or choices.maybe(0.85):
            return
        other, target = choices.ordered(names)  # else it could depend on itself without end
        self.parts.append(f"{app.name}.dependency_overrides[{target}] = {other}\n")


def make_application(choices: Choices) -> Application:
    """A whole application."""
    return Builder(choices).build()
