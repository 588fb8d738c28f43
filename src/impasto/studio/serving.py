"""Listen: the HTTP server around the application, and its end."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from impasto.errors import OptionError
from impasto.studio.app import create_app
from impasto.studio.settings import EVERYWHERE, Settings

_HEAD = 32 * 1024  # bytes of a request's head
_GRACE = 5  # seconds that open requests have at the end
_CONNECTIONS = 1024


class PromptProtocol(H11Protocol):
    """Part with clients that connect and do not ask, or never come to the end of a head."""

    seconds = 10.0

    def connection_made(self, transport: Any) -> None:
        """Start the clock for the first request's head."""
        super().connection_made(transport)
        self._late: asyncio.TimerHandle | None = None
        self._mind()

    def data_received(self, data: bytes) -> None:
        """Start the clock where a head has begun, stop it where one has ended."""
        super().data_received(data)
        self._mind()

    def _mind(self) -> None:
        waits = self.conn.their_state is h11.IDLE
        if waits and self._late is None:
            self._late = self.loop.call_later(self.seconds, self.transport.close)
        elif not waits and self._late is not None:
            self._late.cancel()
            self._late = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock."""
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)


def serve(settings: Settings, told: Callable[[str], object] = lambda url: None) -> None:
    """Serve until Ctrl-C or SIGTERM; `told` is called with the page's address when it is there.

    Raises:
        OptionError: the address is taken, or the data folder is.
    """
    os.umask(0o077)  # what the server and its processes write is for this user alone
    listening = _listen(settings)
    app = create_app(settings)
    # uploads on their way lie beside what they become
    tempfile.tempdir = str(settings.folder.resolve() / "spool")
    PromptProtocol.seconds = settings.seconds / 2
    config = uvicorn.Config(
        app,
        http=PromptProtocol,
        ws="none",
        log_level="warning",
        access_log=False,  # addresses may have a token
        server_header=False,
        h11_max_incomplete_event_size=_HEAD,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=_GRACE,
        proxy_headers=False,
    )
    server = _Server(config, lambda: told(address(settings, listening)))
    asyncio.run(server.serve([listening]))


class _Server(uvicorn.Server):
    """Say when all is there; end streams of events before open requests are waited for."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], object]) -> None:
        super().__init__(config)
        self.told = told

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.told()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.service.closing.set()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(_CONNECTIONS)
    except OSError as error:
        listening.close()
        raise OptionError(
            f"{settings.host}:{settings.port} cannot be listened at ({error.strerror}): choose"
            " another --port"
        ) from None
    return listening


def address(settings: Settings, listening: socket.socket) -> str:
    """Return the page's address, with the token where one is needed."""
    port = listening.getsockname()[1]
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    if settings.host in EVERYWHERE:
        host = socket.gethostname()
    token = f"?token={quote(settings.token)}" if settings.token else ""
    return f"http://{host}:{port}/{token}"
