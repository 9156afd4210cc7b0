"""Work that runs after the response was sent."""

from collections.abc import Callable
from typing import Any, ParamSpec

from starlette.background import BackgroundTasks as StarletteBackgroundTasks

from . import _incidental
from .telemetry import _gate

P = ParamSpec("P")


class BackgroundTasks(StarletteBackgroundTasks):
    """Tasks to run one after another once the response was sent.

    A path operation or dependency asks for it with a parameter of this type. A task that raises ends the row.
    """

    def add_task(self, func: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> None:
        """Append a task.

        Args:
            func: an `async def` function, or a `def` function, which runs in the thread pool.
            args: positional arguments of `func`.
            kwargs: keyword arguments of `func`.
        """
        super().add_task(func, *args, **kwargs)

    async def __call__(self) -> None:
        """Run the tasks in the order they were added, each in a span if the request is traced."""
        for task in self.tasks:
            with _gate.operation(name="background_task", function=task.func):
                await task()


_incidental.complete(__name__)
