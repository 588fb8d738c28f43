"""Films whose motion is known exactly: a picture that moves, and something that passes before it.

They check what measures films, and flow itself: here it is not estimated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from impasto.methods.contract import Image
from impasto.temporal.flow import Motion
from impasto.temporal.opencv import load_cv2

Array = NDArray[np.float32]
Wide = NDArray[np.float64]

_SOFT = 1.5  # pixels around the occluder's edge that count as hidden: they are a mixture


@dataclass(frozen=True)
class Moves:
    """Say how a picture moves, for each frame.

    Around its middle it is `turn`ed (radians) and `grow`s by a factor; it is `shift`ed by (x, y)
    pixels, `sway`s by smooth waves of so many pixels, `wave` pixels long, and a disc of `disc`
    pixels of radius, 0 for none, passes before it by (x, y) pixels.
    """

    shift: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    grow: float = 1.0
    sway: float = 0.0
    wave: float = 240.0
    disc: float = 0.0
    disc_shift: tuple[float, float] = (5.0, 2.0)


@dataclass(frozen=True, eq=False)
class MovingPicture:
    """Show a picture (H, W, 3) in motion, frame by frame, each (height, width, 3).

    The picture is sampled bicubically; it should be larger than the frames, as beyond its border
    it is mirrored.
    """

    picture: Image
    height: int
    width: int
    moves: Moves

    def frame(self, number: int, picture: Image | None = None) -> Image:
        """Return a frame; with another picture of the same size, that one, moved alike."""
        cv2 = load_cv2()
        shown = self.picture if picture is None else picture
        place = self._material(_places(self.height, self.width), number)
        middle = np.array([shown.shape[1] - 1, shown.shape[0] - 1]) / 2
        where = (place + middle).astype(np.float32)
        found = cv2.remap(shown, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        if self.moves.disc:
            # the disc wears the picture upside down, and carries it along
            own = (self._on_disc(number) + middle).astype(np.float32)
            worn = cv2.remap(
                np.ascontiguousarray(shown[::-1]),
                own,
                None,
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REFLECT_101,
            )
            share = (self.moves.disc - self._from_disc(number) + 0.5).clip(0, 1)[..., None]
            found = found + share.astype(np.float32) * (worn - found)
        return np.clip(found, 0, 1, dtype=np.float32)  # type: ignore[no-any-return]

    def motion(self, earlier: int, later: int) -> Motion:
        """Return where the pixels of a later frame were in an earlier.

        `visible` is 1 where the same point is to be seen in both frames, else 0.
        """
        places = _places(self.height, self.width)
        before = self._place(self._material(places, later), earlier)
        hidden = np.zeros(places.shape[:2], bool)
        if self.moves.disc:
            now, then = (self._from_disc(n, p) for n, p in ((later, places), (earlier, before)))
            shift = np.array(self.moves.disc_shift) * (earlier - later)
            on_disc = now < self.moves.disc
            before = np.where(on_disc[..., None], places + shift, before)
            hidden = (abs(now - self.moves.disc) < _SOFT) | (
                ~on_disc & (then < self.moves.disc + _SOFT)
            )
        corner = np.array([self.width - 1, self.height - 1]) / 2
        visible = (abs(before) <= corner).all(2) & ~hidden
        flow, size = (before - places).astype(np.float32), (self.height, self.width)
        return Motion(size, flow, visible.astype(np.float32))

    def _material(self, places: Wide, number: int) -> Wide:
        """Return the picture's point at each place of a frame, both from their middles."""
        matrix, shift = self._affine(number)
        points: Wide = places @ matrix.T + shift + self._sway(places, number)
        return points

    def _place(self, points: Wide, number: int) -> Wide:
        """Return where the picture's points are in a frame; the way back of `_material`."""
        matrix, shift = self._affine(number)
        back = np.linalg.inv(matrix).T
        places: Wide = (points - shift) @ back
        # the waves are small beside their length, so that each step nears by a part
        for _ in range(12 if self.moves.sway else 0):
            places = (points - shift - self._sway(places, number)) @ back
        return places

    def _affine(self, number: int) -> tuple[Wide, Wide]:
        angle, scale = self.moves.turn * number, self.moves.grow**-number
        sine, cosine = np.sin(angle), np.cos(angle)
        matrix = scale * np.array([[cosine, sine], [-sine, cosine]])
        return matrix, -np.array(self.moves.shift) * number

    def _sway(self, places: Wide, number: int) -> Wide:
        size = self.moves.sway * np.sin(0.5 * number)
        waves: Wide = size * np.sin(2 * np.pi / self.moves.wave * places[..., ::-1] + (0.3, 1.1))
        return waves

    def _on_disc(self, number: int) -> Wide:
        moved: Wide = _places(self.height, self.width) - np.array(self.moves.disc_shift) * number
        return moved

    def _from_disc(self, number: int, places: Wide | None = None) -> Wide:
        """Return how far places are from the disc's middle, in pixels."""
        places = _places(self.height, self.width) if places is None else places
        start = np.array([-self.width / 4, -self.height / 8])
        middle = start + np.array(self.moves.disc_shift) * number
        away: Wide = np.hypot(*np.moveaxis(places - middle, 2, 0))
        return away


def _places(height: int, width: int) -> Wide:
    """Return the place (x, y) of every pixel, from the middle of the frame."""
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([columns - (width - 1) / 2, rows - (height - 1) / 2], 2)
