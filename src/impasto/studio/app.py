"""The application: routes, what guards them, and how errors are told."""

from __future__ import annotations

import sqlite3
import time
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto import __version__
from impasto.errors import ImpastoError
from impasto.images.files import reason
from impasto.studio.asked import JobAsked, LiveAsked
from impasto.studio.bodies import Bodies
from impasto.studio.guard import Guard
from impasto.studio.pool import BusyError
from impasto.studio.problems import FaultError, of_error, problem
from impasto.studio.queue import QueueFullError
from impasto.studio.routes import about, files, jobs, page, results, styles, stylize
from impasto.studio.service import Service
from impasto.studio.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """Return the application for these settings.

    Raises:
        OptionError: the data folder cannot be used.
    """
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.start()
        try:
            yield
        finally:
            await service.close()

    app = FastAPI(
        title="Impasto",
        version=__version__,
        summary="Neural style transfer on your own machine.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.service = service
    # results before jobs, whose addresses end in any word
    for routes in (about, files, styles, stylize, results, jobs, page):
        app.include_router(routes.router, tags=[routes.__name__.rpartition(".")[2]])
    _tell_errors(app)
    app.openapi = lambda: _schema(app)  # type: ignore[method-assign]
    app.add_middleware(Timed, service=service)
    app.add_middleware(Bodies, settings=settings)
    app.add_middleware(Guard, settings=settings)
    return app


def _schema(app: FastAPI) -> dict[str, Any]:
    """Return the description of the interface, with the bodies that forms carry as JSON."""
    if app.openapi_schema is None:
        schema = FastAPI.openapi(app)
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        for model in (JobAsked, LiveAsked):
            found = model.model_json_schema(ref_template="#/components/schemas/{model}")
            parts.update(found.pop("$defs", {}))
            parts[model.__name__] = found
        app.openapi_schema = schema
    return app.openapi_schema


def _tell_errors(app: FastAPI) -> None:
    """Answer every error with a problem of one line."""

    @app.exception_handler(ImpastoError)
    async def ours(request: Request, error: ImpastoError) -> Response:
        return of_error(error)

    @app.exception_handler(RequestValidationError)
    @app.exception_handler(ValidationError)
    async def invalid(
        request: Request, error: RequestValidationError | ValidationError
    ) -> Response:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query"))
        detail = f"{where}: {first['msg']}" if where else str(first["msg"])
        return problem(422, " ".join(detail.split())[:500], "urn:impasto:OptionError")

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        headers = {k.replace("-", "_"): v for k, v in (error.headers or {}).items()}
        return problem(error.status_code, str(error.detail), **headers)

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> Response:
        detail = "too many pictures wait: come back in a moment"
        return problem(429, detail, Retry_After=str(round(error.seconds)))

    @app.exception_handler(QueueFullError)
    async def full(request: Request, error: QueueFullError) -> Response:
        return problem(429, "the queue is full: come back when jobs have ended", Retry_After="30")

    @app.exception_handler(OSError)
    @app.exception_handler(sqlite3.OperationalError)
    async def disk(request: Request, error: Exception) -> Response:
        traceback.print_exception(error)
        return problem(507, f"the data folder cannot be written to ({reason(error)})")

    @app.exception_handler(FaultError)
    @app.exception_handler(Exception)
    async def fault(request: Request, error: Exception) -> Response:
        return problem(
            500, f"a fault of Impasto's own, {type(error).__name__}; the server's log has more"
        )


class Timed:
    """Measure how long requests take, by route and not by address."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note how long that took."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, told)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            labels = (scope["method"] if scope["method"].isalpha() else "", route, str(status))
            self.service.metrics.seconds.labels(*labels).observe(time.monotonic() - began)
