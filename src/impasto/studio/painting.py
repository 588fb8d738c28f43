"""Paint pictures at once, with styles and contents that were prepared before.

What waits is painted together: a picture alone has all cores, several have a stream each of one
engine, which on a processor is what a batch is on a graphics card.
"""

from __future__ import annotations

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeVar

from impasto.engine import usable_cores
from impasto.errors import ImageError, OptionError
from impasto.images import Picture, load_picture, open_large, thumbnail, webp_bytes
from impasto.images.files import write_file
from impasto.job import Job, Setup
from impasto.methods.one_pass import OnePass
from impasto.methods.realtime.engines import Engines
from impasto.output import Output
from impasto.provenance import ProvenanceOptions
from impasto.recipe import file_sha256
from impasto.studio.asked import LiveAsked
from impasto.studio.declared import FORMATS
from impasto.studio.shelf import Shelf
from impasto.styles import normalized_blend

_SETUPS = 32
_CONTENT_PIXELS = 2**24  # of contents that are kept decoded: 200 MB
_PRESET_SIDE = 320  # of the drawing that styles without a picture are shown at

Kept = TypeVar("Kept")


class Cache(Generic[Kept]):
    """Keep what was used last, by what it weighs."""

    def __init__(self, room: int, weight: Callable[[Kept], int] = lambda kept: 1) -> None:
        self.room, self.weight = room, weight
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = Lock()
        self.hits = self.misses = 0

    def get(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """Return what is kept under a key, or make it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                self.hits += 1
                return self._kept[key]
        made = make()
        with self._lock:
            self.misses += 1
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(self.weight, self._kept.values())) > self.room:
                self._kept.popitem(last=False)
        return made


class Painter:
    """Paint what is asked for; several threads may."""

    def __init__(self, shelf: Shelf, pixels: int) -> None:
        self.shelf, self.pixels = shelf, pixels
        self.streams = at_once()
        self._engines = {False: Engines(), True: Engines(self.streams)}
        self._setups: Cache[Setup] = Cache(_SETUPS)
        self._contents: Cache[Picture] = Cache(_CONTENT_PIXELS, lambda p: p.pixels[..., 0].size)
        self._preparing, self._busy, self._lock = Lock(), 0, Lock()

    def paint(
        self, asked: LiveAsked, content: dict[str, str], uploads: Sequence[dict[str, str]], out: str
    ) -> dict[str, Any]:
        """Paint a content, an id or an upload, and write it to `out`, which gets its ending.

        Raises:
            as `impasto.stylize`; OptionError also for what takes longer than a moment.
        """
        started = time.monotonic()
        with self._lock:
            self._busy += 1
            crowd = self._busy > 1
        try:
            return self._paint(asked, content, uploads, Path(out), crowd) | {
                "seconds": round(time.monotonic() - started, 4)
            }
        finally:
            with self._lock:
                self._busy -= 1

    def _paint(
        self,
        asked: LiveAsked,
        content: dict[str, str],
        uploads: Sequence[dict[str, str]],
        out: Path,
        crowd: bool,
    ) -> dict[str, Any]:
        wanted = asked.wanted()
        kind = wanted.format or "png"
        if kind not in FORMATS:
            raise OptionError(f"format {kind}: expected one of {', '.join(FORMATS)}")
        picture = self._content(content, asked.longest)
        job = Job(picture, self._setup(asked, uploads, picture, crowd))
        self._check_size(job)
        result = job.run()
        told = ProvenanceOptions(strip_metadata=not wanted.recipe)
        path = out.with_suffix(f".{kind}")
        output = Output(path, wanted.depth or 8, wanted.quality, provenance=told)
        recipe = output.recorded(result.recipe)
        output.write(result)
        height, width = result.image.shape[:2]
        return {
            "path": str(output.path), "type": FORMATS[kind], "width": width, "height": height,
            "recipe": recipe.as_dict(),
        }  # fmt: skip

    def _content(self, content: dict[str, str], longest: int | None) -> Picture:
        if "id" in content:
            key = (content["id"], longest)
            whole = self._contents
            return whole.get(
                key, lambda: _fixed(_reduced(self._kept(content["id"], longest), longest))
            )
        return _reduced(_upload(content, self.pixels), longest)

    def _kept(self, sha256: str, longest: int | None) -> Picture:
        if longest is not None:  # the next preview begins from this one
            return self._contents.get((sha256, None), lambda: _fixed(self.shelf.picture(sha256)))
        return self.shelf.picture(sha256)

    def _check_size(self, job: Job) -> None:
        height, width = job.content.pixels.shape[:2]
        size = job.setup.stylizer.options.size
        scale = 1 if size is None else size / max(height, width)
        if height * width * scale**2 > self.pixels:
            raise OptionError(
                f"a picture of {round(width * scale)}x{round(height * scale)} px takes more than a"
                " moment: make a job of it, or ask for a smaller size"
            )

    def _setup(
        self, asked: LiveAsked, uploads: Sequence[dict[str, str]], content: Picture, crowd: bool
    ) -> Setup:
        """Return a setup that was prepared before, with the strength and the blend asked for."""
        options = asked.chosen()
        strength, size = options.strength, options.size
        own = {k: v for k, v in asked.options.items() if k not in ("strength", "size")}
        seen = any(mask.startswith("auto") for mask in asked.masks) or asked.faces != 1
        key = json.dumps(
            [
                [self._identity(ref.model_dump(), uploads) for ref in asked.styles], own,
                asked.masks, asked.strength_map, asked.feather, asked.faces, crowd,
                [content.sha256, asked.blend, strength] if seen or asked.masks else None,
                content.pixels.shape if seen else None,
            ],
            sort_keys=True,
        )  # fmt: skip
        setup = self._setups.get(key, lambda: self._prepared(asked, uploads, content, crowd))
        blend = setup.blend
        if asked.blend is not None and not asked.masks:
            blend = normalized_blend(self.shelf.weights(asked), len(setup.styles))
        stylizer: Any = setup.stylizer
        if not asked.masks:
            stylizer = stylizer.varied(blend, strength)
        changed = replace(stylizer.options, size=_size(size, asked.longest, content))
        return replace(setup, blend=blend, stylizer=replace(stylizer, options=changed))

    def _identity(self, ref: dict[str, Any], uploads: Sequence[dict[str, str]]) -> Any:
        if ref["upload"] is not None and ref["upload"] < len(uploads):
            return file_sha256(Path(uploads[ref["upload"]]["path"]))
        return ref["file"] or self.shelf.identity(ref["name"])

    def _prepared(
        self, asked: LiveAsked, uploads: Sequence[dict[str, str]], content: Picture, crowd: bool
    ) -> Setup:
        options = asked.chosen()
        with self._preparing:
            pictures = [_upload(upload, self.pixels) for upload in uploads]
            styles, weights = self.shelf.styles(asked, pictures)
            guides = self.shelf.guides(asked, lambda: content)
            setup = Setup.open(styles, weights, options, guides, self._engines[crowd])
        if not isinstance(setup.stylizer, OnePass):
            raise OptionError("the optimiser takes more than a moment: make a job of it")
        return setup

    def show_style(self, name: str, size: int, out: str) -> dict[str, Any]:
        """Write a thumbnail of a style: its picture, or a drawing painted in it."""
        styles, weights = self.shelf.style(name), None
        if isinstance(styles[0], Picture):
            pixels = styles[0].pixels
        else:
            drawing = self._contents.get("drawing", _drawing)
            with self._preparing:
                setup = Setup.open(styles, weights, LiveAsked().chosen(), None, self._engines[True])
            pixels = setup.stylizer(drawing.pixels)
        write_file(Path(out), webp_bytes(thumbnail(pixels, min(size, max(pixels.shape[:2])))))
        return {}

    def told(self) -> dict[str, int]:
        """Return how often something prepared was found, for the metrics."""
        return {
            "setups_hits": self._setups.hits, "setups_misses": self._setups.misses,
            "contents_hits": self._contents.hits, "contents_misses": self._contents.misses,
        }  # fmt: skip


def at_once() -> int:
    """Return how many pictures are painted at once: some wait for their files now and then."""
    cores = usable_cores()
    return cores + cores // 2


def _upload(upload: dict[str, str], pixels: int) -> Picture:
    """Load a picture of a client.

    Raises:
        ImageError: it is none, or has too many pixels.
    """
    path = Path(upload["path"])
    try:
        opened = open_large(path)
        if opened.height * opened.width > pixels:
            raise ImageError(
                f"{path.name} is {opened.width}x{opened.height} px, too large to be painted at"
                " once: upload it and make a job of it"
            )
        return replace(opened.load(), name=upload["name"])
    except ImageError as error:
        text = str(error).replace(str(path), path.name).replace(path.name, upload["name"])
        raise ImageError(text) from None


def _size(size: int | None, longest: int | None, content: Picture) -> int | None:
    """Return the longest side of the result: as asked for, and no more than `longest`."""
    if longest is None:
        return size
    own = max(content.pixels.shape[:2])
    return min(longest, own if size is None else size)


def _reduced(picture: Picture, longest: int | None) -> Picture:
    """Return a picture no larger than wanted."""
    height, width = picture.pixels.shape[:2]
    if longest is None or longest >= max(height, width):
        return picture
    alpha = None if picture.alpha is None else thumbnail(picture.alpha[..., None], longest)[..., 0]
    return replace(picture, pixels=thumbnail(picture.pixels, longest), alpha=alpha)


def _fixed(picture: Picture) -> Picture:
    """Let nobody write to a picture, so that what is found in it is known the next time."""
    picture.pixels.flags.writeable = False
    return picture


def _drawing() -> Picture:
    from impasto.drawn import draw

    return load_picture(draw("watercolor", size=_PRESET_SIDE))
