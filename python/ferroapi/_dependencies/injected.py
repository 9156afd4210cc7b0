"""Objects that are made for a request when a dependency or an endpoint asks for one."""

from starlette.responses import Response

from ..background import BackgroundTasks
from ..security.oauth2 import SecurityScopes


def new_injected_response() -> Response:
    """Return a response on which the user sets headers and status."""
    response = Response()
    del response.headers["content-length"]
    response.status_code = None  # type: ignore[assignment]
    return response


def new_background_tasks() -> BackgroundTasks:
    """Return tasks to run after the response."""
    return BackgroundTasks()


def new_security_scopes(scopes: list[str]) -> SecurityScopes:
    """Return the scopes that a dependency was declared with."""
    return SecurityScopes(scopes=list(scopes))
