"""A process that decodes or paints for the server: tasks in, one on a line; answers out.

Its memory is limited, so that a hostile picture takes down no more than this process, which the
server starts anew. Tasks and answers are JSON: nothing is unpickled.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from impasto.errors import ImpastoError
from impasto.studio import reading
from impasto.studio.asked import LiveAsked
from impasto.studio.database import Database
from impasto.studio.painting import Painter, at_once
from impasto.studio.shelf import Shelf
from impasto.studio.store import Store

Handler = Callable[[dict[str, Any]], dict[str, Any]]
_READERS = 2  # files that are looked at at once


def main() -> None:
    """Do what standard input asks for until it ends, as it does with the server."""
    about = json.loads(sys.argv[1])
    # what libraries print must not come between the answers
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # of pictures, whose senders are not here to read them
    limit_memory(about["memory"])
    painting = about["role"] == "painter"
    handlers = _painter(about) if painting else _reader(about)
    lock = Lock()
    with ThreadPoolExecutor(at_once() if painting else _READERS) as pool:
        for line in sys.stdin.buffer:
            pool.submit(_answer, json.loads(line), handlers, out, lock)
        os._exit(0)  # whatever is half done: nobody waits for it any more


def limit_memory(amount: int) -> None:
    """Take no more than so many bytes of memory, where the system can see to that."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    if most != resource.RLIM_INFINITY:
        amount = min(amount, most)
    resource.setrlimit(resource.RLIMIT_DATA, (amount, most))


def _reader(about: dict[str, Any]) -> dict[str, Handler]:
    pixels = about["pixels"]
    return {
        "examine": lambda t: reading.examine(Path(t["path"]), t["name"], pixels),
        "small": lambda t: reading.small(Path(t["path"]), t["kind"], t["size"], Path(t["out"])),
        "convert": lambda t: reading.convert(
            Path(t["path"]), Path(t["out"]), t["quality"], t["recipe"]
        ),
        "verify": lambda t: reading.look_at_signature(Path(t["path"])),
        "tiles": lambda t: reading.tiles(Path(t["path"]), Path(t["out"])),
    }


def _painter(about: dict[str, Any]) -> dict[str, Handler]:
    root = Path(about["root"])
    shelf = Shelf(Database(root / "jobs.db"), Store(root))
    painter = Painter(shelf, about["pixels"])
    return {
        "paint": lambda t: (
            painter.paint(
                LiveAsked.model_validate(t["asked"]), t["content"], t["uploads"], t["out"]
            )
            | {"caches": painter.told()}
        ),
        "show_style": lambda t: painter.show_style(t["name"], t["size"], t["out"]),
    }


def _answer(task: dict[str, Any], handlers: dict[str, Handler], out: BinaryIO, lock: Lock) -> None:
    answer: dict[str, Any] = {"id": task["id"]}
    try:
        answer["result"] = handlers[task["do"]](task)
    except ImpastoError as error:
        answer["error"] = {"kind": type(error).__name__, "detail": " ".join(str(error).split())}
    except MemoryError:
        detail = "this takes more memory than the server gives to one picture: use a smaller one"
        answer["error"] = {"kind": "ImageError", "detail": detail}
    except Exception as error:
        import traceback

        traceback.print_exc()
        answer["error"] = {"kind": "Fault", "detail": type(error).__name__}
    with lock:
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()


if __name__ == "__main__":
    main()
