"""Signed and looked at again: what holds, what was tampered with, by whom, and what made it."""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from impasto.errors import ProvenanceError
from impasto.images import encode_picture, load_picture, read_recipe
from impasto.provenance import ProvenanceOptions, Seal, unsigned_sha256, verify
from impasto.provenance.identity import forget
from tests.provenance.conftest import certificate, recipe

FORMATS = ("png", "jpg", "webp", "tif", "avif")
PAINTED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


@pytest.fixture(scope="module")
def pixels() -> Any:
    noise = np.random.default_rng(0).random((96, 128, 3))
    return noise.astype(np.float32)


def encoded(name: str, pixels: Any, **rest: Any) -> bytes:
    return encode_picture(name, pixels, recipe=recipe(**rest).to_json())


def write(name: str, pixels: Any, content: Any = None, **rest: Any) -> Path:
    """Write a signed picture; `rest` are the options."""
    seal = Seal(ProvenanceOptions(**rest), recipe().as_dict(), content)
    Path(name).write_bytes(seal.sealed(encoded(name, pixels), name))
    return Path(name)


@pytest.mark.parametrize("ending", FORMATS)
def test_what_is_signed_is_trusted_and_says_what_made_it(ending: str, pixels: Any) -> None:
    path = write(f"out.{ending}", pixels)
    found = verify(path)
    assert (found.state, list(found.notes)) == ("trusted", [])
    assert found.signer == "Impasto on a user's computer"
    assert found.program is not None
    assert found.program.startswith("Impasto ")
    assert found.source_type == PAINTED
    assert list(found.actions) == ["c2pa.opened", "c2pa.filtered"]
    assert found.recipe == recipe().as_dict()
    told = {(s.role, s.name, s.sha256, s.state) for s in found.sources}
    assert told == {
        ("content", "photo.jpg", "ab" * 32, "none"),
        ("input", "paint.jpg", "cd" * 32, "none"),
    }
    # and other programs read it as before, with all that it carried
    Path(f"raw.{ending}").write_bytes(encoded(f"out.{ending}", pixels))
    assert np.array_equal(load_picture(path).pixels, load_picture(f"raw.{ending}").pixels)
    assert read_recipe(path) == recipe().as_dict()
    with Image.open(path) as image:
        assert image.info.get("icc_profile")
        image.load()
    assert unsigned_sha256(path) == unsigned_sha256(Path(f"raw.{ending}"))


@pytest.mark.parametrize("ending", FORMATS)
def test_signed_as_a_file_is_as_signed_in_memory(ending: str, pixels: Any) -> None:
    path = Path(f"out.{ending}")
    path.write_bytes(encoded(path.name, pixels))
    plain = unsigned_sha256(path)
    Seal(ProvenanceOptions(), recipe().as_dict()).seal_file(path)
    assert verify(path).state == "trusted"
    assert unsigned_sha256(path) == plain
    assert [p.name for p in Path().iterdir()] == [path.name]


def flipped(path: Path, place: int) -> Path:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("ending", FORMATS)
def test_any_change_is_found(ending: str, pixels: Any) -> None:
    path = write(f"out.{ending}", pixels)
    whole = path.read_bytes()
    places = {
        "pixels": len(whole) // 2,
        "recipe in the XMP": whole.find(b'"strength": 0.8') + 12,
        "recipe in the manifest": whole.find(b"hstrength") + 12,
        "name of a source": whole.find(b"photo.jpg", whole.find(b"jumdc2pa")),
        "hash of a source": whole.find(b"ab" * 32, whole.find(b"jumdc2pa")),
    }
    for what, place in places.items():
        assert place > 12, what
        path.write_bytes(whole)
        assert verify(path).state == "trusted"
        found = verify(flipped(path, place))
        assert found.state == "tampered", what
        assert found.notes
        assert not found.holds


def test_nothing_that_a_png_says_can_be_changed(pixels: Any) -> None:
    path = write("out.png", pixels[:16, :16])
    whole, said = path.read_bytes(), verify(path)
    [(start, end)] = [
        (whole.find(chunk), whole.find(chunk) + len(chunk))
        for name, chunk in chunks(whole)
        if name == b"caBX"
    ]
    rng = np.random.default_rng(0)
    for place in rng.integers(8, len(whole), 300):
        path.write_bytes(whole)
        found = verify(flipped(path, int(place)))
        if not start <= place < end:
            assert found.state in ("tampered", "none"), place
        elif found.holds:  # filling, which stands for nothing
            assert found == said, place


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = 8
    while start < len(data):
        (length,) = struct.unpack_from(">I", data, start)
        yield data[start + 4 : start + 8], data[start : start + 12 + length]
        start += 12 + length


def without(data: bytes, kind: bytes) -> bytes:
    return data[:8] + b"".join(chunk for name, chunk in chunks(data) if name != kind)


def test_a_manifest_that_is_taken_away_leaves_a_claim_that_anybody_may_make(pixels: Any) -> None:
    path = write("out.png", pixels)
    data = without(path.read_bytes(), b"caBX")
    assert data == encoded("out.png", pixels)  # so that is the file it was
    path.write_bytes(data)
    found = verify(path)
    assert found.state == "none"
    assert (found.signer, found.program) == (None, None)
    assert found.recipe == recipe().as_dict()
    assert found.source_type == PAINTED
    assert "anybody may have written" in found.notes[0]


def test_a_manifest_of_another_picture_does_not_fit(pixels: Any) -> None:
    one, two = write("one.png", pixels).read_bytes(), write("two.png", 1 - pixels).read_bytes()
    [manifest] = [chunk for name, chunk in chunks(one) if name == b"caBX"]
    other = without(two, b"caBX")
    Path("mixed.png").write_bytes(other[:33] + manifest + other[33:])
    assert verify("mixed.png").state == "tampered"


def test_a_second_manifest_is_no_way_in(pixels: Any) -> None:
    data = write("out.png", pixels).read_bytes()
    [manifest] = [chunk for name, chunk in chunks(data) if name == b"caBX"]
    Path("twice.png").write_bytes(data[:33] + manifest + data[33:])
    assert verify("twice.png").state == "tampered"


def test_somebody_elses_certificate(pixels: Any) -> None:
    cert, key, authority = certificate("somebody")
    path = write("out.jpg", pixels, cert=str(cert), key=str(key))
    found = verify(path)
    assert (found.state, found.signer) == ("valid", "somebody")
    assert list(found.notes) == ["signing certificate untrusted"]
    assert verify(path, trust=[authority]).state == "trusted"
    other = certificate("other")[2]
    assert verify(path, trust=[other]).state == "valid"
    with pytest.raises(ProvenanceError, match=r"nowhere.pem cannot be read"):
        verify(path, trust=["nowhere.pem"])
    with pytest.raises(ProvenanceError, match=r"somebody.key holds no certificate"):
        verify(path, trust=[key])
    assert verify(flipped(path, -200), trust=[authority]).state == "tampered"


def test_a_key_of_another_computer(pixels: Any, config: Path) -> None:
    path = write("out.jpg", pixels)
    shutil.move(config, "theirs")
    forget()
    assert verify(path).state == "valid"
    config.joinpath("trusted").mkdir(parents=True)
    [theirs] = Path("theirs", "trusted").iterdir()
    # beside what is damaged, which is not trusted, and keeps no other from being so
    (config / "trusted" / "a.pem").write_text("nothing")
    (config / "trusted" / "b.pem").write_bytes(theirs.read_bytes().replace(b"MII", b"MIX", 1))
    shutil.copy(theirs, config / "trusted" / "friend.pem")
    assert verify(path).state == "trusted"


def test_a_key_made_anew_keeps_what_was_signed_trusted(pixels: Any, config: Path) -> None:
    first = write("first.jpg", pixels)
    (config / "signing-key.pem").unlink()
    forget()
    second = write("second.jpg", pixels)
    assert [verify(path).state for path in (first, second)] == ["trusted", "trusted"]


def test_a_certificate_whose_time_is_over(pixels: Any) -> None:
    cert, key, authority = certificate("brief", seconds=3)
    path = write("out.jpg", pixels, cert=str(cert), key=str(key))
    assert verify(path, trust=[authority]).state == "trusted"
    time.sleep(4)
    found = verify(path, trust=[authority])
    assert found.state == "valid"
    assert "certificate expired" in found.notes
    with pytest.warns(UserWarning, match=r"late.jpg is not signed: .*not valid at time of signing"):
        late = write("late.jpg", pixels, cert=str(cert), key=str(key))
    assert late.read_bytes() == encoded("late.jpg", pixels)
    assert verify(flipped(path, -200), trust=[authority]).state == "tampered"


@pytest.mark.parametrize("ending", FORMATS)
def test_a_signed_content_is_kept_in_what_is_made_of_it(ending: str, pixels: Any) -> None:
    first = write(f"photo.{ending}", pixels)
    kept = load_picture(first).signed
    assert kept == first.read_bytes()
    for content in (kept, first):
        second = verify(write(f"out.{ending}", 1 - pixels, content))
        assert second.state == "trusted"
        assert {s.role: s.state for s in second.sources} == {"content": "valid", "input": "none"}
    third = verify(write("third.png", pixels, Path(f"out.{ending}")))
    assert third.state == "trusted"
    assert {s.role: s.state for s in third.sources}["content"] == "valid"


def test_a_content_that_was_tampered_with_is_said_to_be(pixels: Any) -> None:
    content = flipped(write("photo.jpg", pixels), -200)
    found = verify(write("out.png", pixels, content))
    assert found.state == "trusted"
    assert {s.role: s.state for s in found.sources} == {"content": "tampered", "input": "none"}


def test_a_content_with_a_ruined_manifest_is_a_content_without(pixels: Any) -> None:
    plain = encoded("photo.png", pixels)
    body = b"caBX" + b"\0\0\0\x20jumb\0\0\0\x18jumdc2pa" + bytes(40)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    Path("photo.png").write_bytes(plain[:33] + chunk + plain[33:])
    found = verify(write("out.png", pixels, Path("photo.png")))
    assert found.state == "trusted"
    assert {s.role: s.name for s in found.sources}["content"] == "photo.jpg"
    assert verify("photo.png").state in ("none", "tampered")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiffs_of_all_kinds(order: str, big: bool, pixels: Any) -> None:
    samples = (pixels * 65535).astype(np.uint16)
    tifffile.imwrite(
        "out.tif", samples, byteorder=order, bigtiff=big, tile=(64, 64), photometric="rgb"
    )
    before = Path("out.tif").read_bytes()
    Seal(ProvenanceOptions(), recipe().as_dict()).seal_file(Path("out.tif"))
    assert verify("out.tif").state == "trusted"
    assert np.array_equal(tifffile.imread("out.tif"), samples)
    size = len(before)
    # only where its directory is has been written anew
    assert Path("out.tif").read_bytes()[16:size] == before[16:]


@pytest.mark.parametrize("ending", ["jpg", "png", "tif"])
def test_a_manifest_of_many_segments(ending: str, pixels: Any) -> None:
    many = [(f"style-{i}.png", f"{i:064x}") for i in range(700)]
    plain = recipe().as_dict()
    plain["styles"] = [{"name": name, "sha256": digest} for name, digest in many]
    data = encode_picture(f"out.{ending}", pixels)
    signed = Seal(ProvenanceOptions(), plain).sealed(data, "out")
    assert len(signed) > len(data) + 3 * 65536
    Path(f"out.{ending}").write_bytes(signed)
    found = verify(f"out.{ending}")
    assert found.state == "trusted"
    assert found.recipe is not None
    assert found.recipe["styles"][699]["name"] == "style-699.png"


@pytest.mark.parametrize(
    "data", [b"", b"BM", b"\x1aE\xdf\xa3 a film", b"\x89PNG\r\n\x1a\n", b"II*\0"]
)
def test_what_cannot_be_signed_is_left_as_it_is(data: bytes) -> None:
    seal = Seal(ProvenanceOptions(), recipe().as_dict())
    with pytest.warns(UserWarning, match="odd is not signed: "):
        assert seal.sealed(data, "odd") == data
    Path("odd").write_bytes(data)
    with pytest.warns(UserWarning, match="odd is not signed: "):
        seal.seal_file(Path("odd"))
    assert Path("odd").read_bytes() == data
    assert [p.name for p in Path().iterdir()] == ["odd"]
    assert verify("odd").state == "none"


def test_what_cannot_be_read() -> None:
    with pytest.raises(ProvenanceError, match=r"nowhere.png cannot be read"):
        verify("nowhere.png")
    Path("folder").mkdir()
    with pytest.raises(ProvenanceError, match="folder is a folder"):
        verify("folder")


def test_a_photo_that_stays_one_is_altered_and_not_generated(pixels: Any) -> None:
    made = recipe(method="photoreal").as_dict()
    data = Seal(ProvenanceOptions(), made).sealed(encoded("a.png", pixels), "a.png")
    Path("a.png").write_bytes(data)
    found = verify("a.png")
    assert list(found.actions) == ["c2pa.opened", "c2pa.adjustedColor"]
    assert found.source_type is not None
    assert found.source_type.endswith("/algorithmicallyEnhanced")


def test_the_source_type_stands_where_other_programs_look(pixels: Any) -> None:
    for ending in ("png", "jpg", "webp", "avif"):
        with Image.open(io.BytesIO(encoded(f"a.{ending}", pixels))) as image:
            packet = image.info.get("xmp") or image.info["XML:com.adobe.xmp"].encode()
        assert b'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"' in packet
        assert f">{PAINTED}</Iptc4xmpExt:DigitalSourceType>".encode() in packet


def test_several_threads_may_sign_at_once(pixels: Any) -> None:
    seals = [Seal(ProvenanceOptions(), recipe(steps=number).as_dict()) for number in range(48)]
    data = encoded("a.jpg", pixels)
    with ThreadPoolExecutor(8) as pool:
        signed = list(pool.map(lambda seal: seal.sealed(data, "a.jpg"), seals))
    for number, one in enumerate(signed):
        Path("a.jpg").write_bytes(one)
        found = verify("a.jpg")
        assert found.state == "trusted"
        assert found.recipe is not None
        assert found.recipe["steps"] == number


LARGE = """
import resource, struct, sys, zlib
from pathlib import Path
from impasto.provenance import ProvenanceOptions, Seal, verify
from tests.provenance.conftest import recipe

seal, most = Seal(ProvenanceOptions(), recipe().as_dict()), lambda: (
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
head = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0))
for name, count in (("small.png", 1), ("large.png", 200)):
    with open(name, "wb") as file:
        file.write(head)
        for _ in range(count):
            file.write(chunk(b"IDAT", bytes(2**20)))
        file.write(chunk(b"IEND", b""))
    seal.seal_file(Path(name))
    print(most())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told otherwise there")
def test_a_file_of_any_size_is_signed_in_bounded_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LARGE],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    assert large - small < 30  # MB, of 200
    assert verify("large.png").state == "trusted"
