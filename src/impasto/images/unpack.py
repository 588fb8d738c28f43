"""Decode picture files of any size onto the disk, row after row, in bounded memory.

Of progressive JPEG and interlaced PNG the decoders hold the whole picture, some bytes a pixel.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, ImpastoError
from impasto.images import png
from impasto.images.decode import image_orientation, open_header, png_orientation
from impasto.images.files import identify_file, reason
from impasto.images.load import load_picture
from impasto.images.orientation import is_sideways
from impasto.images.picture import Picture, check_side, unit_range
from impasto.images.profiles import is_of_grey, sound_profile, srgb_profile, to_srgb
from impasto.images.scratch import Scratch
from impasto.images.tiff import (
    check_depth,
    has_12_bits,
    is_for_pillow,
    read_tags,
    split_samples,
)
from impasto.images.vips import bands_of, colors_in, find_field, open_file

_BAND_BYTES = 2**25
_KEPT = 2**24  # pixels of a picture that is not decoded twice


@dataclass(frozen=True, eq=False)
class Opened:
    """Hold a file whose header is read: what it shows, and how to read its rows, if that can be.

    `height` and `width` are those seen, upright; `deep` says whether it has more than 8 bits.
    With `rows` they can be read in turn; `picture` is what was decoded for lack of a header, if not
    large. Unpacked it has so many `channels` of `depth` bits, or fewer.
    """

    path: Path
    kind: str
    height: int
    width: int
    deep: bool = False
    rows: bool = False
    tags: Any = None
    profile: bytes | None = None
    orientation: int = 1
    picture: Picture | None = None
    channels: int = 3
    depth: int = 16

    @property
    def size(self) -> int:
        """Return the bytes that it takes unpacked, at most."""
        return self.height * self.width * self.channels * self.depth // 8

    def load(self) -> Picture:
        """Return the picture, in memory.

        Raises:
            ImageError: as `load_picture`.
        """
        return load_picture(self.path) if self.picture is None else self.picture


def open_large(path: str | os.PathLike[str]) -> Opened:
    """Read the header of a picture file; a picture of any size will do.

    TIFF, PNG and JPEG can then be unpacked row after row; other formats, and unusual kinds of
    these, are decoded whole, up to `MAX_PIXELS` pixels.

    Raises:
        ImageError: it is no picture that can be read, or too small.
        MissingExtraError: as `load_picture`.
    """
    kind, name = identify_file(path), os.path.basename(os.fspath(path))
    try:
        opened = _open(kind, Path(path), name)
    except (ImpastoError, MemoryError):
        raise
    except Exception as error:  # foreign bytes: the decoders raise nearly anything
        raise _damaged(kind, name, error) from error
    check_side(opened.width, opened.height, name)
    return opened


def unpack(opened: Opened, path: Path) -> Scratch:
    """Decode a file, its colours brought to sRGB, into a new file of plain samples at `path`.

    Raises:
        ImageError: it is damaged, transparent everywhere, or of an unusual kind; or the disk is
            full.
    """
    name = opened.path.name
    try:
        return _unpack_rows(opened, path, name) if opened.rows else _unpack_whole(opened, path)
    except ImpastoError:
        raise
    except OSError as error:
        raise ImageError(f"{path}: cannot be written: {reason(error)}") from error
    except Exception as error:
        raise _damaged(opened.kind, name, error) from error


def _open(kind: str, path: Path, name: str) -> Opened:
    tags = None
    if kind == "TIFF":
        with open(path, "rb") as file:
            tags = read_tags(file)
        if is_for_pillow(tags):
            return _open_whole(kind, path, deep=has_12_bits(tags))
        check_depth(tags, name)
    elif kind == "JPEG":
        return _open_jpeg(path, name)
    elif kind != "PNG":
        return _open_whole(kind, path)
    image = open_file(kind, path)
    profile, orientation = _about(kind, path, image, name)
    height, width = _upright(image.height, image.width, orientation)
    deep = image.format != "uchar"
    # A profile for grey fits if all rows are grey.
    rows = not (is_of_grey(profile) and colors_in(image) == 3)
    return Opened(
        path, kind, height, width, deep, rows, tags, profile, orientation,
        channels=3 + (image.bands > colors_in(image)),
        depth=8 if rows and not deep and profile is None and colors_in(image) != 4 else 16,
    )  # fmt: skip


def _open_whole(kind: str, path: Path, deep: bool = False) -> Opened:
    """Decode a file whose header says too little."""
    picture = load_picture(path)
    height, width = picture.pixels.shape[:2]
    kept = picture if height * width <= _KEPT else None
    channels = 3 if picture.alpha is None else 4
    return Opened(path, kind, height, width, deep, picture=kept, channels=channels)


def _open_jpeg(path: Path, name: str) -> Opened:
    """Read the header with Pillow, as libvips takes a moment to load, and may not be needed."""
    with open(path, "rb") as file, open_header("JPEG", file) as image:
        profile, orientation = image.info.get("icc_profile"), image_orientation(image, name)
        height, width = _upright(image.height, image.width, orientation)
        # Inks may be inverted; a profile for grey fits if all rows are grey.
        rows = image.mode == "L" or (image.mode == "RGB" and not is_of_grey(profile))
    profile = None if profile == srgb_profile() else profile
    depth = 8 if rows and profile is None else 16
    return Opened(path, "JPEG", height, width, False, rows, None, profile, orientation, depth=depth)


def _upright(height: int, width: int, orientation: int) -> tuple[int, int]:
    return (width, height) if is_sideways(orientation) else (height, width)


def _about(kind: str, path: Path, image: Any, name: str) -> tuple[bytes | None, int]:
    """Return the colour profile, None for sRGB, and the orientation."""
    if kind == "PNG":
        # From the file: libvips says nothing of damaged EXIF data and profiles.
        with open(path, "rb", buffering=0) as file:
            profile, orientation = png.find_profile(file), png_orientation(file, name)
    else:
        profile = find_field(image, "icc-profile-data")
        orientation = find_field(image, "orientation") or 1
    return None if profile == srgb_profile() else profile, orientation


def _damaged(kind: str, name: str, error: Exception) -> ImageError:
    return ImageError(
        f"{name} is a {kind} file that is cut short or damaged ({reason(error)}): "
        "copy or export it again"
    )


def _unpack_whole(opened: Opened, path: Path) -> Scratch:
    picture = opened.load()
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is not None:
        pixels = np.concatenate([pixels, alpha[..., None]], 2)
    scratch = Scratch.create(path, pixels.shape, 16)
    rows = max(1, _BAND_BYTES // pixels[0].nbytes)
    with closing(scratch):
        for top in range(0, len(pixels), rows):
            band = pixels[top : top + rows]
            scratch.write((slice(top, top + len(band)), slice(0, opened.width)), band)
    return scratch


def _unpack_rows(opened: Opened, path: Path, name: str) -> Scratch:
    scratch: Scratch | None = None
    alphas, image = _Alphas(), open_file(opened.kind, opened.path)
    try:
        for rows, samples in _bands(opened, image, name):
            if scratch is None:
                stored = image.height, image.width, samples.shape[2]
                depth = 8 * samples.dtype.itemsize
                scratch = Scratch.create(path, stored, depth, opened.orientation)
            if scratch.has_alpha:
                alphas.see(samples)
            scratch.write_samples((rows, slice(0, image.width)), samples)
    finally:
        if scratch is not None:
            scratch.close()
    assert scratch is not None
    if not scratch.has_alpha:
        return scratch
    if alphas.total == 0:
        raise ImageError(f"{name} is transparent everywhere: give it at least one visible pixel")
    mean = (alphas.colors / alphas.total / (2**scratch.depth - 1)).astype(np.float32)
    return replace(scratch, fill=mean, opaque=alphas.opaque)


def _bands(opened: Opened, image: Any, name: str) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Yield rows as sRGB samples of 8 or 16 bits, four with alpha, and which rows they are."""
    profile = opened.profile
    row_bytes = image.width * image.bands * 4
    for rows, stored in bands_of(image, max(16, _BAND_BYTES // row_bytes)):
        color, alpha = _split(stored, colors_in(image), opened.tags, name)
        if rows.start == 0:  # so that what is wrong with it is told once
            profile = sound_profile(profile, color.shape[2], name)
        samples = _plain(color, profile, name)
        if alpha is not None:
            samples = np.concatenate([samples, _as_type(alpha, samples.dtype, name)[..., None]], 2)
        yield rows, samples


class _Alphas:
    """Sum up what is seen, for the colour of what is not."""

    def __init__(self) -> None:
        self.total, self.colors, self.opaque = 0.0, np.zeros(3), True

    def see(self, samples: NDArray[Any]) -> None:
        alpha = samples[..., 3].astype(np.float64)
        self.total += float(alpha.sum())
        self.colors += np.einsum("hwc,hw->c", samples[..., :3], alpha)
        self.opaque &= bool((samples[..., 3] == np.iinfo(samples.dtype).max).all())


def _split(
    stored: NDArray[Any], colors: int, tags: Any, name: str
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    if tags is not None:
        return split_samples(stored, colors, tags, name)
    alpha = stored[..., colors] if stored.shape[2] > colors else None
    return stored[..., :colors], alpha


def _plain(color: NDArray[Any], profile: bytes | None, name: str) -> NDArray[Any]:
    """Return sRGB samples of 8 bits where nothing is lost by it, else of 16."""
    if profile is None and color.dtype.kind == "u" and color.shape[2] in (1, 3):
        return np.broadcast_to(color, (*color.shape[:2], 3))
    return np.rint(to_srgb(color, profile, name) * 65535).astype(np.uint16)


def _as_type(alpha: NDArray[Any], kind: Any, name: str) -> NDArray[Any]:
    if alpha.dtype == kind:
        return alpha
    top = np.float32(np.iinfo(kind).max)
    return np.asarray(np.rint(unit_range(alpha, name) * top), kind)
