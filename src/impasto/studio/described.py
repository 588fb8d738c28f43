"""Jobs as clients see them: state, progress, result, and the same as a command or a Python line."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from impasto.studio.queue import Queue
from impasto.studio.shelf import NotThereError, Shelf


def job_plain(row: sqlite3.Row, queue: Queue, shelf: Shelf) -> dict[str, Any]:
    """Return a job as JSON has it."""
    job, asked = row["id"], json.loads(row["request"])
    content = next(iter(_contents(asked)), None)
    result = _result(row, job)
    thumbnail = None
    if result is not None and result["type"].startswith(("image/", "video/")):
        thumbnail = f"/v1/files/{json.loads(row['result'])['id']}/thumbnail"
    elif content is not None:
        thumbnail = f"/v1/files/{content}/thumbnail"
    command, python = as_text(row["kind"], asked, shelf)
    return {
        "id": job,
        "kind": row["kind"],
        "state": row["state"],
        "created": _time(row["created"]),
        "started": _time(row["started"]),
        "ended": _time(row["ended"]),
        "position": queue.position(job) if row["state"] == "queued" else None,
        "request": asked,
        "contents": [_name(one, shelf) for one in _contents(asked)],
        "progress": json.loads(row["progress"]) if row["progress"] else None,
        "error": row["error"],
        "result": result,
        "command": command,
        "python": python,
        "thumbnail": thumbnail,
    }


def _contents(asked: Mapping[str, Any]) -> list[str]:
    contents = asked.get("content") or []
    return [contents] if isinstance(contents, str) else list(contents)


def _result(row: sqlite3.Row, job: str) -> dict[str, Any] | None:
    if not row["result"]:
        return None
    about = json.loads(row["result"])
    return {
        "url": f"/v1/jobs/{job}/result",
        "id": about["id"],
        "type": about["type"],
        "bytes": about["bytes"],
        "width": about.get("width"),
        "height": about.get("height"),
        "preview": f"/v1/jobs/{job}/preview",
        "recipe": about.get("recipe"),
        "style": about.get("style"),
    }


def result_name(asked: Mapping[str, Any], shelf: Shelf) -> str:
    """Return what a job's result is called, without an ending: its content's name and a style's."""
    content = _name(next(iter(_contents(asked)), ""), shelf)
    refs = asked.get("styles") or [{}]
    style = refs[0].get("name") or Path(_name(refs[0].get("file") or "", shelf)).stem
    return "-".join([Path(content).stem, *re.findall(r"\w+", style.lower())])[:150]


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def as_text(kind: str, asked: Mapping[str, Any], shelf: Shelf) -> tuple[str | None, str | None]:
    """Return what does the same from a command line, and from Python; names stand for the files."""
    if kind == "train":
        return None, None
    content = _name(next(iter(_contents(asked)), ""), shelf)
    styles = [ref.get("name") or _name(ref.get("file") or "", shelf) for ref in asked["styles"]]
    masks = [mask if mask.startswith("auto") else _name(mask, shelf) for mask in asked["masks"]]
    where = asked.get("strength_map")
    own = {
        "blend": asked.get("blend"),
        "masks": masks or None,
        "strength_map": _name(where, shelf) if where else None,
        "feather": asked["feather"] or None,
        "faces": asked["faces"] if asked["faces"] != 1 else None,
    }
    film = {k: v for k, v in asked.get("film", {}).items() if v is not None}
    rest = {k: v for k, v in asked["options"].items() if v is not None}
    return (
        _command("stylize" if kind == "stylize" else "video", content, styles, own, film | rest),
        _python(kind, content, styles, own, film | rest),
    )


def _name(sha256: str, shelf: Shelf) -> str:
    try:
        return str(shelf.file(sha256)["name"])
    except NotThereError:
        return f"{sha256[:12]}.png"


def _command(
    verb: str, content: str, styles: list[str], own: dict[str, Any], rest: dict[str, Any]
) -> str:
    words = ["impasto", verb, content]
    for style in styles:
        words += ["--style", style]
    if own["blend"]:
        words += ["--blend", ",".join(f"{weight:g}" for weight in own["blend"])]
    for mask in own["masks"] or []:
        words += ["--mask", mask]
    for name in ("strength_map", "feather", "faces"):
        if own[name] is not None:
            words += [f"--{name.replace('_', '-')}", str(own[name])]
    flags = {"start": "from", "end": "to"}
    for name, value in rest.items():
        flag = flags.get(name, name).replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            words += [f"--{flag}", str(value)]
    return shlex.join(words)


def _python(
    kind: str, content: str, styles: list[str], own: dict[str, Any], rest: dict[str, Any]
) -> str:
    call, out = (
        ("stylize_file", "painted.png") if kind == "stylize" else ("stylize_video", "painted.mp4")
    )
    names = {"from": "start", "to": "end"}
    given = {k: v for k, v in own.items() if v is not None}
    given |= {names.get(k, k): v for k, v in rest.items()}
    keywords = "".join(f", {name}={value!r}" for name, value in given.items())
    style = repr(styles[0] if len(styles) == 1 else styles)
    return f"impasto.{call}({content!r}, {style}, {out!r}{keywords})"
