"""The training of a style of one's own: from a picture to a file that any engine paints with."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import impasto
from impasto.backbones import load_backbone
from impasto.cli.train import seconds
from impasto.errors import ImageError, OptionError
from impasto.images import save_picture
from impasto.methods.realtime.model import WEIGHTS, checked
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from impasto.methods.realtime.network_file import read_network
from impasto.methods.realtime.recolor import color_code
from impasto.methods.realtime.style_networks import make_table
from impasto.methods.realtime.style_table import StyleTable
from impasto.methods.realtime.weights import load_realtime, save_realtime
from impasto.train.begin import begin_as_shipped
from impasto.train.builtin import builtin_contents
from impasto.train.data import Pictures
from impasto.train.painting import TERMS
from impasto.train.run import Run
from impasto.train.settings import RealtimeTraining, StyleTraining
from impasto.train.style import StyleTask
from impasto.train.style_run import train_style

CONFIG = StyleTraining(
    steps=6, batch=2, fresh=1, calm=1, size=32, memory=4, style_size=64, width=0.25, blocks=1
)
Row = dict[str, float]

pytestmark = pytest.mark.usefixtures("compact")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, draw: Any) -> tuple[Path, list[Path]]:
    """Return a folder of contents, and two styles."""
    root = tmp_path_factory.mktemp("data")
    (root / "photos").mkdir()
    for number in range(6):
        save_picture(root / "photos" / f"{number}.png", draw(64, 80, number))
    (root / "photos" / "broken.jpg").write_bytes(b"no picture")
    styles = [save_picture(root / f"s{i}.png", draw(70, 60, 10 * i) ** (1 + i)) for i in range(2)]
    return root / "photos", styles


def train(data: Any, out: Path, config: StyleTraining = CONFIG, **rest: Any) -> Path:
    photos, styles = data
    chosen, kind = rest.pop("styles", styles[:1]), rest.pop("kind", "unet")
    run = Run(out, **{"contents": photos, "device": "cpu", "every": 2} | rest)
    return train_style(chosen, run, config, kind)


def stop_at(step: int) -> Callable[[Row], None]:
    def report(row: Row) -> None:
        if row["step"] == step:
            raise KeyboardInterrupt

    return report


@pytest.mark.parametrize("kind", ["unet", "residual"])
def test_a_style_is_trained_and_used(
    data: tuple[Path, list[Path]], tmp_path: Path, draw: Any, kind: str
) -> None:
    notes: list[str] = []
    path = train(data, tmp_path / "mine", kind=kind, styles=data[1], note=notes.append)
    assert path == tmp_path / "mine.impasto"
    assert "skipped 1" in notes[0]
    assert (tmp_path / "mine" / "skipped.txt").read_text() == f"{data[0]}: broken.jpg\n"
    assert notes[1].startswith("memory: about ")
    assert notes[2].startswith("6 steps of ")
    network = read_network(path)
    assert network.names == ["s0", "s1"]
    assert network.about["kind"] == kind
    assert network.about["training"]["judge"] == "compact"
    card = (tmp_path / "mine.md").read_text()
    assert network.members["README.md"] == card.encode()
    assert "s0.png, s1.png" in card
    assert f"{sum(t.size for t in network.tensors.values()) - 24:,} parameters" in card
    assert f"{network.about['training']['held_style']:.3f}" in card
    with (tmp_path / "mine" / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2.0", "4.0", "6.0"]
    assert all(np.isfinite(float(row[name])) for row in rows for name in (*TERMS, "loss"))
    with Image.open(tmp_path / "mine" / "samples.png") as sheet:
        assert sheet.size[0] == 3 * CONFIG.size
    with Image.open(tmp_path / "mine" / "losses.png") as plot:
        assert len(set(plot.convert("L").tobytes())) > 16
    painted = impasto.stylize(draw(48, 64), style=f"{path}#s1").image
    assert painted.shape == (48, 64, 3)
    assert np.isfinite(painted).all()


@torch.no_grad()
def test_by_default_the_shipped_network_is_the_start(draw: Any) -> None:
    content, style = (torch.from_numpy(draw(48, 64, s)).permute(2, 0, 1)[None] for s in (1, 2))
    network = make_table("unet", StyleTraining().shape("unet"), 1)
    assert isinstance(network, StyleTable)
    assert begin_as_shipped(network, [[style]])
    network.colors[:] = color_code(style)
    shipped = load_realtime(checked(WEIGHTS))
    painted = network.paint(content, torch.tensor([1]), color_code(content))
    assert torch.allclose(painted, shipped.paint(content, shipped.style(style)), atol=1e-5)
    # row 0 is nearer to the content than any style
    own = network.paint(content, torch.tensor([0]), color_code(content))
    assert (own - content).abs().mean() < (painted - content).abs().mean()
    for shape in ("residual", "unet"):
        other = make_table(shape, CONFIG.shape(shape), 1)
        assert not begin_as_shipped(other, [[style]])


@pytest.mark.parametrize("kind", ["unet", "residual"])
def test_a_resumed_run_ends_at_the_very_same_weights(
    data: tuple[Path, list[Path]], tmp_path: Path, kind: str
) -> None:
    whole = read_network(train(data, tmp_path / "whole", kind=kind))
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "parts", kind=kind, report=stop_at(4))
    parts = read_network(train(data, tmp_path / "parts", kind=kind))
    assert parts.sha256 == whole.sha256


@pytest.mark.parametrize(
    "change",
    [{"kind": "residual"}, {"styles": 2}, {"config": replace(CONFIG, rate=1e-4)}],
)
def test_a_run_goes_on_only_with_its_own_settings(
    data: tuple[Path, list[Path]], tmp_path: Path, change: dict[str, Any]
) -> None:
    if "styles" in change:
        change = {"styles": data[1]}
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "x", report=stop_at(2))
    with pytest.raises(OptionError, match="begun with other settings"):
        train(data, tmp_path / "x", **change)


def test_losses_fall(data: tuple[Path, list[Path]]) -> None:
    config = replace(CONFIG, steps=100, rate=3e-3)
    torch.manual_seed(0)
    network = make_table("unet", config.shape("unet"), 1)
    judge = load_backbone("compact")
    style = impasto.load(str(data[1][1]))
    task = StyleTask(network, judge, Pictures(data[0]), [style], config, torch.device("cpu"))
    losses = [task.train_step(step, 1.0)["loss"] for step in range(60)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])


def test_a_budget_decides_the_steps_once(data: tuple[Path, list[Path]], tmp_path: Path) -> None:
    notes: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "x", budget=3.0, note=notes.append, report=stop_at(2))
    steps = int(notes[-1].split()[0])
    assert steps > 2
    path = train(data, tmp_path / "x", budget=30.0, note=notes.append)
    assert notes[-1].startswith(f"{steps} steps of ")
    assert read_network(path).about["training"]["steps"] == steps


def test_a_network_is_a_start_for_another(data: tuple[Path, list[Path]], tmp_path: Path) -> None:
    first = train(data, tmp_path / "first")
    short = replace(CONFIG, steps=1, rate=1e-6)
    second = train(data, tmp_path / "second", short, styles=data[1], init=first)
    before, after = read_network(first), read_network(second)
    assert after.names == ["s0", "s1"]
    assert np.allclose(after.tensors["table"][2], before.tensors["table"][1], atol=1e-3)
    with pytest.raises(OptionError, match="expected UNetConfig"):
        train(data, tmp_path / "third", replace(CONFIG, width=0.5), init=first)


@pytest.mark.parametrize("kind", ["unet", "residual"])
def test_styles_are_added_without_changing_the_others(
    data: tuple[Path, list[Path]], tmp_path: Path, draw: Any, kind: str
) -> None:
    first = train(data, tmp_path / "first", kind=kind)
    second = train(data, tmp_path / "second", styles=data[1][1:], add=first)
    before, after = read_network(first), read_network(second)
    assert after.names == ["s0", "s1"]
    assert after.about["arch"] == kind
    for name, value in before.tensors.items():
        assert np.array_equal(after.tensors[name][: len(value)], value), name
    mean = before.tensors["table"][1]
    assert np.abs(after.tensors["table"][2] - mean).max() > 1e-4
    painted = [impasto.stylize(draw(48, 64), style=s).image for s in (first, f"{second}#s0")]
    assert np.array_equal(*painted)


def test_styles_that_are_none_are_told(data: tuple[Path, list[Path]], tmp_path: Path) -> None:
    flat = save_picture(tmp_path / "flat.png", np.full((40, 40, 3), 0.5, np.float32))
    with pytest.raises(ImageError, match="one flat colour"):
        train(data, tmp_path / "x", styles=[flat])
    with pytest.raises(ImageError, match="does not exist"):
        train(data, tmp_path / "x", styles=[tmp_path / "nothing.png"])


def test_there_are_contents_for_those_who_have_none() -> None:
    contents = builtin_contents()
    assert len(contents.train) >= 20
    assert len(contents.test) >= 5
    assert all(pixels.dtype == np.uint8 for pixels in contents.train + contents.test)
    different = {pixels.tobytes() for pixels in contents.train + contents.test}
    assert len(different) == len(contents.train) + len(contents.test)


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200)]
)
def test_a_budget_is_a_time(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "m", "ten", "-5m", "0", "inf"])
def test_a_budget_that_is_none_is_told(text: str) -> None:
    with pytest.raises(OptionError, match="expected a time"):
        seconds(text)


TINY = RealtimeConfig(fine=8, coarse=8, deep=8, deep_blocks=1, code=6, style_widths=(8,))


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """Return weights of a real-time network to start from."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        state = Realtime(TINY).state_dict()
    return save_realtime(tmp_path / "start.safetensors", state, TINY, {})


def test_a_folder_is_a_network_of_any_style(
    data: tuple[Path, list[Path]], start: Path, tmp_path: Path, draw: Any
) -> None:
    config = RealtimeTraining(
        steps=2, batch=2, fresh=1, calm=1, size=32, final_size=32, memory=4, drawn=0
    )
    path = train(data, tmp_path / "any", config, styles=[data[0]], kind="arbitrary", init=start)
    network = read_network(path)
    assert len(network.names) == 6
    content, style = draw(48, 64), draw(70, 60, 3)
    first = impasto.stylize(content, style=style, network=str(path)).image
    assert first.shape == content.shape
    assert np.abs(first - impasto.stylize(content, style=style).image).max() > 0.01
    kept = impasto.stylize(content, style=f"{path}#{network.names[0]}").image
    same = impasto.stylize(content, style=str(data[0] / "0.png"), network=str(path)).image
    assert np.abs(kept - same).max() < 0.05
    with pytest.raises(OptionError, match="ink belongs to another network"):
        impasto.stylize(content, style="ink", network=str(path))
    with pytest.raises(OptionError, match="has no table of styles"):
        train(data, tmp_path / "more", add=path)


def test_a_network_of_few_styles_looks_at_no_picture(
    data: tuple[Path, list[Path]], tmp_path: Path, draw: Any
) -> None:
    path = train(data, tmp_path / "mine", replace(CONFIG, steps=1))
    with pytest.raises(OptionError, match="knows its own styles only: s0"):
        impasto.stylize(draw(48, 64), style=draw(70, 60, 3), network=str(path))
