"""What jobs have made, and tell while they do: events, previews, losses, results, tiles."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Path, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse

from impasto.errors import ImpastoError
from impasto.images import read_recipe
from impasto.studio.declared import FORMATS, ending
from impasto.studio.described import job_plain, result_name
from impasto.studio.queue import ENDED
from impasto.studio.routes.files import given
from impasto.studio.routes.jobs import JobId, row_of
from impasto.studio.service import Service, of
from impasto.studio.shelf import NotThereError

router = APIRouter(prefix="/v1/jobs/{id}")
_LOOK, _ALIVE = 0.15, 15.0  # seconds between looks at the database, and between signs of life


@router.get("/events", response_class=StreamingResponse)
async def events(
    request: Request,
    id: JobId,
    last_event_id: Annotated[str | None, Header(max_length=30)] = None,
) -> Response:
    """Tell what becomes of a job as it happens: state, progress, preview, end.

    Server-sent events; `Last-Event-ID` goes on after one of them.
    """
    service = of(request)
    row_of(service.queue, id)
    after = (
        int(last_event_id)
        if last_event_id and last_event_id.isascii() and last_event_id.isdigit()
        else 0
    )
    return StreamingResponse(
        _told(service, id, min(after, 2**62)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _told(service: Service, id: str, after: int) -> AsyncIterator[str]:
    quiet = 0.0
    yield ": this is what becomes of the job\n\n"
    while not service.closing.is_set():
        rows = service.database.all(
            "SELECT id, kind, data FROM events WHERE job = ? AND id > ? ORDER BY id LIMIT 500",
            id, after,
        )  # fmt: skip
        for row in rows:
            after = row["id"]
            yield f"id: {after}\nevent: {row['kind']}\ndata: {row['data']}\n\n"
            if row["kind"] == "end":
                return
        if not rows:
            job = service.queue.find(id)
            if job is None or job["state"] in ENDED:  # and the end was told before
                return
            quiet += _LOOK
            if quiet >= _ALIVE:
                quiet = 0.0
                yield ": still here\n\n"
            await asyncio.sleep(_LOOK)


@router.get("/losses")
async def losses(request: Request, id: JobId) -> dict[str, Any]:
    """Return the losses of all steps."""
    service = of(request)
    row_of(service.queue, id)
    sql = "SELECT step, data FROM losses WHERE job = ? ORDER BY step"
    rows = [(row["step"], json.loads(row["data"])) for row in service.database.all(sql, id)]
    names = dict.fromkeys(name for _, terms in rows for name in terms)
    return {
        "steps": [step for step, _ in rows],
        "losses": {name: [terms.get(name) for _, terms in rows] for name in names},
    }


@router.get("/previews")
async def previews(request: Request, id: JobId) -> dict[str, Any]:
    """Return the steps of which there are pictures."""
    service = of(request)
    row_of(service.queue, id)
    steps = sorted(_previews(service, id))
    return {"previews": [{"step": s, "url": f"/v1/jobs/{id}/preview?step={s}"} for s in steps]}


def _previews(service: Service, id: str) -> dict[int, FilePath]:
    found = (service.store.root / "jobs" / id).glob("step-*.png")
    return {int(path.stem.removeprefix("step-")): path for path in found}


Step = Annotated[int, Query(ge=0, lt=10**7)]


@router.get("/preview", response_class=Response)
async def preview(request: Request, id: JobId, step: Step | None = None) -> Response:
    """Return the picture of a step; without a step the last one, or a small one of the result."""
    service = of(request)
    row = row_of(service.queue, id)
    found = _previews(service, id)
    about: dict[str, Any] = json.loads(row["result"]) if row["result"] else {"kind": None}
    if step is None and about["kind"] in ("picture", "film"):
        path = str(service.store.path(about["id"]))
        name = f"{about['id']}-1024.webp"
        made = await service.made(name, "small", path=path, kind=about["kind"], size=1024)
        return FileResponse(made, media_type="image/webp")
    wanted = max(found, default=-1) if step is None else step
    if wanted not in found:
        raise NotThereError(f"job {id} has no picture of {'any' if step is None else 'that'} step")
    return FileResponse(found[wanted], media_type="image/png")


@router.post("/keep", status_code=201)
async def keep(
    request: Request, id: JobId, step: Annotated[int, Body(embed=True, ge=0, lt=10**7)]
) -> Response:
    """Keep the picture of a step, as a job of its own that is done; return that."""
    service = of(request)
    row = row_of(service.queue, id)
    path = _previews(service, id).get(step)
    if path is None:
        raise NotThereError(f"job {id} has no picture of step {step}")
    copy = service.store.spooled()
    await asyncio.to_thread(shutil.copyfile, path, copy)
    name = f"{result_name(json.loads(row['request']), service.shelf)}-{step}.png"
    about = await service.reader.ask("examine", path=str(copy), name=name)
    about["recipe"] = await asyncio.to_thread(_recipe, copy)
    about["id"] = await asyncio.to_thread(service.store.keep, copy)
    await asyncio.to_thread(service.shelf.add_file, about)
    kept = await asyncio.to_thread(service.queue.keep, row, step, about)
    assert kept is not None
    return JSONResponse(job_plain(kept, service.queue, service.shelf), 201)


def _recipe(path: FilePath) -> dict[str, Any] | None:
    with suppress(ImpastoError):
        return read_recipe(path)
    return None


def _made(service: Service, id: str) -> dict[str, Any]:
    """Return what is known of a job's result.

    Raises:
        NotThereError: it has none.
    """
    row = row_of(service.queue, id)
    about: dict[str, Any] = json.loads(row["result"]) if row["result"] else {}
    if not about or not service.store.has(about["id"]):
        raise NotThereError(f"job {id} has no result: it is {row['state']}")
    return about


@router.get("/result", response_class=Response)
@router.head("/result", response_class=Response)
async def result(
    request: Request,
    id: JobId,
    download: bool = False,
    format: Literal["png", "jpeg", "webp", "tiff"] | None = None,
    quality: Annotated[int, Query(ge=1, le=100)] = 92,
    recipe: bool = True,
) -> Response:
    """Return the result, or a range of it; in another format, or without its recipe, if asked."""
    service = of(request)
    about = _made(service, id)
    path, name = service.store.path(about["id"]), about["name"]
    plain = about["kind"] == "picture" and (
        not recipe or FORMATS.get(format or "") not in (None, about["type"])
    )
    if not plain:
        return given(request, path, about, download=name if download else None)
    kind: str = format or next(k for k, t in FORMATS.items() if t == about["type"])
    out = service.store.spooled(f".{kind}")
    await service.reader.ask(
        "convert", path=str(path), out=str(out), quality=quality, recipe=recipe
    )
    return FileResponse(
        out,
        media_type=FORMATS[kind],
        filename=f"{FilePath(name).stem}{ending(kind)}" if download else None,
        background=BackgroundTask(out.unlink, missing_ok=True),
    )


@router.get("/tiles.dzi", response_class=Response)
async def tiles(request: Request, id: JobId) -> Response:
    """Return the description of the result's DeepZoom pyramid, made when first asked for."""
    return FileResponse(await _pyramid(of(request), id) / "tiles.dzi", media_type="application/xml")


@router.get("/tiles_files/{level}/{tile}", response_class=Response)
async def tile(
    request: Request,
    id: JobId,
    level: Annotated[int, Path(ge=0, le=40)],
    tile: Annotated[
        str, Path(pattern=r"^[0-9]{1,5}_[0-9]{1,5}\.jpg$|^[0-9]{1,5}_[0-9]{1,5}\.jpeg$")
    ],
) -> Response:
    """Return a tile of the pyramid."""
    folder = await _pyramid(of(request), id)
    path = folder / "tiles_files" / str(level) / tile.replace(".jpeg", ".jpg")
    if not path.is_file():
        raise NotThereError("no such tile")
    return FileResponse(
        path, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"}
    )


async def _pyramid(service: Service, id: str) -> FilePath:
    about = _made(service, id)
    if about["kind"] != "picture":
        raise NotThereError(f"job {id} made no picture")
    path = str(service.store.path(about["id"]))
    return await service.made(f"{about['id']}-tiles", "tiles", path=path)
