"""Static files of a frontend, with a fallback page for paths that are no file."""

import email.message
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from typing import Literal, NoReturn

from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ._public import public
from .frontend_paths import _get_resolved_absolute_path, missing_directory
from .scope import _FASTAPI_FRONTEND_PATH_KEY, _get_fastapi_scope

_HTML = frozenset({"text/html", "application/xhtml+xml"})


def _is_file(stat_result: os.stat_result | None) -> bool:
    return stat_result is not None and stat.S_ISREG(stat_result.st_mode)


class _FrontendStaticFiles(StaticFiles):
    """The files of one frontend.

    A path that is no file is answered with the fallback page: `404.html` (status 404), or `index.html`
    (status 200, for navigations of a browser only), whichever is there under `"auto"`.
    """

    def __init__(
        self,
        *,
        directory: str | os.PathLike[str],
        fallback: Literal["auto", "index.html", "404.html"] | None,
        check_dir: bool,
    ) -> None:
        self.fallback = fallback
        if check_dir and not os.path.isdir(directory):
            raise RuntimeError(missing_directory(directory))
        super().__init__(directory=directory, html=True, check_dir=check_dir, follow_symlink=False)
        if check_dir and fallback in {"index.html", "404.html"}:
            self._check_fallback_file(fallback)

    def _check_fallback_file(self, fallback: str) -> None:
        _, stat_result = self.lookup_path(fallback)
        if not _is_file(stat_result):
            self._missing_fallback(fallback)

    def _missing_fallback(self, fallback: str) -> NoReturn:
        raise RuntimeError(
            f"Frontend fallback file '{fallback}' does not exist in directory '{self.directory}'. "
            f"Resolved absolute directory: '{self._get_resolved_directory()}'"
        )

    def _get_resolved_directory(self) -> str:
        assert self.directory is not None
        return _get_resolved_absolute_path(self.directory)

    def get_path(self, scope: Scope) -> str:
        """Return the path below the directory, as the matching route left it in the scope."""
        path = _get_fastapi_scope(scope).get(_FASTAPI_FRONTEND_PATH_KEY, "")
        assert isinstance(path, str)
        return os.path.normpath(os.path.join(*path.split("/")))

    async def get_response_for_scope(self, scope: Scope) -> Response:
        """Return the response to a request that a frontend route matched."""
        if not self.config_checked:
            await self.check_config()
            self.config_checked = True
        return await self.get_response(self.get_path(scope), scope)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file, a redirect to the directory's slash, or the fallback page.

        Raises:
            HTTPException: 405 for another method than GET or HEAD on a file, 401 for a file that can't be
                read, 404.
        """
        found = await self._lookup_static_resource(path)
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(status_code=404 if found is None else 405)
        if found is None:
            return await self._fallback(scope)
        full_path, stat_result, is_directory_index = found
        if is_directory_index and not scope["path"].endswith("/"):
            url = URL(scope=scope)
            return RedirectResponse(url=url.replace(path=url.path + "/"))
        return self.file_response(full_path, stat_result, scope)

    async def _fallback(self, scope: Scope) -> Response:
        if await self._falls_back_to("404.html"):
            return await self._fallback_response("404.html", scope, status_code=404)
        if await self._falls_back_to("index.html") and _is_frontend_navigation_request(scope):
            return await self._fallback_response("index.html", scope, status_code=200)
        raise HTTPException(status_code=404)

    async def _falls_back_to(self, fallback: str) -> bool:
        return self.fallback == fallback or (
            self.fallback == "auto" and await self._fallback_file_exists(fallback)
        )

    async def _lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        try:
            found: tuple[str, os.stat_result | None] = await public().run_in_threadpool(
                self.lookup_path, path
            )
        except PermissionError:
            raise HTTPException(status_code=401) from None
        except OSError as exc:
            if exc.errno == errno.ENAMETOOLONG:
                raise HTTPException(status_code=404) from None
            raise
        except ValueError:  # a null byte
            raise HTTPException(status_code=404) from None
        return found

    async def _lookup_static_resource(self, path: str) -> tuple[str, os.stat_result, bool] | None:
        """Return the file's full path and status, and whether it is the index page of a directory."""
        full_path, stat_result = await self._lookup_path(path)
        if stat_result is None:
            return None
        if _is_file(stat_result):
            return full_path, stat_result, False
        if stat.S_ISDIR(stat_result.st_mode):
            full_path, stat_result = await self._lookup_path(os.path.join(path, "index.html"))
            if stat_result is not None and _is_file(stat_result):
                return full_path, stat_result, True
        return None

    async def _fallback_file_exists(self, fallback: str) -> bool:
        _, stat_result = await public().run_in_threadpool(self.lookup_path, fallback)
        return _is_file(stat_result)

    async def _fallback_response(self, fallback: str, scope: Scope, *, status_code: int) -> Response:
        full_path, stat_result = await public().run_in_threadpool(self.lookup_path, fallback)
        if not _is_file(stat_result):
            self._missing_fallback(fallback)
        return self.file_response(full_path, stat_result, scope, status_code=status_code)


def _iter_accept_media_types(accept: str) -> Iterator[tuple[str, float]]:
    """Yield each media type of an `Accept` header with its weight (RFC 9110, section 12.5.1)."""
    for part in accept.split(","):
        message = email.message.Message()
        message["content-type"] = part.strip()
        weight = message.get_param("q")
        quality = 1.0
        if isinstance(weight, str):
            with suppress(ValueError):
                quality = float(weight)
        yield f"{message.get_content_maintype()}/{message.get_content_subtype()}", quality


def _is_frontend_navigation_request(scope: Scope) -> bool:
    """Tell a browser that opens a page from a script that fetches data, by whether it accepts HTML."""
    accept = Request(scope).headers.get("accept", "")
    return any(
        media_type in _HTML and quality != 0 for media_type, quality in _iter_accept_media_types(accept)
    )
