"""How films are written."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.errors import OptionError
from impasto.options import check, option

CODECS = ("auto", "h264", "hevc", "vp9", "av1", "prores")


@dataclass(frozen=True)
class FilmOptions:
    """All that can be asked of a film that is written."""

    codec: str = option(
        "auto", "How pictures are packed; auto: as the file's ending has it.", choices=CODECS
    )
    video_quality: int = option(
        80, "Quality of the packed pictures; 80 is hard to tell from unpacked.", low=1, high=100
    )
    video_depth: int | None = option(
        None, "Bits of a sample, 8 or 10; without it, the film's where players show 10.", low=8,
        high=10,
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)
        if self.video_depth == 9:
            raise OptionError("video_depth is 9: expected 8 or 10")
