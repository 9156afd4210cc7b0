"""What a path operation's dependency tree contributes to its description."""

from dataclasses import dataclass, field
from typing import Any

from .._compat import ModelField
from .._dependencies.flat import ScopedDependant, _distinct_dependants
from ..dependencies.models import Dependant, _get_security_scheme, _is_security_scheme
from ..encoders import jsonable_encoder


@dataclass
class _OpenAPIDependencyData:
    """Parameters and security schemes of a whole tree, in the order of declaration.

    Each security dependency comes with the OAuth2 scopes it is used with.
    """

    path_params: list[ModelField] = field(default_factory=list)
    query_params: list[ModelField] = field(default_factory=list)
    header_params: list[ModelField] = field(default_factory=list)
    cookie_params: list[ModelField] = field(default_factory=list)
    security_dependencies: list[ScopedDependant] = field(default_factory=list)

    def add_params(self, dependant: Dependant) -> None:
        """Add the parameters that `dependant` itself declares."""
        self.path_params.extend(dependant.path_params)
        self.query_params.extend(dependant.query_params)
        self.header_params.extend(dependant.header_params)
        self.cookie_params.extend(dependant.cookie_params)


def _get_openapi_dependency_data(dependant: Dependant) -> _OpenAPIDependencyData:
    """Collect what `dependant`, the root of a path operation's tree, and all below it declare."""
    data = _OpenAPIDependencyData()
    for current, scopes in _distinct_dependants(dependant):
        data.add_params(current)
        if current is not dependant and _is_security_scheme(dependant=current):
            data.security_dependencies.append((current, scopes))
    return data


def _get_openapi_security_definitions(
    security_dependencies: list[ScopedDependant],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The security schemes by name, and the requirements of the operation.

    A scheme used several times is required once, with the scopes of all its uses.
    """
    definitions: dict[str, Any] = {}
    requirements: dict[str, list[str]] = {}
    for dependant, scopes in security_dependencies:
        scheme = _get_security_scheme(dependant=dependant)
        definitions[scheme.scheme_name] = jsonable_encoder(scheme.model, by_alias=True, exclude_none=True)
        required = requirements.setdefault(scheme.scheme_name, [])
        required.extend(scope for scope in dict.fromkeys(scopes) if scope not in required)
    return definitions, [{name: scopes} for name, scopes in requirements.items()]
