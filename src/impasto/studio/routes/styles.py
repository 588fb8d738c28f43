"""Styles that go by a name: presets, networks, and one's own pictures."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Request, UploadFile
from starlette.responses import FileResponse, JSONResponse, Response

from impasto.errors import OptionError
from impasto.studio.routes.files import Size, step_up
from impasto.studio.service import of
from impasto.studio.shelf import NotThereError

router = APIRouter(prefix="/v1/styles")
Name = Annotated[str, Path(pattern="^[A-Za-z0-9][A-Za-z0-9_#.-]{0,99}$")]


@router.get("")
async def every(request: Request) -> dict[str, Any]:
    """Return all styles."""
    return {"styles": await asyncio.to_thread(of(request).shelf.all_styles)}


@router.post("", status_code=201)
async def add(
    request: Request,
    name: Annotated[str, Form(pattern="^[a-z0-9][a-z0-9_-]{0,63}$")],
    picture: Annotated[list[UploadFile], File(min_length=1, max_length=8)],
    title: Annotated[str | None, Form(max_length=200)] = None,
) -> Response:
    """Keep pictures as a style; several are blended alike."""
    service = of(request)
    if name in {style["name"] for style in await asyncio.to_thread(service.shelf.all_styles)}:
        raise OptionError(f"style {name} is there already: take another name")
    files = [(await service.take_in(one))[0] for one in picture]
    if any(file["kind"] != "picture" for file in files):
        raise OptionError("a style is made of pictures, not of films")
    await asyncio.to_thread(_keep, service, name, title or name, [file["id"] for file in files])
    found = await asyncio.to_thread(service.shelf.all_styles)
    return JSONResponse(next(style for style in found if style["name"] == name), 201)


def _keep(service: Any, name: str, title: str, files: list[str]) -> None:
    with service.database.transaction() as db:
        db.execute(
            "INSERT OR REPLACE INTO styles VALUES (?, ?, ?, 0)", (name, title, json.dumps(files))
        )


@router.delete("/{name}", status_code=204)
async def delete(request: Request, name: Name) -> None:
    """Forget a style of one's own; its pictures stay until they are cleaned up."""
    service = of(request)
    with service.database.transaction() as db:
        done = db.execute("DELETE FROM styles WHERE name = ?", (name,))
    if not done.rowcount:
        known = [style["name"] for style in await asyncio.to_thread(service.shelf.all_styles)]
        if name in known:
            raise OptionError(f"style {name} was not made here, and is not deleted here")
        raise NotThereError(f"no style {name!r}")


@router.get("/{name}/thumbnail", response_class=Response)
async def thumbnail(request: Request, name: Name, size: Size = 256) -> Response:
    """Return a small WebP: the style's picture, or a drawing painted in it."""
    service = of(request)
    known = await asyncio.to_thread(service.shelf.all_styles)
    if name not in {style["name"] for style in known}:
        raise NotThereError(f"no style {name!r}")
    size = step_up(size)
    digest = hashlib.sha256(service.shelf.identity(name).encode()).hexdigest()
    out = service.store.made(f"style-{digest}-{size}.webp")
    if not out.exists():
        await service.painter.ask("show_style", name=name, size=size, out=str(out))
    # by a name that may mean another picture tomorrow
    return FileResponse(
        out, media_type="image/webp", headers={"Cache-Control": "private, no-cache"}
    )
