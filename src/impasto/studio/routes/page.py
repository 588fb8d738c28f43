"""The page, and the interface's own documentation: files that come with the package."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from impasto.studio.guard import PAGE_POLICY
from impasto.studio.shelf import NotThereError

PAGE = Path(__file__).parents[1] / "page"
SWAGGER = Path(__file__).parents[1] / "swagger"
_POLICY = {"Content-Security-Policy": PAGE_POLICY}
# Swagger's page sets styles of its own, which is all that it may beside
_DOCS_POLICY = PAGE_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
_ASSET = "public, max-age=31536000, immutable"  # their names have their hash in them
_TYPES = {
    ".js": "text/javascript", ".css": "text/css", ".html": "text/html; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".ico": "image/x-icon",
    ".woff2": "font/woff2", ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
_NO_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>Impasto</title></head>
<body><h1>Impasto</h1><p>The server runs. This copy has no page built in; the interface is described
at <a href="/docs">/docs</a>.</p></body></html>"""

router = APIRouter(include_in_schema=False)


def _files(folder: Path) -> dict[str, Path]:
    """Return the files that may be given out, by name: what is asked for never becomes a path."""
    return {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }


_PAGE, _SWAGGER = _files(PAGE), _files(SWAGGER)


@router.get("/")
async def index(request: Request) -> Response:
    """Return the page."""
    if "index.html" not in _PAGE:
        return HTMLResponse(_NO_PAGE, headers=_POLICY)
    return _given(_PAGE["index.html"], "no-cache")


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return the interface's documentation."""
    return _given(_SWAGGER["index.html"], "no-cache", _DOCS_POLICY)


@router.get("/docs/{name}")
async def docs_file(request: Request, name: str) -> Response:
    """Return a part of the documentation's page."""
    if name not in _SWAGGER:
        raise NotThereError(f"no file {name!r}")
    return _given(_SWAGGER[name], "no-cache", _DOCS_POLICY)


@router.get("/{name:path}")
async def asset(request: Request, name: str) -> Response:
    """Return a part of the page."""
    if name not in _PAGE:
        raise NotThereError("there is nothing at this address")
    return _given(_PAGE[name], _ASSET if name.startswith("assets/") else "no-cache")


def _given(path: Path, cache: str, policy: str = PAGE_POLICY) -> Response:
    headers = {"Cache-Control": cache, "Content-Security-Policy": policy}
    return FileResponse(path, media_type=_TYPES.get(path.suffix), headers=headers)
