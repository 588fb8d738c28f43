"""What is unpacked in bands, onto the disk, is what is loaded whole, into the memory."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_samples import chunk, corners, encode, icc_profile, png16, smooth, tiff, write
from PIL import Image

from impasto.errors import ImageError
from impasto.images import Scratch, load_picture, open_large, pack, unpack
from impasto.images.profiles import srgb_profile

BYTES = np.rint(smooth(70, 90) * 255).astype(np.uint8)
DEEP = np.rint(smooth(70, 90).astype(np.float64) * 65535).astype(np.uint16)
GREY = BYTES[..., 0]
ALPHA = np.tile(np.linspace(0, 255, 90).astype(np.uint8), (70, 1))
ALPHA[:9] = 0
DEEP_ALPHA = ALPHA.astype(np.uint16) * 257
CLEAR = np.dstack([BYTES, ALPHA])
CMYK = np.pad(65535 - DEEP, [(0, 0), (0, 0), (0, 1)])
ADOBE = icc_profile(
    b"RGB ",
    563 / 256,
    ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
)
PALETTE = Image.fromarray(BYTES).quantize(40)


@pytest.fixture(autouse=True)
def bands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make bands of sixteen rows."""
    monkeypatch.setattr(sys.modules[unpack.__module__], "_BAND_BYTES", 1)


def unpacked(path: Path) -> Scratch:
    opened = open_large(path)
    scratch = unpack(opened, path.with_name("scratch"))
    assert scratch.shape == (opened.height, opened.width, 3)
    assert opened.size >= scratch.size
    return scratch


def check(path: Path, depth: int = 8) -> None:
    """Compare what is unpacked with what is loaded, to half a level of the depth."""
    expected, scratch = load_picture(path), unpacked(path)
    everything = slice(0, scratch.shape[0]), slice(0, scratch.shape[1])
    half = 0.51 / (2**depth - 1)
    assert scratch.depth >= depth
    np.testing.assert_allclose(scratch[everything], expected.pixels, atol=half)
    assert scratch.has_alpha == (expected.alpha is not None)
    if expected.alpha is not None:
        np.testing.assert_allclose(scratch.alpha(everything), expected.alpha, atol=half)
    scratch.close()


EIGHT = {
    "png": encode(BYTES, "PNG"),
    "png-grey": encode(GREY, "PNG"),
    "png-grey-alpha": encode(Image.merge("LA", [Image.fromarray(a) for a in (GREY, ALPHA)]), "PNG"),
    "png-alpha": encode(CLEAR, "PNG"),
    "png-opaque-alpha": encode(np.dstack([BYTES, ALPHA * 0 + 255]), "PNG"),
    "png-palette": encode(PALETTE, "PNG"),
    "png-palette-clear": encode(PALETTE, "PNG", transparency=PALETTE.getpixel((40, 40))),
    "png-clear-colour": encode(BYTES, "PNG", transparency=tuple(BYTES[30, 30].tolist())),
    "png-1-bit": encode(Image.fromarray(GREY).convert("1"), "PNG"),
    "png-interlaced": encode(Image.fromarray(BYTES), "PNG", interlace=1),
    "tiff": encode(BYTES, "TIFF"),
    "tiff-grey": encode(GREY, "TIFF"),
    "tiff-1-bit": encode(Image.fromarray(GREY).convert("1"), "TIFF"),
    "tiff-palette": encode(PALETTE, "TIFF"),
    "tiff-deflate": encode(BYTES, "TIFF", compression="tiff_adobe_deflate"),
    "tiff-lzw": encode(BYTES, "TIFF", compression="tiff_lzw"),
    "tiff-jpeg": encode(BYTES, "TIFF", compression="jpeg", quality=95),
    "tiff-alpha": encode(CLEAR, "TIFF"),
    "tiff-big": tiff(BYTES, big=True),
    "tiff-planar": tiff(np.moveaxis(BYTES, 2, 0), planar=2),
    "tiff-white-is-zero": tiff(GREY, 0),
    "tiff-unknown-channel": tiff(CLEAR, extra=0),
    "tiff-cmyk": tiff((CMYK >> 8).astype(np.uint8), 5),
    "jpeg": encode(BYTES, "JPEG"),
    "jpeg-progressive": encode(BYTES, "JPEG", progressive=True),
    "jpeg-grey": encode(GREY, "JPEG"),
    "jpeg-cmyk": encode(Image.fromarray(BYTES).convert("CMYK"), "JPEG"),
    "webp": encode(CLEAR, "WEBP", lossless=True),
    "avif": encode(BYTES, "AVIF"),
    "bmp": encode(BYTES, "BMP"),
    "gif": encode(PALETTE, "GIF"),
}
SIXTEEN = {
    "png": png16(DEEP),
    "png-grey": png16(DEEP[..., 0]),
    "png-grey-alpha": png16(np.dstack([DEEP[..., 0], DEEP_ALPHA])),
    "png-alpha": png16(np.dstack([DEEP, DEEP_ALPHA])),
    "tiff": tiff(DEEP),
    "tiff-big-grey": tiff(DEEP[..., 0], 1, big=True),
    "tiff-planar": tiff(np.moveaxis(DEEP, 2, 0), planar=2),
    "tiff-alpha": tiff(np.dstack([DEEP, DEEP_ALPHA]), extra=2),
    "tiff-multiplied-alpha": tiff(
        np.dstack([DEEP // 65535 * DEEP_ALPHA[..., None], DEEP_ALPHA]), extra=1
    ),
    "tiff-floats": tiff(smooth(70, 90)),
    "tiff-half-floats": tiff(smooth(70, 90).astype(np.float16)),
    "tiff-float-alpha": tiff(np.dstack([smooth(70, 90), ALPHA / np.float32(255)]), extra=2),
    "tiff-32-bits": tiff(DEEP.astype(np.uint32) * 65537),
    "tiff-float-white-is-zero": tiff(smooth(70, 90)[..., 0], 0),
    "tiff-cmyk": tiff(CMYK, 5),
}


@pytest.mark.parametrize("name", EIGHT)
def test_8_bits(tmp_path: Path, name: str) -> None:
    check(write(tmp_path, "picture", EIGHT[name]))


@pytest.mark.parametrize(
    ("name", "pixel_bytes"),
    [("png", 3), ("png-alpha", 4), ("png-palette-clear", 4), ("tiff-grey", 3), ("jpeg", 3)],
)
def test_what_it_takes_unpacked_is_known_before(
    tmp_path: Path, name: str, pixel_bytes: int
) -> None:
    assert open_large(write(tmp_path, "picture", EIGHT[name])).size == 70 * 90 * pixel_bytes


@pytest.mark.parametrize("name", SIXTEEN)
def test_16_bits(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, "picture", SIXTEEN[name])
    assert open_large(path).deep
    check(path, 16)


@pytest.mark.parametrize("options", [{"tile": True, "tile_width": 32, "tile_height": 16},
                                     {"bigtiff": True, "tile_height": 7}])  # fmt: skip
def test_tiffs_of_tiles_and_strips(tmp_path: Path, options: dict[str, Any]) -> None:
    from impasto.images.vips import libvips

    path = tmp_path / "a.tif"
    libvips().Image.new_from_array(DEEP, interpretation="rgb16").tiffsave(
        str(path), compression="deflate", predictor="horizontal", **options
    )
    check(path, 16)


@pytest.mark.parametrize("orientation", [*range(1, 9), 0, 9])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_orientation(tmp_path: Path, kind: str, orientation: int) -> None:
    if kind == "TIFF" and not 1 <= orientation <= 8:
        return  # libvips takes such a file for a damaged one
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = write(tmp_path, "a", encode(np.ascontiguousarray(corners()), kind, exif=exif))
    expected = (48, 32) if orientation in (5, 6, 7, 8) else (32, 48)
    opened = open_large(path)
    assert (opened.height, opened.width) == expected
    check(path)


@pytest.mark.parametrize(
    ("depth", "data"),
    [
        (8, encode(BYTES, "PNG", icc_profile=ADOBE)),
        (8, encode(BYTES, "JPEG", icc_profile=ADOBE)),
        (8, encode(CLEAR, "PNG", icc_profile=ADOBE)),
        (16, tiff(DEEP, tags={34675: ADOBE})),
        (16, tiff(smooth(70, 90), tags={34675: ADOBE})),
        (8, encode(GREY, "PNG", icc_profile=icc_profile(b"GRAY", 1.0))),
        (8, encode(np.dstack([GREY] * 3), "PNG", icc_profile=icc_profile(b"GRAY", 1.0))),
        (8, encode(GREY, "TIFF", icc_profile=ADOBE)),
    ],
)
def test_colours_of_another_profile(tmp_path: Path, depth: int, data: bytes) -> None:
    path = write(tmp_path, "a", data)
    check(path, depth)
    # and they are not those that are stored
    scratch = unpacked(path)
    raw = BYTES if scratch.shape[2] == 3 and depth == 8 else DEEP >> 8
    assert np.abs(scratch[20:60, 20:60] - raw[20:60, 20:60] / 255).max() > 4 / 255
    scratch.close()


def test_the_own_profile_costs_no_depth(tmp_path: Path) -> None:
    scratch = unpacked(write(tmp_path, "a", encode(BYTES, "PNG", icc_profile=srgb_profile())))
    assert scratch.depth == 8
    assert np.array_equal(scratch.samples((slice(0, 70), slice(0, 90))), BYTES)
    scratch.close()


DAMAGED = [b"rubbish" * 40, srgb_profile()[:400]]


@pytest.mark.parametrize("profile", [*DAMAGED, icc_profile(b"GRAY", 1.0)])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_a_profile_that_is_of_no_use_is_told_once(
    tmp_path: Path, kind: str, profile: bytes
) -> None:
    path = write(tmp_path, "a", encode(BYTES, kind, icc_profile=profile))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        scratch = unpacked(path)
    assert [str(w.message)[:26] for w in told] == ["the colour profile of a is"]
    expected = np.asarray(Image.open(path)) / 255
    np.testing.assert_allclose(scratch[0:70, 0:90], expected, atol=1e-6)
    scratch.close()


def test_damaged_exif_is_reported_and_the_picture_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a", png16(DEEP, extra=chunk(b"eXIf", b"no exif at all")))
    with pytest.warns(UserWarning, match="EXIF"):
        scratch = unpacked(path)
    np.testing.assert_allclose(scratch[0:70, 0:90], DEEP / 65535, atol=1e-6)
    scratch.close()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_transparent_everywhere(tmp_path: Path, kind: str) -> None:
    path = write(tmp_path, "a", encode(np.dstack([BYTES, ALPHA * 0]), kind))
    with pytest.raises(ImageError, match="a is transparent everywhere"):
        unpack(open_large(path), tmp_path / "scratch")


@pytest.mark.parametrize(
    "name", ["png", "png-interlaced", "png-alpha", "tiff", "tiff-lzw", "jpeg", "jpeg-progressive",
             "jpeg-cmyk", "webp", "avif", "bmp", "gif"]
)  # fmt: skip
@pytest.mark.parametrize("left", [0.4, 0.9])
def test_files_that_are_cut_short(tmp_path: Path, name: str, left: float) -> None:
    data = EIGHT[name]
    path = write(tmp_path, "a", data[: int(len(data) * left)])
    with pytest.raises(ImageError, match=r"a is a \w+ file that is cut short or damaged") as caught:
        unpack(open_large(path), tmp_path / "scratch")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_tiny_pictures(tmp_path: Path, kind: str) -> None:
    check(write(tmp_path, "a", encode(BYTES[:16, :16], kind)))
    with pytest.raises(ImageError, match=r"a is 40x15 px; every side needs"):
        open_large(write(tmp_path, "a", encode(BYTES[:15, :40], kind)))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (tiff(DEEP.astype(np.float64)), "64 bits"),
        (tiff((DEEP // 2).astype(np.int16)), "int16"),
        (tiff(DEEP, 8), "kind 8"),
        (tiff(smooth(70, 90) * 255), r"\[0, 1\]"),
        (b"", "zero bytes"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_unusual_kinds_are_refused(tmp_path: Path, data: bytes, found: str) -> None:
    path = write(tmp_path, "a", data)
    with pytest.raises(ImageError, match=found):
        unpack(open_large(path), tmp_path / "scratch")
    with pytest.raises(ImageError, match="does not exist"):
        open_large(tmp_path / "none")


def test_8_bit_lab_and_12_bits_are_decoded_whole(tmp_path: Path) -> None:
    path = write(tmp_path, "a", tiff(np.full((16, 24), 0xFFFF, np.uint16), 1, bits=12))
    check(path, 12)
    assert open_large(path).deep
    assert not open_large(write(tmp_path, "b", EIGHT["webp"])).deep


def test_what_a_disk_that_is_full_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Scratch, "_put", full)
    path = write(tmp_path, "a", EIGHT["png"])
    with pytest.raises(ImageError, match="scratch: cannot be written: No space left"):
        unpack(open_large(path), tmp_path / "scratch")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_names_that_are_no_text(tmp_path: Path, kind: str) -> None:
    try:
        path = write(tmp_path, os.fsdecode(b"\xff [a]\n.x"), encode(BYTES, kind))
    except OSError:
        pytest.skip("such names are not possible here")
    check(path)
    scratch = unpack(open_large(path), path.with_suffix(".scratch"))
    for suffix in (".png", ".tif", ".jpg"):
        out = path.with_name(os.fsdecode(b"\xfe [b]") + suffix)
        assert load_picture(pack(scratch, out)).pixels.shape == (70, 90, 3)
    scratch.close()
