"""A picture in, a picture out, at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, UploadFile
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from impasto.errors import OptionError
from impasto.studio.asked import FileId, LiveAsked, StyleName, StyleRef
from impasto.studio.service import Service, of, parsed

router = APIRouter()


@router.post(
    "/v1/stylize",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {"image/png": {}, "image/jpeg": {}}},
        429: {"description": "Too many wait; come back after Retry-After seconds."},
    },
)
async def stylize(
    request: Request,
    content: Annotated[UploadFile | None, File()] = None,
    content_id: Annotated[FileId | None, Form()] = None,
    style: Annotated[list[UploadFile] | None, File(max_length=16)] = None,
    style_id: Annotated[list[FileId] | None, Form(max_length=16)] = None,
    style_name: Annotated[list[StyleName] | None, Form(max_length=16)] = None,
    asked: Annotated[str | None, Form(alias="request", max_length=100_000)] = None,
) -> Response:
    """Paint a picture by the real-time network, or by photoreal, and return it.

    `request` is a JSON object; styles that it does not list are those of the fields, in order:
    uploads, ids, names.
    """
    service = of(request)
    wish = LiveAsked.model_validate(parsed(asked))
    uploads = style or []
    if not wish.styles:
        wish.styles = [StyleRef(upload=i) for i in range(len(uploads))]
        wish.styles += [StyleRef(file=file) for file in style_id or []]
        wish.styles += [StyleRef(name=name) for name in style_name or []]
    if (content is None) == (content_id is None):
        raise OptionError("content: upload a picture, or name one with content_id")
    wish.wanted()
    wish.chosen()
    given = [] if content is None else [content]
    paths = [await service.spool(upload) for upload in (*given, *uploads)]
    names = [upload.filename or "picture" for upload in (*given, *uploads)]
    sent = [{"path": str(p), "name": n} for p, n in zip(paths, names, strict=True)]
    source = {"id": content_id} if content_id else sent[0]
    try:
        return await _painted(service, wish, source, sent[len(given) :])
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


async def _painted(
    service: Service, wish: LiveAsked, source: dict[str, Any], uploads: list[dict[str, str]]
) -> Response:
    if "id" in source:
        await asyncio.to_thread(service.shelf.use, [source["id"]])
    made = await service.painter.ask(
        "paint",
        asked=wish.model_dump(),
        content=source,
        uploads=uploads,
        out=str(service.store.spooled()),
    )
    service.metrics.painted.inc(made["width"] * made["height"])
    for name, count in made["caches"].items():
        service.metrics.caches.labels(name).set(count)
    text = json.dumps(made["recipe"], sort_keys=True)
    headers = {
        "X-Impasto-Seconds": str(made["seconds"]),
        "X-Impasto-Recipe-Id": hashlib.sha256(text.encode()).hexdigest()[:16],
        "X-Impasto-Size": f"{made['width']}x{made['height']}",
    }
    path = Path(made["path"])
    gone = BackgroundTask(path.unlink, missing_ok=True)
    return FileResponse(path, media_type=made["type"], headers=headers, background=gone)
