"""The names of parameters, as the Rust core looks for them."""

from functools import lru_cache

from .specs import Alias


@lru_cache(maxsize=1024)
def alias_of(name: str, loc: tuple[str, ...]) -> Alias:
    """Describe a name and where errors of what arrives under it are located; alike ones are one object."""
    lower = name.lower()
    try:
        header: bytes | None = lower.encode("latin-1")
    except UnicodeEncodeError:
        return Alias(name=name, key=name, lower=None, header=None, loc=loc)
    return Alias(name=name, key=name, lower=lower, header=header, loc=loc)
