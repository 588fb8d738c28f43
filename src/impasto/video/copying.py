"""Copy what is not pictures from one film to another, packet by packet, as it is."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from impasto.video.info import origin_of
from impasto.video.opening import is_cover, load_av, opened, video_stream

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream

_LEAD_IN = Fraction(1, 10)  # seconds of sound before the beginning that a decoder may need
_SKIPS = ("mp4", "mov")  # formats that say what of the first packet is not to be heard
# what a file says of itself, which is not true of another
_OWN = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration", "rotate")
_OWN_PREFIXES = ("_statistics", "number_of_", "bps", "duration", "alpha_mode")


@dataclass(frozen=True)
class Copied:
    """Say what is copied: of which film, from when to when, in seconds since its beginning."""

    source: str | os.PathLike[str]
    start: Fraction = Fraction(0)
    end: Fraction | None = None

    def tell_losses(self, format_name: str | None, target: str) -> None:
        """Warn, before long work, of what a format does not hold; None holds pictures alone."""
        with ExitStack() as stack:
            container = stack.enter_context(opened(self.source))
            out = format_name and stack.enter_context(_empty(format_name))
            lost = ", ".join(_name(s) for s in _others(container) if not out or not _fits(s, out))
        if lost:
            hint = "" if format_name == "matroska" else "; .mkv holds most"
            text = f"{target} cannot hold {lost} of the film, which will be missing{hint}"
            warnings.warn(text, UserWarning, stacklevel=4)

    def open(self, container: InputContainer, out: OutputContainer) -> dict[int, Stream]:
        """Make streams, chapters and metadata in a file; return its streams by those copied."""
        out.metadata.update(_plain(container.metadata))
        out.set_chapters(self._chapters(container))
        made = {}
        for stream in _others(container):
            if _fits(stream, out):
                copy: Any = out.add_stream_from_template(stream, opaque=True)
                copy.metadata.update(_plain(stream.metadata))
                copy.disposition = stream.disposition
                made[stream.index] = copy
        return made

    def packets(
        self, container: InputContainer, made: dict[int, Stream], exact: bool
    ) -> Iterator[tuple[Fraction, Packet[Any]]]:
        """Yield packets and their times in the new film, in the order in which they lie.

        With `exact` the packet that sounds at the start is copied too, as the format says where in
        it to begin; else the first is the next one.
        """
        from av.stream import Discard

        origin = origin_of(container)
        last: dict[int, int] = {}
        for stream in container.streams:
            if stream.index not in made and stream.codec_context is not None:
                stream.discard = Discard.all
        streams = [s for s in container.streams if s.index in made and s.type != "attachment"]
        if self.start and streams:
            container.seek(round(max(self.start + origin - 5, Fraction(0)) * 1_000_000))
        for packet in container.demux(streams) if streams else ():
            if packet.pts is None or packet.dts is None or not packet.size:
                continue
            index, tick = packet.stream_index, Fraction(packet.time_base)
            if not self._is_wanted(packet, origin, exact):
                continue
            shift = round((origin + self.start) / tick)
            if is_cover(packet.stream):
                shift = packet.pts
            # files' clocks may step back by a hair, which no format takes
            dts = max(packet.dts - shift, last.get(index, packet.dts - shift - 1) + 1)
            packet.pts, packet.dts = max(packet.pts - shift, dts), dts
            last[index] = dts
            packet.stream = made[index]
            yield dts * tick, packet

    def _is_wanted(self, packet: Packet[Any], origin: Fraction, exact: bool) -> bool:
        if is_cover(packet.stream):
            return True
        tick = Fraction(packet.time_base)
        begin = (packet.pts or 0) * tick - origin
        end = begin + (packet.duration or 0) * tick
        if self.end is not None and begin >= self.end:
            return False
        if not self.start:
            # what lies further back is kept by files that were cut, and never heard
            return end > -_LEAD_IN
        if packet.stream.type == "subtitle" and end > self.start:
            late = max(0, round((self.start - begin) / tick))
            packet.pts = packet.dts = (packet.pts or 0) + late
            packet.duration = max(1, (packet.duration or 0) - late)
            return True
        return end > self.start if exact else begin >= self.start

    def _chapters(self, container: InputContainer) -> list[Any]:
        found = []
        for chapter in container.chapters():
            tick = Fraction(chapter["time_base"] or 1)
            shift = round((origin_of(container) + self.start) / tick)
            end = chapter["end"] - shift
            if self.end is not None:
                end = min(end, round((self.end - self.start) / tick))
            start = max(0, chapter["start"] - shift)
            if start < end:
                found.append({**chapter, "start": start, "end": end})
        return found


def _others(container: InputContainer) -> list[Stream]:
    """Return the streams that are not the film; nor the texts of chapters, which are no stream."""
    film, chapters = video_stream(container), bool(container.chapters())
    return [
        s
        for s in container.streams
        if s.index != film.index and not (chapters and s.type == "data" and s.name == "bin_data")
    ]


def _fits(stream: Stream, out: OutputContainer) -> bool:
    if stream.type == "attachment":
        return out.format.name == "matroska"
    if stream.codec_context is None or stream.type not in ("audio", "subtitle", "video"):
        return False
    if stream.type == "video" and not (is_cover(stream) and out.format.name in _SKIPS):
        return False
    return stream.codec_context.name in out.supported_codecs


def _empty(format_name: str) -> OutputContainer:
    return load_av().open(os.devnull, "w", format=format_name)  # type: ignore[no-any-return]


def _name(stream: Stream) -> str:
    kind = "cover" if is_cover(stream) else stream.type
    context = stream.codec_context
    codec = context.codec.canonical_name if context else stream.name
    return f"{kind} {codec}" if codec else kind


def _plain(metadata: dict[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in metadata.items()
        if name.lower() not in _OWN and not name.lower().startswith(_OWN_PREFIXES)
    }
