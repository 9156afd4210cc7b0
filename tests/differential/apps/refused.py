"""Declarations that must be refused, with the same exception and text."""

# mypy: ignore-errors
from collections.abc import Generator
from typing import Annotated

from pydantic import BaseModel

from ..registry import refused


class Item(BaseModel):
    a: int


def endpoint():
    pass


def declare(parameter_annotation, default=..., path="/{p}", extra=None):
    """Build a route with one parameter `p`."""

    def build(api):
        namespace = {
            "note": parameter_annotation(api),
            "value": default(api) if callable(default) else default,
        }
        source = "def endpoint(p: note):" if default is ... else "def endpoint(p: note = value):"
        exec(source + " pass", namespace)
        api.FastAPI().get(path)(namespace["endpoint"])

    return build


REFUSED = {
    "path with default": declare(lambda api: Annotated[int, api.Path()], 3),
    "query for a path parameter": declare(lambda api: Annotated[int, api.Query()]),
    "model as path parameter": declare(lambda api: Item),
    "list as path parameter": declare(lambda api: list[int]),
    "default in Annotated": declare(lambda api: Annotated[int, api.Query(3)], path="/"),
    "two annotations": declare(lambda api: Annotated[int, api.Query()], lambda api: api.Query(3), path="/"),
    "Depends twice": declare(
        lambda api: Annotated[int, api.Depends(endpoint)], lambda api: api.Depends(endpoint), path="/"
    ),
    "Query and Depends": declare(
        lambda api: Annotated[int, api.Query()], lambda api: api.Depends(endpoint), path="/"
    ),
    "Query on Request": declare(lambda api: Annotated[api.Request, api.Query()], path="/"),
    "dict in query": declare(lambda api: Annotated[dict[str, int], api.Query()], path="/"),
    "models in query": declare(lambda api: Annotated[list[Item], api.Query()], path="/"),
    "not a pydantic type": declare(lambda api: object, path="/"),
    "plain class": declare(lambda api: type("Plain", (), {}), path="/"),
    "path without default": declare(lambda api: int, lambda api: api.Path(3), path="/{p}"),
}


@refused
def prefix_without_slash(api):
    api.APIRouter(prefix="x")


@refused
def prefix_with_trailing_slash(api):
    api.APIRouter(prefix="/x/")


@refused
def empty_prefix_and_path(api):
    router = api.APIRouter()
    router.get("")(endpoint)
    api.FastAPI().include_router(router)


@refused
def path_without_slash(api):
    api.FastAPI().get("x")(endpoint)


@refused
def duplicate_path_parameter(api):
    api.FastAPI().get("/{a}/{a}")(endpoint)


@refused
def unknown_convertor(api):
    api.FastAPI().get("/{a:nothing}")(endpoint)


@refused
def body_with_204(api):
    api.FastAPI().get("/", status_code=204, response_model=Item)(endpoint)


@refused
def additional_response_without_body(api):
    api.FastAPI().get("/", responses={204: {"model": Item}})(endpoint)


@refused
def additional_response_no_dict(api):
    api.FastAPI().get("/", responses={200: "x"})(endpoint)


@refused
def response_model_no_type(api):
    api.FastAPI().get("/", response_model=type("Plain", (), {}))(endpoint)


@refused
def return_annotation_no_type(api):
    def returns() -> api.Response | None:
        pass

    api.FastAPI().get("/")(returns)


@refused
def endpoint_not_callable(api):
    api.FastAPI().add_api_route("/", 3)


@refused
def scope_request_on_function(api):
    def inner():
        yield

    def outer(value: Annotated[None, api.Depends(inner, scope="function")]) -> Generator[None]:
        yield

    def uses(value: Annotated[None, api.Depends(outer, scope="request")]):
        pass

    api.FastAPI().get("/")(uses)


@refused
def depends_on_nothing_callable(api):
    api.FastAPI().get("/", dependencies=[api.Depends(3)])(endpoint)


@refused
def own_router_included(api):
    router = api.APIRouter()
    router.include_router(router)


@refused
def negative_body_size(api):
    api.FastAPI(max_body_size=-1)


@refused
def wrong_form_limits(api):
    api.APIRouter(form_limits={"max_fields": "3", "other": 1})


@refused
def no_title(api):
    api.FastAPI(title="")


@refused
def middleware_too_late(api):
    app = api.FastAPI()
    app.middleware_stack = app.build_middleware_stack()
    app.add_middleware(api.middleware.gzip.GZipMiddleware)


@refused
def mixed_file_and_json(api):
    def uses(item: Item, file: api.UploadFile):
        pass

    app = api.FastAPI()
    app.get("/")(uses)
    return app.openapi()


@refused
def wrong_response_class(api):
    app = api.FastAPI()
    app.get("/", response_class=int)(endpoint)
    return app.openapi()


for name, build in REFUSED.items():
    refused(build, name)
