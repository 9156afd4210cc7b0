"""Data structures of requests and declarations."""

from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeVar, cast

from pydantic import GetJsonSchemaHandler
from starlette.datastructures import URL as URL
from starlette.datastructures import Address as Address
from starlette.datastructures import FormData as FormData
from starlette.datastructures import Headers as Headers
from starlette.datastructures import QueryParams as QueryParams
from starlette.datastructures import State as State
from starlette.datastructures import UploadFile as StarletteUploadFile

from . import _incidental


class UploadFile(StarletteUploadFile):
    """A file of a multipart body (RFC 7578): in memory while small, then on disk.

    Attributes:
        file: the open file, for synchronous use.
        filename: the client's name for it.
        size: bytes.
        headers: headers of its part.
        content_type: media type the client gave.
    """

    file: BinaryIO
    filename: str | None
    size: int | None
    headers: Headers
    content_type: str | None  # pyright: ignore[reportIncompatibleMethodOverride]

    async def write(self, data: bytes) -> None:
        """Write bytes at the current position, in the thread pool where the file is on disk."""
        await super().write(data)

    async def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes, all that is left with -1."""
        return await super().read(size)

    async def seek(self, offset: int) -> None:
        """Move to `offset` bytes from the start."""
        await super().seek(offset)

    async def close(self) -> None:
        """Close the file, which deletes what is on disk."""
        await super().close()

    @classmethod
    def _validate(cls, value: Any, _: Any, /) -> "UploadFile":
        # What the form parser makes is Starlette's class, so that one is accepted too.
        if not isinstance(value, StarletteUploadFile):
            raise ValueError(f"Expected UploadFile, received: {type(value)}")
        return cast("UploadFile", value)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: Mapping[str, Any], handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "contentMediaType": "application/octet-stream"}

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: Callable[[Any], Mapping[str, Any]]
    ) -> Mapping[str, Any]:
        from ._compat.v2 import with_info_plain_validator_function

        return with_info_plain_validator_function(cls._validate)


class DefaultPlaceholder:
    """A default that nobody has overridden, told from the same value given on purpose. See `Default`."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __bool__(self) -> bool:
        return bool(self.value)

    def __eq__(self, o: object) -> bool:
        return isinstance(o, DefaultPlaceholder) and o.value == self.value


DefaultType = TypeVar("DefaultType")


def Default(value: DefaultType) -> DefaultType:  # noqa: N802
    """Wrap a default in a `DefaultPlaceholder`, typed as the value itself so that it can stand anywhere."""
    return cast("DefaultType", DefaultPlaceholder(value))


# Stands for an argument nobody gave. Compared by identity; typed None by way of `Default`.
_Unset = Default(None)
_incidental.complete(__name__)
