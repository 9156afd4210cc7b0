"""The small modules: exceptions, helpers, events, files, responses, background work."""

import io
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import fastapi.exceptions
import fastapi.responses
import fastapi.sse
import fastapi.utils
import pytest
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.datastructures import UploadFile as StarletteUploadFile

from ferroapi import background, datastructures, exceptions, responses, sse, utils
from ferroapi._body_limit import get_body_limit_error, get_body_size_limit, validate_max_body_size
from ferroapi._form_limits import _validate_form_limits
from ferroapi.exception_handlers import http_exception_handler, request_validation_exception_handler

CONTEXTS: list[Any] = [
    None,
    {},
    {"path": "GET /"},
    {"function": "f", "file": "a.py", "line": 3},
    {"function": "f", "file": "a.py", "line": 3, "path": "GET /"},
    {"function": "f", "file": "a.py", "line": 0, "path": "GET /"},
]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("errors", [[], [{"loc": 1}], ["a", "b"]])
@pytest.mark.parametrize(
    "name", ["RequestValidationError", "WebSocketRequestValidationError", "ResponseValidationError"]
)
def test_validation_messages(name: str, errors: list[Any], context: Any) -> None:
    ours, expected = (
        getattr(m, name)(errors, endpoint_ctx=context) for m in (exceptions, fastapi.exceptions)
    )
    assert str(ours) == str(expected)
    assert vars(ours) == vars(expected)
    assert ours.errors() is errors


@pytest.mark.parametrize(
    "status", [None, 200, 100, 199, 204, 205, 304, 404, "default", "1XX", "4XX", "204", "200"]
)
def test_statuses_with_a_body(status: Any) -> None:
    expected = fastapi.utils.is_body_allowed_for_status_code(status)
    assert utils.is_body_allowed_for_status_code(status) is expected


def test_operation_ids() -> None:
    route: Any = SimpleNamespace(name="read item", path_format="/a/{b-c}", methods={"GET"})
    assert (
        utils.generate_unique_id(route) == fastapi.utils.generate_unique_id(route) == "read_item_a__b_c__get"
    )
    arguments = {"name": "n", "path": "/p", "method": "POST"}
    with pytest.warns(exceptions.FastAPIDeprecationWarning) as caught:
        assert utils.generate_operation_id_for_path(**arguments) == "n_p_post"
    with pytest.warns(fastapi.exceptions.FastAPIDeprecationWarning) as expected:
        fastapi.utils.generate_operation_id_for_path(**arguments)
    assert [(str(w.message), w.filename) for w in caught] == [(str(expected[0].message), __file__)]


def test_path_names() -> None:
    assert utils.get_path_param_names("/{a}/{b:path}/c") == {"a", "b:path"}


def test_dicts_are_merged() -> None:
    main = {"a": {"b": [1], "c": 1}, "d": [1], "e": 1}
    utils.deep_dict_update(main, {"a": {"b": [2], "c": {"x": 1}}, "d": {"y": 1}, "f": None})
    assert main == {"a": {"b": [1, 2], "c": {"x": 1}}, "d": {"y": 1}, "e": 1, "f": None}


def test_first_value_that_is_no_default() -> None:
    default = datastructures.Default(1)
    assert utils.get_value_or_default(default, datastructures.Default(2), 3) == 3
    assert utils.get_value_or_default(default, datastructures.Default(2)) is default


def test_field_errors() -> None:
    messages = []
    for package, root in ((utils, exceptions), (fastapi.utils, fastapi.exceptions)):
        with pytest.raises(root.FastAPIError) as caught:
            package.create_model_field("n", SimpleNamespace)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_placeholders() -> None:
    assert datastructures.Default([1]) == datastructures.Default([1])
    assert datastructures.Default(0) != 0
    assert not datastructures.Default(0)


EVENTS: list[dict[str, Any]] = [
    {},
    {"data_str": ""},
    {"data_str": "a\r\nb\rc\nd\u2028e"},
    {"data_str": "x", "event": "e", "id": "1", "retry": 0, "comment": "c\nd"},
]


@pytest.mark.parametrize("event", EVENTS)
def test_event_format(event: dict[str, Any]) -> None:
    assert sse.format_sse_event(**event) == fastapi.sse.format_sse_event(**event)


@pytest.mark.parametrize(
    "event",
    [
        {"data": 1, "raw_data": "1"},
        {"event": "a\nb"},
        {"id": "a\rb"},
        {"id": "a\0"},
        {"retry": -1},
    ],
)
def test_event_errors(event: dict[str, Any]) -> None:
    messages = []
    for module in (sse, fastapi.sse):
        with pytest.raises(ValidationError) as caught:
            module.ServerSentEvent(**event)
        messages.append([error["msg"] for error in caught.value.errors()])
    assert messages[0] == messages[1]


@pytest.mark.anyio
async def test_upload_file() -> None:
    file = datastructures.UploadFile(io.BytesIO(), filename="f", headers=Headers({"content-type": "a/b"}))
    await file.write(b"abc")
    await file.seek(1)
    assert (await file.read(1), await file.read(), file.content_type) == (b"b", b"c", "a/b")
    await file.close()
    assert file.file.closed


def test_upload_file_validation() -> None:
    field = utils.create_model_field("f", datastructures.UploadFile)
    given = StarletteUploadFile(io.BytesIO())
    assert field.validate(given) == (given, [])
    assert field.validate("x")[1][0]["msg"] == "Value error, Expected UploadFile, received: <class 'str'>"


def test_deprecated_responses(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def dumps(content: Any, **options: Any) -> Any:
        calls.append((content, options))
        return "é" if "ensure_ascii" in options else b"bytes"

    monkeypatch.setattr(responses, "ujson", SimpleNamespace(dumps=dumps))
    monkeypatch.setattr(
        responses, "orjson", SimpleNamespace(dumps=dumps, OPT_NON_STR_KEYS=4, OPT_SERIALIZE_NUMPY=16)
    )
    with pytest.warns(exceptions.FastAPIDeprecationWarning) as caught:
        bodies = [responses.UJSONResponse(1).body, responses.ORJSONResponse(2).body]
    assert [str(w.message) for w in caught] == [
        fastapi.responses.UJSONResponse.__deprecated__,
        fastapi.responses.ORJSONResponse.__deprecated__,
    ]
    assert bodies == ["é".encode(), b"bytes"]
    assert calls == [(1, {"ensure_ascii": False}), (2, {"option": 20})]


@pytest.mark.parametrize(("name", "module"), [("UJSONResponse", "ujson"), ("ORJSONResponse", "orjson")])
@pytest.mark.filterwarnings("ignore::ferroapi.exceptions.FastAPIDeprecationWarning")
def test_deprecated_responses_without_their_package(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, module, None)
    with pytest.raises(AssertionError, match=f"^{module} must be installed to use {name}$"):
        getattr(responses, name)({})


@pytest.mark.anyio
async def test_exception_handlers() -> None:
    request: Any = None
    response = await http_exception_handler(request, exceptions.HTTPException(404, [1], {"X-A": "b"}))
    assert (response.status_code, response.body, response.headers["x-a"]) == (404, b'{"detail":[1]}', "b")
    response = await http_exception_handler(request, exceptions.HTTPException(304))
    assert (response.status_code, response.body) == (304, b"")
    invalid = exceptions.RequestValidationError([{"loc": ("a",), "ctx": {1}}])
    response = await request_validation_exception_handler(request, invalid)
    assert (response.status_code, response.body) == (422, b'{"detail":[{"loc":["a"],"ctx":[1]}]}')


@pytest.mark.anyio
async def test_background_tasks_run_in_order() -> None:
    done: list[int] = []

    async def later(number: int) -> None:
        done.append(number)

    tasks = background.BackgroundTasks()
    tasks.add_task(later, 1)
    tasks.add_task(done.append, 2)
    tasks.add_task(later, number=3)
    await tasks()
    assert done == [1, 2, 3]


def test_declarations_load_no_telemetry() -> None:
    # Plugins of Pydantic may bring OpenTelemetry; ours must not.
    code = (
        "import sys, ferroapi.background, ferroapi.security, ferroapi.responses, ferroapi.encoders;"
        "print([m for m in sys.modules if m.startswith(('opentelemetry', 'ferroapi.telemetry._a'))])"
    )
    environment = {"PYDANTIC_DISABLE_PLUGINS": "__all__", "PYTHONPATH": ":".join(sys.path)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert (result.stdout, result.stderr) == ("[]\n", "")


@pytest.mark.parametrize("limit", [True, -1, 1.0, "1"])
def test_body_sizes_refused(limit: Any) -> None:
    with pytest.raises(ValueError, match=r"^max_body_size must be a non-negative integer or None$"):
        validate_max_body_size(limit)


def test_body_sizes() -> None:
    validate_max_body_size(None)
    validate_max_body_size(0)
    assert get_body_size_limit(None, 0, 5) == 0
    assert get_body_size_limit(None) is None


def test_body_limit_errors_in_groups() -> None:
    from starlette.middleware import body_limit

    too_large, sent = body_limit._RequestBodyTooLarge(), body_limit._RequestBodyLimitResponseSent()
    assert get_body_limit_error(too_large) is too_large
    assert get_body_limit_error(ValueError()) is None
    assert get_body_limit_error(ExceptionGroup("g", [too_large, ValueError()])) is None
    nested = ExceptionGroup("g", [too_large, ExceptionGroup("h", [sent])])
    assert get_body_limit_error(nested) is sent
    assert get_body_limit_error(ExceptionGroup("g", [ExceptionGroup("h", [too_large])])) is too_large


def test_form_limits() -> None:
    assert _validate_form_limits(None) == {}
    assert _validate_form_limits({"max_files": 0}) == {"max_files": 0}
    for wrong in ({"max_files": "1"}, {"max_parts": 1}, {"max_fields": -1}):
        with pytest.raises(ValidationError):
            _validate_form_limits(wrong)  # type: ignore[arg-type]
