"""Whether anything around a request can cancel it through anyio."""

import sys
from asyncio import current_task
from collections.abc import Awaitable

from anyio.lowlevel import checkpoint_if_cancelled


def is_in_cancel_scope() -> bool:
    """Tell whether the running task is in a cancel scope; True where that can't be known.

    Without one around it, a scope that only shields does nothing: asyncio's own `Task.cancel()` passes it.
    """
    try:
        task = current_task()
    except RuntimeError:  # no event loop of asyncio's
        return True
    if task is None:
        return True
    backend = sys.modules.get("anyio._backends._asyncio")
    if backend is None:
        return False
    # A private name of anyio's: where it is missing, every request gets its scope.
    states = getattr(backend, "_task_states", None)
    if states is None:
        return True
    state = states.get(task)
    return state is not None and state.cancel_scope is not None


def cancellation_point() -> Awaitable[None] | None:
    """Return what raises if a cancel scope around the task was cancelled; None if there is no scope."""
    return checkpoint_if_cancelled() if is_in_cancel_scope() else None
