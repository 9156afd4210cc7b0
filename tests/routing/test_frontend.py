"""Frontends: paths, what answers, fallbacks."""

from pathlib import Path
from typing import Any

import pytest

from ferroapi import APIRouter, FastAPI
from ferroapi.routing import (
    _frontend_path_specificity,
    _iter_accept_media_types,
    _join_frontend_paths,
    _normalize_frontend_path,
    _resolve_frontend_check_dir,
)
from ferroapi.testclient import TestClient


@pytest.mark.parametrize(("path", "expected"), [("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a//", "/a")])
def test_normalize(path: str, expected: str) -> None:
    assert _normalize_frontend_path(path) == expected


@pytest.mark.parametrize("path", ["", "a"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(AssertionError, match="frontend path"):
        _normalize_frontend_path(path)


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [("", "/", "/"), ("/p", "/", "/p"), ("/p", "/a", "/p/a"), ("", "/a", "/a")],
)
def test_join(prefix: str, path: str, expected: str) -> None:
    assert _join_frontend_paths(prefix, path) == expected


def test_specificity() -> None:
    assert sorted(["/abc", "/", "/a"], key=_frontend_path_specificity) == ["/", "/a", "/abc"]


def test_accept_header() -> None:
    header = "text/html;q=0, application/xhtml+xml; q=x, */*;q=0.5"
    weighted = [("text/html", 0.0), ("application/xhtml+xml", 1.0), ("*/*", 0.5)]
    assert list(_iter_accept_media_types(header)) == weighted


def test_check_dir_in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASTAPI_ENV", raising=False)
    assert _resolve_frontend_check_dir(directory="nowhere", check_dir="auto")
    monkeypatch.setenv("FASTAPI_ENV", "development")
    with pytest.warns(UserWarning, match="Frontend directory 'nowhere' does not exist"):
        assert not _resolve_frontend_check_dir(directory="nowhere", check_dir="auto")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "index.html").write_text("home")
    (tmp_path / "docs" / "index.html").write_text("docs")
    (tmp_path / "app.js").write_text("js")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "accept", "status", "text"),
    [
        ("/app.js", "*/*", 200, "js"),
        ("/", "*/*", 200, "home"),
        ("/docs", "*/*", 307, ""),
        ("/docs/", "*/*", 200, "docs"),
        ("/client/route", "text/html", 200, "home"),
        ("/client/route", "application/json", 404, '{"detail":"Not Found"}'),
    ],
)
@pytest.mark.parametrize("prefix", ["", "/in"])
def test_answers(site: Path, prefix: str, path: str, accept: str, status: int, text: str) -> None:
    router = APIRouter()
    router.frontend("/", directory=site)
    app = FastAPI(openapi_url=None)
    app.include_router(router, prefix=prefix)
    client = TestClient(app, follow_redirects=False)
    response = client.get(prefix + path, headers={"accept": accept})
    assert (response.status_code, response.text) == (status, text)
    assert client.post(prefix + "/app.js").status_code == 405


def test_missing_files(tmp_path: Path) -> None:
    router = APIRouter()
    with pytest.raises(RuntimeError, match="does not exist"):
        router.frontend("/", directory=tmp_path / "no", check_dir=True)
    with pytest.raises(RuntimeError, match=r"Frontend fallback file 'index\.html' does not exist"):
        router.frontend("/", directory=tmp_path, fallback="index.html")
    bad: Any = "other.html"
    with pytest.raises(AssertionError, match="fallback must be"):
        router.frontend("/", directory=tmp_path, fallback=bad)
