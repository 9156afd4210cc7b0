"""Random models as parameters, forms and uploads, with every flag, and limits on what a form may have."""

from .applications import Reach
from .choices import Choices
from .endpoints import Endpoint
from .exchanges import Step, http_request
from .kinds import COMMON, SCALARS, SEQUENCES, Kind
from .models import Model, make_model
from .parameters import Signature, Wanted, add_body, add_parameter

_LIMITS = (
    "{'max_fields': 1}", "{'max_fields': 2}", "{'max_files': 0}", "{'max_files': 1}", "{'max_part_size': 2}", "{'max_part_size': 1000}", "{}",
    "{'max_files': 2, 'max_fields': 3, 'max_part_size': 10}", "None",
)  # fmt: skip
_FLAGS = (
    "title='T'", "description='d'", "deprecated=True", "include_in_schema=False", "examples=[{'a': 1}]", "json_schema_extra={'x': 1}",
    "openapi_examples={'one': {'value': {}}}",
)  # fmt: skip
_FILES = (
    "UploadFile", "bytes", "list[UploadFile]", "list[bytes]", "UploadFile | None", "list[UploadFile] | None", "set[bytes]", "tuple[UploadFile, ...]",
    "Sequence[UploadFile]", "tuple[bytes, bytes]", "Optional[list[bytes]]", "Any", "UploadFile | str", "list[UploadFile | str]",
)  # fmt: skip


class Forms:
    """Collects the source of one application."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.models = [make_model(choices, f"Q{index}", [], flat=True) for index in choices.many(1, 3)]
        self.parts = [model.source for model in self.models]
        self.reaches: list[Reach] = []

    def build(self) -> str:
        """Make all of it."""
        choices = self.choices
        options = choices.one(
            "", "", "form_limits=" + choices.of(_LIMITS), "max_body_size=60", "strict_content_type=False"
        )
        self.parts.append(f"app = FastAPI({options})\n")
        for index in choices.many(2, 4):
            self._endpoint(f"e{index}")
        return "\n\n".join(self.parts)

    def _endpoint(self, name: str) -> None:
        choices, signature = self.choices, Signature()
        style = choices.one("form", "form", "files", "files", "mixed", "query", "asked")
        for _ in choices.many(0 if style != "query" else 1, 2):
            if choices.maybe(0.6):
                self._model(signature, choices.one("query", "header", "cookie"))
            else:
                add_parameter(choices, signature, choices.one("q", "x_token", "tags"), self.models)
        if style in ("form", "mixed"):
            if choices.maybe(0.6):
                self._model(signature, "form")
            for _ in choices.many(0, 2):
                self._field(signature)
        if style in ("files", "mixed"):
            for _ in choices.many(1, 2):
                self._file(signature)
        if style == "form" and choices.maybe(0.1):
            add_body(choices, signature, [], self.models)
        result = f"return shown({signature.dict_text()})"
        if style == "asked":
            signature.add_special("Request", "request")
            limits = choices.one("", "max_files=1", "max_fields=1", "max_part_size=3")
            signature.wanted += [
                Wanted("form", ("a",), COMMON[0]),
                Wanted("file", ("f",), Kind("UploadFile", (), (), (), many=True)),
            ]
            result = f"return [shown(pair) for pair in (await request.form({limits})).multi_items()]"
        options = f", form_limits={choices.of(_LIMITS)}" if choices.maybe(0.35) else ""
        if choices.maybe(0.08):
            options += f", max_body_size={choices.one(10, 200, 5000)}"
        method = choices.one("post", "post", "put") if style != "query" else "get"
        is_async = choices.maybe() or style == "asked"
        source = (
            f'with attempt("{name}"):\n    @app.{method}("/{name}"{options})\n    {"async " if is_async else ""}def {name}({signature.text(choices)}):\n'
            f"        log({name!r})\n        {result}\n"
        )
        self.parts.append(source)
        self.reaches.append(
            Reach(f"/{name}", Endpoint(name, f"/{name}", (method.upper(),), source, signature.wanted))
        )

    def _model(self, signature: Signature, place: str) -> None:
        choices = self.choices
        model: Model = choices.of(self.models)
        flags = [choices.of(_FLAGS)] if choices.maybe(0.25) else []
        if place == "header" and choices.maybe(0.3):
            flags.append("convert_underscores=False")
        if place == "form" and choices.maybe(0.1):
            flags.append(choices.one("media_type='multipart/form-data'", "embed=True", "alias='own'"))
        optional = choices.maybe(0.25)
        annotation = f"{model.name} | None" if optional else model.name
        names = [
            item.wire if place != "header" else tuple(wire.replace("_", "-") for wire in item.wire)
            for item in model.members
        ]
        wanted = [
            Wanted(place, (*wire, item.name), item.kind)
            for item, wire in zip(model.members, names, strict=True)
        ]
        text = f": Annotated[{annotation}, {place.capitalize()}({', '.join(flags)})]"
        signature.add(f"{place}_model", text, "None" if optional else None, *wanted)

    def _field(self, signature: Signature) -> None:
        choices, name = self.choices, self.choices.one("field", "f_two", "q", "entry", "a")
        kind = choices.of(choices.one(COMMON, SCALARS, SEQUENCES))
        kind = kind.optional() if choices.maybe(0.3) else kind
        flags = [choices.of(_FLAGS)] if choices.maybe(0.2) else []
        wire: tuple[str, ...] = (name,)
        if choices.maybe(0.2):
            wire = (f"{name}-alias",)
            flags.append(f"alias={wire[0]!r}")
        elif choices.maybe(0.15):
            wire = (f"{name}1", f"{name}2")
            flags.append(f"validation_alias=AliasChoices({wire[0]!r}, {wire[1]!r})")
        if kind.constraints and choices.maybe(0.3):
            flags.append(choices.of(kind.constraints))
        default = choices.of(kind.constants) if choices.maybe(0.45) else None
        signature.add(
            name,
            f": Annotated[{kind.annotation}, Form({', '.join(flags)})]",
            default,
            Wanted("form", wire, kind),
        )

    def _file(self, signature: Signature) -> None:
        choices, name = self.choices, self.choices.one("file", "up_load", "blob", "f")
        annotation = choices.of(_FILES)
        flags = [choices.of(_FLAGS)] if choices.maybe(0.15) else []
        wire = name
        if choices.maybe(0.15):
            wire = f"{name}[]"
            flags.append(f"alias={wire!r}")
        if "bytes" in annotation and choices.maybe(0.2):
            flags.append("min_length=1")
        default = "None" if "None" in annotation or "Optional" in annotation else None
        many = any(word in annotation for word in ("list", "set", "tuple", "Sequence"))
        kind = Kind(annotation, (), (), (), many=many)
        marker = f": Annotated[{annotation}, File({', '.join(flags)})]"
        signature.add(
            name,
            marker if flags or choices.maybe(0.6) else f": {annotation}",
            default,
            Wanted("file", (wire,), kind),
        )


_EXCHANGES = 12


def make_form(choices: Choices, count: int) -> tuple[str, list[Step]]:
    """The source of an application, and what is done with it, at most `count` requests."""
    made = Forms(choices)
    source = made.build()
    steps: list[Step] = []
    for _ in range(min(count, _EXCHANGES)):
        choices.careful = choices.maybe(0.6)
        steps.append(http_request(choices, choices.of(made.reaches)))
        choices.careful = False
    return source, steps
