"""How a film's numbers are colours, and how its pictures are turned to be shown.

Numbers are those of ITU-T H.273, which FFmpeg uses as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

BT709, UNSPECIFIED, BT2020, P3 = 1, 2, 9, 12
PQ, HLG = 16, 18
LIMITED, FULL = 1, 2
_HD = (1280, 720)  # from here on, untagged films are BT.709

_MATRICES = {0: "RGB", 1: "BT.709", 4: "FCC", 5: "BT.601", 6: "BT.601", 7: "SMPTE 240M"}
_MATRICES |= {8: "YCgCo", 9: "BT.2020", 10: "BT.2020 constant luminance", 14: "ICtCp"}
_TRANSFERS = {1: "BT.709", 4: "gamma 2.2", 5: "gamma 2.8", 6: "BT.601", 8: "linear", 13: "sRGB"}
_TRANSFERS |= {14: "BT.2020", 15: "BT.2020", 16: "PQ", 18: "HLG"}
_PRIMARIES = {1: "BT.709", 5: "BT.601 (625)", 6: "BT.601 (525)", 9: "BT.2020", 12: "Display P3"}

# of each EXIF orientation: the turning part of a display matrix, as signs of a, b, c, d
_ORIENTATIONS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


@dataclass(frozen=True)
class Tags:
    """Say how numbers are colours: matrix, range (1 limited, 2 full), primaries, transfer."""

    matrix: int = UNSPECIFIED
    range: int = 0
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED

    @classmethod
    def of(cls, holder: Any) -> Tags:
        """Return those of a frame or of a codec's context."""
        return cls(
            int(holder.colorspace),
            int(holder.color_range),
            int(holder.color_primaries),
            int(holder.color_trc),
        )

    def guessed(self, width: int, height: int) -> Tags:
        """Return them with a matrix and a range where there was none, as players guess them."""
        matrix, range_ = self.matrix, self.range
        if matrix in (UNSPECIFIED, 3):
            matrix = BT709 if width >= _HD[0] or height >= _HD[1] else 6
        return replace(self, matrix=matrix, range=range_ or LIMITED)

    @property
    def is_hdr(self) -> bool:
        """Return whether its numbers are of high dynamic range."""
        return self.transfer in (PQ, HLG)

    @property
    def is_wide(self) -> bool:
        """Return whether its primaries are far from those of sRGB; those of BT.601 are near."""
        return self.primaries in (BT2020, 11, P3)

    @property
    def written(self) -> Tags:
        """Return the tags of a film that is written of it, whose pictures are sRGB by then."""
        if self.is_hdr or self.is_wide or self.matrix not in (1, 5, 6):
            return Tags(BT709, LIMITED, BT709, BT709)
        return self

    def __str__(self) -> str:
        ranges = {LIMITED: "limited", FULL: "full"}
        names = (
            f"{_MATRICES.get(self.matrix, self.matrix)} {ranges.get(self.range, 'limited')}",
            f"primaries {_PRIMARIES.get(self.primaries, 'not said')}",
            f"transfer {_TRANSFERS.get(self.transfer, 'not said')}",
        )
        return ", ".join(names)


def orientation_of(frame: VideoFrame) -> int:
    """Return EXIF's number of how a frame is turned and mirrored to be shown.

    Angles between right ones, which no player shows either, are taken for the nearest.
    """
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return 1
    a, b, _, c, d = (float(v) for v in np.frombuffer(bytes(data), "<i4")[:5])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        b = c = 0.0
    else:
        a = d = 0.0
    signs = tuple(int(np.sign(v)) for v in (a, b, c, d))
    return _ORIENTATIONS.get(signs, 1)  # type: ignore[arg-type]
