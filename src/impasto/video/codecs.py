"""Which files hold films, and how pictures are packed in them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import OptionError, VideoError
from impasto.video.options import FilmOptions

Settings = dict[str, str]


@dataclass(frozen=True)
class Codec:
    """Say how an encoder is asked.

    Attributes:
        encoder: FFmpeg's name of it.
        formats: Of pixels, by whether they have 10 bits and whether they have transparency.
        settings: Its settings for a quality of 1 to 100.
        tag: What MP4 and MOV call it, where players insist.
        plays_deep: Whether what plays 8 bits plays 10 bits too.
    """

    encoder: str
    formats: Mapping[tuple[bool, bool], str]
    settings: Callable[[int], Settings]
    tag: str | None = None
    plays_deep: bool = True

    def pixel_format(self, deep: bool, clear: bool) -> tuple[str, bool, bool]:
        """Return the nearest format that it has, and whether that is deep and has transparency."""
        for wanted in ((deep, clear), (not deep, clear), (deep, False), (not deep, False)):
            if wanted in self.formats:
                return self.formats[wanted], *wanted
        raise AssertionError("a codec has a format")


def _x264(quality: int) -> Settings:
    return {"crf": f"{58 - quality / 2:g}", "preset": "veryfast"}


def _x265(quality: int) -> Settings:
    return {"crf": f"{60 - quality / 2:g}", "preset": "superfast", "x265-params": "log-level=none"}


def _vpx(quality: int) -> Settings:
    fast = {"deadline": "good", "cpu-used": "5", "row-mt": "1", "tile-columns": "2"}
    return {"crf": str(round(min(63, 70 - quality / 2))), **fast, "auto-alt-ref": "0"}


def _svt(quality: int) -> Settings:
    return {"crf": str(round(min(63, 70 - quality / 2))), "preset": "9"}


def _prores(quality: int) -> Settings:
    # its profile, 422 HQ or 4444, and its rate follow from the pixels
    return {"vendor": "apl0"}


_H264 = Codec(
    "libx264",
    {(False, False): "yuv420p", (True, False): "yuv420p10le"},
    _x264,
    plays_deep=False,
)
_HEVC = Codec(
    "libx265", {(False, False): "yuv420p", (True, False): "yuv420p10le"}, _x265, tag="hvc1"
)
_VP9 = Codec("libvpx-vp9", {(False, False): "yuv420p", (False, True): "yuva420p"}, _vpx)
_AV1 = Codec("libsvtav1", {(False, False): "yuv420p", (True, False): "yuv420p10le"}, _svt)
_PRORES = Codec("prores_ks", {(True, False): "yuv422p10le", (True, True): "yuva444p10le"}, _prores)

_CODECS = {"h264": _H264, "hevc": _HEVC, "vp9": _VP9, "av1": _AV1, "prores": _PRORES}

CONTAINERS = {
    ".mp4": ("mp4", ("h264", "hevc", "av1", "vp9")),
    ".m4v": ("mp4", ("h264", "hevc", "av1")),
    ".mov": ("mov", ("h264", "hevc", "prores")),
    ".mkv": ("matroska", ("h264", "hevc", "vp9", "av1", "prores")),
    ".webm": ("webm", ("vp9", "av1")),
}
"""Of each ending: FFmpeg's name of the format, and its codecs, of which the first is taken."""

ANIMATIONS = {".gif": "gif", ".webp": "webp"}
WRITABLE = (*CONTAINERS, *ANIMATIONS)


def choose(path: str | os.PathLike[str], options: FilmOptions) -> tuple[str, Codec]:
    """Return the format and the codec that a file's ending and the options ask for.

    Raises:
        VideoError: nothing is written with that ending.
        OptionError: its format does not hold that codec.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in CONTAINERS:
        raise VideoError(
            f"{os.fspath(path)} has no ending that films are written with; end it with one of"
            f" {', '.join(WRITABLE)}, or name a folder for pictures"
        )
    container, codecs = CONTAINERS[suffix]
    name = codecs[0] if options.codec == "auto" else options.codec
    if name not in codecs:
        others = [end for end, (_, held) in CONTAINERS.items() if name in held]
        raise OptionError(
            f"codec {name} does not go into {suffix}: choose one of {', '.join(codecs)}, or end the"
            f" name with {' or '.join(others)}"
        )
    return container, _CODECS[name]


def codec_of(encoder: str) -> Codec:
    """Return the codec of an encoder."""
    return next(codec for codec in _CODECS.values() if codec.encoder == encoder)
