"""Jobs: asked for, looked at, paused, cancelled, deleted."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from impasto.errors import OptionError
from impasto.studio.asked import JobAsked, StyleRef
from impasto.studio.described import job_plain
from impasto.studio.queue import STATES, Queue
from impasto.studio.service import Service, of, parsed
from impasto.studio.shelf import NotThereError
from impasto.studio.sweep import forget

router = APIRouter(prefix="/v1/jobs")
JobId = Annotated[str, Path(pattern="^[0-9A-HJKMNP-TV-Z]{26}$")]
_MOST_JSON = 2**20
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/JobAsked"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "request": {"type": "string", "contentMediaType": "application/json"},
                        "content": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                        },
                        "style": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    },
                }
            },
        },
    }
}


@router.post(
    "",
    status_code=201,
    openapi_extra=_BODY,
    responses={
        200: {"description": "The job of this Idempotency-Key, which was there."},
        429: {"description": "The queue is full; come back after Retry-After seconds."},
    },
)
async def add(
    request: Request,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Ask for a job, or for one for each of several contents.

    The body is JSON that names files by their ids; or a form with the same JSON as `request`, and
    uploads as `content` and `style`.
    """
    service = of(request)
    asked = (await _asked(service, request)).checked()
    await asyncio.to_thread(_check_named, service, asked)
    contents = asked.contents
    if asked.kind == "train" or isinstance(asked.content, str):
        parts = [asked]
    else:
        parts = [asked.model_copy(update={"content": one}) for one in contents]
    rows, new = await asyncio.to_thread(
        service.queue.submit,
        asked.kind,
        [part.model_dump() for part in parts],
        idempotency_key,
    )
    jobs = [job_plain(row, service.queue, service.shelf) for row in rows]
    body = {"jobs": jobs} if _several(asked) else jobs[0]
    return JSONResponse(body, 201 if new else 200)


def _several(asked: JobAsked) -> bool:
    return asked.kind != "train" and not isinstance(asked.content, str)


async def _asked(service: Service, request: Request) -> JobAsked:
    """Read what is asked for, and take in what is sent with it."""
    if request.headers.get("content-type", "").partition(";")[0] != "multipart/form-data":
        return JobAsked.model_validate(await _json(request))
    async with request.form(max_files=1000, max_fields=100) as form:
        asked = JobAsked.model_validate(parsed(str(form.get("request", ""))))
        files = {
            name: [part for part in form.getlist(name) if isinstance(part, UploadFile)]
            for name in ("content", "style")
        }
        contents = [(await service.take_in(upload))[0]["id"] for upload in files["content"]]
        styles = [(await service.take_in(upload))[0]["id"] for upload in files["style"]]
    if len(contents) == 1 and asked.kind != "train":
        asked.content = contents[0]
    elif contents:
        asked.content = contents
    if not asked.styles:
        asked.styles = [StyleRef(file=style) for style in styles]
    for number, ref in enumerate(asked.styles):
        if ref.upload is not None and ref.upload < len(styles):
            asked.styles[number] = StyleRef(file=styles[ref.upload])
    return asked


async def _json(request: Request) -> Any:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_JSON:
            raise HTTPException(413, f"more than {_MOST_JSON} bytes of JSON")
    try:
        return json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise OptionError("the body is no JSON, nor a form: send application/json") from None


def _check_named(service: Service, asked: JobAsked) -> None:
    """Check that all that a job names is there, and is what it should be.

    Raises:
        NotThereError: something is not.
        OptionError: a film is taken for a picture, or the other way round.
    """
    for ref in asked.styles:
        if ref.upload is not None:
            raise OptionError(f"style {ref.upload}: no such upload")
        if ref.name is not None:
            service.shelf.style(ref.name)
    pictures = [ref.file for ref in asked.styles if ref.file] + [
        mask for mask in [*asked.masks, asked.strength_map] if mask and not mask.startswith("auto")
    ]
    service.shelf.use([*asked.contents, *pictures])
    if asked.kind != "video":
        pictures += asked.contents
    for sha256 in pictures:
        if service.shelf.file(sha256)["kind"] != "picture":
            raise OptionError(f"file {sha256[:12]} is a film: only a video job takes it as content")
    if asked.kind == "train":
        name = asked.training()[0].name
        if name in {style["name"] for style in service.shelf.all_styles()}:
            raise OptionError(f"style {name} is there already: take another name")


@router.get("")
async def every(
    request: Request,
    before: Annotated[str | None, Query(pattern="^[0-9A-HJKMNP-TV-Z]{26}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    state: Annotated[Literal[STATES] | None, Query()] = None,  # type: ignore[valid-type]
) -> dict[str, Any]:
    """Return jobs, the newest first; `next` is what to give as `before` for those before them."""
    service = of(request)

    def found() -> dict[str, Any]:
        rows = service.database.all(
            "SELECT * FROM jobs WHERE id < ? AND (? IS NULL OR state = ?)"
            " ORDER BY id DESC LIMIT ?",
            before or "~", state, state, limit,
        )  # fmt: skip
        jobs = [job_plain(row, service.queue, service.shelf) for row in rows]
        return {"jobs": jobs, "next": jobs[-1]["id"] if len(jobs) == limit else None}

    return await asyncio.to_thread(found)


@router.get("/{id}")
async def get(request: Request, id: JobId) -> dict[str, Any]:
    """Return a job."""
    service = of(request)
    return job_plain(row_of(service.queue, id), service.queue, service.shelf)


def row_of(queue: Queue, id: str) -> Any:
    """Return a job's row.

    Raises:
        NotThereError: there is none of this id.
    """
    row = queue.find(id)
    if row is None:
        raise NotThereError(f"no job {id}")
    return row


@router.delete("/{id}", status_code=204)
async def delete(request: Request, id: JobId) -> None:
    """Delete a job for good, with its result; one that runs is stopped."""
    service = of(request)
    row_of(service.queue, id)
    await asyncio.to_thread(forget, service.shelf, id)


@router.post("/{id}/{what}")
async def want(
    request: Request, id: JobId, what: Literal["cancel", "pause", "resume"]
) -> dict[str, Any]:
    """Cancel, pause or resume a job; what an optimiser has by then is kept."""
    service = of(request)
    row_of(service.queue, id)
    await asyncio.to_thread(service.queue.want, id, what)
    return job_plain(row_of(service.queue, id), service.queue, service.shelf)
