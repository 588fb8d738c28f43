"""Signing as users meet it: the interface, the command line, films, runs on the disk."""

from __future__ import annotations

import json
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import impasto
from impasto.cli.main import main
from impasto.errors import OptionError, ProvenanceError
from impasto.images import load_picture, read_recipe, save_picture
from impasto.images.metadata import NAMESPACE
from impasto.provenance.identity import forget
from tests.provenance.conftest import certificate

FAST: dict[str, Any] = {"engine": "openvino", "precision": "float32", "threads": 1}


@pytest.fixture(autouse=True)
def photo(draw: Any) -> Path:
    return save_picture("photo.png", draw(48, 64))


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return (ended.value.code or 0, *capsys.readouterr())  # type: ignore[return-value]

    return call


def test_save_signs_and_need_not() -> None:
    result = impasto.stylize("photo.png", "ink", **FAST)
    found = impasto.verify(impasto.save("out.jpg", result))
    assert found.state == "trusted"
    assert found.recipe == read_recipe("out.jpg")
    plain = impasto.save("plain.jpg", result, sign=False)
    assert impasto.verify(plain).state == "none"
    assert read_recipe(plain) == read_recipe("out.jpg")
    assert impasto.save("again.jpg", result, sign=False).read_bytes() == plain.read_bytes()
    bare = impasto.save("bare.jpg", result, strip_metadata=True)
    found = impasto.verify(bare)
    assert (found.state, found.recipe, found.source_type) == ("none", None, None)
    for mark in (NAMESPACE.encode(), b"jumdc2pa", b"digitalsourcetype"):
        assert mark not in bare.read_bytes()
    with pytest.raises(OptionError, match="no option 'sing'"):
        impasto.save("out.jpg", result, sing=False)


def test_a_certificate_of_ones_own() -> None:
    cert, key, authority = certificate("me")
    mine: dict[str, Any] = {"cert": str(cert), "key": str(key)}
    impasto.stylize_file("photo.png", "ink", "out.png", **mine, **FAST)
    assert impasto.verify("out.png", trust=[authority]).signer == "me"
    [done] = impasto.stylize_many(["photo.png"], ["ink"], "many", **mine, **FAST)
    assert done.error is None
    assert impasto.verify("many/photo-ink.png").signer == "me"
    wrong = mine | {"key": str(certificate("other")[1])}
    with pytest.raises(ProvenanceError, match="is not the key of"):
        impasto.stylize_file("photo.png", "ink", "none.png", **wrong, **FAST)
    with pytest.raises(ProvenanceError, match="is not the key of"):
        impasto.stylize_many(["photo.png"], ["ink"], "none", **wrong, **FAST)
    result = impasto.stylize("photo.png", "ink", **FAST)
    with pytest.raises(ProvenanceError, match="is not the key of"):
        impasto.save("none.png", result, **wrong)
    assert not Path("none.png").exists()


def test_no_key_can_be_kept_and_no_picture_is_lost(config: Path, run: Any) -> None:
    config.write_text("in the way")
    forget()
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # which the command line prints
        code, out, err = run("stylize", "photo.png", "-s", "ink", "-o", "out.png")
    assert (code, out[:7]) == (0, "out.png")
    assert "impasto: note: signed with a key for this run alone; " in err
    code, out, _ = run("verify", "out.png")
    assert code == 0
    assert out.startswith("out.png: valid (as it was signed, by a key that is not known here)\n")


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.tif"])
def test_what_is_painted_on_the_disk(name: str, monkeypatch: Any, draw: Any) -> None:
    save_picture("wide.png", draw(48, 600))
    monkeypatch.setattr("impasto.stream.OnePass.tile_side", lambda *_: 128)
    recipe = impasto.stylize_file("wide.png", "ink", name, deepzoom=True, **FAST)
    assert recipe.made_with["tile"] == 128
    found = impasto.verify(name)
    assert found.state == "trusted"
    assert found.recipe == recipe.as_dict()
    assert not [path for path in Path().iterdir() if path.name.startswith(".")]
    # and what is made of it has it as its content
    impasto.stylize_file(name, "batik", "second.png", **FAST)
    found = impasto.verify("second.png")
    assert found.state == "trusted"
    assert [(s.role, s.state) for s in found.sources] == [("content", "valid"), ("input", "none")]


def test_again_compares_all_but_the_signature(run: Any) -> None:
    work = ("stylize", "photo.png", "-s", "ink", "-q", "-o")
    run(*work, "out.png")
    said = "the same bytes but for the signature\n"
    assert run("again", "out.png")[1].endswith(said)
    assert run("again", "out.png", "--no-sign")[1].endswith(said)
    again = run("again", "out-again-2.png", "--no-sign")  # of one that is not signed
    assert again[1].endswith("the same bytes\n")
    bare = run("again", "out.png", "--strip-metadata")[1]
    assert bare.endswith("without metadata, the bytes are not compared with out.png's\n")
    # of one that was tampered with nothing is believed
    data = bytearray(Path("out.png").read_bytes())
    data[data.rfind(b"IDAT") - 20] ^= 1
    Path("other.png").write_bytes(data)
    assert impasto.verify("other.png").state == "tampered"
    assert "the bytes differ from other.png's" in run("again", "other.png", "-o", "third.png")[1]
    pixels = 1 - load_picture("out.png").pixels
    save_picture("old.png", pixels, recipe=json.dumps(read_recipe("out.png")))
    assert "the bytes differ from old.png's" in run("again", "old.png", "-o", "new.png")[1]


def test_verify_says_what_it_finds(run: Any) -> None:
    run("stylize", "photo.png", "-s", "ink", "-q", "-o", "out.png")
    code, out, err = run("verify", "out.png")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "out.png: trusted (as it was signed, by a key that is trusted here)"
    assert "  signed by Impasto on a user's computer, certified by Impasto" in lines
    assert any("edited using generative AI" in line for line in lines)
    assert any(line.startswith("  of content photo.png, SHA-256 ") for line in lines)
    assert run("verify", "photo.png")[:2] == (4, "photo.png: none (not signed)\n")

    data = bytearray(Path("out.png").read_bytes())
    data[-30] ^= 1
    Path("bad.png").write_bytes(data)
    code, out, _ = run("verify", "bad.png", "photo.png", "out.png")
    assert code == 3
    assert out.startswith("bad.png: tampered (changed since it was signed)\n")
    code, out, _ = run("verify", "--json", "out.png", "bad.png", "photo.png")
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert [one["state"] for one in told] == ["trusted", "tampered", "none"]
    assert told[0]["recipe"] == read_recipe("out.png")
    assert {source["name"] for source in told[0]["sources"]} == {"photo.png", "ink"}
    code, _, err = run("verify", "nowhere.png")
    assert code == 1
    assert err.startswith("impasto: nowhere.png cannot be read")
    assert run("verify")[0] == 2


def test_flags(run: Any) -> None:
    for flags, state in ((["--no-sign"], "none"), (["--strip-metadata"], "none"), ([], "trusted")):
        assert run("stylize", "photo.png", "-s", "ink", "-o", "a.webp", "--force", *flags)[0] == 0
        assert impasto.verify("a.webp").state == state
    code, _, err = run("stylize", "photo.png", "-s", "ink", "--cert", "a.pem", "-o", "b.png")
    assert (code, err) == (1, "impasto: cert and key go together: name both, or none\n")
    code, _, err = run(
        "stylize", "photo.png", "-s", "ink", "--cert", "a.pem", "--key", "a.key", "-o", "b.png"
    )
    assert (code, err[:33]) == (1, "impasto: a.pem cannot be read (No")
    assert not Path("b.png").exists()


@pytest.fixture
def clip(draw: Any) -> Path:
    pytest.importorskip("av")
    from impasto.video import Frame

    frames = [draw(48, 64, number) for number in (1, 2)]
    second = Fraction(1)
    made = [Frame(pixels, i * second, second) for i, pixels in enumerate(frames)]
    path = impasto.write_frames("clip.mp4", made)
    assert path is not None
    return path


@pytest.mark.parametrize("ending", ["mp4", "mov", "m4v", "webp", "gif"])
def test_films_are_signed(clip: Path, ending: str) -> None:
    out = impasto.stylize_video(clip, "ink", f"out.{ending}", temporal=0.0, **FAST)
    assert out is not None
    found = impasto.verify(out)
    assert (found.state, list(found.notes)) == ("trusted", [])
    assert found.recipe is not None
    assert found.recipe["film"]["temporal"] == 0
    assert {(s.role, s.name) for s in found.sources} == {("content", "clip.mp4"), ("input", "ink")}
    data = out.read_bytes()
    packet = data[data.find(b"<?xpacket begin") :]
    assert b"compositeWithTrainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>" in packet
    if ending in ("webp", "gif"):
        with Image.open(out) as image:
            assert image.n_frames == 2
            if ending == "webp":
                assert b"DigitalSourceType" in image.info["xmp"]
    else:
        assert len(list(impasto.iter_frames(out))) == 2
    frames = {"webp": b"ANMF", "gif": b"NETSCAPE"}.get(ending, b"mdat")
    for place in (data.find(frames) + 60, data.find(b"DigitalSourceType")):
        changed = bytearray(data)
        changed[place] ^= 1
        Path(f"bad.{ending}").write_bytes(changed)
        assert impasto.verify(f"bad.{ending}").state == "tampered"
    plain = impasto.stylize_video(
        clip, "ink", f"plain.{ending}", temporal=0.0, strip_metadata=True, **FAST
    )
    assert plain is not None
    assert b"xpacket" not in plain.read_bytes()


def test_a_film_of_a_film_keeps_the_chain(clip: Path) -> None:
    impasto.stylize_video(clip, "ink", "one.mp4", temporal=0.0, **FAST)
    impasto.stylize_video("one.mp4", "batik", "two.mov", temporal=0.0, **FAST)
    found = impasto.verify("two.mov")
    assert found.state == "trusted"
    assert {s.role: s.state for s in found.sources} == {"input": "none", "content": "valid"}


def test_films_that_can_carry_nothing_say_so(clip: Path, run: Any) -> None:
    work = ("video", clip, "-s", "ink", "-q", "--temporal", "0")
    code, _, err = run(*work, "-o", "out.mkv")
    assert code == 0
    said = "impasto: note: out.mkv is not signed: such files carry no manifest; .mp4 and .mov do\n"
    assert err == said
    assert run(*work, "-o", "two.mkv", "--no-sign")[2] == ""
    code, out, _ = run("verify", "out.mkv")
    assert code == 4
    assert "carries no manifest that can be read" in out


def test_nothing_is_said_where_all_is_well() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = impasto.stylize("photo.png", "ink", **FAST)
        impasto.save("out.png", result)
    assert np.abs(impasto.load("out.png") - result.image).max() <= 0.51 / 255
