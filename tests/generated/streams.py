"""Random streams: JSON lines, bytes and server-sent events, dependencies that end around them, clients that leave."""

from typing import Any

from ..differential.driver import Http, post
from .choices import Choices
from .dependencies import ERRORS
from .exchanges import Step

_LINES = (
    "{'a': 1}", "1", "'é'", "Cat()", "Cat(lives=2)", "None", "float('nan')", "[Point(1)]", "object()", "Dog(name='d')", "{'lives': 'x'}",
    "'line\\n'", "'\\u2028'", "'\\ud800'", "Decimal('1.10')", "datetime(2024, 1, 2)", "10 ** 30", "{'kind': 'cat', 'extra': 1}", "Tree(n=1)",
    "b'bytes'", "{1: 2}", "(1, 2)", "{1}", "True", "[]", "'x' * 3000",
)  # fmt: skip
_BYTES = (
    "b'a'",
    "'é'",
    "b''",
    "'line\\n'",
    "b'\\xff' * 3",
    "''",
    "bytearray(b'b')",
    "memoryview(b'm')",
    "1",
    "None",
    "'\\ud800'",
    "b'x' * 3000",
)
_EVENTS = (
    "ServerSentEvent(data={'a': 1.5}, event='e', id='1', retry=5)", "ServerSentEvent(raw_data='raw\\nlines', comment='c\\r\\nd')",
    "ServerSentEvent(comment='only')", "ServerSentEvent(data=Cat())", "{'plain': 1}", "'text'", "ServerSentEvent()", "Cat()", "None", "1.5",
    "ServerSentEvent(data=float('inf'))", "ServerSentEvent(data='a\\nb\\r\\nc\\rd')", "ServerSentEvent(raw_data='')", "ServerSentEvent(data=None)",
    "ServerSentEvent(data=1, retry=-1)", "ServerSentEvent(data=1, event='a\\nb')", "ServerSentEvent(data=1, id='a\\x00b')", "[Cat(), 1]",
    "ServerSentEvent(data=1, raw_data='x')", "ServerSentEvent(data=[Point(1)], event='')", "ServerSentEvent(data='é\\u2028')", "object()",
    "{'lives': 'x'}", "b'bytes'", "ServerSentEvent(data=1, comment='')", "ServerSentEvent(event='e')", "ServerSentEvent(data={'lives': 'x'})",
)  # fmt: skip
_TYPES = (
    "",
    "",
    "Any",
    "int",
    "Cat",
    "Cat",
    "dict[str, int]",
    "Cat | Dog",
    "str",
    "list[int]",
    "Cat | None",
    "ServerSentEvent",
    "bytes",
)


class Streams:
    """Collects the source of one application."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.parts: list[str] = []
        self.paths: list[tuple[str, str]] = []
        self.places: list[str] = []

    def build(self) -> str:
        """Make all of it."""
        choices = self.choices
        self.parts.append(
            f"app = FastAPI({choices.one('', '', '', 'default_response_class=PrettyResponse', 'debug=True')})\n"
        )
        for index in choices.many(1, 3):
            self._dependency(index)
        for index in choices.many(3, 7):
            self._endpoint(f"e{index}")
        if choices.maybe(0.3):
            self.parts.append(
                "@app.exception_handler(Known)\nasync def handler(request, error):\n    return PlainTextResponse('handled', 420)\n"
            )
        if choices.maybe(0.25):
            self.parts.append(
                f"app.add_middleware({choices.one('Peek', 'PureMiddleware, name=repr(1)', 'GZipMiddleware, minimum_size=1')})\n"
            )
        return "\n\n".join(self.parts)

    def _dependency(self, index: int) -> None:
        choices, name = self.choices, f"d{index}"
        self.places += [name, f"{name} exit"]
        lines = [f"    trip({name!r})", "    try:", "        yield q", "    except Exception as error:"]
        lines += [
            f"        log('{name} caught', type(error).__name__)",
            "        raise",
            "    finally:",
            f"        trip('{name} exit')",
        ]
        if choices.maybe(0.2):
            lines = [f"    trip({name!r})", "    yield q", f"    trip('{name} exit')"]
        head = f"{choices.one('async ', '')}def {name}(q: int = 0):"
        self.parts.append("\n".join([head, *lines]) + "\n")

    def _endpoint(self, name: str) -> None:
        choices = self.choices
        style = choices.one("lines", "bytes", "events", "object")
        is_async = choices.maybe(0.6)
        values = choices.some({"lines": _LINES, "events": _EVENTS}.get(style, _BYTES), 0, 4)
        steady = (
            choices.one(f"{{'lives': {choices.randrange(5)}}}", "Cat(lives=1)", "1", "'t'")
            if style in ("lines", "events")
            else "b's'"
        )
        # In a thread, the first item races with the start of the response and with the exit of dependencies.
        races = style == "events" and not is_async
        if races or choices.maybe(0.5):
            values = [steady] * choices.randint(0, 4)
        middle = f"{name} middle"
        self.places += [name, middle]
        body = [f"trip({name!r})"]
        parameters: list[str] = []
        for index in choices.some((0, 1, 2), 0, 0 if races else 2):
            if f"def d{index}(" in "\n".join(self.parts):
                scope = choices.one("", "", ", scope='function'", ", scope='request'")
                if style == "events":  # which start before a thread has ended the dependency, or after
                    scope = ""
                parameters.append(f"d{index}: Annotated[Any, Depends(d{index}{scope})]")
        if choices.maybe(0.3):
            parameters.append("response: Response")
            body.append(
                choices.one(
                    "response.headers['x-own'] = '1'",
                    "response.status_code = 203",
                    "response.headers['content-type'] = 'text/own'",
                )
            )
        if not races and choices.maybe(0.2):
            parameters.append("tasks: BackgroundTasks")
            body.append("tasks.add_task(trip, 'task')")
            self.places.append("task")
        yields = [f"yield {value}" for value in values]
        yields.insert(choices.randint(0, len(yields)), f"trip({middle!r})")
        if (
            is_async and style != "events" and choices.maybe(0.2)
        ):  # a thread may end a dependency in the meantime
            yields.insert(0, "await __import__('anyio').sleep(0)")
        if not values:
            yields.append("if False: yield")
        if races:
            body, yields = [], [line for line in yields if "trip" not in line]
        else:
            yields.append(f"log('{name} ends')")
        options = {
            "lines": "",
            "bytes": ", response_class=StreamingResponse",
            "events": ", response_class=EventSourceResponse",
        }.get(style, "")
        if choices.maybe(0.15):
            options += choices.one(
                ", status_code=201",
                ", response_model_exclude_unset=True",
                ", response_model_by_alias=False",
                ", status_code=204",
            )
        if not races and choices.maybe(0.06):
            options += ", response_model=" + choices.one("None", "Cat", "list[int]")
        returns, word = "", "async " if is_async else ""
        item = "" if races else choices.of(_TYPES)
        if style == "object":
            self.parts.append(f"{word}def stream_{name}():\n" + "".join(f"    {line}\n" for line in yields))
            media = choices.one(
                "",
                ", media_type='text/plain'",
                ", status_code=202",
                ", headers={'x-h': '1', 'content-length': '2'}",
            )
            body.append(f"return StreamingResponse(stream_{name}(){media})")
        else:
            body += yields
            if item:
                origin = (
                    choices.one("AsyncIterable", "AsyncIterator")
                    if is_async
                    else choices.one("Iterable", "Iterator")
                )
                returns = f" -> {origin}[{item}]"
        method = "get"
        if choices.maybe(0.2):
            method = "post"
            parameters.insert(0, choices.one("item: Cat", "body: list[int]"))
        text = "".join(f"        {line}\n" for line in body)
        self.parts.append(
            f'with attempt("{name}"):\n    @app.{method}("/{name}"{options})\n    {word}def {name}({", ".join(parameters)}){returns}:\n{text}'
        )
        self.paths.append((f"/{name}", f"{method} racing" if races else method))


def make_stream(choices: Choices, count: int) -> tuple[str, list[Step]]:
    """The source of an application, and what is done with it."""
    made = Streams(choices)
    source = made.build()
    steps: list[Step] = []
    for _ in range(count):
        path, method = choices.of(made.paths)
        method, _, racing = method.partition(" ")
        fault = choices.maybe(0.25) and not racing
        if fault:
            steps += [
                f"FAULTS[{place!r}] = {choices.of(ERRORS)}" for place in choices.some(made.places, 1, 2)
            ]
        target = path + choices.one("", "", "", "?q=1", "?q=x")
        scope: dict[str, Any] = (
            {"asgi": {"version": "3.0", "spec_version": "2.4"}} if choices.maybe(0.3) else {}
        )
        headers = (("accept-encoding", "gzip"),) if choices.maybe(0.2) else ()
        raw = tuple((name.encode(), value.encode()) for name, value in headers)
        leaves = choices.one(0, 1, 2, 3) if choices.maybe(0.15) and not racing and scope else None
        if method == "post":
            payload = choices.one('{"lives": 1}', "[1, 2]", "{}", "x")
            steps.append(post(target, payload, headers=raw, scope=scope, gone_after_sends=leaves))
        else:
            verb = choices.one("GET", "GET", "GET", "GET", "HEAD")
            steps.append(
                Http(
                    method=verb,
                    target=target,
                    headers=((b"host", b"testserver"), *raw),
                    scope=scope,
                    gone_after_sends=leaves,
                )
            )
        if fault:
            steps.append("FAULTS.clear()")
    return source, steps
