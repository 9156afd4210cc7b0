"""Random parameters of path operations and dependencies."""

from dataclasses import dataclass, field

from .choices import Choices
from .kinds import COMMON, SCALARS, SEQUENCES, STRUCTURES, Kind, listed
from .models import Model

PLACES = ("query", "query", "header", "cookie")
SPECIAL = (
    ("Request", "request"),
    ("Response", "response"),
    ("BackgroundTasks", "tasks"),
    ("HTTPConnection", "connection"),
    ("SecurityScopes", "scopes"),
)


@dataclass(frozen=True)
class Wanted:
    """Something a client may send: where, under which names, what."""

    place: str
    names: tuple[str, ...]
    kind: Kind


@dataclass
class Signature:
    """The parameters of one function, and what they make it take from a request."""

    required: list[str] = field(default_factory=list)
    optional: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)

    def add(self, name: str, declaration: str, default: str | None, *wanted: Wanted) -> None:
        """Add one parameter unless the name is taken."""
        if name in self.names or name in self.special:
            return
        if default is None:
            self.required.append(f"{name}{declaration}")
        else:
            self.optional.append(f"{name}{declaration} = {default}")
        self.names.append(name)
        self.wanted += wanted

    def add_special(self, annotation: str, name: str) -> None:
        """Add a parameter that the framework fills."""
        if name not in self.names and name not in self.special:
            self.required.append(f"{name}: {annotation}")
            self.special.append(name)

    def text(self, choices: Choices, first: str = "") -> str:
        """The parameter list as source."""
        parts = [first] if first else []
        rest = [*self.required, *self.optional]
        if rest and choices.maybe(0.3):
            parts.append("*")
        return ", ".join([*parts, *rest])

    def dict_text(self) -> str:
        """An expression of a dict of all values."""
        return "{" + ", ".join(f"{name!r}: {name}" for name in self.names) + "}"


def add_parameter(choices: Choices, signature: Signature, name: str, flat: list[Model]) -> None:
    """Add a query, header or cookie parameter."""
    place = choices.of(PLACES)
    marker = place.capitalize()
    if flat and choices.maybe(0.12):
        _add_model(choices, signature, name, place, choices.of(flat))
        return
    kind = choices.of(choices.one(COMMON, SCALARS, SEQUENCES))
    if choices.maybe(0.25):
        kind = kind.optional()
    options: list[str] = []
    wire: tuple[str, ...] = (name,)
    if place == "header":
        wire = (name.replace("_", "-"),)
        if choices.maybe(0.1):
            options.append("convert_underscores=False")
            wire = (name,)
    if choices.maybe(0.2):
        wire = (
            choices.one(
                f"{name}-alias", f"{name}[]", f"X-{name}", f"{name}.é" if place == "query" else f"{name}.x"
            ),
        )
        options.append(f"alias={wire[0]!r}")
    elif choices.maybe(0.1):
        wire = (f"{name}1", f"{name}-2")
        options.append(f"validation_alias=AliasChoices({wire[0]!r}, {wire[1]!r})")
    if kind.constraints and choices.maybe(0.35):
        options.append(choices.of(kind.constraints))
    if choices.maybe(0.1):
        options.append(
            choices.one("title='T'", "description='d'", "deprecated=True", "include_in_schema=False")
        )
    if choices.maybe(0.05):
        options.append("examples=['e']")
    if choices.maybe(0.05):
        options.append("validate_default=True")
    default = choices.of(kind.constants) if choices.maybe(0.55) else None
    if choices.maybe(0.06):
        inner = choices.one(
            Kind("list[int]", ("[1]", "[", "1", '["a"]'), (), ()), Kind("dict", ('{"a":1}', "{", ""), (), ())
        )
        annotation = f": Annotated[Json[{inner.annotation}], {marker}({', '.join(o for o in options if 'alias' in o)})]"
        signature.add(name, annotation, None, Wanted(place, wire, inner))
        return
    _declare(choices, signature, name, kind, marker, options, default, Wanted(place, wire, kind))


def _declare(
    choices: Choices, signature: Signature, name: str, kind: Kind, marker: str, options: list[str],
    default: str | None, wanted: Wanted,
) -> None:  # fmt: skip
    if marker == "Query" and not options and not kind.many and choices.maybe(0.6):
        if choices.maybe(0.1):
            kind, annotation = COMMON[0], ""
        else:
            annotation = f": {kind.annotation}"
        signature.add(name, annotation, default, Wanted("query", wanted.names, kind))
    elif choices.maybe(0.7):
        if default is not None and choices.maybe(0.06):
            options = [*options, f"default_factory=lambda: {default}"]
            default = None
        text = f": Annotated[{kind.annotation}, {marker}({', '.join(options)})]"
        signature.add(name, text, default, wanted)
    else:
        first = [default] if default is not None else choices.one([], ["..."])
        signature.add(name, f": {kind.annotation}", f"{marker}({', '.join([*first, *options])})", wanted)


def _add_model(choices: Choices, signature: Signature, name: str, place: str, model: Model) -> None:
    wanted = [_member_wanted(place, member.name, member.wire, member.kind) for member in model.members]
    options = "convert_underscores=False" if place == "header" and choices.maybe(0.2) else ""
    optional = choices.maybe(0.2)
    annotation = f"{model.name} | None" if optional else model.name
    signature.add(
        name,
        f": Annotated[{annotation}, {place.capitalize()}({options})]",
        "None" if optional else None,
        *wanted,
    )


def _member_wanted(place: str, name: str, wire: tuple[str, ...], kind: Kind) -> Wanted:
    names = tuple(item.replace("_", "-") for item in wire) if place == "header" else wire
    return Wanted(place, (*names, name), kind)


def add_path_parameter(choices: Choices, signature: Signature, name: str, convertor: str) -> None:
    """Take a path parameter, perhaps as a type that does not fit the convertor."""
    fitting = {"int": "int", "float": "float", "uuid": "UUID", "hex": "int"}.get(convertor, "str")
    kind = next((kind for kind in SCALARS if kind.annotation == fitting), COMMON[0])
    if choices.maybe(0.4):
        kind = choices.of(SCALARS)
    wanted = Wanted("path", (name,), kind)
    if choices.maybe(0.5):
        signature.add(name, f": {kind.annotation}", None, wanted)
        return
    options = [choices.of(kind.constraints)] if kind.constraints and choices.maybe(0.4) else []
    if choices.maybe(0.2):
        options.append("title='P'")
    if choices.maybe(0.15):
        options.append(f"alias={name!r}")
        name = "own_" + name
    if choices.maybe():
        signature.add(name, f": Annotated[{kind.annotation}, Path({', '.join(options)})]", None, wanted)
    else:
        signature.add(name, f": {kind.annotation}", f"Path({', '.join(['...', *options])})", wanted)


def add_body(choices: Choices, signature: Signature, models: list[Model], flat: list[Model]) -> str:
    """Add body parameters; returns "json", "form" or "multipart"."""
    style = choices.one("json", "json", "json", "form", "multipart")
    for _ in choices.many(1, choices.one(1, 1, 3)):
        if style == "json":
            _add_json(choices, signature, models)
        elif style == "multipart" and choices.maybe(0.7):
            _add_file(choices, signature)
        else:
            _add_form(choices, signature, flat)
    return style


def _body_kind(choices: Choices, models: list[Model]) -> Kind:
    if models and choices.maybe(0.6):
        kind = choices.of(models).kind(choices)
        if choices.maybe(0.2):
            kind = listed(kind)
        elif len(models) > 1 and choices.maybe(0.15):
            other = choices.of(models).kind(choices)
            kind = Kind(
                f"Union[{kind.annotation}, {other.annotation}]",
                (),
                kind.values + other.values,
                kind.constants,
            )
    else:
        kind = choices.of(choices.one(STRUCTURES, SEQUENCES, SCALARS))
    return kind.optional() if choices.maybe(0.15) else kind


def _add_json(choices: Choices, signature: Signature, models: list[Model]) -> None:
    name = choices.one("item", "body", "payload", "data_x")
    kind = _body_kind(choices, models)
    options = []
    if choices.maybe(0.2):
        options.append("embed=True")
    wire = name
    if choices.maybe(0.1):
        wire = f"{name}-alias"
        options.append(f"alias={wire!r}")
    if choices.maybe(0.05):
        options.append("media_type='application/vnd.x+json'")
    default = choices.of(kind.constants) if choices.maybe(0.2) else None
    wanted = Wanted("body embedded" if "embed=True" in options else "body", (wire,), kind)
    bare = not options and choices.maybe(0.6)
    if bare and kind.annotation not in {scalar.annotation for scalar in SCALARS}:
        signature.add(name, f": {kind.annotation}", default, wanted)
    elif choices.maybe(0.7):
        signature.add(name, f": Annotated[{kind.annotation}, Body({', '.join(options)})]", default, wanted)
    else:
        first = [default] if default is not None else []
        signature.add(name, f": {kind.annotation}", f"Body({', '.join([*first, *options])})", wanted)


def _add_form(choices: Choices, signature: Signature, flat: list[Model]) -> None:
    name = choices.one("field", "f_two", "q", "entry")
    if flat and choices.maybe(0.3):
        model = choices.of(flat)
        wanted = [Wanted("form", member.wire, member.kind) for member in model.members]
        optional = choices.maybe(0.25)
        annotation = f"{model.name} | None" if optional else model.name
        signature.add(name, f": Annotated[{annotation}, Form()]", "None" if optional else None, *wanted)
        return
    kind = choices.of(choices.one(COMMON, SCALARS, SEQUENCES))
    if choices.maybe(0.3):
        kind = kind.optional()
    wire, options = name, []
    if choices.maybe(0.15):
        wire = f"{name}-alias"
        options.append(f"alias={wire!r}")
    if kind.constraints and choices.maybe(0.2):
        options.append(choices.of(kind.constraints))
    default = choices.of(kind.constants) if choices.maybe(0.4) else None
    _declare(choices, signature, name, kind, "Form", options, default, Wanted("form", (wire,), kind))


def _add_file(choices: Choices, signature: Signature) -> None:
    name = choices.one("file", "up_load", "blob")
    annotation = choices.one(
        "UploadFile", "bytes", "list[UploadFile]", "list[bytes]", "UploadFile | None", "bytes | None",
        "Optional[UploadFile]", "list[UploadFile] | None",
    )  # fmt: skip
    default = "None" if "None" in annotation or "Optional" in annotation else None
    kind = Kind(annotation, (), (), (), many=annotation.startswith("list"))
    wanted = Wanted("file", (name,), kind)
    if "Upload" in annotation and choices.maybe(0.4):
        signature.add(name, f": {annotation}", default, wanted)
    else:
        signature.add(name, f": Annotated[{annotation}, File()]", default, wanted)
