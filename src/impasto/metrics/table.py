"""Judge results beside the two pictures to compare with: plain copies of content and style."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from impasto.errors import ImageError, OptionError
from impasto.images import Source, fit, load_picture, resize, sides_at
from impasto.methods.contract import Image
from impasto.options import check, option

if TYPE_CHECKING:
    from impasto.metrics.distances import Judgement

COLUMNS = ("content", "style", "moments", "ssim")
REFERENCES = ("copy of the content", "copy of the style")


@dataclass(frozen=True)
class MetricsOptions:
    """Say how pictures are measured."""

    backbone: str = option(
        "auto",
        "Network that judges; auto is vgg19 where its weights are, else compact.",
        choices=("auto", "vgg19", "compact"),
    )
    size: int | None = option(
        None,
        "Longest side to which all pictures are brought first; without it, the content's.",
        low=16,
    )

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)


@dataclass(frozen=True)
class Row:
    """Hold one picture's name and its numbers."""

    picture: str
    judgement: Judgement


@dataclass(frozen=True)
class Measurements:
    """Hold rows of one table, by which backbone and at which size; printed, it is the table.

    The last two rows are copies of the content and of the style.
    """

    backbone: str
    width: int
    height: int
    rows: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON keeps them."""
        rows = [{"picture": row.picture, **asdict(row.judgement)} for row in self.rows]
        return {
            "backbone": self.backbone,
            "width": self.width,
            "height": self.height,
            "rows": rows,
        }

    def __str__(self) -> str:
        head = f"{self.backbone}, {self.width}x{self.height}"
        names = [_one_line(row.picture) for row in self.rows]
        width = max(map(len, (head, *names)))
        lines = [head.ljust(width) + "".join(f"{name:>10}" for name in COLUMNS)]
        for name, row in zip(names, self.rows, strict=True):
            numbers = (getattr(row.judgement, column) for column in COLUMNS)
            lines.append(name.ljust(width) + "".join(f"{number:10.4f}" for number in numbers))
        return "\n".join(lines)


def measure(
    results: Source | Sequence[Source],
    content: Source,
    style: Source,
    *,
    backbone: str = "auto",
    size: int | None = None,
    progress: Callable[[Row], object] | None = None,
) -> Measurements:
    """Return a table: a row for each result, then one for copies of the content and the style.

    Pictures are files or arrays. A result must have the content's size. With `size`, which
    becomes the longest side of all, it may also have another of the same proportions. Without
    it a style that is larger is brought to the content's longest side, as the network would see
    it at style scale 1. `progress` is called with every row.

    Raises:
        ImageError: a picture cannot be read or is too small, or a result has another size.
        OptionError: an option is outside its limits, or there is too little memory.
        MissingExtraError: PyTorch is not installed.
        WeightsError: the backbone's weights are not to be had.
    """
    options = MetricsOptions(backbone, size)
    pictures, target, wanted = _prepared(results, content, style, options.size)
    # late, so that the options need no torch
    from impasto.metrics import Judge

    judge = Judge(options.backbone)
    content_seen, style_seen = judge.look(target), judge.look(wanted)
    rows = []
    for name, image in pictures:
        seen = content_seen if image is target else judge.look(image)
        rows.append(Row(name, judge.compare(seen, content_seen, style_seen)))
        if progress is not None:
            progress(rows[-1])
    return Measurements(judge.name, target.shape[1], target.shape[0], tuple(rows))


def _prepared(
    results: Source | Sequence[Source], content: Source, style: Source, size: int | None
) -> tuple[list[tuple[str, Image]], Image, Image]:
    """Return the pictures to judge by name, the content and the style, all as they are judged."""
    kept, painted = load_picture(content).pixels, load_picture(style).pixels
    target = _sized(kept, size, "the content")
    pictures = []
    for name, result in _loaded(results):
        _check_sizes(name, result, kept, any_size=size is not None)
        pictures.append((name, _like(result, target)))
    longest = size or min(_longest(target), _longest(painted))
    references = (target, _like(painted, target))
    pictures += zip(REFERENCES, references, strict=True)
    return pictures, target, _sized(painted, longest, "the style")


def _loaded(results: Source | Sequence[Source]) -> Iterator[tuple[str, Image]]:
    """Yield the name and the pixels of every result."""
    sources: Any = results if isinstance(results, list | tuple) else [results]
    if not sources:
        raise OptionError("no result given: name at least one picture")
    for number, source in enumerate(sources, 1):
        named = isinstance(source, str | os.PathLike)
        yield os.fspath(source) if named else f"result {number}", load_picture(source).pixels


def _check_sizes(name: str, result: Image, content: Image, *, any_size: bool) -> None:
    """Refuse a result that is not of the content's size, or proportions where any size will do."""
    alike = _same_proportions(result, content)
    if result.shape == content.shape or (alike and any_size):
        return
    sizes = f"{name} is {_size(result)} px and the content {_size(content)} px"
    if alike:
        size = min(_longest(result), _longest(content))
        raise ImageError(f"{sizes}: use --size {size} to bring both to one size")
    raise ImageError(f"{sizes}: crop or resize one of them to the other's proportions")


def _same_proportions(result: Image, content: Image) -> bool:
    """Say whether one may be the other at another size, whose sides were rounded."""
    scale = _longest(result) / _longest(content)
    sides = zip(result.shape[:2], content.shape[:2], strict=True)
    return all(abs(side - scale * other) < 1 for side, other in sides)


def _like(image: Image, target: Image) -> Image:
    return resize(image, *target.shape[:2])


def _sized(pixels: Image, size: int | None, name: str) -> Image:
    """Return a picture with this longest side, large enough for the network."""
    if size is None or size == _longest(pixels):
        return pixels
    sides_at(pixels, size, name)
    return fit(pixels, size)


def _longest(image: Image) -> int:
    return int(max(image.shape[:2]))


def _size(image: Image) -> str:
    return f"{image.shape[1]}x{image.shape[0]}"


def _one_line(name: str) -> str:
    # a name of bytes that are no text, or with a line break, would break the table
    return "".join(letter if letter.isprintable() else "?" for letter in name)
