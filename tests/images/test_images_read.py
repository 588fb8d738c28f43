"""Reading every format, colour model, depth and orientation."""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_samples import chunk, corners, encode, icc_profile, png16, smooth, tiff, write
from numpy.typing import NDArray
from PIL import Image, ImageCms

from impasto.errors import ImageError, MissingExtraError
from impasto.images import load, load_picture
from impasto.images.profiles import srgb_profile

BYTES = np.rint(smooth() * 255).astype(np.uint8)
DEEP = np.rint(smooth().astype(np.float64) * 65535).astype(np.uint16)
LEVEL = 1 / 255
# Mid-tones: 8 bits of another profile hold dark, saturated colours only roughly.
MUTED = np.rint((0.25 + 0.5 * smooth()) * 255).astype(np.uint8)


def _read(folder: Path, data: bytes, name: str = "picture.bin") -> Any:
    return load_picture(write(folder, name, data))


@pytest.mark.parametrize(
    ("kind", "options", "bound"),
    [
        ("PNG", {}, 1e-6),
        ("BMP", {}, 1e-6),
        ("TIFF", {}, 1e-6),
        ("TIFF", {"compression": "jpeg", "quality": 95}, 4 * LEVEL),
        ("WEBP", {"lossless": True}, 1e-6),
        ("JPEG", {"quality": 95, "subsampling": 0}, 6 * LEVEL),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 6 * LEVEL),
    ],
)
def test_formats(tmp_path: Path, kind: str, options: dict[str, Any], bound: float) -> None:
    picture = _read(tmp_path, encode(BYTES, kind, **options))
    assert picture.pixels.dtype == np.float32
    assert picture.alpha is None
    assert picture.name == "picture.bin"
    assert len(picture.sha256) == 64
    np.testing.assert_allclose(picture.pixels, BYTES / 255, atol=bound)


def test_gif_gives_its_first_frame(tmp_path: Path) -> None:
    first = Image.fromarray(corners()).quantize(8)
    data = encode(first, "GIF", save_all=True, append_images=[Image.new("P", (48, 32))])
    np.testing.assert_allclose(_read(tmp_path, data).pixels, corners() / 255, atol=LEVEL)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "RGBA", "I;16"])
def test_pillow_modes(tmp_path: Path, mode: str) -> None:
    grey = Image.fromarray(np.repeat(np.uint8([0, 255, 0, 255]), 8)[None].repeat(20, axis=0))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    else:
        image = (grey.convert("RGB") if mode == "CMYK" else grey).convert(mode)
    picture = _read(tmp_path, encode(image, "TIFF" if mode == "CMYK" else "PNG"))
    expected = np.repeat(np.asarray(grey)[..., None] / 255, 3, axis=2)
    np.testing.assert_allclose(picture.pixels, expected, atol=1e-6)


def test_cmyk_jpeg_without_profile(tmp_path: Path) -> None:
    data = encode(Image.fromarray(corners()).convert("CMYK"), "JPEG", quality=98)
    np.testing.assert_allclose(_read(tmp_path, data).pixels, corners() / 255, atol=0.06)


def test_palette_with_transparency(tmp_path: Path) -> None:
    image = Image.fromarray(corners()).quantize(6)
    clear = image.getpixel((0, 0))
    picture = _read(tmp_path, encode(image, "PNG", transparency=clear))
    assert picture.alpha is not None
    assert (picture.alpha[:16, :16] == 0).all()
    assert picture.alpha[20, 20] == 1


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png16_keeps_all_bits(tmp_path: Path, channels: int) -> None:
    alpha = np.full((24, 32, 1), 40000, np.uint16)
    color = DEEP if channels >= 3 else DEEP[..., :1]
    stored = color if channels in (1, 3) else np.concatenate([color, alpha], axis=2)
    picture = _read(tmp_path, png16(stored))
    expected = np.broadcast_to(color / 65535, (24, 32, 3))
    np.testing.assert_allclose(picture.pixels, expected, atol=1e-7)
    assert (picture.alpha is None) == (channels in (1, 3))


@pytest.mark.parametrize(("photometric", "planar"), [(2, 1), (2, 2), (1, 1)])
@pytest.mark.parametrize("big", [False, True])
def test_tiff16_keeps_all_bits(tmp_path: Path, photometric: int, planar: int, big: bool) -> None:
    stored = DEEP if photometric == 2 else DEEP[..., 0]
    stored = np.moveaxis(stored, 2, 0) if planar == 2 else stored
    data = tiff(stored, photometric, planar=planar, big=big)
    expected = DEEP if photometric == 2 else DEEP[..., :1].repeat(3, axis=2)
    np.testing.assert_allclose(_read(tmp_path, data).pixels, expected / 65535, atol=1e-7)


def test_tiff_of_floats_and_inverted_grey_and_cmyk(tmp_path: Path) -> None:
    inverted = 1 - smooth()[..., :1].repeat(3, axis=2)
    cmyk = np.pad(65535 - DEEP, [(0, 0), (0, 0), (0, 1)])
    for values, photometric, expected in [
        (smooth(), 2, smooth()),
        (smooth().astype(np.float16), 2, smooth().astype(np.float16)),
        (DEEP.astype(np.uint32) * 65537, 2, smooth()),
        (DEEP[..., 0], 0, inverted),
        (smooth()[..., 0], 0, inverted),
        (cmyk, 5, smooth()),
        ((cmyk >> 8).astype(np.uint8), 5, BYTES / 255),
    ]:
        pixels = _read(tmp_path, tiff(values, photometric)).pixels
        bound = 2e-5 if values.dtype.itemsize > 1 else 1.01 * LEVEL
        np.testing.assert_allclose(pixels, expected, atol=bound)


def test_tiff_of_12_bits(tmp_path: Path) -> None:
    packed = np.full((16, 24), 0xFFFF, np.uint16)
    np.testing.assert_array_equal(_read(tmp_path, tiff(packed, 1, bits=12)).pixels, 1)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (tiff(smooth().astype(np.float64)), "64 bits"),
        (tiff(DEEP, bits=12), "12 bits"),
        (tiff((DEEP // 2).astype(np.int16)), "int16"),
        (tiff(DEEP, 8), "kind 8"),
        (tiff(smooth() * 255), r"\[0, 1\]"),
    ],
)
def test_tiffs_of_unusual_kinds_are_refused(tmp_path: Path, data: bytes, found: str) -> None:
    with pytest.raises(ImageError, match=found) as caught:
        _read(tmp_path, data)
    assert "damaged" not in str(caught.value)


def test_tiff16_with_multiplied_alpha(tmp_path: Path) -> None:
    alpha = np.full((24, 32, 1), 0.5)
    stored = np.rint(np.concatenate([smooth() * alpha, alpha], axis=2) * 65535).astype(np.uint16)
    picture = _read(tmp_path, tiff(stored, extra=1))
    np.testing.assert_allclose(picture.pixels, smooth(), atol=4e-5)
    np.testing.assert_allclose(picture.alpha, alpha[..., 0], atol=1e-4)
    plain = _read(tmp_path, tiff(stored, extra=2))
    np.testing.assert_allclose(plain.pixels, smooth() / 2, atol=4e-5)
    # an extra channel of no stated meaning is no alpha
    assert _read(tmp_path, tiff(stored, extra=0)).alpha is None


# What a camera held in each way stores, so that turning it back gives `corners()`.
STORED = {
    1: lambda up: up,
    2: np.fliplr,
    3: lambda up: np.rot90(up, 2),
    4: np.flipud,
    5: lambda up: np.swapaxes(up, 0, 1),
    6: lambda up: np.rot90(up, 1),
    7: lambda up: np.rot90(np.swapaxes(up, 0, 1), 2),
    8: lambda up: np.rot90(up, -1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "PNG16", "TIFF16"])
def test_orientation(tmp_path: Path, kind: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](corners()))
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "PNG16":
        extra = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
        data = png16(stored.astype(np.uint16) * 257, extra=extra)
    elif kind == "TIFF16":
        data = tiff(stored.astype(np.uint16) * 257, tags={0x0112: orientation})
    else:
        data = encode(stored, kind, exif=exif)
    pixels = _read(tmp_path, data).pixels
    assert pixels.shape == (32, 48, 3)
    np.testing.assert_allclose(pixels[8::16, 8::16], corners()[8::16, 8::16] / 255, atol=0.1)


def test_damaged_exif_is_reported_and_the_picture_read(tmp_path: Path) -> None:
    data = png16(DEEP, extra=chunk(b"eXIf", b"no exif at all"))
    with pytest.warns(UserWarning, match="EXIF"):
        assert _read(tmp_path, data).pixels.shape == (24, 32, 3)


def _to_profile(profile: bytes) -> NDArray[np.uint8]:
    """Write `MUTED` in another colour space, by Pillow's own conversion."""
    made = ImageCms.profileToProfile(
        Image.fromarray(MUTED),
        ImageCms.ImageCmsProfile(io.BytesIO(srgb_profile())),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert made is not None
    return np.asarray(made)


@pytest.mark.parametrize("depth", [8, 16])
def test_wide_gamut_profile_is_converted(tmp_path: Path, depth: int) -> None:
    adobe = icc_profile(
        b"RGB ",
        563 / 256,
        ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)),
    )
    stored = _to_profile(adobe)
    assert np.abs(stored.astype(int) - MUTED).max() >= 5
    if depth == 8:
        data = encode(stored, "PNG", icc_profile=adobe)
    else:
        data = tiff(stored.astype(np.uint16) * 257, tags={34675: adobe})
    np.testing.assert_allclose(_read(tmp_path, data).pixels, MUTED / 255, atol=4 * LEVEL)


def test_other_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pixels = _read(tmp_path, encode(BYTES, "PNG", icc_profile=other)).pixels
    np.testing.assert_allclose(pixels, BYTES / 255, atol=0.5 * LEVEL)


def test_linear_grey_profile_brightens(tmp_path: Path) -> None:
    linear = icc_profile(b"GRAY", 1.0)
    grey = np.full((20, 20), 55, np.uint8)
    pixels = _read(tmp_path, encode(grey, "PNG", icc_profile=linear)).pixels
    np.testing.assert_allclose(pixels, 0.502, atol=0.01)


@pytest.mark.parametrize("profile", [b"rubbish" * 40, srgb_profile()[:200], srgb_profile()[:400]])
def test_damaged_profile_warns_and_reads_srgb(tmp_path: Path, profile: bytes) -> None:
    data = encode(BYTES, "PNG", icc_profile=profile)
    with pytest.warns(UserWarning, match="picture.bin"):
        pixels = _read(tmp_path, data).pixels
    np.testing.assert_allclose(pixels, BYTES / 255, atol=1e-6)


def test_lab_tiff(tmp_path: Path) -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(MUTED),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert lab is not None
    np.testing.assert_allclose(
        _read(tmp_path, encode(lab, "TIFF")).pixels, MUTED / 255, atol=12 * LEVEL
    )


def test_transparent_pixels_take_the_visible_mean(tmp_path: Path) -> None:
    stored = np.zeros((20, 20, 4), np.uint8)
    stored[:10] = (200, 100, 50, 255)
    picture = _read(tmp_path, encode(stored, "PNG"))
    np.testing.assert_allclose(picture.pixels[15, 3], np.array([200, 100, 50]) / 255, atol=1e-6)
    assert picture.alpha is not None
    assert picture.alpha[15, 3] == 0


def test_heic_without_its_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    path = write(tmp_path, "a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40))
    with pytest.raises(MissingExtraError, match=r"\[heic\]"):
        load(path)


def test_extension_is_not_trusted(tmp_path: Path) -> None:
    assert load(write(tmp_path, "a.jpg", encode(BYTES, "PNG"))).shape == (24, 32, 3)


def test_pillows_own_limit_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "AVIF", "GIF"):
        assert _read(tmp_path, encode(BYTES, kind)).pixels.shape == (24, 32, 3)
