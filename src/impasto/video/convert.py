"""Between FFmpeg's frames and arrays of colours, in the matrix and range that a film has."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import VideoError
from impasto.images.orientation import turned
from impasto.video.frame import Image
from impasto.video.info import shown_size
from impasto.video.light import needs_light, to_srgb
from impasto.video.opening import load_av
from impasto.video.tags import FULL, LIMITED, Tags, orientation_of

if TYPE_CHECKING:
    from av.video.format import VideoFormat
    from av.video.frame import VideoFrame

# swscale's numbers for H.273's matrices
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 0: 1}
_WHITE = 255 << 8  # in 16 bits of RGB, as swscale takes it
_ROWS = 16  # of a picture at a time: what fits the processor's cache


def _flags() -> int:
    """Return how swscale is to compute: colours between pixels interpolated, nothing truncated."""
    from av.video.reformatter import Interpolation as Way

    return int(Way.BICUBIC | Way.ACCURATE_RND | Way.FULL_CHR_H_INT | Way.FULL_CHR_H_INP)


def _reformatter() -> Any:
    load_av()
    from av.video.reformatter import VideoReformatter

    return VideoReformatter()


def has_alpha(kind: VideoFormat) -> bool:
    """Return whether a format of pixels has transparency."""
    return any(part.is_alpha for part in kind.components)


@dataclass(eq=False)
class Unpacker:
    """Turn frames of a film into arrays; `size` is the longest side wanted, None as it is."""

    pixel_aspect: Fraction = Fraction(1)
    size: int | None = None
    threads: int = 1
    _scaler: Any = field(default_factory=_reformatter, repr=False)

    def __call__(self, frame: VideoFrame) -> tuple[Image, Image | None]:
        """Return colours (H, W, 3) and alpha (H, W) or None, upright, float32 in [0, 1].

        Raises:
            VideoError: its colours are of a kind that is not supported.
        """
        tags = Tags.of(frame).guessed(frame.width, frame.height)
        if frame.format.name.startswith("yuvj"):
            tags = Tags(tags.matrix, FULL, tags.primaries, tags.transfer)
        matrix = _MATRICES.get(tags.matrix)
        if matrix is None:
            raise VideoError(f"its colours are {tags}: convert it to BT.709 first")
        orientation, deep = orientation_of(frame), frame.format.components[0].bits > 8
        clear = has_alpha(frame.format)
        height, width = self.stored_size(frame.width, frame.height, orientation)
        planar = self._scaler.reformat(
            frame,
            width=width,
            height=height,
            format=("gbrap" if clear else "gbrp") + ("16le" if deep else ""),
            src_colorspace=matrix,
            src_color_range=tags.range,
            dst_color_range=FULL,
            interpolation=_flags(),
            threads=self.threads,
        )
        top = _top(frame.format, tags) if deep else 255
        green, blue, red, *rest = (turned(plane, orientation) for plane in _planes(planar))
        pixels = np.empty((*red.shape, 3), np.float32)
        for channel, plane in enumerate((red, green, blue)):
            np.multiply(plane, np.float32(1 / top), out=pixels[..., channel])
        if len(frame.format.components) < 3 and frame.color_range == LIMITED:
            # of grey swscale overlooks the range
            dark, bright = np.float32(16 / 255), np.float32(235 / 255)
            pixels = np.clip((pixels - dark) / (bright - dark), 0, 1)
        elif deep:
            np.minimum(pixels, 1, out=pixels)
        if needs_light(tags):
            to_srgb(pixels, tags)
        if not clear:
            return pixels, None
        opaque = _top(frame.format, Tags(range=FULL)) if deep else 255
        return pixels, np.divide(rest[0], np.float32(opaque), dtype=np.float32)

    def stored_size(self, width: int, height: int, orientation: int) -> tuple[int, int]:
        """Return the height and width, before it is turned, of what is shown."""
        width, height = shown_size(width, height, self.pixel_aspect, 1)
        if self.size is not None:
            width, height = fitted(width, height, self.size)
        return height, width


def fitted(width: int, height: int, size: int) -> tuple[int, int]:
    """Bring the longest side to a size; the other to the nearest even one, as codecs want it."""
    scale = size / max(width, height)
    short = max(2, 2 * round(min(width, height) * scale / 2))
    return (size, short) if width >= height else (short, size)


def _top(kind: VideoFormat, tags: Tags) -> int:
    """Return what swscale makes of white in 16 bits: it shifts where it should stretch."""
    bits = kind.components[0].bits
    if len(kind.components) >= 3 and not kind.is_rgb and tags.range != FULL:
        return _WHITE
    return int((2**bits - 1) << (16 - bits))


def _planes(frame: VideoFrame) -> list[NDArray[Any]]:
    """Return the planes of a frame as arrays (H, W), without copying."""
    out = []
    for plane in frame.planes:
        kind = np.uint16 if frame.format.components[0].bits > 8 else np.uint8
        values = np.frombuffer(memoryview(plane), kind).reshape(plane.height, -1)
        out.append(values[:, : plane.width])
    return out


@dataclass(eq=False)
class Packer:
    """Turn arrays into frames of an encoder's format, in the matrix and range of `tags`."""

    width: int
    height: int
    pixel_format: str
    tags: Tags
    deep: bool = False
    threads: int = 1
    _scaler: Any = field(default_factory=_reformatter, repr=False)

    def __call__(self, pixels: Image, alpha: Image | None = None) -> VideoFrame:
        """Return a frame; rows and columns that the encoder wants more are repeated.

        Args:
            pixels: (H, W, 3) in [0, 1].
            alpha: (H, W) in [0, 1], for formats with transparency.
        """
        av = load_av()
        clear = has_alpha(av.VideoFormat(self.pixel_format))
        samples = self._rounded(pixels, alpha, 4 if clear else 3)
        names = ("rgba", "rgba64le") if clear else ("rgb24", "rgb48le")
        packed = av.VideoFrame.from_numpy_buffer(samples, names[self.deep])
        matrix = _MATRICES[self.tags.matrix]
        out: VideoFrame = self._scaler.reformat(
            packed,
            format=self.pixel_format,
            src_color_range=FULL,
            dst_colorspace=matrix,
            dst_color_range=self.tags.range,
            interpolation=_flags(),
            threads=self.threads,
        )
        out.colorspace, out.color_range = self.tags.matrix, self.tags.range
        out.color_primaries, out.color_trc = self.tags.primaries, self.tags.transfer
        return out

    def _rounded(self, pixels: Image, alpha: Image | None, channels: int) -> NDArray[Any]:
        """Round to whole numbers, some rows at a time, and repeat the last row and column."""
        height, width = pixels.shape[:2]
        top = np.float32(_WHITE if self.deep else 255)
        clear_top = np.float32(65535 if self.deep else 255)
        out = np.empty((self.height, self.width, channels), np.uint16 if self.deep else np.uint8)
        if channels == 4:
            out[..., 3] = clear_top
        for start in range(0, height, _ROWS):
            part = slice(start, min(start + _ROWS, height))
            # + 0.5 and cut off: rounds, and faster than `rint`
            out[part, :width, :3] = pixels[part] * top + np.float32(0.5)
            if alpha is not None and channels == 4:
                out[part, :width, 3] = alpha[part] * clear_top + np.float32(0.5)
        out[height:] = out[height - 1 : height]
        out[:, width:] = out[:, width - 1 : width]
        return out
