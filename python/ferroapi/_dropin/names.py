"""The two names of the package, and which modules keep one of them."""

OWN_NAME = "ferroapi"
TAKEN_NAME = "fastapi"
COMPATIBLE_VERSION = "0.165.0"

# The drop-in's own modules are imported before the other name is taken, and keep the own one. The extension
# keeps whichever it was first loaded under: it can be initialised once in a process.
KEPT = frozenset({"dropin", "_dropin"})
EXTENSION = "_core"
PINNED = KEPT | {EXTENSION, "__main__"}
