"""Files: uploads and results, by the hash of their bytes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Path, Query, Request, UploadFile
from starlette.responses import FileResponse, JSONResponse, Response

from impasto.studio.service import file_plain, of
from impasto.studio.sweep import drop_file

router = APIRouter(prefix="/v1/files")
FileId = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Query(ge=16, le=1024, description="Longest side, in pixels.")]
_FOR_EVER = "private, max-age=31536000, immutable"  # a name never has other bytes


@router.post("", status_code=201, responses={200: {"description": "It was there already."}})
async def add(request: Request, file: Annotated[UploadFile, File()]) -> Response:
    """Take in a picture or a film; its type is told by its content."""
    about, new = await of(request).take_in(file)
    return JSONResponse(about, 201 if new else 200)


@router.get("/{id}", response_class=Response)
@router.head("/{id}", response_class=Response)
async def get(request: Request, id: FileId) -> Response:
    """Return a file, or a range of it."""
    service = of(request)
    row = service.shelf.file(id)
    return given(request, service.store.path(id), dict(row))


@router.get("/{id}/about")
async def about(request: Request, id: FileId) -> dict[str, Any]:
    """Return what is known of a file."""
    return file_plain(dict(of(request).shelf.file(id)))


@router.delete("/{id}", status_code=204)
async def delete(request: Request, id: FileId) -> None:
    """Delete a file; jobs that name it fail when they begin."""
    service = of(request)
    service.shelf.file(id)
    drop_file(service.shelf, id)


@router.get("/{id}/thumbnail", response_class=Response)
async def thumbnail(request: Request, id: FileId, size: Size = 256) -> Response:
    """Return a small WebP."""
    service = of(request)
    row = service.shelf.file(id)
    path = str(service.store.path(id))
    size = step_up(size)
    made = await service.made(f"{id}-{size}.webp", "small", path=path, kind=row["kind"], size=size)
    return FileResponse(made, media_type="image/webp", headers={"Cache-Control": _FOR_EVER})


def step_up(size: int) -> int:
    """Return one of a few sizes, so that nobody has a picture made in hundreds.

    >>> step_up(129)
    256
    """
    return max(64, 1 << (size - 1).bit_length())


def given(
    request: Request, path: Any, about: dict[str, Any], *, download: str | None = None
) -> Response:
    """Return a file of the store: its hash as ETag, ranges, a name if it is to be saved."""
    headers = {"Cache-Control": _FOR_EVER, "ETag": f'"{about["id"]}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        path,
        media_type=about["type"],
        headers=headers,
        filename=download,
        content_disposition_type="attachment",
    )
