"""Films: how calm each layer makes them, beside painting frame by frame and beside peers.

    python -m benchmarks.video --peer MicroAST=DIR --peer Magenta=DIR

Needs IMPASTO_PICTURES (content/, style/) and, for real clips, IMPASTO_VIDEOS, a folder of them.
48 frames of each, longest side 640. A peer is a folder of its results, CLIP__STYLE.mkv, lossless,
painted frame by frame from what `--frames DIR` writes. Moving pictures have known flow, and a
camera's noise. Style distances are those of a frame in the middle and of the last.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

import impasto
from benchmarks.machine import save
from impasto.film import TemporalOptions, calm_film
from impasto.images import fit
from impasto.methods.contract import Image
from impasto.metrics import Judge
from impasto.metrics.flicker import Flicker
from impasto.metrics.moving import Moves, MovingPicture
from impasto.metrics.video import LONG, WarpingError
from impasto.temporal import FINE, Motion, chained, find_motion, look
from impasto.temporal.cuts import is_cut
from impasto.video import iter_frames

FRAMES, SIDE, RATE = 48, 640, 25.0
STARTS = {"car": 100, "bottle": 300, "bikes": 20}
STYLES = ("starry-night", "great-wave", "the-scream")
MOVES = {
    "pan": ("budapest-parliament", Moves(shift=(1.3, 0.4), disc=50)),
    "zoom": ("london-rain", Moves(grow=1.004, turn=0.002, sway=2, disc=50)),
}
LAYERS = {
    "frame by frame": TemporalOptions(temporal=0),
    "settled": TemporalOptions(temporal=0, settle=0.97),
    "flow": TemporalOptions(),
    "flow, settled": TemporalOptions(settle=0.97),
}


@dataclass(frozen=True, eq=False)
class Clip:
    """Hold a content's frames, and the motion over one frame and over eight, None across cuts."""

    name: str
    frames: list[Image]
    short: list[Motion | None]
    long: list[Motion | None]

    @classmethod
    def of_file(cls, path: Path) -> Clip:
        """Read a clip, whose motion is sought."""
        frames = [fit(frame, SIDE) for frame in decoded(path, STARTS.get(path.stem, 0))]
        seen = [look(frame, FINE) for frame in frames]
        short: list[Motion | None] = [None]
        for before, now in pairwise(seen):
            motion = find_motion(before, now, FINE)
            short.append(None if is_cut(before, now, motion) else motion)
        long: list[Motion | None] = []
        for last in range(len(frames)):
            steps = [motion for motion in short[max(last - LONG + 1, 0) : last + 1] if motion]
            long.append(chained(steps) if len(steps) == LONG else None)
        return cls(path.stem, frames, short, long)

    @classmethod
    def of_moves(cls, name: str) -> Clip:
        """Move a picture, whose motion is known."""
        source, moves = MOVES[name]
        folder = Path(os.environ["IMPASTO_PICTURES"]) / "content"
        picture = fit(impasto.load(folder / f"{source}.jpg"), 2 * SIDE)
        film, rng = MovingPicture(picture, 360, SIDE, moves), np.random.default_rng(0)
        frames = []
        for number in range(FRAMES):
            clean = film.frame(number)
            frames.append(np.float32(clean + rng.normal(0, 0.008, clean.shape)).clip(0, 1))
        short, long = (
            [film.motion(n - k, n) if n >= k else None for n in range(FRAMES)] for k in (1, LONG)
        )
        return cls(name, frames, short, long)

    def measure(self, result: Sequence[Image]) -> dict[str, float | None]:
        """Return warping errors and flicker of a result."""
        found: dict[str, float | None] = {}
        for name, motions, back in (("short", self.short, 1), ("long", self.long, LONG)):
            error = WarpingError()
            for number, motion in enumerate(motions):
                if motion is not None:
                    error.add(result[number - back], result[number], motion)
            found[name] = error.rms
        flicker = Flicker(RATE)
        for content, frame, motion in zip(self.frames, result, self.short, strict=True):
            flicker(frame, look(content, FINE), motion)
        return found | {"flicker": flicker.rms}


def decoded(path: Path, first: int = 0) -> Iterator[Image]:
    """Yield frames of a film."""
    for frame in islice(iter_frames(path, skip=first), FRAMES):
        yield frame.pixels


def clips() -> Iterator[Clip]:
    """Yield real clips, where there are any, and moving pictures."""
    folder = os.environ.get("IMPASTO_VIDEOS")
    for name in STARTS if folder else ():
        yield Clip.of_file(Path(str(folder)) / f"{name}.mp4")
    for name in MOVES:
        yield Clip.of_moves(name)


def measured(peers: dict[str, Path]) -> list[dict[str, Any]]:
    """Return a row for every clip, style and program."""
    judge, rows = Judge("vgg19"), []
    folder = Path(os.environ["IMPASTO_PICTURES"]) / "style"
    styles = {name: fit(impasto.load(folder / f"{name}.jpg"), SIDE) for name in STYLES}
    seen = {name: judge.look(picture) for name, picture in styles.items()}
    for clip in clips():
        judged = {n: judge.look(clip.frames[n]) for n in (FRAMES // 2, FRAMES - 1)}
        rows.append({"clip": clip.name, "program": "content", **clip.measure(clip.frames)})
        for style, picture in styles.items():
            stylizer = impasto.prepare(picture)
            results = {
                name: [frame.image.copy() for frame in calm_film(clip.frames, stylizer, layer)]
                for name, layer in LAYERS.items()
            }
            for peer, where in peers.items():
                results[peer] = list(decoded(where / f"{clip.name}__{style}.mkv"))
            for program, result in results.items():
                row = {"clip": clip.name, "style": style, "program": program}
                distances = [
                    judge.compare(judge.look(result[n]), content, seen[style]).style
                    for n, content in judged.items()
                ]
                rows.append(row | clip.measure(result) | {"style_distance": fmean(distances)})
                print(rows[-1], flush=True)
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return means by program, and each layer's ratios to frame by frame and to the peers."""
    measures = ("short", "long", "flicker", "style_distance")
    programs = dict.fromkeys(row["program"] for row in rows if row["program"] != "content")
    table: dict[str, Any] = {}
    for program in programs:
        own = [row for row in rows if row["program"] == program]
        table[program] = {
            m: round(fmean(row[m] for row in own if row[m] is not None), 4) for m in measures
        }
    ratios = {
        f"{layer} / {other}": {m: round(table[layer][m] / table[other][m], 3) for m in measures}
        for layer in LAYERS
        for other in programs
        if other == "frame by frame" or other not in LAYERS
        if layer != other
    }
    return {"means": table, "ratios": ratios}


def write_frames(folder: Path) -> None:
    """Write the clips as lossless films, for peers to paint."""
    import av

    folder.mkdir(parents=True, exist_ok=True)
    for clip in clips():
        with av.open(str(folder / f"{clip.name}.mkv"), "w") as film:
            stream = film.add_stream("ffv1", rate=int(RATE))
            stream.height, stream.width = clip.frames[0].shape[:2]
            stream.pix_fmt = "bgr0"
            for pixels in clip.frames:
                levels = (pixels * 255 + 0.5).astype(np.uint8)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(levels, format="rgb24")))
            film.mux(stream.encode())


def main() -> None:
    """Measure, and write results/video.json."""
    parser = ArgumentParser()
    parser.add_argument("--peer", action="append", default=[], help="NAME=FOLDER of results")
    parser.add_argument("--frames", type=Path, help="only write the clips there")
    given = parser.parse_args()
    if given.frames:
        write_frames(given.frames)
        return
    rows = measured({name: Path(folder) for name, folder in (p.split("=", 1) for p in given.peer)})
    found = summary(rows) | {"rows": rows}
    save("video", "python -m benchmarks.video", found)


if __name__ == "__main__":
    main()
