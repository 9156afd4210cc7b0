"""Which globals a module of the reference looks up when its functions run, and an application that runs them."""

# mypy: ignore-errors
import ast
import functools
import importlib
import inspect
from pathlib import Path
from types import FunctionType
from typing import Annotated

from pydantic import BaseModel
from tests.both import ask, talk

_FORM = (("content-type", "application/x-www-form-urlencoded"),)
_MULTIPART = (("content-type", "multipart/form-data; boundary=x"),)
_PARTS = "".join(
    f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.txt"\r\n\r\n{name}\r\n'
    for name in ("raw", "upload")
)
_HEADERS = (("h", "v"), ("cookie", "k=1"), ("authorization", "Basic dTpw"))


class Item(BaseModel):
    a: int
    b: list[str] = []


class Filter(BaseModel):
    q: int = 1


def functions_looked_up(module: str) -> list[str]:
    """Names of functions that the bodies of the module's functions read from its globals."""
    source = importlib.import_module(f"fastapi.{module}")
    found = set()
    for node in ast.walk(ast.parse(Path(source.__file__).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found |= _names_read(node)
    kinds = FunctionType, functools._lru_cache_wrapper
    return sorted(name for name in found if isinstance(vars(source).get(name), kinds))


def _names_read(function) -> set[str]:
    own = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
    todo = function.body if isinstance(function.body, list) else [function.body]
    names = set()
    while todo:
        node, *todo = todo
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            todo += node.body  # its signature is no body
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
            names.add(node.id)
        annotation = getattr(node, "annotation", None)
        todo += [child for child in ast.iter_child_nodes(node) if child is not annotation]
    return names


def noting(function, called: list[str]):
    """`function`, which notes that it was called."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def noted(*args, **kwargs):
            called.append(function.__name__)
            return await function(*args, **kwargs)
    else:

        @functools.wraps(function)
        def noted(*args, **kwargs):
            called.append(function.__name__)
            return function(*args, **kwargs)

    return noted


def application(api):
    """An application with a little of everything; and what to override in it."""
    app = api.FastAPI()

    async def asynchronous(a: int = 1):
        return a

    def synchronous(h: Annotated[str | None, api.Header()] = None, k: Annotated[str, api.Cookie()] = ""):
        return h, k

    async def async_generator():
        yield 1

    def generator():
        yield 2

    basic = api.security.HTTPBasic(auto_error=False)

    @app.get("/all/{n}")
    async def everything(
        n: int,
        request: api.Request,
        response: api.Response,
        tasks: api.BackgroundTasks,
        a: Annotated[int, api.Depends(asynchronous)],
        s: Annotated[tuple, api.Depends(synchronous)],
        g: Annotated[int, api.Depends(async_generator)],
        t: Annotated[int, api.Depends(generator)],
        user: Annotated[object, api.Security(basic, scopes=["x"])],
        q: Annotated[list[int], api.Query()] = [],
    ):
        response.headers["x-path"] = request.url.path
        return {"n": n, "values": [a, s, g, t, q], "user": user, "item": Item(a=1)}

    @app.get("/model", responses={404: {"model": Item}})
    def model() -> Item:
        return Item(a=2)

    @app.post("/body")
    async def body(item: Item, k: Annotated[int, api.Body()] = 3):
        return [item, k]

    @app.post("/form")
    async def form(a: Annotated[int, api.Form()], b: Annotated[str, api.Form()] = "x"):
        return [a, b]

    @app.post("/form-model")
    async def form_model(item: Annotated[Item, api.Form()]):
        return item

    @app.post("/file")
    async def file(raw: Annotated[bytes, api.File()], upload: api.UploadFile):
        return [len(raw), upload.filename]

    @app.get("/filter")
    async def filtered(given: Annotated[Filter, api.Query()]):
        return given

    @app.get("/events", response_class=api.sse.EventSourceResponse)
    def events():
        yield {"a": 1}

    @app.get("/lines")
    async def lines():
        yield {"a": 1}

    @app.get("/refused")
    async def refused():
        raise api.HTTPException(418, "tea")

    @app.websocket("/ws/{n}")
    async def session(websocket: api.WebSocket, n: int):
        await websocket.accept()
        await websocket.send_text(str(n))

    router = api.APIRouter(prefix="/inner", dependencies=[api.Depends(asynchronous)])
    router.get("/{n}")(lambda n: n)
    app.include_router(router, prefix="/outer")
    return app, asynchronous


async def tour(api) -> list:
    """Build the application, visit all of it, and return what it answered."""
    app, overridden = application(api)
    answers = [
        await ask(app, target, headers=_HEADERS)
        for target in (
            *("/outer/inner/3", "/all/1?q=1&q=2&a=4", "/all/x?a=b", "/model", "/filter?q=2", "/filter?q=z"),
            *("/events", "/lines", "/refused", "/nowhere", "/model/", "/openapi.json", "/docs"),
        )
    ]
    posts = [
        ("/body", {"item": {"a": 1}}, ()),
        ("/body", {"item": {}}, ()),
        ("/body", b"{", ()),
        ("/form", b"a=1", _FORM),
        ("/form", b"b=1", _FORM),
        ("/form-model", b"a=1&b=x", _FORM),
        ("/file", f"{_PARTS}--x--\r\n".encode(), _MULTIPART),
    ]
    answers += [await ask(app, to, method="POST", body=body, headers=kind) for to, body, kind in posts]
    answers += [await talk(app, "/ws/1"), await talk(app, "/ws/x")]
    app.dependency_overrides[overridden] = lambda: 6
    return [*answers, await ask(app, "/all/1")]
