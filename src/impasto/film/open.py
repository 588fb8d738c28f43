"""From names and options to a film, and the film painted: what users call."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from impasto.engine import usable_cores
from impasto.errors import OptionError
from impasto.film.keyframes import Keyframes
from impasto.film.options import TemporalOptions
from impasto.film.run import SEGMENT, Film, FilmProgress, Part
from impasto.images.load import Source
from impasto.job import Setup
from impasto.masks import Guides, MaskSource
from impasto.methods.optimize.options import OptimizeOptions
from impasto.methods.quality import Options, resolve
from impasto.methods.realtime.engines import Engines
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import taken
from impasto.provenance import ProvenanceOptions, check_identity
from impasto.styles import StyleSource
from impasto.video import FilmOptions
from impasto.video.read import Seconds, VideoSource, exact, exact_rate
from impasto.video.write import Target

_SLOW = Fraction(1, 2)  # seconds of a segment that takes minutes
_MOST = 8  # frames at once, each of which is held in memory


def stylize_video(
    source: VideoSource,
    style: StyleSource | Sequence[StyleSource] | None,
    out: Target,
    *,
    blend: Sequence[float] | None = None,
    keyframes: str | os.PathLike[str] | None = None,
    masks: Sequence[MaskSource] = (),
    strength_map: Source | None = None,
    feather: float = 0.0,
    start: Seconds | None = None,
    end: Seconds | None = None,
    fps: Seconds | None = None,
    resume: bool = False,
    progress: FilmProgress | None = None,
    **options: Any,
) -> Path | None:
    """Paint a film in a style, with its sound, subtitles and times; return the path.

    Everything but the pictures is copied as it is. Frames follow each other calmly; `temporal` 0
    paints each by itself. Nothing asks before a file is overwritten, and no half film is left.

    Args:
        source: A film's file, a folder of numbered pictures, "-" or a binary file for y4m.
        style: As of `stylize`; None where `keyframes` has the styles.
        out: As of `write_frames`.
        blend: Weights of several styles.
        keyframes: A TOML file of styles and strengths over time; see `Keyframes`.
        masks: Where styles go, at every frame: grey pictures or pairs of label pictures.
        strength_map: A grey picture: how strongly, at every frame.
        feather: Softness of the masks' borders, a share of their longest side.
        start: First moment, in seconds.
        end: Moment to stop before, in seconds.
        fps: Frames a second, where not the film's own.
        resume: Whether to go on where a run like this one was stopped.
        progress: Called after each frame.
        options: Those of `stylize`, of `TemporalOptions`, `FilmOptions` and `ProvenanceOptions`.

    Raises:
        VideoError: the film cannot be read or written.
        OptionError: an option is unknown or outside its limits, or there is not one source of
            styles.
        others as `stylize`.
    """
    part = Part(exact(start), exact(end), exact_rate(fps))
    guides = Guides.load(masks, strength_map, feather)
    film = open_film(source, style, out, blend, keyframes, guides, options)
    return replace(film, part=part, resume=resume).run(progress)


def open_film(
    source: VideoSource,
    style: StyleSource | Sequence[StyleSource] | None,
    out: Target,
    blend: Sequence[float] | None,
    keyframes: str | os.PathLike[str] | None,
    guides: Guides,
    options: Mapping[str, Any],
) -> Film:
    """Return a film, its styles and its stylizer ready; see `stylize_video`."""
    rest = dict(options)
    temporal = TemporalOptions(**taken(rest, TemporalOptions))
    written = FilmOptions(**taken(rest, FilmOptions))
    provenance = ProvenanceOptions(**taken(rest, ProvenanceOptions))
    check_identity(provenance)
    size = rest.pop("size", None)
    nameless = style is None or (isinstance(style, str | list | tuple) and not style)
    if (keyframes is None) == nameless:
        raise OptionError("name a style, or keyframes that have some, and not both")
    keys = None
    if keyframes is not None:
        if blend is not None or guides.masks:
            raise OptionError("keyframes have their own shares: leave out blend and masks")
        keys = Keyframes.load(keyframes, rest.get("strength", 1.0))
        style, blend = keys.styles, None
    assert style is not None
    chosen = resolve(rest)
    if not isinstance(chosen, OptimizeOptions):
        for name in {"frame_steps", "passes"} & options.keys():
            raise OptionError(f"{name} is for the optimiser: add quality balanced or best")
    at_once = _at_once(chosen, temporal)
    setup = Setup.open(style, blend, chosen, guides, Engines(at_once))
    slow = isinstance(chosen, OptimizeOptions)
    return Film(
        source,
        out,
        setup,
        size=size,
        keys=keys,
        temporal=temporal,
        written=written,
        segment=_SLOW if slow else SEGMENT,
        at_once=at_once,
        provenance=provenance,
    )


def _at_once(options: Options, temporal: TemporalOptions) -> int:
    """Return how many frames are painted at once.

    As many as there are cores: each paints one, and waits for no other, which takes two thirds of
    the time. But where statistics settle, each frame needs the one before.
    """
    if not isinstance(options, RealtimeOptions) or temporal.settle:
        return 1
    return min(options.threads or usable_cores(), _MOST)
