"""Decode picture files of any size onto the disk, row after row, in bounded memory."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImageError, ImpastoError
from impasto.images.files import identify_file, reason
from impasto.images.load import load_picture
from impasto.images.orientation import is_sideways
from impasto.images.picture import check_side, unit_range
from impasto.images.profiles import srgb_profile, to_srgb
from impasto.images.scratch import Scratch
from impasto.images.tiff import check_depth, is_for_pillow, read_tags, split_samples
from impasto.images.vips import bands_of, colors_in, find_field, open_file

_BAND_BYTES = 2**25
_ALPHA_BANDS = {2: 1, 4: 3}  # bands with alpha -> colours


@dataclass(frozen=True, eq=False)
class Opened:
    """Hold a file whose header is read: what it shows, and how to read its rows, if that can be.

    `height` and `width` are those seen, upright; `deep` says whether it has more than 8 bits.
    """

    path: Path
    kind: str
    height: int
    width: int
    deep: bool = False
    image: Any = None
    tags: Any = None


def open_large(path: str | os.PathLike[str]) -> Opened:
    """Read the header of a picture file; a picture of any size will do.

    TIFF, PNG and JPEG can then be unpacked row after row; other formats, and unusual kinds of
    these, are decoded whole, up to `MAX_PIXELS` pixels.

    Raises:
        ImageError: it is no picture that can be read, or too small.
    """
    kind, name = identify_file(path), os.path.basename(os.fspath(path))
    try:
        opened = _open(kind, Path(path), name)
    except ImpastoError:
        raise
    except Exception as error:  # foreign bytes: the decoders raise nearly anything
        raise _damaged(kind, name, error) from error
    if opened is None:
        height, width = load_picture(path).pixels.shape[:2]
        opened = Opened(Path(path), kind, height, width)
    check_side(opened.width, opened.height, name)
    return opened


def unpack(opened: Opened, path: Path) -> Scratch:
    """Decode a file, its colours brought to sRGB, into a new file of plain samples at `path`.

    Raises:
        ImageError: it is damaged, transparent everywhere, or of an unusual kind; or the disk is
            full.
    """
    name = opened.path.name
    if opened.image is None:
        return _unpack_whole(opened, path)
    try:
        return _unpack_rows(opened, path, name)
    except ImpastoError:
        raise
    except OSError as error:
        raise ImageError(f"{path}: cannot be written: {reason(error)}") from error
    except Exception as error:
        raise _damaged(opened.kind, name, error) from error


def _open(kind: str, path: Path, name: str) -> Opened | None:
    """Return a file that can be read row after row, or None."""
    tags = None
    if kind == "TIFF":
        with open(path, "rb") as file:
            tags = read_tags(file)
        if is_for_pillow(tags):
            return None
        check_depth(tags, name)
    elif kind not in ("PNG", "JPEG"):
        return None
    image = open_file(kind, path)
    if kind == "JPEG" and image.bands not in (1, 3):
        return None
    height, width = image.height, image.width
    if is_sideways(find_field(image, "orientation") or 1):
        height, width = width, height
    return Opened(path, kind, height, width, image.format != "uchar", image, tags)


def _damaged(kind: str, name: str, error: Exception) -> ImageError:
    return ImageError(
        f"{name} is a {kind} file that is cut short or damaged ({reason(error)}): "
        "copy or export it again"
    )


def _unpack_whole(opened: Opened, path: Path) -> Scratch:
    picture = load_picture(opened.path)
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is not None:
        pixels = np.concatenate([pixels, alpha[..., None]], 2)
    scratch = Scratch(path, pixels.shape, 16)
    rows = max(1, _BAND_BYTES // pixels[0].nbytes)
    for top in range(0, len(pixels), rows):
        band = pixels[top : top + rows]
        scratch.write((slice(top, top + len(band)), slice(0, opened.width)), band)
    return scratch


def _unpack_rows(opened: Opened, path: Path, name: str) -> Scratch:
    image = opened.image
    profile = find_field(image, "icc-profile-data")
    orientation = find_field(image, "orientation") or 1
    scratch: Scratch | None = None
    alphas = _Alphas()
    row_bytes = image.width * image.bands * 4
    for rows, stored in bands_of(image, max(16, _BAND_BYTES // row_bytes)):
        color, alpha = _split(stored, opened, name)
        samples = _plain(color, profile, name)
        if alpha is not None:
            samples = np.concatenate([samples, _as_type(alpha, samples.dtype, name)[..., None]], 2)
            alphas.see(samples)
        if scratch is None:
            stored_shape = image.height, image.width, samples.shape[2]
            depth = 8 * samples.dtype.itemsize
            scratch = Scratch(path, stored_shape, depth, orientation)
        scratch.write_samples((rows, slice(0, image.width)), samples)
    assert scratch is not None
    if not scratch.has_alpha:
        return scratch
    if alphas.total == 0:
        raise ImageError(f"{name} is transparent everywhere: give it at least one visible pixel")
    mean = (alphas.colors / alphas.total / (2**scratch.depth - 1)).astype(np.float32)
    return replace(scratch, fill=mean, opaque=alphas.opaque)


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
    stored: NDArray[Any], opened: Opened, name: str
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    colors = colors_in(opened.image)
    if opened.tags is not None:
        return split_samples(stored, colors, opened.tags, name)
    alpha = stored[..., colors] if stored.shape[2] > colors else None
    return stored[..., :colors], alpha


def _plain(color: NDArray[Any], profile: bytes | None, name: str) -> NDArray[Any]:
    """Return sRGB samples of 8 bits where nothing is lost by it, else of 16."""
    known = not profile or profile == srgb_profile()
    if known and color.dtype.kind == "u" and color.shape[2] in (1, 3):
        return np.broadcast_to(color, (*color.shape[:2], 3))
    return np.rint(to_srgb(color, profile, name) * 65535).astype(np.uint16)


def _as_type(alpha: NDArray[Any], kind: Any, name: str) -> NDArray[Any]:
    if alpha.dtype == kind:
        return alpha
    top = np.float32(np.iinfo(kind).max)
    return np.asarray(np.rint(unit_range(alpha, name) * top), kind)
