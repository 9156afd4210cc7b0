"""The one source of decisions: the same seed makes the same application and the same requests."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices(random.Random):
    """Random decisions in the words of a generator."""

    careful = False
    """What is made now should be good, where it is known how."""

    def maybe(self, chance: float = 0.5) -> bool:
        """True in `chance` of the cases."""
        return self.random() < chance

    def one(self, *options: T) -> T:
        """One of the arguments."""
        return options[self.randrange(len(options))]

    def of(self, options: Sequence[T]) -> T:
        """One of the items."""
        return options[self.randrange(len(options))]

    def good(self, options: Sequence[T], *bounds: int) -> T:
        """The first item, which is a good one; when not careful, one of the first few, one of `bounds` of them."""
        return options[0] if self.careful else self.of(options[: self.one(*bounds)])

    def some(self, options: Sequence[T], low: int = 0, high: int = 3) -> list[T]:
        """Between `low` and `high` different items, in random order."""
        return self.sample(list(options), min(len(options), self.randint(low, high)))

    def many(self, low: int, high: int) -> range:
        """Something to loop over `low` to `high` times."""
        return range(self.randint(low, high))

    def ordered(self, options: Sequence[T]) -> tuple[T, T]:
        """Two different items in their order."""
        first, second = sorted(self.sample(range(len(options)), 2))
        return options[first], options[second]
