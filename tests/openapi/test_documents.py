"""OpenAPI documents: the same bytes as the reference's for the same declarations."""

import importlib
import json
import warnings
from collections.abc import AsyncIterable, Callable
from enum import Enum
from typing import Annotated, Any

import pytest
from pydantic import AliasChoices, BaseModel, Field, computed_field
from starlette.responses import JSONResponse, PlainTextResponse, Response


class Package:
    """One of the two packages: `api.FastAPI`, or a module as in `api.module("security")`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self.name), attribute)

    def module(self, path: str) -> Any:
        return importlib.import_module(f"{self.name}.{path}")


REFERENCE, CANDIDATE = Package("fastapi"), Package("ferroapi")


class Colour(Enum):
    red = "red"
    blue = "blue"


class Item(BaseModel):
    name: str = Field(examples=["a name"])
    colour: Colour = Colour.red
    parts: list["Item"] = []

    @computed_field
    def length(self) -> int:
        return len(self.name)


class Filters(BaseModel):
    limit: int = Field(10, gt=0, description="how many")
    order_by: str | None = Field(None, validation_alias=AliasChoices("order", "sort"))


class Problem(BaseModel):
    title: str


def parameters(api: Package) -> Any:
    app = api.FastAPI()

    @app.get("/{item_id}/{rest:path}")
    def read(
        item_id: Annotated[int, api.Path(ge=1, description="the item")],
        rest: str,
        user_agent: Annotated[str | None, api.Header()] = None,
        raw_name: Annotated[str, api.Header(convert_underscores=False)] = "x",
        session: Annotated[str | None, api.Cookie(deprecated=True)] = None,
        hidden: Annotated[str, api.Query(include_in_schema=False)] = "",
        many: Annotated[list[int], api.Query(alias="number")] = [],  # noqa: B006
        example: Annotated[str, api.Query(openapi_examples={"one": {"value": "1"}})] = "",
    ) -> str: ...

    return app


def parameter_models(api: Package) -> Any:
    app = api.FastAPI()

    @app.get("/needed")
    def needed(filters: Annotated[Filters, api.Query()], names: Annotated[Item, api.Header()]) -> None: ...

    @app.get("/optional")
    def optional(filters: Annotated[Filters | None, api.Query()] = None) -> None: ...

    return app


def repeated_parameters(api: Package) -> Any:
    def optional(token: str | None = None, other: int = 1) -> None: ...

    def required(token: str) -> None: ...

    def later(other: str = "") -> None: ...

    app = api.FastAPI(dependencies=[api.Depends(optional), api.Depends(required), api.Depends(later)])

    @app.get("/")
    def read(token: str | None = None) -> None: ...

    return app


def bodies(api: Package) -> Any:
    app = api.FastAPI(separate_input_output_schemas=True)

    @app.post("/one", response_model=Item)
    def one(item: Item) -> Any: ...

    @app.put("/two")
    def two(
        item: Item, problem: Annotated[Problem | None, api.Body(example={"title": "x"})] = None
    ) -> list[Item]: ...

    @app.patch("/form")
    def form(name: Annotated[str, api.Form()], file: api.UploadFile) -> None: ...

    @app.delete("/examples")
    def examples(
        item: Annotated[Item, api.Body(openapi_examples={"a": {"value": {"name": "n"}}})],
    ) -> None: ...

    @app.options("/no-body-described")
    def options(item: Item) -> None: ...

    return app


def one_schema_for_both(api: Package) -> Any:
    app = api.FastAPI(separate_input_output_schemas=False)

    @app.post("/")
    def echo(filters: Filters, item: Item) -> dict[str, Item | Filters]: ...

    return app


def security(api: Package) -> Any:
    schemes = api.module("security")
    oauth2 = schemes.OAuth2PasswordBearer(tokenUrl="token", scopes={"read": "r", "write": "w"})
    key = schemes.APIKeyHeader(name="x-key", description="a key")

    def user(token: Annotated[str, api.Security(oauth2, scopes=["read"])]) -> str: ...

    def admin(
        user: Annotated[str, api.Security(user, scopes=["write", "read"])],
        key: Annotated[str, api.Depends(key)],
    ) -> str: ...

    app = api.FastAPI()

    @app.get("/", dependencies=[api.Security(user, scopes=["own"])])
    def read(admin: Annotated[str, api.Security(admin, scopes=["all"])]) -> None: ...

    return app


def responses(api: Package) -> Any:
    class Page(PlainTextResponse):
        media_type = "text/page"

    class Accepted(JSONResponse):
        def __init__(self, content: Any, status_code: int = 202) -> None:
            super().__init__(content, status_code)

    app = api.FastAPI(responses={"default": {"model": Problem}, 418: {"description": "tea"}})

    @app.get(
        "/page",
        response_class=Page,
        responses={200: {"content": {"image/png": {}}}, "4XX": {"model": Problem}},
    )
    def page() -> Any: ...

    @app.get("/accepted", response_class=Accepted, responses={"5XX": {}, 404: {"model": Problem}})
    def accepted() -> Any: ...

    @app.get("/bare", response_class=Response, responses={422: {"description": "mine"}})
    def bare(number: int) -> Any: ...

    @app.delete("/empty", status_code=204)
    def empty() -> None: ...

    @app.get(
        "/extra", openapi_extra={"x-a": [1], "parameters": [{"name": "n", "in": "query"}]}, tags=[Colour.blue]
    )
    def extra(number: int) -> Any:
        """Words about it.

        More words.\fNot these."""

    @app.get("/old", deprecated=True, summary="S", operation_id="old")
    def old() -> Any: ...

    @app.get("/hidden", include_in_schema=False)
    def hidden(item: Item) -> Any: ...

    return app


def streams(api: Package) -> Any:
    sse = api.module("sse")
    app = api.FastAPI()

    @app.get("/lines")
    async def lines() -> AsyncIterable[Item]:
        yield Item(name="n")

    @app.get("/untyped-lines")
    def untyped():
        yield 1

    @app.get("/events", response_class=sse.EventSourceResponse)
    async def events() -> AsyncIterable[Item]:
        yield Item(name="n")

    @app.get("/untyped-events", response_class=sse.EventSourceResponse)
    async def untyped_events():
        yield 1

    return app


def callbacks_and_webhooks(api: Package) -> Any:
    callbacks = api.APIRouter()

    @callbacks.post("{$request.body.url}", name="paid", response_model=Problem)
    def paid(item: Item) -> Any: ...

    app = api.FastAPI(
        title="T",
        summary="S",
        description="D",
        version="3",
        terms_of_service="https://terms.test",
        contact={"name": "N", "url": "https://n.test", "email": "n@example.com"},
        license_info={"name": "L", "identifier": "MIT"},
        servers=[{"url": "/v1"}, {"url": "https://s.test", "variables": {"a": {"default": "b"}}}],
        openapi_tags=[{"name": "t", "externalDocs": {"url": "https://t.test"}}],
        openapi_external_docs={"description": "more", "url": "https://more.test"},
    )

    @app.post("/invoices", callbacks=callbacks.routes)
    def invoice(item: Item) -> None: ...

    @app.webhooks.post("news")
    def news(problem: Problem) -> None: ...

    router = api.APIRouter(prefix="/sub", tags=["t"])

    @router.get("/")
    def sub() -> None: ...

    app.include_router(router, prefix="/api")
    app.include_router(router, prefix="/again")
    return app


DECLARATIONS = [
    parameters,
    parameter_models,
    repeated_parameters,
    bodies,
    one_schema_for_both,
    security,
    responses,
    streams,
    callbacks_and_webhooks,
]


@pytest.mark.parametrize("declare", DECLARATIONS, ids=lambda declare: declare.__name__)
@pytest.mark.filterwarnings("ignore:`example` has been deprecated")
def test_same_bytes(declare: Callable[[Package], Any]) -> None:
    reference, candidate = (json.dumps(declare(api).openapi()) for api in (REFERENCE, CANDIDATE))
    assert candidate == reference


def outcome(act: Callable[[], Any]) -> str:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = json.dumps(act())
        except Exception as exc:
            result = f"{type(exc).__name__}: {exc}"
    return "\n".join([result, *(f"{one.category.__name__}: {one.message}" for one in caught)])


def duplicate_operation_ids(api: Package) -> Any:
    app = api.FastAPI()
    for path in "/a", "/b":
        app.add_api_route(path, lambda: None, operation_id="same")
    return app


def no_status_code(api: Package) -> Any:
    class Bare(JSONResponse):
        def __init__(self, content: Any) -> None: ...

    app = api.FastAPI()
    app.add_api_route("/", lambda: None, response_class=Bare)
    return app


def bad_status_code(api: Package) -> Any:
    app = api.FastAPI()
    app.add_api_route("/", lambda: None, responses={"hello": {"description": "not a code"}})
    return app


@pytest.mark.parametrize("declare", [duplicate_operation_ids, no_status_code, bad_status_code])
def test_same_complaints(declare: Callable[[Package], Any]) -> None:
    reference, candidate = (outcome(declare(api).openapi) for api in (REFERENCE, CANDIDATE))
    assert candidate == reference


def test_replaced_validation_error_schema_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    utils = CANDIDATE.module("openapi.utils")
    monkeypatch.setattr(utils, "validation_error_response_definition", {"title": "Mine"})
    schemas = parameters(CANDIDATE).openapi()["components"]["schemas"]
    assert schemas["HTTPValidationError"] == {"title": "Mine"}


def test_deprecated_operation_id_generator() -> None:
    route = CANDIDATE.module("routing").APIRoute("/a/{b}", lambda: None, name="n")
    generate = CANDIDATE.module("openapi.utils").generate_operation_id
    with pytest.warns(CANDIDATE.module("exceptions").FastAPIDeprecationWarning, match="will be removed soon"):
        assert generate(route=route, method="GET") == "n_a__b__get"
