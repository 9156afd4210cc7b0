"""Random pydantic models, as source, with what clients send for them."""

from dataclasses import dataclass
from typing import Any

from .choices import Choices
from .kinds import COMMON, SCALARS, SEQUENCES, STRUCTURES, Kind, listed

NAMES = ("a", "b", "item_id", "x_token", "name", "q", "size", "userName", "tags", "e")


@dataclass(frozen=True)
class Member:
    """One field of a model: the names a client may use for it, and what it takes."""

    name: str
    wire: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True)
class Model:
    """One model as source text."""

    name: str
    source: str
    members: tuple[Member, ...]

    def instance(self, choices: Choices) -> str:
        """An expression of a good (mostly) instance."""
        return f"instance({self.name}, {self._arguments(choices)})"

    def mapping(self, choices: Choices) -> str:
        """An expression of a dict that becomes an instance."""
        return self._arguments(choices)

    def _arguments(self, choices: Choices) -> str:
        pairs = (
            f"{choices.of(member.wire)!r}: {choices.of(member.kind.constants)}"
            for member in self.members
            if choices.maybe(0.9)
        )
        return "{" + ", ".join(pairs) + "}"

    def payload(self, choices: Choices) -> dict[str, Any]:
        """What a client may send."""
        sent = {
            choices.good(member.wire, 1, 2, 3): choices.good(member.kind.values, 1, 2, 99)
            for member in self.members
            if choices.careful or choices.maybe(0.93)
        }
        if not choices.careful and choices.maybe(0.2):
            sent["extra"] = choices.one(1, "x", None, [1])
        return sent

    def _good_payload(self, choices: Choices) -> dict[str, Any]:
        choices.careful = True
        try:
            return self.payload(choices)
        finally:
            choices.careful = False

    def kind(self, choices: Choices) -> Kind:
        """The model as a type of value."""
        return Kind(
            self.name,
            (),
            (self._good_payload(choices), *(self.payload(choices) for _ in range(4)), {}, [], None, "x"),
            (self.instance(choices), self.mapping(choices)),
        )


def make_model(choices: Choices, name: str, others: list[Model], *, flat: bool) -> Model:
    """A model; a `flat` one has only what a query, headers, cookies or a form can give."""
    members: list[Member] = []
    lines: list[str] = []
    config = _config(choices)
    if config:
        lines.append(
            f"model_config = ConfigDict({', '.join(f'{key}={value}' for key, value in config.items())})"
        )
    camel = "alias_generator" in config
    for field_name in choices.some(NAMES, 1, 5):
        kind = _member_kind(choices, others, flat=flat)
        member, line = _field(choices, field_name, kind, camel=camel)
        members.append(member)
        lines.append(line)
    lines += _extras(choices, members)
    base = "BaseModel"
    plain = [model for model in others if model.name.startswith("M")]
    if plain and not flat and choices.maybe(0.15):
        parent = choices.of(plain)
        own = {member.name for member in members}
        base, members = parent.name, [*(m for m in parent.members if m.name not in own), *members]
    doc = ['"""A model."""'] if choices.maybe(0.2) else []
    source = f"class {name}({base}):\n" + "".join(f"    {line}\n" for line in [*doc, *lines])
    return Model(name, source, tuple(members))


def _config(choices: Choices) -> dict[str, str]:
    config = {}
    if choices.maybe(0.35):
        config["extra"] = choices.one("'forbid'", "'allow'", "'ignore'")
    if choices.maybe(0.15):
        config["populate_by_name"] = "True"
    if choices.maybe(0.15):
        config["alias_generator"] = "to_camel"
    for option in (
        "str_strip_whitespace",
        "from_attributes",
        "use_enum_values",
        "validate_default",
        "frozen",
    ):
        if choices.maybe(0.05):
            config[option] = "True"
    if choices.maybe(0.04):
        config["validate_by_alias"] = "False"
        config["validate_by_name"] = "True"
    if choices.maybe(0.05):
        config["ser_json_bytes"] = "'base64'"
    if choices.maybe(0.05):
        config["loc_by_alias"] = "False"
    return config


def _member_kind(choices: Choices, others: list[Model], *, flat: bool) -> Kind:
    kind = choices.of(choices.one(COMMON, SCALARS, SCALARS, SEQUENCES if flat else (*SEQUENCES, *STRUCTURES)))
    if not flat and others and choices.maybe(0.25):
        kind = choices.of(others).kind(choices)
        if choices.maybe(0.3):
            kind = listed(kind)
    return kind.optional() if choices.maybe(0.25) else kind


def _field(choices: Choices, name: str, kind: Kind, *, camel: bool) -> tuple[Member, str]:
    wire: tuple[str, ...] = (name,)
    if camel:
        first, *rest = name.split("_")
        wire = (first + "".join(part.capitalize() for part in rest), name)
    options = []
    if kind.constraints and choices.maybe(0.3):
        options.append(choices.of(kind.constraints))
    if choices.maybe(0.2):
        wire = (f"{name}-alias", name)
        options.append(f"alias={wire[0]!r}")
    elif choices.maybe(0.1):
        wire = (f"{name}1", f"{name}2", name)
        options.append(f"validation_alias=AliasChoices({wire[0]!r}, {wire[1]!r})")
    elif choices.maybe(0.05):
        options.append(f"serialization_alias='{name}Out'")
    if choices.maybe(0.1):
        options.append(
            choices.one("title='T'", "description='d'", "examples=[1]", "deprecated=True", "exclude=True")
        )
    default = choices.of(kind.constants) if choices.maybe(0.45) else None
    if options and choices.maybe():
        line = f"{name}: Annotated[{kind.annotation}, Field({', '.join(options)})]"
        return Member(name, wire, kind), line if default is None else f"{line} = {default}"
    if options:
        first = [default] if default is not None else []
        return Member(name, wire, kind), f"{name}: {kind.annotation} = Field({', '.join([*first, *options])})"
    if default is not None and choices.maybe(0.2):
        default = f"Field(default_factory=lambda: {default})"
    return Member(name, wire, kind), f"{name}: {kind.annotation}" + (
        f" = {default}" if default is not None else ""
    )


def _extras(choices: Choices, members: list[Member]) -> list[str]:
    lines = []
    if choices.maybe(0.12):
        lines += ["@computed_field", "@property", "def computed(self) -> str:", "    return 'computed'"]
    if choices.maybe(0.08):
        name = choices.of(members).name
        lines += [
            f"@field_serializer({name!r})",
            "def as_text(self, value) -> str:",
            "    return f'text {value}'",
        ]
    if choices.maybe(0.08):
        lines += [
            "@model_validator(mode='after')",
            "def whole(self):",
            "    log('model validator')",
            f"    if getattr(self, {members[0].name!r}, None) in (1, 'a'):",
            "        raise ValueError('not this one')",
            "    return self",
        ]
    if choices.maybe(0.06):
        name = choices.of(members).name
        lines += [
            f"@field_validator({name!r}, mode='before')",
            "@classmethod",
            "def before(cls, value):",
            "    log('field validator')",
            "    return value",
        ]
    return lines
