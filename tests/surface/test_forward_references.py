"""Annotations that name what is not there: never, not yet, or for type checkers alone."""

# mypy: ignore-errors
import sys
import types

from tests.both import Stories, ask, talk

stories = Stories()

HEAD = """
from typing import TYPE_CHECKING, Annotated, AsyncIterator, Dict, List, Optional, Union
import functools
import typing

from pydantic import BaseModel

if TYPE_CHECKING:
    from nowhere import Filters, Thing
"""
TYPES = (
    "Filters",
    "Optional[Filters]",
    "Filters | None",
    "List[Filters]",
    "dict[str, Filters]",
    "Union[int, Filters]",
    "Annotated[Filters, 1]",
    "list[Annotated[Filters, 1]]",
)
PARAMETERS = (
    "x: {} = None",
    "x: {}",
    "x: Annotated[{}, api.Query()] = None",
    "x: Annotated[{}, api.Query()]",
    "x: {} = api.Query(None)",
    "x: Annotated[{}, api.Query(validate_default=True)] = None",
    "x: Annotated[{}, api.Header()] = None",
    "x: Annotated[{}, api.Cookie()] = None",
    "x: Annotated[{}, api.Body()] = None",
    "x: Annotated[{}, api.Body(embed=True)]",
    "x: Annotated[{}, api.Form()] = None",
    "x: Annotated[{}, api.Depends(dependency)]",
    "x: {} = api.Depends(dependency)",
    "x: Annotated[{}, api.Depends()]",
    "x: {} = None, y: int = api.Query()",
)
FUTURE = "from __future__ import annotations\n"
QUOTINGS = {
    "future": lambda text: text,
    "quoted": lambda text: f'"{text}"',
    "inside": lambda text: text.replace("Filters", '"Filters"').replace("Thing", '"Thing"'),
}
SPELLINGS = [(name, quoted(text)) for text in TYPES for name, quoted in QUOTINGS.items()]
REQUESTS = (("GET", "/", None), ("GET", "/?x=1&y=2", None), ("POST", "/", {"x": 1}), ("POST", "/", None))


async def run(api, log, source, *requests, future=False):
    """Execute a program, which defines `build(app)`, and make these requests."""
    module = types.ModuleType("program")
    module.api = api
    sys.modules["program"] = module
    app = api.FastAPI()
    try:
        exec(compile((FUTURE if future else "") + HEAD + source, "program", "exec"), vars(module))  # noqa: S102
        module.build(app)
        for method, target, body in requests:
            if method == "WS":
                log(target, await talk(app, target))
            else:
                log(method, target, await ask(app, target, method=method, body=body))
        log(await ask(app, "/openapi.json"))
    except Exception as exc:
        log("refused", type(exc).__name__, str(exc)[:80])
    finally:
        del sys.modules["program"]


@stories.vary("parameter", PARAMETERS)
async def parameters(api, log, parameter):
    for quoting, text in SPELLINGS:
        log("--", quoting, text)
        source = f"""
def dependency(): return 5
def build(app):
    @app.api_route("/", methods=["GET", "POST"])
    async def endpoint({parameter.format(text)}): return repr(x)
"""
        await run(api, log, source, *REQUESTS, future=quoting == "future")


@stories.vary("quoting", QUOTINGS)
async def dependencies(api, log, quoting):
    text = QUOTINGS[quoting]("Thing")
    source = f"""
def optional(x: {text} = None, n: int = 1): return n
async def required(x: {text}): return x
class Made:
    def __init__(self, x: {text} = None, n: int = 2): self.n = n
class Called:
    def __call__(self, x: {text} = None, n: int = 3): return n
@functools.wraps(optional)
def wrapped(*args, **kwargs): return optional(*args, **kwargs)
def build(app):
    app.router.dependencies.append(api.Depends(optional))
    @app.get("/", dependencies=[api.Depends(optional)])
    async def endpoint(
        made: Annotated[Made, api.Depends()], a=api.Depends(optional), b=api.Depends(Called()),
        c=api.Depends(functools.partial(optional, n=4)), d=api.Depends(wrapped),
    ): return [made.n, a, b, c, d]
    @app.get("/required")
    async def requiring(a=api.Depends(required)): return a
    @app.websocket("/ws")
    async def session(websocket: api.WebSocket, a=api.Depends(optional), x: {text} = None):
        await websocket.accept()
        await websocket.send_text(str(a))
    @app.websocket("/required")
    async def requiring_session(websocket: api.WebSocket, x: {text}): ...
    router = api.APIRouter(dependencies=[api.Depends(optional)])
    router.get("/included")(lambda: 1)
    app.include_router(router)
    @app.get("/overridden")
    async def overridden(a=api.Depends(lambda: 1)): return a
"""
    targets = ("/", "/?x=1", "/required", "/required?x=1", "/included", "/included?x=1", "/overridden")
    sockets = ("/ws", "/ws?x=1", "/required", "/required?x=1")
    requests = [("GET", target, None) for target in targets] + [("WS", target, None) for target in sockets]
    await run(api, log, source, *requests, future=quoting == "future")


RETURNED = (
    "Thing",
    "list[Thing]",
    "Optional[Thing]",
    "Thing | None",
    "AsyncIterator[Thing]",
    "Annotated[Thing, 1]",
)


@stories.vary("text", RETURNED)
async def returns(api, log, text):
    for quoting, quoted in QUOTINGS.items():
        for options in ("", ", response_model=None", ", response_model=int"):
            for statement in ("return n", "yield n"):
                source = f"""
def build(app):
    @app.get("/"{options})
    async def endpoint(n: int = 1) -> {quoted(text)}: {statement}
"""
                log("--", quoting, options, statement)
                await run(api, log, source, ("GET", "/", None), future=quoting == "future")


PROGRAMS = {
    "response models": """
def build(app):
    app.get("/", response_model=list["Thing"])(lambda: [])
    app.get("/reference", response_model=typing.ForwardRef("Thing"))(lambda: [])
    app.get("/other", responses={404: {"model": list["Thing"]}})(lambda: [])
""",
    "models never defined": """
class Model(BaseModel):
    a: "Thing"
class Outer(BaseModel):
    m: Optional["Model"] = None
def build(app):
    @app.post("/")
    async def body(m: Model = None): return 1
    @app.post("/outer")
    async def outer(m: Outer = None): return 1
    @app.get("/")
    async def query(m: Annotated[Model, api.Query()] = None): return 1
    @app.get("/other")
    async def returned() -> Optional[Model]: return None
""",
    "models defined later": """
class Model(BaseModel):
    a: "Later"
def build(app):
    @app.post("/")
    async def body(m: Model): return m
    @app.get("/")
    async def query(m: Annotated[Model, api.Query()]): return m
    @app.get("/other")
    async def returned() -> Model: return {"a": {"x": 1}}
    global Later
    class Later(BaseModel):
        x: int = 2
    Model.model_rebuild()
""",
    "models defined later, not rebuilt": """
class Model(BaseModel):
    a: "Later"
def build(app):
    @app.post("/")
    async def body(m: Model): return m
    @app.get("/other")
    async def returned() -> Model: return {"a": {"x": 1}}
    global Later
    class Later(BaseModel):
        x: int = 2
""",
    "types defined later": """
def build(app):
    @app.post("/")
    async def body(m: "Later" = None): return m
    @app.get("/")
    async def query(x: "Number" = None): return x
    global Later, Number
    class Later(BaseModel):
        x: int = 2
    Number = int
""",
    "types of a function": """
def build(app):
    class Local(BaseModel):
        x: int = 2
    @app.post("/")
    async def body(m: "Local" = None): return m
""",
    "models of themselves": """
class Node(BaseModel):
    a: Optional["Node"] = None
def build(app):
    @app.post("/")
    async def body(node: Node) -> Node: return node
""",
    "no expressions": """
def build(app):
    app.get("/")(endpoint)
async def endpoint(a: "not valid!" = None): return a
""",
    "no attributes": """
def build(app):
    @app.get("/")
    async def endpoint(x: "typing.Nope" = None): return x
""",
    "subscripts": """
def build(app):
    @app.get("/")
    async def endpoint(x: "Filters.y[int]" = None, z: "Filters[int]" = None): return x
""",
    "all arguments": """
def build(app):
    @app.get("/")
    async def endpoint(*args: "Filters", **options: "Thing"): return 1
    @app.get("/other")
    async def named(*, x: "Filters" = None, n: "int" = 1): return n
""",
    "a request by name": """
if TYPE_CHECKING:
    from fastapi import Request
def build(app):
    @app.get("/")
    async def endpoint(request: "Request" = None): return repr(request)
    @app.get("/other")
    async def requiring(request: "Request"): return 1
""",
}


@stories.vary("name", PROGRAMS)
async def programs(api, log, name):
    requests = [
        *(("POST", "/", body) for body in (None, {}, {"a": {"x": 3}}, {"x": 3})),
        *(("GET", target, None) for target in ("/", "/?a=1&x=1", "/other", "/reference")),
        ("POST", "/outer", None),
    ]
    await run(api, log, PROGRAMS[name], *requests)


test_same_story = stories.test()
