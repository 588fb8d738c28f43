"""How much clients may send, and how slowly; and how long requests took. Pure ASGI."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.studio.problems import problem
from impasto.studio.settings import Settings

_SLOWEST = 32 * 1024  # bytes a second, after the time that every request has
_FORM = 2**20  # more than the file, for a form's other fields
# read and thrown away of what is too much, at most: who closes a connection on bytes that are still
# coming takes its own answer away
_SPILT, _SPILLS = 64 * 2**20, 2.0  # bytes, seconds


class _TooMuchError(BaseException):
    """A body is larger than allowed; not for who parses forms to catch."""


class _TooSlowError(BaseException):
    """A body comes too slowly; as before."""


class Bodies:
    """Read bodies no further than is allowed."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.seconds = app, settings.seconds
        self.most = settings.upload_bytes + _FORM

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose body is not too large and not too slow."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "0")
        if length.isdigit() and int(length) > self.most:
            await self._too_much(scope, receive, send)
            return
        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, self._limited(receive), told)
        except _TooMuchError:
            if not begun:
                await self._too_much(scope, receive, send)
        except _TooSlowError:
            if not begun:
                response = problem(408, "the body came too slowly", Connection="close")
                await response(scope, receive, send)

    async def _too_much(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"more than {self.most} bytes: this server takes no more at a time"
        if "expect" not in Headers(scope=scope):  # who asks before sending has sent nothing
            await _spill(receive)
        await problem(413, detail, Connection="close")(scope, receive, send)

    def _limited(self, receive: Receive) -> Receive:
        began, got, whole = time.monotonic(), 0, False

        async def limited() -> Message:
            nonlocal got, whole
            if whole:  # what comes now is the client's leaving, which may be late
                return await receive()
            left = self.seconds / 2 + got / _SLOWEST - (time.monotonic() - began)
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.01))
            except TimeoutError:
                raise _TooSlowError from None
            got += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if got > self.most:
                raise _TooMuchError
            return message

        return limited


async def _spill(receive: Receive) -> None:
    """Read the rest of a body, within bounds, and throw it away."""
    got = 0
    try:
        async with asyncio.timeout(_SPILLS):
            while got < _SPILT:
                message = await receive()
                got += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return
