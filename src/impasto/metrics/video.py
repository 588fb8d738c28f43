"""Measure how calm a stylised film is: what changes though its content does not.

Warping errors as in Lai et al. (ECCV 2018, arXiv:1808.00449), by the content's own flow: the result
is compared with what it was one frame and eight frames before, moved along. The content is measured
alike: its noise, light and flow's errors are the least that can be asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError
from impasto.methods.contract import Image
from impasto.metrics.flicker import Flicker
from impasto.options import check, option
from impasto.temporal.cuts import is_cut
from impasto.temporal.flow import FINE, Motion, Seen, chained, find_motion, look, warp

Array = NDArray[np.float32]
Change = Callable[[Image, Image], float]  # how far two pictures are apart

LONG = 8  # frames
_EVERY = 6  # frames of which one is compared by features: these cost the most
COLUMNS = ("short", "long", "flicker", "features")


@dataclass(frozen=True)
class FilmOptions:
    """Say how films are measured."""

    backbone: str = option(
        "auto",
        "Network whose features are compared; auto is vgg19 where its weights are, else compact.",
        choices=("auto", "vgg19", "compact", "none"),
    )

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


@dataclass
class WarpingError:
    """Gather the error of frames against what they were before, moved along.

    `rms` is the root of the mean square over visible places and channels of all frames, 0 for a
    result that moves as its content does. Departure from Lai 2018: theirs is its square, averaged
    over frames, whatever is visible of them.
    """

    total: float = 0.0
    weight: float = 0.0

    def add(self, before: Image, now: Image, motion: Motion) -> None:
        """Add a frame (H, W, 3) and one before it; `motion` leads from it to that."""
        flow, visible = motion.of_frame()
        error = np.square(np.clip(warp(before, flow), 0, 1) - now).mean(2)
        self.total += float((error * visible).sum())
        self.weight += float(visible.sum())

    @property
    def rms(self) -> float | None:
        """Return the error, None where nothing was visible."""
        return (self.total / self.weight) ** 0.5 if self.weight else None


@dataclass(frozen=True)
class FilmRow:
    """Hold a film's numbers, 0 for best; None where there was nothing to measure.

    `short` and `long` are warping errors over one and over eight frames; `flicker` is the root
    mean square of what changes faster than 3 Hz where the content stands still, of luma in [0, 1];
    `features` how far features of a network are from those a frame before, moved along.
    """

    film: str
    short: float | None
    long: float | None
    flicker: float | None
    features: float | None


@dataclass(frozen=True)
class FilmMeasurements:
    """Hold the rows of a result and its content, and what they rest on; printed, a table.

    `visible` and `visible_long` are the mean shares of the places that count, `still` that where
    the content stands still; `cuts` are the numbers of the frames that begin a shot.
    """

    width: int
    height: int
    frames: int
    rate: float
    cuts: tuple[int, ...]
    visible: float
    visible_long: float
    still: float
    backbone: str | None
    rows: tuple[FilmRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON keeps them."""
        return asdict(self)

    def __str__(self) -> str:
        head = f"{self.width}x{self.height}, {self.frames} frames"
        width = max(len(head), *(len(row.film) for row in self.rows))
        lines = [head.ljust(width) + "".join(f"{name:>10}" for name in COLUMNS)]
        for row in self.rows:
            numbers = (getattr(row, column) for column in COLUMNS)
            lines.append(row.film.ljust(width) + "".join(map(_number, numbers)))
        seen = f"seen in both: {self.visible:.0%} short, {self.visible_long:.0%} long"
        lines.append(f"{seen}; still: {self.still:.0%}; cuts: {len(self.cuts)}")
        return "\n".join(lines)


@dataclass
class _Track:
    """Hold what is gathered of one film, and its last frames."""

    short: WarpingError = field(default_factory=WarpingError)
    long: WarpingError = field(default_factory=WarpingError)
    changes: list[float] = field(default_factory=list)
    frames: deque[Image] = field(default_factory=lambda: deque(maxlen=LONG + 1))


class FilmMeter:
    """Measure a film frame by frame, holding the last nine frames; `measure_film` is the way in.

    `rate` is in frames for each second, `change` compares features, None leaves that out.
    """

    def __init__(self, rate: float, change: Change | None = None) -> None:
        self.rate, self.change = rate, change
        self._result, self._content = _Track(), _Track()
        self._motions: deque[Motion] = deque(maxlen=LONG)
        self._flickers = Flicker(rate), Flicker(rate)
        self._shares: tuple[list[float], list[float]] = ([], [])
        self._seen: Seen | None = None
        self.frames, self.size, self.cuts = 0, (0, 0), list[int]()

    def __call__(self, result: Image, content: Image) -> None:
        """Add a frame of both, (H, W, 3).

        Raises:
            ImageError: they are not of one size, or of another than the frames before.
        """
        self._check(result, content)
        seen = look(content, FINE)
        motion = None if self._seen is None else find_motion(self._seen, seen, FINE)
        if motion is not None and self._seen is not None and is_cut(self._seen, seen, motion):
            self.cuts.append(self.frames)
            self._forget()
            motion = None
        for flicker, frame in zip(self._flickers, (result, content), strict=True):
            flicker(frame, seen, motion)
        for track, frame in ((self._result, result), (self._content, content)):
            track.frames.append(frame)
        if motion is not None:
            self._compare(motion)
        self._seen = seen
        self.frames += 1

    def found(self, result: str, content: str, backbone: str | None = None) -> FilmMeasurements:
        """Return what was measured until now, with these names for the two films."""
        height, width = self.size
        rows = tuple(
            FilmRow(name, track.short.rms, track.long.rms, flicker.rms, _mean(track.changes))
            for name, track, flicker in zip(
                (result, content), (self._result, self._content), self._flickers, strict=True
            )
        )
        short, long = (_mean(shares) or 0.0 for shares in self._shares)
        still = self._flickers[1].still
        about = width, height, self.frames, self.rate, tuple(self.cuts), short, long, still
        return FilmMeasurements(*about, backbone, rows)

    def _check(self, result: Image, content: Image) -> None:
        size = content.shape[:2]
        if result.shape[:2] != size or (self.frames and size != self.size):
            (h, w), (high, wide) = result.shape[:2], size
            raise ImageError(
                f"frame {self.frames} of the result is {w}x{h} px and of the content {wide}x{high}"
                " px: make both films of one size"
            )
        self.size = size[0], size[1]

    def _forget(self) -> None:
        self._motions.clear()
        for track in (self._result, self._content):
            track.frames.clear()

    def _compare(self, motion: Motion) -> None:
        self._motions.append(motion)
        far = chained(list(self._motions)) if len(self._motions) == LONG else None
        for each, shares in ((motion, self._shares[0]), (far, self._shares[1])):
            if each is not None:
                shares.append(float(each.visible.mean()))
        for track in (self._result, self._content):
            track.short.add(track.frames[-2], track.frames[-1], motion)
            if far is not None:
                track.long.add(track.frames[0], track.frames[-1], far)
            if self.change is not None and self.frames % _EVERY == 1:
                before, now = track.frames[-2], track.frames[-1]
                track.changes.append(_changed(self.change, before, now, motion))


def measure_film(
    frames: Iterable[tuple[Image, Image]],
    rate: float,
    names: tuple[str, str] = ("result", "content"),
    *,
    backbone: str = "auto",
    progress: Callable[[int], object] | None = None,
) -> FilmMeasurements:
    """Return how calm a film is, of pairs of frames: the result's and the content's.

    `rate` is in frames for each second. `backbone` is the network whose features are compared,
    "none" leaves that out, which needs no PyTorch. `progress` is told each frame's number.

    Raises:
        ImageError: there are fewer than two frames, or sizes differ.
        MissingExtraError: OpenCV is not installed, or PyTorch where features are asked for.
        WeightsError: the backbone's weights are not to be had.
    """
    backbone = FilmOptions(backbone).backbone
    change, name = None, None
    if backbone != "none":
        from impasto.metrics import FeatureChange

        change = FeatureChange(backbone)
        name = change.name
    meter = FilmMeter(rate, change)
    for result, content in frames:
        meter(result, content)
        if progress is not None:
            progress(meter.frames)
    if meter.frames < 2:
        raise ImageError(f"{meter.frames} frames: a film to be measured has at least 2")
    return meter.found(*names, backbone=name)


def _changed(change: Change, before: Image, now: Image, motion: Motion) -> float:
    """Return how far a frame is from the one before, moved along; what is hidden counts as 0."""
    flow, visible = motion.of_frame()
    moved = now + visible[..., None] * (np.clip(warp(before, flow), 0, 1) - now)
    return change(moved, now)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(np.mean(found)) if found else None


def _number(value: float | None) -> str:
    return f"{'-':>10}" if value is None else f"{value:10.4f}"
