"""Applications for `benches.load`, each imported by a uvicorn process as `benches.served:NAME`."""

import os

from .cases import CASES, bare
from .inprocess import build

_case = CASES[int(os.environ.get("BENCH_CASE", "0"))]
_package = os.environ.get("BENCH_PACKAGE", "")
app = build(_case, _package) if _package else bare
