"""A worker: a process that takes jobs from the queue, one after another, and does them.

It ends when its standard input does, which is when the server ends, however that ends; a line on it
says to put the job back and go.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

from impasto.errors import ImpastoError
from impasto.methods.realtime.engines import Engines
from impasto.studio import kinds
from impasto.studio.asked import JobAsked
from impasto.studio.control import Control, ReleasedError
from impasto.studio.database import Database
from impasto.studio.declared import ending
from impasto.studio.described import result_name
from impasto.studio.queue import LostError, Queue
from impasto.studio.shelf import Shelf
from impasto.studio.store import Store

_IDLE = 0.15  # seconds between looks at an empty queue


class Worker:
    """Do jobs; `name` is what its leases are under."""

    def __init__(self, root: Path, name: str, threads: int, pixels: int) -> None:
        self.name, self.threads, self.pixels = name, threads, pixels
        self.store, database = Store(root), Database(root / "jobs.db")
        self.queue, self.shelf = Queue(database), Shelf(database, self.store)
        self.stopping, self.engines = Event(), Engines()

    def loop(self) -> None:
        """Do jobs until the server ends."""
        while not self.stopping.is_set():
            job = self.queue.claim(self.name)
            if job is None:
                self.stopping.wait(_IDLE)
            else:
                with suppress(LostError):  # somebody else does it by now, or nobody wants it
                    self.work(job["id"], job["request"])

    def work(self, job: str, request: str) -> None:
        """Do a job, and say how it ended.

        Raises:
            LostError: this worker does not hold it any more.
        """
        folder = self.store.work(job)
        control = Control(self.queue, job, self.name, folder, self.stopping)
        try:
            asked = JobAsked.model_validate_json(request)
            if asked.options.get("quality", "fast") != "fast" or asked.kind != "stylize":
                self.engines = Engines()  # what they keep is memory that other methods need
            known = self.shelf, control, self.engines, self.threads, self.pixels
            task = kinds.Task(asked, folder, *known)
            made = kinds.run(task)
            self._finish(job, asked, made)
        except KeyboardInterrupt:
            self.queue.finish(job, self.name, "cancelled")
        except ReleasedError:
            self.queue.give_back(job, self.name)
        except ImpastoError as error:
            self.queue.finish(job, self.name, "failed", error=" ".join(str(error).split()))
        except MemoryError:
            told = "out of memory: use a smaller size"
            self.queue.finish(job, self.name, "failed", error=told)
        except LostError:
            self.store.drop_work(job) if self.queue.find(job) is None else None
            raise
        except Exception as error:
            import traceback

            traceback.print_exc()
            told = f"a fault of Impasto's own, {type(error).__name__}: {error}"
            self.queue.finish(job, self.name, "failed", error=" ".join(told.split())[:500])
        finally:
            control.close()

    def _finish(self, job: str, asked: JobAsked, made: kinds.Made) -> None:
        """Keep what was made, and end the job with it; it is whole in the store by then."""
        about, size = made.about, made.path.stat().st_size
        stem = about.get("style") or result_name(json.loads(asked.model_dump_json()), self.shelf)
        name = f"{stem}{ending(made.path.suffix.lstrip('.'))}"
        sha256 = self.store.keep(made.path)
        known = {"id": sha256, "bytes": size, "name": name}
        if about["kind"] == "network":
            self._add_style(about["style"], sha256)
        else:
            self.shelf.add_file(about | known)
        state = "cancelled" if made.stopped else "done"
        self.queue.finish(job, self.name, state, about | known)

    def _add_style(self, name: str, sha256: str) -> None:
        with self.queue.database.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO styles VALUES (?, ?, ?, 1)",
                (name, name, json.dumps([sha256])),
            )


def main() -> None:
    """Work until standard input ends."""
    about: dict[str, Any] = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    with suppress(OSError, AttributeError):
        os.nice(about["nice"])  # what somebody waits for comes first
    worker = Worker(Path(about["root"]), about["name"], about["threads"], about["pixels"])
    Thread(target=_listen, args=(worker.stopping,), daemon=True).start()
    worker.loop()
    sys.stdout.flush()
    os._exit(0)


def _listen(stopping: Event) -> None:
    if sys.stdin.readline():
        stopping.set()
        sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
