"""All that the server has: the store, the queue, the processes; what requests are answered with."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from impasto.errors import OptionError
from impasto.studio.crew import Crew
from impasto.studio.database import Database
from impasto.studio.metrics import Metrics
from impasto.studio.pool import Pool
from impasto.studio.queue import Queue
from impasto.studio.settings import Settings
from impasto.studio.shelf import Shelf
from impasto.studio.store import Store
from impasto.studio.sweep import sweep
from impasto.workspace import locked

_SWEEP = 600.0  # seconds between clean-ups
_READERS_WAIT = 256


class Service:
    """Hold the parts, and start and end them together. There is one for a data folder."""

    def __init__(self, settings: Settings) -> None:
        """Open the folder.

        Raises:
            OptionError: another server has it, or it cannot be written to.
        """
        self.settings, root = settings, settings.folder.resolve()
        try:
            self.store = Store(root)
            self._lock = locked(root / "lock")
        except BlockingIOError:
            raise OptionError(
                f"{root}: another server is at work there; name another with --data"
            ) from None
        except OSError as error:
            raise OptionError(f"{root}: cannot be used ({error.strerror})") from None
        self.database = Database(root / "jobs.db")
        self.queue = Queue(self.database, settings.max_queue)
        self.shelf = Shelf(self.database, self.store)
        self.reader = Pool(self._about("reader"), settings.seconds, _READERS_WAIT)
        self.painter = Pool(self._about("painter"), settings.seconds, settings.max_live)
        self.crew, self.metrics = Crew(settings, self.queue), Metrics(self)
        self.closing = asyncio.Event()
        self._making: dict[str, asyncio.Lock] = {}
        self._sweeping: asyncio.Task[None] | None = None

    def _about(self, role: str) -> dict[str, Any]:
        own = self.settings
        pixels = own.live_pixels if role == "painter" else own.max_pixels
        return {
            "role": role, "root": str(self.store.root), "pixels": pixels,
            "memory": own.process_bytes,
        }  # fmt: skip

    async def start(self) -> None:
        """Start all processes."""
        self.store.clear_spool()
        await self.crew.start()
        await asyncio.gather(self.reader.start(), self.painter.start())
        self._sweeping = asyncio.create_task(self._sweep())

    async def close(self) -> None:
        """End all processes; jobs are put back."""
        self.closing.set()
        if self._sweeping is not None:
            self._sweeping.cancel()
        await asyncio.gather(self.crew.close(), self.reader.close(), self.painter.close())
        self.release()

    def release(self) -> None:
        """Give the folder free for another server."""
        self._lock.__exit__(None, None, None)

    async def _sweep(self) -> None:
        while True:
            await asyncio.to_thread(sweep, self.shelf, self.settings)
            await asyncio.sleep(_SWEEP)

    async def spool(self, upload: UploadFile) -> Path:
        """Write an upload to a file of the spool."""
        path = self.store.spooled()
        await asyncio.to_thread(_copy, upload, path)
        return path

    async def take_in(self, upload: UploadFile) -> tuple[dict[str, Any], bool]:
        """Keep an upload that can be read; return what it is, and whether it is new.

        Raises:
            ImageError, VideoError: it cannot be read.
            BusyError: too many are being looked at.
        """
        path = await self.spool(upload)
        try:
            about = await self.reader.ask(
                "examine", path=str(path), name=(upload.filename or "picture")[:200]
            )
            sha256 = await asyncio.to_thread(self.store.keep, path)
            known = self.database.one("SELECT * FROM files WHERE id = ?", sha256)
            about["id"] = sha256
            await asyncio.to_thread(self.shelf.add_file, about)
            return file_plain(dict(known) if known else about), known is None
        finally:
            path.unlink(missing_ok=True)

    async def verified(self, upload: UploadFile) -> dict[str, Any]:
        """Return what an upload's signature says; nothing is kept of it.

        Raises:
            ImpastoError: it cannot be read.
            BusyError: too many are being looked at.
        """
        path = await self.spool(upload)
        try:
            return await self.reader.ask("verify", path=str(path))
        finally:
            path.unlink(missing_ok=True)

    async def made(self, name: str, do: str, **task: Any) -> Path:
        """Return a file that can be made again, made if it is not there."""
        out = self.store.made(name)
        if not out.exists():
            # who comes second waits for what the first has made
            async with self._making.setdefault(name, asyncio.Lock()):
                if not out.exists():
                    await self.reader.ask(do, out=str(out), **task)
            self._making.pop(name, None)
        return out


def _copy(upload: UploadFile, path: Path) -> None:
    upload.file.seek(0)
    with open(path, "xb") as file:
        shutil.copyfileobj(upload.file, file, 2**20)


def file_plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return what clients are told of a file."""
    names = ("id", "kind", "type", "bytes", "width", "height", "frames", "seconds", "name")
    return {name: row.get(name) for name in names}


def of(request: Request) -> Service:
    """Return the server's parts."""
    service: Service = request.app.state.service
    return service


def parsed(text: str | None) -> dict[str, Any]:
    """Read the JSON object of a form's field.

    Raises:
        OptionError: it is none.
    """
    if not text:
        return {}
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
        if isinstance(found, dict):
            return found
    raise OptionError("request: expected a JSON object")
