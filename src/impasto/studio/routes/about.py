"""What the server can do and how it is: options, health, metrics."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, File, Request, UploadFile
from starlette.responses import JSONResponse, Response

from impasto import __version__
from impasto.studio.declared import described
from impasto.studio.service import of

router = APIRouter()


@router.get("/v1/options")
async def options(request: Request) -> dict[str, Any]:
    """Return all options of all methods, as forms are made of them, and what is painted at once."""
    return described() | {"live_pixels": of(request).settings.live_pixels}


@router.post("/v1/verify")
async def verify(request: Request, file: Annotated[UploadFile, File()]) -> dict[str, Any]:
    """Say whether a file is as it was signed, by whom, and what made it; nothing is kept."""
    return await of(request).verified(file)


@router.get("/healthz")
async def health() -> dict[str, str]:
    """Say that the server answers."""
    return {"status": "ok", "version": __version__}


@router.get("/readyz", responses={503: {"description": "Not yet, or not any more."}})
async def ready(request: Request) -> Response:
    """Say whether work can be taken: the database answers, and the processes run."""
    service = of(request)
    await asyncio.to_thread(service.database.one, "SELECT 1")
    parts = {
        "workers": len(service.crew.pids) >= service.settings.workers,
        "painter": service.painter.pid is not None,
        "open": not service.closing.is_set(),
    }
    return JSONResponse(
        {"ready": all(parts.values()), **parts}, 200 if all(parts.values()) else 503
    )


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return numbers for Prometheus."""
    text = await asyncio.to_thread(of(request).metrics.text)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
