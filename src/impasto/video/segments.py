"""What a long film has on the disk before it is a file: whole runs of packets.

A segment holds the packets of some seconds of film. Its name says its number and how many frames it
has, and it gets it when it is whole; so what a run leaves behind that was stopped, by whatever, is
all that another needs to go on.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from impasto.errors import VideoError
from impasto.images.files import reason, write_file
from impasto.video.encode import Encoding
from impasto.workspace import Workspace, locked

if TYPE_CHECKING:
    from av.packet import Packet

_ENDING, _PART, _LOCK, _STATE = ".packets", "part", "lock", "state"
_HEAD = struct.Struct("<qqIIB")  # pts, duration, bytes, bytes aside, whether it is a key
_ASIDE: Any = "matroska_block_additional"  # where WebM keeps transparency


class Kept(NamedTuple):
    """Hold one packet; `aside` is its transparency, if that comes apart."""

    pts: int
    duration: int
    is_key: bool
    data: bytes
    aside: bytes


@dataclass(eq=False)
class Segments:
    """Hold the folder of a film in the making, beside it.

    `cleared` is how many frames of another film were there.
    """

    folder: Path
    cleared: int = 0
    _lock: AbstractContextManager[Any] | None = field(default=None, repr=False)
    _part: BinaryIO | None = field(default=None, repr=False)
    _count: int = 0
    _state: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, target: Path, job: Any, resume: bool) -> Segments:
        """Make the folder of a film; with `resume` take up what a run of the same job has left.

        Raises:
            VideoError: it cannot be made, or another run is at work there.
        """
        digest = hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()
        self = cls(Workspace.of(target).folder)
        try:
            self.folder.mkdir(exist_ok=True)
            self._lock = locked(self.folder / _LOCK)
            self._lock.__enter__()
            try:
                self._take_up(digest, resume)
            except BaseException:
                self._lock.__exit__(None, None, None)
                raise
        except BlockingIOError:
            raise VideoError(
                f"{self.folder}: another run is making this film; wait for it, or choose another"
                " name with -o"
            ) from None
        except OSError as error:
            raise VideoError(f"{self.folder}: cannot be made ({reason(error)})") from None
        return self

    @property
    def written(self) -> int:
        """Return how many frames are on the disk in whole segments."""
        return sum(int(path.stem.split("-")[1]) for path in self._paths())

    @property
    def encoding(self) -> Encoding | None:
        """Return how the packets are packed; None before there are any."""
        plain = self._state.get("encoding")
        return None if plain is None else Encoding.from_plain(plain)

    def agreed(self, encoding: Encoding) -> Encoding:
        """Return how to pack: as the packets that are there, if there are any.

        Raises:
            VideoError: these frames ask for something else.
        """
        wanted = encoding.plain()
        known = self._state.setdefault("encoding", wanted)
        what = [name for name in wanted if wanted[name] != known[name] and name != "threads"]
        if what:
            raise VideoError(
                f"the film that is begun in {self.folder} differs in {', '.join(what)}: make it"
                " without resume"
            )
        write_file(self.folder / _STATE, json.dumps(self._state).encode())
        return Encoding.from_plain(known)

    def put(self, packet: Packet[Any], duration: int) -> None:
        """Add a packet to the segment in the making; `duration` is that of its frame."""
        if self._part is None:
            self._part = open(self.folder / _PART, "wb")  # noqa: SIM115
        data = bytes(packet)
        aside = bytes(packet.get_sidedata(_ASIDE)) if packet.has_sidedata(_ASIDE) else b""
        assert packet.pts is not None
        head = (packet.pts, duration, len(data), len(aside), packet.is_keyframe)
        self._part.write(_HEAD.pack(*head) + data + aside)
        self._count += 1

    def finish(self, frames: int) -> None:
        """Make the segment a whole one, of so many frames, that outlasts a power cut."""
        if self._part is None:
            return
        self._part.flush()
        os.fsync(self._part.fileno())
        self._part.close()
        self._part, number = None, len(self._paths())
        os.replace(self.folder / _PART, self.folder / f"{number:06d}-{frames}{_ENDING}")

    def times(self) -> list[int]:
        """Return the times of all packets in the order in which they are decoded."""
        return [kept.pts for kept in self.packets(only_times=True)]

    def packets(self, only_times: bool = False) -> Iterator[Kept]:
        """Yield all packets, with or without their bytes."""
        for path in self._paths():
            with open(path, "rb") as file:
                while head := file.read(_HEAD.size):
                    pts, duration, size, aside, is_key = _HEAD.unpack(head)
                    if only_times:
                        file.seek(size + aside, os.SEEK_CUR)
                        yield Kept(pts, duration, is_key, b"", b"")
                    else:
                        yield Kept(pts, duration, is_key, file.read(size), file.read(aside))

    def leave(self, keep: bool) -> bool:
        """Go, and remove the folder unless something whole is to be kept; return whether it was."""
        if self._part is not None:
            self._part.close()
            self._part = None
        kept = keep and bool(self._paths())
        if kept:  # but no half film, which may be what filled the disk
            for path in self.folder.glob("film.*"):
                path.unlink(missing_ok=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.__exit__(None, None, None)
            self._lock = None
        return kept

    def _paths(self) -> list[Path]:
        return sorted(self.folder.glob(f"*{_ENDING}"))

    def _take_up(self, digest: str, resume: bool) -> None:
        """Keep what a run of the same job has left, if that is wanted, and nothing else."""
        try:
            self._state = json.loads((self.folder / _STATE).read_text())
        except (OSError, ValueError):
            self._state = {}
        there = self.written
        goes_on = self._state.get("job") == digest
        if resume and there and not goes_on:
            raise VideoError(
                f"{self.folder} holds {there} frames of another film or of other options: run what"
                " made them again, or leave out resume, which drops them"
            )
        goes_on = goes_on and resume
        if not goes_on:
            self.cleared, self._state = there, {"job": digest}
        known = {_LOCK} | ({_STATE, *(p.name for p in self._paths())} if goes_on else set())
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name not in known:
                path.unlink()


def restored(kept: Kept, dts: int) -> Packet[Any]:
    """Return a packet as the encoder made it, to be written into a file."""
    from av.packet import Packet, PacketSideData, packet_sidedata_type_from_literal

    packet: Any = Packet(kept.data)
    packet.pts, packet.dts, packet.duration = kept.pts, dts, kept.duration
    packet.is_keyframe = bool(kept.is_key)
    if kept.aside:
        aside: Any = PacketSideData
        side = aside(packet_sidedata_type_from_literal(_ASIDE), len(kept.aside))
        side.update(kept.aside)
        packet.set_sidedata(side)
    return packet  # type: ignore[no-any-return]
