"""Style codes: kept in files, found by name, blended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impasto.errors import OptionError, WeightsError
from impasto.methods.realtime import catalog, codes
from impasto.methods.realtime.catalog import (
    find_style,
    target_of,
    unknown_style,
    user_styles,
)
from impasto.methods.realtime.codes import (
    SUFFIX,
    StyleCode,
    blend_codes,
    load_code,
    save_code,
    save_codes,
    shipped_codes,
)
from impasto.methods.realtime.model import RealtimeModel
from impasto.weights import read_weights, write_weights

Make = Any


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use another folder of the user's own styles, which is not there yet."""
    monkeypatch.setenv("IMPASTO_STYLES", str(tmp_path / "styles"))
    return tmp_path / "styles"


def code(model: RealtimeModel, seed: int = 0, tuned: bool = False) -> StyleCode:
    rng = np.random.default_rng(seed)
    vector = rng.normal(size=model.code_size).astype(np.float32)
    affines = rng.normal(size=model.bias.shape).astype(np.float32) if tuned else None
    return StyleCode(f"mine-{seed}", vector, "a painting", "CC0", "ab" * 32, affines, tuned)


@pytest.mark.parametrize("tuned", [False, True])
def test_a_code_survives_a_file(model: RealtimeModel, tmp_path: Path, tuned: bool) -> None:
    first = code(model, tuned=tuned)
    path = save_code(tmp_path / "x.style", first)
    second = load_code(path)
    assert np.array_equal(second.vector, first.vector)
    assert second.vector.dtype == np.float32
    if tuned:
        assert np.array_equal(second.affines, first.affines)  # type: ignore[arg-type]
    else:
        assert second.affines is None
    assert (second.name, second.source, second.license, second.tuned) == (
        first.name, first.source, first.license, tuned,
    )  # fmt: skip
    assert second.digest == first.digest
    assert path.stat().st_size < (20_000 if tuned else 2_500)
    assert save_code(tmp_path / "y.style", first).read_bytes() == path.read_bytes()


def test_the_digest_is_that_of_what_it_paints_with(model: RealtimeModel) -> None:
    first = code(model)
    assert replace(first, name="other", source="", license="", sha256="").digest == first.digest
    assert replace(first, vector=first.vector + 1e-3).digest != first.digest
    tuned = replace(first, affines=np.zeros_like(model.bias))
    assert tuned.digest != first.digest


@given(st.integers(0, 2**32))
def test_a_blend_of_one_is_that_one(model: RealtimeModel, seed: int) -> None:
    first, second = code(model, seed), code(model, seed + 1)
    assert blend_codes([first], [1.0]) is first
    assert np.array_equal(blend_codes([first, second], [1.0, 0.0]).vector, first.vector)
    assert np.array_equal(blend_codes([first, second], [0.0, 1.0]).vector, second.vector)
    half = blend_codes([first, first], [0.5, 0.5])
    assert np.array_equal(half.vector, first.vector)
    same = blend_codes([first] * 3, [0.2, 0.3, 0.5])
    assert np.allclose(same.vector, first.vector, rtol=1e-5, atol=1e-6)
    assert same.vector.dtype == np.float32
    assert same.affines is None


def test_a_blend_with_a_tuned_style_has_its_share_of_its_gains(model: RealtimeModel) -> None:
    plain, tuned = code(model), code(model, 1, tuned=True)
    assert tuned.affines is not None
    found = blend_codes([plain, tuned], [0.75, 0.25])
    assert found.affines is not None
    assert np.allclose(found.affines, 0.25 * tuned.affines)
    # gains and shifts are linear in the code, so that blending either is the same
    parts = [model.affines(c.vector, c.affines) for c in (plain, tuned)]
    for scale, table in model.affines(found.vector, found.affines).items():
        assert np.allclose(table, 0.75 * parts[0][scale] + 0.25 * parts[1][scale], atol=1e-4)
    none = blend_codes([plain, tuned], [1.0, 0.0])
    assert none.affines is not None
    assert not none.affines.any()


def test_presets_are_named_and_licensed(model: RealtimeModel) -> None:
    presets = shipped_codes()
    assert len(presets) >= 22
    for name, preset in presets.items():
        assert catalog._NAME.fullmatch(name)
        assert preset.name == name
        assert preset.source
        assert preset.license in ("public domain", "Apache-2.0")
        assert preset.vector.shape == (model.code_size,)
        assert np.isfinite(preset.vector).all()
        assert find_style(name) is preset
    assert len({preset.digest for preset in presets.values()}) == len(presets)


def test_ones_own_styles_are_found_first(model: RealtimeModel, folder: Path) -> None:
    assert user_styles() == {}
    assert find_style("mine") is None
    path = save_code(target_of("mine"), code(model))
    assert path == folder / f"mine{SUFFIX}"
    assert user_styles() == {"mine": path}
    found = find_style("mine")
    assert found is not None
    assert np.array_equal(found.vector, code(model).vector)
    save_code(target_of("ink"), code(model))
    assert find_style("ink").digest == code(model).digest  # type: ignore[union-attr]
    for name in ("../styles/mine", "MINE", "", "."):
        assert find_style(name) is None


def test_without_a_folder_of_ones_own_it_is_beside_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMPASTO_STYLES")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("IMPASTO_WEIGHTS", raising=False)
    assert catalog.user_styles_dir().name == "styles"


def test_targets(folder: Path, tmp_path: Path) -> None:
    assert target_of("monet-2") == folder / "monet-2.style"
    assert target_of("here.style") == Path("here.style")
    assert target_of(f"{tmp_path}/there") == tmp_path / "there.style"
    for wrong in ("", "Monet", "my style", ".hidden", "-x", "ä", "v1.2", "x" * 65):
        with pytest.raises(OptionError, match="small letters, digits"):
            target_of(wrong)


def test_a_path_with_a_dot_is_kept_whole(tmp_path: Path) -> None:
    assert target_of(f"{tmp_path}/v1.2") == tmp_path / "v1.2.style"


def test_an_unknown_name_is_told_with_the_nearest(model: RealtimeModel) -> None:
    save_code(target_of("my-garden"), code(model))
    for wrong, near in (("starry_night", "starry-night"), ("my-gardn", "my-garden")):
        message = str(unknown_style(wrong))
        assert f"did you mean {near}?" in message
        assert "ink" in message


def written(path: Path, model: RealtimeModel, tensors: Any = None, **changes: Any) -> Path:
    """Write a code's file with other tensors or metadata."""
    first = code(model)
    metadata = codes._metadata(first.name, [first])
    if "config" in changes:
        changes["config"] = json.dumps(json.loads(metadata["config"]) | changes["config"])
    return write_weights(path, tensors or {"code": first.vector}, metadata | changes)


def test_a_code_of_another_network_is_refused(model: RealtimeModel, folder: Path) -> None:
    path = written(folder / "old.style", model, config={"network": "0" * 64})
    with pytest.raises(WeightsError, match=r"another version of the network; .*impasto styles"):
        load_code(path)
    with pytest.raises(WeightsError, match="another version"):
        find_style("old")
    path = written(folder / "odd.style", model, arch="compact")
    with pytest.raises(WeightsError, match="holds compact, expected a style's code"):
        load_code(path)


def test_a_damaged_code_is_refused(model: RealtimeModel, folder: Path) -> None:
    path = save_code(folder / "x.style", code(model))
    data = path.read_bytes()
    for broken in (data[:-8], data[:100], b"", data[:-4] + b"\0\0\0\0"):
        path.write_bytes(broken)
        with pytest.raises(WeightsError, match=r"x\.style"):
            load_code(path)
    path.unlink()
    with pytest.raises(WeightsError, match="no such file"):
        load_code(path)


@pytest.mark.parametrize(
    "case", ["other name", "short", "not a vector", "not finite", "short affines", "no styles"]
)
def test_a_file_of_something_else_is_refused(
    model: RealtimeModel, tmp_path: Path, case: str
) -> None:
    vector = code(model).vector
    tensors = {
        "other name": {"other": vector},
        "short": {"code": vector[:20]},
        "not a vector": {"code": vector[None]},
        "not finite": {"code": np.full_like(vector, np.nan)},
        "short affines": {"code": vector, "affines": vector},
        "no styles": None,
    }[case]
    config = {"styles": []} if case == "no styles" else {}
    path = written(tmp_path / "x.style", model, tensors, config=config)
    with pytest.raises(WeightsError, match=r"x\.style"):
        load_code(path)


def test_several_codes_in_a_file(model: RealtimeModel, tmp_path: Path) -> None:
    path = save_codes(tmp_path / "all.safetensors", [code(model, i) for i in range(3)])
    tensors, metadata = read_weights(path)
    assert tensors["codes"].shape == (3, model.code_size)
    names = [about["name"] for about in json.loads(metadata["config"])["styles"]]
    assert names == ["mine-0", "mine-1", "mine-2"]


def test_tuned_codes_do_not_lose_what_was_tuned(model: RealtimeModel, tmp_path: Path) -> None:
    path = tmp_path / "all.safetensors"
    try:
        save_codes(path, [code(model), code(model, 1, tuned=True)])
    except (OptionError, WeightsError):
        return
    assert "affines" in " ".join(read_weights(path)[0])
