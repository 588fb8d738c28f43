"""Decode the frames of a film, and put damaged ones aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from impasto.video.opening import load_av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream


@dataclass(eq=False)
class Decoder:
    """Yield the frames of a stream, in the order in which they are shown.

    `threads` None takes one for each core; `damaged` counts packets that could not be decoded.
    """

    container: InputContainer
    stream: VideoStream
    threads: int | None = None
    damaged: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[VideoFrame]:
        """Decode from where the container stands."""
        av = load_av()
        decode = self._decode()
        try:
            for packet in self.container.demux(self.stream):
                try:
                    yield from decode(packet)
                except av.error.InvalidDataError:
                    self.damaged += 1
        except av.error.InvalidDataError:  # the container itself is damaged from here on
            self.damaged += 1

    def _decode(self) -> Any:
        """Return what decodes a packet: in WebM, transparency only FFmpeg's libvpx knows."""
        av, stream = load_av(), self.stream
        if stream.metadata.get("alpha_mode") == "1" and stream.codec_context.name == "vp9":
            decoder = av.CodecContext.create("libvpx-vp9", "r")
            decoder.thread_count = self.threads or 0
            return lambda packet: _stamped(decoder.decode(packet if packet.size else None), packet)
        stream.thread_type = "AUTO"
        if self.threads is not None:
            stream.thread_count = self.threads
        return lambda packet: packet.decode()


def _stamped(frames: list[VideoFrame], packet: Packet[Any]) -> list[VideoFrame]:
    for frame in frames:
        frame.time_base = packet.time_base
    return frames
