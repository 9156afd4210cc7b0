"""The two names of the package, and which modules keep one of them."""

OWN_NAME = "ferroapi"
TAKEN_NAME = "fastapi"
COMPATIBLE_VERSION = "0.165.0"

# The drop-in's own modules are imported before the other name is taken, and keep the own one. So does the
# extension, whose classes name the module that they are unpickled from.
KEPT = frozenset({"dropin", "_dropin", "_core"})
PINNED = KEPT | {"__main__"}
