"""Pack pictures with an encoder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from impasto.video.codecs import Codec, codec_of
from impasto.video.convert import Packer
from impasto.video.frame import Frame
from impasto.video.opening import as_urgent_as_before, load_av
from impasto.video.tags import Tags

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

_KEYFRAMES = 5  # seconds from one to the next at most: so far players seek


@dataclass(frozen=True)
class Encoding:
    """Say how pictures are packed, all that decides the bytes.

    `width` and `height` are those of the packed pictures: codecs that halve the colours' resolution
    want even ones, so the last row or column may be there twice.
    """

    codec: Codec
    width: int
    height: int
    pixel_format: str
    deep: bool
    clear: bool
    tags: Tags
    time_base: Fraction
    rate: Fraction
    quality: int
    threads: int

    @classmethod
    def of(
        cls,
        codec: Codec,
        frame: Frame,
        tags: Tags,
        deep: bool,
        **others: Any,
    ) -> Encoding:
        """Return how frames like this one are packed."""
        name, deep, clear = codec.pixel_format(deep, frame.alpha is not None)
        height, width = frame.pixels.shape[:2]
        if codec.encoder in ("libx264", "libx265"):
            height, width = height + height % 2, width + width % 2
        return cls(codec, width, height, name, deep, clear, tags, **others)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON keeps it."""
        return {
            **asdict(self),
            "codec": self.codec.encoder,
            "time_base": str(self.time_base),
            "rate": str(self.rate),
        }

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Encoding:
        """Return what `plain` told of."""
        made = {
            "codec": codec_of(plain["codec"]),
            "tags": Tags(**plain["tags"]),
            "time_base": Fraction(plain["time_base"]),
            "rate": Fraction(plain["rate"]),
        }
        return cls(**{**plain, **made})

    def context(self) -> VideoCodecContext:
        """Return an encoder, open."""
        av = load_av()
        # SVT-AV1 writes on the terminal by itself; 1 leaves its errors
        os.environ.setdefault("SVT_LOG", "1")
        context = av.CodecContext.create(self.codec.encoder, "w")
        self._configure(context)
        context.options = self.codec.settings(self.quality)
        with as_urgent_as_before():
            context.open()
        return context  # type: ignore[no-any-return]

    def stream(self, container: OutputContainer) -> VideoStream:
        """Return a stream of a file, for packets of encoders of the same kind."""
        settings = self.codec.settings(self.quality)
        stream: Any = container.add_stream(self.codec.encoder, rate=self.rate, options=settings)
        stream.time_base = self.time_base
        self._configure(stream.codec_context)
        if self.codec.tag and container.format.name in ("mp4", "mov"):
            stream.codec_context.codec_tag = self.codec.tag
        return stream  # type: ignore[no-any-return]

    def packer(self) -> Packer:
        """Return what makes frames for the encoder."""
        args = (self.width, self.height, self.pixel_format, self.tags)
        return Packer(*args, deep=self.deep, threads=self.threads)

    def _configure(self, context: Any) -> None:
        from av.codec.context import Flags

        context.width, context.height = self.width, self.height
        context.pix_fmt = self.pixel_format
        context.time_base, context.framerate = self.time_base, self.rate
        context.bit_rate = 0  # the quality decides
        context.gop_size = max(1, round(self.rate * _KEYFRAMES))
        context.thread_count = self.threads
        context.colorspace, context.color_range = self.tags.matrix, self.tags.range
        context.color_primaries, context.color_trc = self.tags.primaries, self.tags.transfer
        context.flags |= Flags.global_header


@dataclass(eq=False)
class Encoder:
    """Pack frames one after the other; `finish` gives what it holds back."""

    encoding: Encoding
    context: VideoCodecContext
    packer: Packer

    @classmethod
    def open(cls, encoding: Encoding, packer: Packer) -> Encoder:
        """Begin a run of frames that stands for itself: its first is a whole picture."""
        return cls(encoding, encoding.context(), packer)

    def encode(self, frame: Frame, pts: int) -> Iterator[Packet[Any]]:
        """Yield the packets that are ready; `pts` is the time in units of the time base."""
        pixels = frame.pixels if self.encoding.clear else frame.on_white()
        packed = self.packer(pixels, frame.alpha)
        packed.pts, packed.time_base = pts, self.encoding.time_base
        yield from self.context.encode(packed)

    def finish(self) -> Iterator[Packet[Any]]:
        """Yield the packets that were held back."""
        yield from self.context.encode(None)
