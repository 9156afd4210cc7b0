"""This copy of the package, as the extension knows it.

Modules that are dropped from `sys.modules` and imported again are a second copy. Applications of the first
one keep what they were made with: what is compiled carries the copy that it was compiled for.
"""

from ._core import Package

# A reload of this module goes on with the same one.
PACKAGE: Package = globals().get("PACKAGE") or Package(__name__.rpartition(".")[0])
