import pytest

from .chosen import LOOPS
from .site import KINDS, Site


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    """The kind of event loop to serve on."""
    return str(request.param)


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest) -> Site:
    """The application, as a bare callable and on the package."""
    return Site(request.param)
