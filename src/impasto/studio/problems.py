"""Errors as clients get them: `application/problem+json`, RFC 9457, with the one-line message."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from impasto import errors
from impasto.errors import ImpastoError
from impasto.studio.shelf import NotThereError

_KINDS: dict[str, type[ImpastoError]] = {
    kind.__name__: kind
    for kind in (*vars(errors).values(), NotThereError)
    if isinstance(kind, type) and issubclass(kind, ImpastoError)
}


class FaultError(Exception):
    """Report a fault of our own in another process."""


def problem(status: int, detail: str, kind: str = "about:blank", **headers: str) -> JSONResponse:
    """Return an error's response; headers' names have "_" for "-"."""
    body = {"type": kind, "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse(body, status, named, media_type="application/problem+json")


def of_error(error: ImpastoError) -> JSONResponse:
    """Return the response for an error of ours: the client can mend it."""
    status = 404 if isinstance(error, NotThereError) else 422
    return problem(status, " ".join(str(error).split()), f"urn:impasto:{type(error).__name__}")


def from_plain(error: dict[str, Any]) -> Exception:
    """Return the error that another process told of."""
    kind = _KINDS.get(error["kind"])
    if kind is None:
        return FaultError(error["detail"])
    made = ImpastoError.__new__(kind)
    Exception.__init__(made, error["detail"])
    return made
