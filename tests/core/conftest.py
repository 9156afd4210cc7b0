import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def small_heap() -> Iterator[None]:
    """Keep what is loaded already out of the collector's way, so that `gc.collect()` is quick."""
    gc.freeze()
    yield
    gc.unfreeze()
