"""What one `include_router()` adds to the routes of the included router."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from .. import params
from .._body_limit import get_body_size_limit, validate_max_body_size
from .._form_limits import _FormLimits, _validate_form_limits
from ..datastructures import Default, DefaultPlaceholder
from ..utils import generate_unique_id, get_value_or_default
from .route import APIRoute
from .signatures import Options

if TYPE_CHECKING:
    from .router import APIRouter


class _RouteWithPath(Protocol):
    path: str


@dataclass
class _RouterIncludeContext:
    """What an inclusion, or a chain of nested ones, gives to the routes of `included_router`."""

    included_router: "APIRouter"
    prefix: str = ""
    tags: list[str | Enum] = field(default_factory=list)
    dependencies: list[params.Depends] = field(default_factory=list)
    default_response_class: type[Response] | DefaultPlaceholder = field(
        default_factory=lambda: Default(JSONResponse)
    )
    responses: dict[int | str, dict[str, Any]] = field(default_factory=dict)
    callbacks: list[BaseRoute] = field(default_factory=list)
    deprecated: bool | None = None
    include_in_schema: bool = True
    generate_unique_id_function: Callable[[APIRoute], str] | DefaultPlaceholder = field(
        default_factory=lambda: Default(generate_unique_id)
    )
    strict_content_type: bool | DefaultPlaceholder = field(default_factory=lambda: Default(value=True))
    dependency_overrides_provider: Any | None = None
    max_body_size: int | None = None
    form_limits: _FormLimits = field(default_factory=_FormLimits)

    @classmethod
    def for_include(
        cls, *, parent_router: "APIRouter", included_router: "APIRouter", options: Options
    ) -> "_RouterIncludeContext":
        """Return the context of one `parent_router.include_router(included_router, **options)`.

        Raises:
            ValueError: `max_body_size` is not a size.
            pydantic.ValidationError: `form_limits` is not valid.
        """
        validate_max_body_size(options["max_body_size"])
        return cls(
            included_router=included_router,
            form_limits={**_validate_form_limits(options["form_limits"]), **included_router.form_limits},
            prefix=parent_router.prefix + options["prefix"],
            tags=[*parent_router.tags, *(options["tags"] or [])],
            dependencies=[*parent_router.dependencies, *(options["dependencies"] or [])],
            default_response_class=get_value_or_default(
                options["default_response_class"], parent_router.default_response_class
            ),
            responses={**parent_router.responses, **(options["responses"] or {})},
            callbacks=[*parent_router.callbacks, *(options["callbacks"] or [])],
            deprecated=options["deprecated"] or parent_router.deprecated,
            include_in_schema=parent_router.include_in_schema and options["include_in_schema"],
            generate_unique_id_function=get_value_or_default(
                options["generate_unique_id_function"], parent_router.generate_unique_id_function
            ),
            strict_content_type=parent_router.strict_content_type,
            max_body_size=get_body_size_limit(
                included_router.max_body_size, options["max_body_size"], parent_router.max_body_size
            ),
            dependency_overrides_provider=parent_router.dependency_overrides_provider,
        )

    def combine(self, child_context: "_RouterIncludeContext") -> "_RouterIncludeContext":
        """Return the context of an inclusion inside this one."""
        child = child_context
        return _RouterIncludeContext(
            included_router=child.included_router,
            form_limits=child.form_limits,
            prefix=self.prefix + child.prefix,
            tags=[*self.tags, *child.tags],
            dependencies=[*self.dependencies, *child.dependencies],
            default_response_class=get_value_or_default(
                child.default_response_class, self.default_response_class
            ),
            responses={**self.responses, **child.responses},
            callbacks=[*self.callbacks, *child.callbacks],
            deprecated=self.deprecated or child.deprecated,
            include_in_schema=self.include_in_schema and child.include_in_schema,
            generate_unique_id_function=get_value_or_default(
                child.generate_unique_id_function, self.generate_unique_id_function
            ),
            strict_content_type=get_value_or_default(child.strict_content_type, self.strict_content_type),
            dependency_overrides_provider=self.dependency_overrides_provider,
            max_body_size=get_body_size_limit(child.max_body_size, self.max_body_size),
        )

    def path_for(self, route: _RouteWithPath) -> str:
        """Return the path of `route` with the prefixes before it."""
        return self.prefix + route.path
