"""What the server tells of files, jobs and styles."""

from __future__ import annotations

from typing import Any, TypedDict


class FileInfo(TypedDict):
    """What the server knows of a file; `id` is the SHA-256 of its bytes."""

    id: str
    kind: str
    type: str
    bytes: int
    width: int | None
    height: int | None
    frames: int | None
    seconds: float | None
    name: str


class JobInfo(TypedDict):
    """What the server knows of a job."""

    id: str
    kind: str
    state: str
    created: str
    started: str | None
    ended: str | None
    position: int | None
    request: dict[str, Any]
    contents: list[str]
    progress: dict[str, Any] | None
    error: str | None
    result: dict[str, Any] | None
    command: str | None
    python: str | None
    thumbnail: str | None


class StyleInfo(TypedDict):
    """A style that goes by a name; `kind` is "preset", "own" or "network"."""

    name: str
    title: str
    kind: str
    thumbnail: str
    credit: str
    removable: bool
    picture: bool


class Event(TypedDict):
    """What became of a job: `kind` is "state", "progress", "preview" or "end"."""

    id: int
    kind: str
    data: dict[str, Any]
