"""Random dependency graphs."""

from dataclasses import dataclass, field

from .choices import Choices
from .kinds import COMMON
from .models import Model
from .parameters import SPECIAL, Signature, Wanted, add_body, add_parameter

ERRORS = (
    "lambda: HTTPException(418, 'teapot', headers={'X-E': 'é'.encode().decode('latin-1')})",
    "lambda: HTTPException(404)",
    "lambda: HTTPException(403, {'a': [1, None]})",
    "lambda: HTTPException(204, 'none')",
    "lambda: HTTPException(500, headers={'A': '1', 'a': '2'})",
    "lambda: starlette.exceptions.HTTPException(402, 'pay')",
    "lambda: Known('known')",
    "lambda: KnownChild('child')",
    "lambda: Unknown('unknown')",
    "lambda: ValueError('value')",
    "lambda: KeyError('key')",
    "lambda: StopIteration(1)",
    "lambda: StopAsyncIteration(1)",
    "lambda: RuntimeError('runtime')",
    "lambda: OSError('os')",
    "lambda: TimeoutError('late')",
    "lambda: RecursionError('deep')",
    "lambda: ExceptionGroup('group', [Known('in'), ValueError('side')])",
    "lambda: RequestValidationError([{'type': 'own', 'loc': ('a',), 'msg': 'm', 'input': 1}], body={'b': 1})",
    "lambda: ResponseValidationError([{'type': 'own', 'loc': ('r',), 'msg': 'm', 'input': b'\\xff'}])",
    "lambda: WebSocketException(1008, 'reason')",
    "lambda: WebSocketRequestValidationError([{'type': 'own'}])",
    "lambda: BaseModel.model_validate(1)",
)
"""What a fault can raise."""

SCHEMES = (
    "OAuth2PasswordBearer(tokenUrl='token', auto_error={auto}, scopes={{'read': 'r', 'write': 'w'}})",
    "OAuth2AuthorizationCodeBearer('authorize', 'token', auto_error={auto})",
    "HTTPBasic(auto_error={auto}, realm={realm})",
    "HTTPBearer(auto_error={auto}, bearerFormat='JWT')",
    "HTTPDigest(auto_error={auto}, scheme_name='D')",
    "APIKeyHeader(name='X-Key', auto_error={auto})",
    "APIKeyQuery(name='key', auto_error={auto})",
    "APIKeyCookie(name='key', auto_error={auto}, description='c')",
    "OpenIdConnect(openIdConnectUrl='/oid', auto_error={auto})",
)


@dataclass
class Dependency:
    """One callable that others can depend on."""

    name: str
    source: str
    wanted: list[Wanted]
    places: list[str] = field(default_factory=list)
    generator: bool = False
    """Has a teardown."""
    function_scoped: bool = False
    """Depends on something that ends before the response is sent."""


@dataclass
class Graph:
    """The dependencies of one application, in the order of their definition."""

    choices: Choices
    models: list[Model]
    flat: list[Model]
    found: list[Dependency] = field(default_factory=list)

    def grow(self) -> None:
        """Define one more dependency on some of those before it."""
        choices, name = self.choices, f"d{len(self.found)}"
        if choices.maybe(0.12):
            scheme = choices.of(SCHEMES).format(auto=choices.maybe(), realm=choices.one("None", "'r'"))
            wanted = [Wanted("security", ("X-Key", "key"), COMMON[0])]
            self.found.append(Dependency(name, f"{name} = {scheme}\n", wanted))
            return
        unused = [
            model for model in self.flat if not any(f"= {model.name}\n" in item.source for item in self.found)
        ]
        if unused and choices.maybe(0.06):
            model = choices.of(unused)
            wanted = [Wanted("query", member.wire, member.kind) for member in model.members]
            self.found.append(Dependency(name, f"{name} = {model.name}\n", wanted))
            return
        self.found.append(self._function(name))

    def _function(self, name: str) -> Dependency:
        choices = self.choices
        signature = Signature()
        for _ in choices.many(0, 2):
            add_parameter(
                choices, signature, choices.one("q", "item_id", "token_x", "n", "flag", "p1"), self.flat
            )
        if choices.maybe(0.06):
            add_body(choices, signature, self.models, self.flat)
        for annotation, special in SPECIAL:
            if choices.maybe(0.12):
                signature.add_special(annotation, special)
        made = Dependency(name, "", signature.wanted)
        for _ in choices.many(0, choices.one(1, 2, 3)):
            self.depend(signature, made, f"s{len(signature.names)}")
        made.source = _SHAPES[choices.of(_SHAPE_NAMES)](choices, made, signature)
        return made

    def depend(self, signature: Signature, user: Dependency, name: str) -> None:
        """Make `user` depend on one that exists."""
        if not self.found:
            return
        target = self.choices.of(self.found)
        marker = self.marker(target, user)
        value = f"Annotated[Any, {marker}]"
        if self.choices.maybe(0.7):
            signature.add(name, f": {value}", None, *target.wanted)
        else:
            signature.add(name, "", marker, *target.wanted)
        user.places += [place for place in target.places if place not in user.places]

    def marker(self, target: Dependency, user: Dependency | None = None) -> str:
        """An expression `Depends(...)` or `Security(...)` on `target`."""
        choices = self.choices
        options = []
        if choices.maybe(0.2):
            options.append("use_cache=False")
        if choices.maybe(0.15):
            scopes = choices.some(("read", "write", "admin"), 0, 2)
            return f"Security({', '.join([target.name, f'scopes={scopes}', *options])})"
        if choices.maybe(0.3) and not (target.function_scoped and choices.maybe(0.9)):
            options.append(f"scope={choices.one('function', 'request')!r}")
        if choices.maybe(0.05):
            options.append("max_concurrency=2")
        if user is not None and (target.function_scoped or "scope='function'" in options):
            user.function_scoped = True
        return f"Depends({', '.join([target.name, *options])})"


def effects(choices: Choices, name: str, special: list[str], *, is_async: bool) -> list[str]:
    """What a function does with what the framework gave it."""
    lines = []
    for parameter in special:
        if parameter == "request":
            lines.append(
                choices.one(
                    "log(request.url, request.path_params, request.state._state)",
                    f"request.state.{name} = 1",
                    "log(sorted(key for key in request.scope if not key.startswith('fastapi')))",
                    "log(request.scope['route'].path, request.scope['endpoint'].__name__)",
                    "log('body', await request.body())" if is_async else "log(request.cookies)",
                    "log(request.headers.raw, request.query_params.multi_items())",
                    "log(sum([len(chunk) async for chunk in request.stream()]))"
                    if is_async
                    else "log(request.client)",
                    "log(shown(dict(await request.form())))" if is_async else "log(request.base_url)",
                )
            )
        elif parameter == "response":
            lines.append(
                choices.one(
                    f"response.headers['x-{name}'] = '1'",
                    f"response.headers.append('x-many', '{name}')",
                    f"response.set_cookie('{name}', 'v')",
                    "response.status_code = 207",
                    f"response.headers['content-type'] = 'text/{name}'",
                    "response.headers['content-length'] = '3'"
                    if choices.maybe(0.1)
                    else "response.status_code = 299",
                    "response.body = b'own'",
                )
            )
        elif parameter == "tasks":
            task = choices.one("log", f"trip, '{name} task'")
            lines.append(
                f"tasks.add_task({task})" if task != "log" else f"tasks.add_task(log, 'task of {name}')"
            )
        elif parameter == "connection":
            lines.append("log('connection', connection.url.path, type(connection).__name__)")
        elif parameter == "scopes":
            lines.append("log('scopes', scopes.scopes, scopes.scope_str)")
    return lines


def _opening(choices: Choices, made: Dependency, signature: Signature, *, is_async: bool) -> list[str]:
    made.places.append(made.name)
    lines = [f"trip({made.name!r})", *effects(choices, made.name, signature.special, is_async=is_async)]
    if is_async and choices.maybe(0.15):
        lines.append("await __import__('anyio').sleep(0)")
    if choices.maybe(0.1):
        lines.append(f"log('context', current.get()); current.set({made.name!r})")
    return lines


def _value(choices: Choices, signature: Signature) -> str:
    return choices.one(
        f"shown({signature.dict_text()})", f"shown({signature.dict_text()})", "'value'", "None"
    )


def _block(head: str, lines: list[str], indent: str = "    ") -> str:
    return f"{head}\n" + "".join(f"{indent}{line}\n" for line in lines)


def _function_source(choices: Choices, made: Dependency, signature: Signature) -> str:
    is_async = choices.maybe()
    head = f"{'async ' if is_async else ''}def {made.name}({signature.text(choices)}):"
    body = [*_opening(choices, made, signature, is_async=is_async), f"return {_value(choices, signature)}"]
    decorate = ""
    if choices.maybe(0.08):
        inner = (
            "async def inner(*args, **kwargs):"
            if is_async and choices.maybe()
            else "def inner(*args, **kwargs):"
        )
        call = "await call(*args, **kwargs)" if inner.startswith("async") else "call(*args, **kwargs)"
        decorate = (
            f"def wrap_{made.name}(call):\n    @wraps(call)\n    {inner}\n        log('wrapped')\n"
            f"        return {call}\n    return inner\n\n\n@wrap_{made.name}\n"
        )
    return decorate + _block(head, body)


def _yield_lines(choices: Choices, made: Dependency, signature: Signature, *, is_async: bool) -> list[str]:
    made.generator = True
    name, value = made.name, _value(choices, signature)
    leave = f"{name} exit"
    made.places.append(leave)
    opening = _opening(choices, made, signature, is_async=is_async)
    shape = choices.one("plain", "finally", "except", "except", "nothing")
    if shape == "nothing":
        return [*opening, f"yield {value}"]
    if shape == "plain":
        return [*opening, f"yield {value}", f"trip({leave!r})"]
    lines = [*opening, "try:", f"    yield {value}"]
    if shape == "except":
        caught = choices.one(
            "Exception", "Exception", "Known", "HTTPException", "BaseException", "(ValueError, Unknown)"
        )
        lines += [f"except {caught} as error:", f"    log('{name} caught', type(error).__name__)"]
        after = choices.one(
            "raise",
            "raise",
            "raise Unknown('other') from error",
            "raise HTTPException(410, 'in exit')",
            "swallow",
        )
        lines.append(
            "    pass"
            if after == "swallow" and choices.maybe(0.5)
            else f"    {after if after != 'swallow' else 'raise'}"
        )
        if choices.maybe(0.3):
            lines += ["else:", f"    log('{name} else')"]
    lines += ["finally:", f"    trip({leave!r})"]
    if is_async and choices.maybe(0.2):
        lines.append("    await __import__('anyio').sleep(0)")
    return lines


def _generator_source(choices: Choices, made: Dependency, signature: Signature) -> str:
    is_async = choices.maybe()
    head = f"{'async ' if is_async else ''}def {made.name}({signature.text(choices)}):"
    return _block(head, _yield_lines(choices, made, signature, is_async=is_async))


def _class_source(choices: Choices, made: Dependency, signature: Signature) -> str:
    body = [*_opening(choices, made, signature, is_async=False), f"self.value = {_value(choices, signature)}"]
    text = f"class {made.name}:\n" + _block(
        f"    def __init__({signature.text(choices, 'self')}):", body, " " * 8
    )
    return text + "\n    def __repr__(self):\n        return f'made {self.value}'\n"


def _object_source(choices: Choices, made: Dependency, signature: Signature) -> str:
    is_async = choices.maybe()
    if choices.maybe(0.4):
        body = _yield_lines(choices, made, signature, is_async=is_async)
    else:
        body = [
            *_opening(choices, made, signature, is_async=is_async),
            f"return {_value(choices, signature)}",
        ]
    method = choices.one("__call__", "__call__", "method")
    head = f"    {'async ' if is_async else ''}def {method}({signature.text(choices, 'self')}):"
    made_by = f"Of{made.name}()" if method == "__call__" else f"Of{made.name}().method"
    return f"class Of{made.name}:\n" + _block(head, body, " " * 8) + f"\n\n{made.name} = {made_by}\n"


def _partial_source(choices: Choices, made: Dependency, signature: Signature) -> str:
    is_async = choices.maybe()
    if choices.maybe(0.3):
        body = _yield_lines(choices, made, signature, is_async=is_async)
    else:
        body = [
            *_opening(choices, made, signature, is_async=is_async),
            f"return {_value(choices, signature)}",
        ]
    first = choices.one("bound", "bound=None")
    text = signature.text(choices, first if not signature.required else "bound")
    head = f"{'async ' if is_async else ''}def base_{made.name}({text}):"
    return (
        _block(head, body)
        + f"\n\n{made.name} = partial(base_{made.name}, {choices.one('1', 'bound=1') if first == 'bound' else '1'})\n"
    )


_SHAPES = {
    "function": _function_source,
    "generator": _generator_source,
    "class": _class_source,
    "object": _object_source,
    "partial": _partial_source,
}
_SHAPE_NAMES = (
    "function",
    "function",
    "function",
    "generator",
    "generator",
    "generator",
    "class",
    "object",
    "partial",
)
