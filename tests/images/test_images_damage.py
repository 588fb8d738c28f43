"""Bad files end in one line that says what is wrong, whatever their bytes."""

import os
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from image_samples import WRITABLE, corners, encode, png16, smooth, tiff, write
from PIL import Image

from impasto.errors import ImageError, ImpastoError, RecipeError
from impasto.images import load, load_picture, read_recipe, save_picture

BYTES = np.rint(smooth() * 255).astype(np.uint8)
DEEP = BYTES.astype(np.uint16) * 257


def _samples(folder: Path) -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x0112] = 6
    palette = Image.fromarray(corners()).quantize(8)
    samples = {
        "gif": encode(palette, "GIF"),
        "bmp": encode(BYTES, "BMP"),
        "palette": encode(palette, "PNG", transparency=1),
        "exif": encode(BYTES, "JPEG", exif=exif),
        "cmyk": encode(Image.fromarray(BYTES).convert("CMYK"), "JPEG"),
        "lzw": encode(BYTES, "TIFF", compression="tiff_lzw"),
        "png16": png16(DEEP),
        "tiff16": tiff(DEEP),
        "bigtiff": tiff(np.moveaxis(DEEP, 2, 0), planar=2, big=True),
        "float": tiff(smooth()),
        "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(200)),
    }
    for ending in WRITABLE:
        path = save_picture(folder / f"a{ending}", smooth(), recipe='{"a": 1}')
        samples[ending] = path.read_bytes()
    deep = save_picture(folder / "a.tif", smooth(), recipe='{"a": 1}', depth=16)
    samples["deflate16"] = deep.read_bytes()
    return samples


def _mutate(data: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 6))):
        # Half of the hits in the header, where the structure is.
        end = 100 if rng.random() < 0.5 else len(changed)
        changed[int(rng.integers(0, min(end, len(changed))))] = int(rng.integers(0, 256))
    cut = int(rng.integers(1, len(changed))) if rng.random() < 0.3 else len(changed)
    return bytes(changed[:cut])


def test_mutated_files_raise_only_our_errors(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    messages = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in _samples(tmp_path).values():
            for _ in range(30):
                path = write(tmp_path, "mutated", _mutate(data, rng))
                for read in (load_picture, read_recipe):
                    try:
                        read(path)
                    except ImpastoError as error:
                        messages.append(str(error))
    assert messages
    assert not [message for message in messages if "\n" in message]


@pytest.mark.parametrize("ending", WRITABLE)
def test_cut_short(tmp_path: Path, ending: str) -> None:
    noise = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    data = save_picture(tmp_path / f"a{ending}", noise).read_bytes()
    with pytest.raises(ImageError, match="cut short or damaged"):
        load(write(tmp_path, f"b{ending}", data[: len(data) * 2 // 3]))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "zero bytes"),
        (b"hello, this is a letter", "not a picture"),
        (b"%PDF-1.7 ....", "PDF"),
        (b"\0\0\0\x18ftypisom\0\0\0\0mp42avc1", "video"),
        (b"\xff\x0a" + bytes(30), "JPEG XL"),
        (encode(np.zeros((1, 1, 3), np.uint8), "PNG"), "1x1 px; every side"),
        (encode(np.zeros((10000, 3, 3), np.uint8), "JPEG"), "3x10000 px; every side"),
        (b"BM" + bytes(12) + b"\x28\0\0\0\xff\xff\0\0\xff\xff\0\0\1\0\x18" + bytes(25), "limit"),
    ],
)
def test_refused_files(tmp_path: Path, data: bytes, found: str) -> None:
    with pytest.raises(ImageError, match=found) as caught:
        load(write(tmp_path, "a.png", data))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["PNG", "PNG16", "TIFF16", "GIF"])
def test_bombs_are_refused_from_the_header(tmp_path: Path, kind: str) -> None:
    big = (30000).to_bytes(4, "big")
    if kind == "GIF":
        data = b"GIF89a\xff\xff\xff\xff" + encode(Image.new("P", (20, 20)), "GIF")[10:]
    elif kind == "TIFF16":
        data = tiff(DEEP, sides=(30000, 30000))
    else:
        data = png16(DEEP) if kind == "PNG16" else encode(BYTES, "PNG")
        data = data[:16] + big + big + data[24:]
        data = data[:29] + zlib.crc32(data[12:29]).to_bytes(4, "big") + data[33:]
    with pytest.raises(ImageError, match="limit"):
        load(write(tmp_path, "bomb", data))


def test_paths(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, found in [
        (tmp_path / "none.png", "does not exist"),
        (tmp_path, "folder"),
        (tmp_path / "pipe", "pipe"),
        (Path("/dev/null"), "device"),
        ("a\0b.png", "null"),
        (tmp_path / ("x" * 300), "long"),
    ]:
        with pytest.raises(ImageError, match=found):
            load(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_without_permission(tmp_path: Path) -> None:
    path = write(tmp_path, "a.png", encode(BYTES, "PNG"))
    path.chmod(0)
    with pytest.raises(ImageError, match="permissions"):
        load(path)


def test_no_or_damaged_recipe(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "WEBP", "AVIF", "TIFF", "BMP", "GIF"):
        with pytest.raises(RecipeError, match="no recipe"):
            read_recipe(write(tmp_path, "a", encode(BYTES, kind)))
    for packet, found in [
        (b"<x>", "XMP"),
        (b"<x/>", "no recipe"),
        (b'<x xmlns:i="https://impasto.art/ns/1.0/" i:recipe="{"/>', "damaged"),
        (b'<x xmlns:i="https://impasto.art/ns/1.0/" i:recipe="[]"/>', "list"),
    ]:
        with pytest.raises(RecipeError, match=found):
            read_recipe(write(tmp_path, "a", encode(BYTES, "JPEG", xmp=packet)))
    with pytest.raises(ImageError, match="does not exist"):
        read_recipe(tmp_path / "none.png")


def test_recipe_as_an_attribute(tmp_path: Path) -> None:
    packet = b"<x xmlns:i='https://impasto.art/ns/1.0/' i:recipe='{\"a\": 1}'/>"
    assert read_recipe(write(tmp_path, "a", encode(BYTES, "WEBP", xmp=packet))) == {"a": 1}
