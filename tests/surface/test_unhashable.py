"""Annotations, metadata, defaults, options and callables that can't be hashed or compared."""

# mypy: ignore-errors
from collections.abc import AsyncIterator
from enum import Enum
from typing import Annotated

from pydantic import BaseModel
from tests.both import Stories, ask, talk

stories = Stories()


class Item(BaseModel):
    a: int


class Unequal:
    """Equal to nothing, itself included, and not to be hashed."""

    __hash__ = None

    def __eq__(self, other):
        return False

    def __repr__(self):
        return "Unequal"


class Raising:
    def __hash__(self):
        raise TypeError("no hash")  # which `typing` forgives

    def __eq__(self, other):
        raise RuntimeError("not comparable")

    def __repr__(self):
        return "Raising"


class Ambiguous:
    """As arrays compare: the outcome is no truth value."""

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return self

    def __bool__(self):
        raise ValueError("ambiguous")

    def __repr__(self):
        return "Ambiguous"


class AmongTypes(type):
    def __hash__(cls):
        raise RuntimeError("no hash")

    def __eq__(cls, other):
        raise RuntimeError("not comparable")


class OfOddType(metaclass=AmongTypes):
    def __repr__(self):
        return "OfOddType"


ODD = {
    "dict": {"description": "item"},
    "list": [1],
    "set": {1},
    "unequal": Unequal(),
    "raising": Raising(),
    "ambiguous": Ambiguous(),
    "odd-type": OfOddType(),
}
# What `typing` itself can annotate with
METADATA = {name: odd for name, odd in ODD.items() if name != "odd-type"}
# What `inspect` can find the signature of
CALLABLES = ("dict", "unequal")
FORMS = {
    "plain": lambda odd: (Annotated[int, odd], 1),
    "optional": lambda odd: (Annotated[int | None, odd], 1),
    "list": lambda odd: (list[Annotated[int, odd]], [1]),
    "dict": lambda odd: (dict[str, Annotated[int, odd]], {"k": 1}),
    "tuple": lambda odd: (tuple[Annotated[int, odd], ...], [1]),
    "set": lambda odd: (set[Annotated[int, odd]], [1]),
    "model": lambda odd: (Annotated[Item, odd], {"a": 1}),
    "models": lambda odd: (list[Annotated[Item, odd]], [{"a": 1}]),
}


async def attempt(api, log, declare, *requests):
    """Declare a path operation, make these requests, and describe it."""
    app = api.FastAPI()
    try:
        declare(app)
    except Exception as exc:
        log("refused", type(exc).__name__, exc)
        return
    for request in requests:
        log(await ask(app, "/", **request))
    log(await ask(app, "/openapi.json"))


@stories.vary("form", FORMS)
async def annotations(api, log, form):
    for name, odd in METADATA.items():
        annotation, value = FORMS[form](odd)

        async def body(x: Annotated[annotation, api.Body()]):
            return x

        async def keys(x: annotation = api.Body(embed=True), y: int = api.Body(2)):
            return x

        async def parameter(x: annotation):
            return x

        async def query(x: Annotated[annotation, api.Query()] = None):
            return x

        async def returned() -> annotation:
            return value

        async def streamed() -> AsyncIterator[annotation]:
            yield value

        async def plain():
            return value

        log("--", name)
        posts = {"method": "POST", "body": value}, {"method": "POST", "body": "no"}
        await attempt(api, log, lambda app, body=body: app.post("/")(body), *posts)
        await attempt(
            api, log, lambda app, keys=keys: app.post("/")(keys), {"method": "POST", "body": {"x": value}}
        )
        await attempt(api, log, lambda app, parameter=parameter: app.post("/")(parameter), *posts)
        await attempt(api, log, lambda app, query=query: app.get("/")(query), {})
        await attempt(api, log, lambda app, returned=returned: app.get("/")(returned), {})
        await attempt(api, log, lambda app, streamed=streamed: app.get("/")(streamed), {})
        for options in ({"response_model": annotation}, {"responses": {404: {"model": annotation}}}):
            await attempt(
                api, log, lambda app, options=options, plain=plain: app.get("/", **options)(plain), {}
            )


@stories.vary("name", ODD)
async def defaults(api, log, name):
    odd = ODD[name]

    async def query(x: Annotated[object, api.Query()] = odd, y: int = odd):
        return repr((x, y))

    async def body(x: Item = odd, y: int = api.Body(odd)):
        return repr((x, y))

    async def described(x: int = api.Query(1, examples=[odd], json_schema_extra={"a": odd})):
        return x

    await attempt(api, log, lambda app: app.get("/")(query), {})
    await attempt(api, log, lambda app: app.post("/")(body), {"method": "POST"})
    await attempt(api, log, lambda app: app.get("/")(described), {})


@stories.vary("name", ODD)
async def options(api, log, name):
    odd = ODD[name]
    for given in (
        {"tags": [odd]},
        {"summary": odd},
        {"operation_id": odd},
        {"name": odd},
        {"openapi_extra": {"x-a": odd}},
        {"response_description": odd},
        {"responses": {404: {"description": odd}}},
    ):
        log("--", *given)
        await attempt(api, log, lambda app, given=given: app.get("/", **given)(lambda: 1), {})


@stories.vary("name", CALLABLES)
async def callables(api, log, name):
    kind = type(ODD[name])
    own = {"__eq__": Unequal.__eq__} if kind is Unequal else {}

    def call(self, q: int = 1):
        return q

    made = type("Dependency", (), {**own, "__hash__": None, "__call__": call})
    one, other = made(), made()

    async def shared(a=api.Depends(one), b=api.Depends(one), c=api.Depends(other)):
        return [a, b, c]

    async def alone(a=api.Depends(one, use_cache=False)):
        return a

    def override(app):
        app.get("/")(shared)
        app.dependency_overrides[shared] = alone

    requests = {}, {"headers": (("x", "1"),)}
    await attempt(api, log, lambda app: app.get("/")(shared), *requests)
    await attempt(api, log, lambda app: app.get("/")(alone), *requests)
    await attempt(api, log, lambda app: app.get("/")(one), *requests)
    await attempt(api, log, override, *requests)
    # Errors of parameters come before that of the key.
    app = api.FastAPI()
    app.get("/")(shared)
    log(await ask(app, "/?q=x"))


@stories.vary("name", ODD)
async def security_scopes(api, log, name):
    def dependency(q: int = 1):
        return q

    def asking(scopes: api.security.SecurityScopes, q: int = 1):
        return len(scopes.scopes)

    for call in (dependency, asking):

        async def endpoint(a=api.Security(call, scopes=[ODD[name]])):
            return a

        app = api.FastAPI()
        app.get("/")(endpoint)
        for target in ("/", "/?q=x", "/"):
            log(target, await ask(app, target))


@stories
async def overrides_that_are_equal(api, log):
    """An override is replaced by one that equals it and does something else."""

    class Says:
        def __init__(self, word):
            self.word = word

        def __eq__(self, other):
            return isinstance(other, Says)

        __hash__ = None

        def __call__(self):
            return self.word

    app = api.FastAPI()

    def dependency():
        return "declared"

    @app.get("/")
    async def endpoint(a=api.Depends(dependency)):
        return a

    @app.websocket("/ws")
    async def session(websocket: api.WebSocket, a=api.Depends(dependency)):
        await websocket.accept()
        await websocket.send_text(a)

    for word in ("one", "two"):
        app.dependency_overrides[dependency] = Says(word).__call__
        log(await ask(app, "/"), await talk(app, "/ws"))
        app.dependency_overrides = {dependency: Says(word)}
        log(await ask(app, "/"), await talk(app, "/ws"))


@stories
async def enums_of_what_cannot_be_hashed(api, log):
    class Kind(Enum):
        A = {"x": 1}
        B = [1]

    async def endpoint(x: Kind = Kind.A) -> Kind:
        return x

    await attempt(api, log, lambda app: app.get("/", tags=[Kind.A])(endpoint), {})


test_same_story = stories.test()
