"""The seam to the Rust core: what is compiled, and the Python leaves that Rust calls."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Attributes of this package once they are imported, for those who can't import them themselves in time.
    from . import graph as graph
    from . import plan as plan
