"""The training of a style of one's own: from a picture to a file that any engine paints with."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import impasto
from impasto.backbones import load_backbone
from impasto.cli.main import cli
from impasto.cli.train import seconds
from impasto.errors import ImageError, OptionError, RecipeError
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
from impasto.train.checkpoint import load_checkpoint
from impasto.train.data import Pictures
from impasto.train.estimate import Trial
from impasto.train.loop import CHECKPOINT
from impasto.train.painting import TERMS
from impasto.train.realtime import RealtimeTask
from impasto.train.run import Run
from impasto.train.settings import GanTraining, PaintingTraining, RealtimeTraining, StyleTraining
from impasto.train.style import StyleTask
from impasto.train.style_run import train_style
from impasto.weights import weights_sha256
from tests.methods.realtime.networks import random_network, written

CONFIG = StyleTraining(
    steps=6, batch=2, fresh=1, calm=1, size=32, memory=4, style_size=64, width=0.25, blocks=1
)
ADDED = replace(CONFIG, width=1.0, blocks=2)  # in the shape of the network that gets them
ANY = RealtimeTraining(
    steps=2, batch=2, fresh=1, calm=1, size=32, final_size=48, memory=4, final_share=0.34
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


TINY = RealtimeConfig(fine=8, coarse=8, deep=8, deep_blocks=1, code=6, style_widths=(8,))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights of a real-time network to start from."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        state = Realtime(TINY).state_dict()
    return save_realtime(tmp_path_factory.mktemp("start") / "x.safetensors", state, TINY, {})


def train(data: Any, out: Path, config: PaintingTraining = CONFIG, **rest: Any) -> Path:
    photos, styles = data
    chosen, kind = rest.pop("styles", styles[:1]), rest.pop("kind", None)
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
    assert card.startswith("# mine\n")
    assert "impasto stylize photo.jpg --style mine.impasto#s0\n" in card
    assert "| Contents | 6 pictures, 0 more held out |" in card
    assert "distance, on pictures trained on |" in card
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


@pytest.mark.usefixtures("no_graphs")
@pytest.mark.parametrize("kind", ["unet", "residual"])
def test_a_resumed_run_ends_at_the_very_same_weights(
    data: tuple[Path, list[Path]], tmp_path: Path, kind: str
) -> None:
    whole = read_network(train(data, tmp_path / "whole", kind=kind))
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "parts", kind=kind, report=stop_at(4))
    parts = read_network(train(data, tmp_path / "parts", kind=kind))
    assert parts.sha256 == whole.sha256


@pytest.mark.usefixtures("no_graphs")
@pytest.mark.parametrize("way", ["add", "init", "arbitrary"])
def test_so_does_one_that_began_elsewhere(
    data: tuple[Path, list[Path]], start: Path, tmp_path: Path, way: str
) -> None:
    def begun(out: Path, **rest: Any) -> str:
        if way == "arbitrary":
            config = replace(ANY, steps=6)  # of which the last are larger
            rest |= {"config": config, "kind": way, "styles": [data[0]], "init": start}
        else:
            config = ADDED if way == "add" else CONFIG
            rest |= {"config": config, "styles": data[1][1:], way: first}
        return read_network(train(data, out, **rest)).sha256

    first = train(data, tmp_path / "first") if way != "arbitrary" else start
    whole = begun(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        begun(tmp_path / "parts", report=stop_at(4))
    assert begun(tmp_path / "parts") == whole


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "residual"}, "kind unet, not residual"),
        ({"styles": 2}, "styles "),
        ({"config": replace(CONFIG, rate=1e-4)}, "settings: rate 0.001, not 0.0001. Give"),
        ({"contents": "fewer"}, "settings: contents_sha256 .*, not "),
        ({"config": replace(CONFIG, steps=1)}, "2 steps are taken, more than 1"),
    ],
)
def test_a_run_goes_on_only_with_its_own_settings(
    data: tuple[Path, list[Path]], tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    if "styles" in change:
        change = {"styles": data[1]}
    if "contents" in change:
        fewer = Path(shutil.copytree(data[0], tmp_path / "fewer"))
        (fewer / "3.png").unlink()
        change = {"contents": fewer}
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "x", report=stop_at(2))
    with pytest.raises(OptionError, match=told):
        train(data, tmp_path / "x", **change)


def command(*arguments: Any) -> str:
    """Run the command line on one core and return its error, nothing where there is none."""
    found = CliRunner().invoke(cli, ["train", "style", *map(str, arguments)])
    return "" if found.exception is None else f"{found.exception}"


@pytest.mark.usefixtures("no_graphs")
def test_the_command_goes_on_with_the_steps_that_it_had(
    data: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    small = [f"--{name.replace('_', '-')}={getattr(CONFIG, name)}" for name in _SMALL]
    out = tmp_path / "mine"
    line = [data[1][0], "--content", data[0], "-o", out, *small, "--device", "cpu"]
    assert "holds no run to go on with" in command(*line, "--resume")
    assert "--steps and --budget: give one of them" in command(*line, "--steps=3", "--budget=1m")
    assert command(*line, "--steps", 3) == ""
    assert read_network(out.with_name("mine.impasto")).about["training"]["steps"] == 3
    assert "mine.impasto exists" in command(*line, "--steps", 3)
    assert "holds a run: add --resume" in command(*line, "--steps", 3, "--force")
    assert command(*line, "--resume") == ""
    assert read_network(out.with_name("mine.impasto")).about["training"]["steps"] == 3
    assert "3 steps are taken, more than 2" in command(*line, "--resume", "--steps", 2)
    assert command(*line, "--resume", "--steps", 4) == ""
    assert read_network(out.with_name("mine.impasto")).about["training"]["steps"] == 4


_SMALL = ("batch", "fresh", "calm", "size", "memory", "style_size", "width", "blocks")


def test_two_processes_train_one_network(
    data: tuple[Path, list[Path]], tmp_path: Path, port: int
) -> None:
    small = [f"--{name.replace('_', '-')}={getattr(CONFIG, name)}" for name in _SMALL]
    given = [data[1][0], "--content", data[0], "-o", tmp_path / "mine", *small]
    line = [sys.executable, "-m", "impasto", "train", "style", *given, "--steps=2", "--device=cpu"]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    both = [
        subprocess.Popen(
            list(map(str, line)),
            env={**os.environ, **shared, "RANK": str(i), "LOCAL_RANK": str(i)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(2)
    ]
    told = [process.communicate(timeout=240) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert told[0][0] == f"{tmp_path / 'mine.impasto'}\n"
    assert "2 steps of" in told[0][1]
    assert told[1] == ("", "")  # only the first one speaks, and writes
    files = ["mine", "mine.impasto", "mine.md"]
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    about = load_checkpoint(tmp_path / "mine" / CHECKPOINT)["settings"]
    assert about["processes"] == 2


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ({"kind": "unnet"}, "kind 'unnet': did you mean unet"),
        ({"config": replace(CONFIG, depthwise=True)}, "depthwise changes nothing in kind unet"),
        (
            {"kind": "residual", "config": replace(CONFIG, from_below=0)},
            "from_below changes nothing in kind residual",
        ),
        ({"kind": "arbitrary", "config": replace(ANY, drawn=1)}, "drawn changes nothing"),
        ({"kind": "arbitrary"}, "kind arbitrary: expected RealtimeTraining"),
        ({"config": GanTraining()}, "kind unet: expected StyleTraining"),
    ],
)
def test_what_would_change_nothing_is_told(
    data: tuple[Path, list[Path]], tmp_path: Path, rest: dict[str, Any], told: str
) -> None:
    with pytest.raises(OptionError, match=told):
        train(data, tmp_path / "x", **rest)


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ({"config": CONFIG}, "width: styles are added to a network as it is"),
        ({"kind": "residual"}, "kind residual: styles are added to .*first.impasto, a unet"),
        ({"init": Path("x.impasto")}, "begin from the network that gets them"),
    ],
)
def test_styles_are_added_to_a_network_as_it_is(
    data: tuple[Path, list[Path]], tmp_path: Path, rest: dict[str, Any], told: str
) -> None:
    first = written(tmp_path / "first.impasto", random_network("unet", 1))
    with pytest.raises(OptionError, match=told):
        train(data, tmp_path / "x", **{"config": ADDED, "add": first} | rest)


def test_pictures_that_cannot_be_read_are_left_out(
    data: tuple[Path, list[Path]], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(data[0], tmp_path / "photos"))
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "album.jpg").mkdir()
    found = Pictures(folder)
    assert sorted(found.skipped) == ["album.jpg", "broken.jpg", "gone.png"]
    assert found.digest == Pictures(data[0]).digest
    whole = tmp_path / "photos.tar"
    with tarfile.open(whole, "w") as archive:
        archive.add(folder, "photos")
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    some = Pictures(cut)
    assert 0 < len(some.train) + len(some.test) < 6
    assert any("cut.tar, which is cut off" in name for name in some.skipped)


@pytest.mark.usefixtures("no_graphs")
def test_a_folder_may_hold_the_run_itself(data: tuple[Path, list[Path]], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(data[0], tmp_path / "photos"))
    with pytest.raises(KeyboardInterrupt):
        train(data, folder / "mine", contents=folder, every=1, report=stop_at(4))
    assert (folder / "mine" / "samples.png").exists()
    train(data, folder / "mine", contents=folder, every=1, report=stop_at(7))


@pytest.mark.filterwarnings("ignore")  # Pillow tells some damage so
@pytest.mark.parametrize("suffix", [".png", ".bmp", ".jpg", ".gif", ".webp", ".tif"])
def test_damaged_pictures_are_left_out(
    data: tuple[Path, list[Path]], tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "some").mkdir()
    shutil.copyfile(data[0] / "3.png", tmp_path / "some" / "whole.png")
    with Image.open(data[0] / "4.png") as image:
        image.convert("RGB").save(tmp_path / f"x{suffix}")
    whole, rng = (tmp_path / f"x{suffix}").read_bytes(), np.random.default_rng(0)
    for number in range(60):
        damaged = bytearray(whole)
        for place in rng.integers(0, min(len(whole), 200), 4):
            damaged[place] = rng.integers(256)
        (tmp_path / "some" / f"{number}{suffix}").write_bytes(damaged)
    found = Pictures(tmp_path / "some")
    assert len(found.skipped) + len(found.train) + len(found.test) == 61


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_a_damaged_tar_file_is_told(
    data: tuple[Path, list[Path]], tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"photos.tar.{kind}"
    with tarfile.open(path, f"w:{kind}") as archive:  # type: ignore[call-overload]
        archive.add(data[0], "photos")
    assert len(Pictures(path).train) >= 4
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * 50 + whole[150:])
    with pytest.raises(ImageError, match=r"photos\.tar"):
        Pictures(path)


def test_every_style_is_judged(data: tuple[Path, list[Path]]) -> None:
    torch.manual_seed(0)
    network, judge = make_table("unet", CONFIG.shape("unet"), 11), load_backbone("compact")
    styles = [impasto.load(str(data[1][0]))] * 11
    task = StyleTask(network, judge, Pictures(data[0]), styles, CONFIG, torch.device("cpu"))
    seen: list[int] = []
    paint = network.paint
    network.paint = lambda x, rows, *rest: (seen.extend(rows.tolist()), paint(x, rows, *rest))[1]  # type: ignore[method-assign]
    assert np.isfinite(task.evaluate()["held_style"])
    assert sorted(set(seen)) == list(range(1, 12))


@pytest.mark.parametrize(
    ("out", "told"),
    [
        (".", "expected a name"),
        ("folder/..", "expected a name"),
        ("file", "file is in the way"),
        ("taken", "taken.impasto is in the way"),
        ("file/x", "cannot be written"),
    ],
)
def test_names_that_no_network_can_have(
    data: tuple[Path, list[Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    out: str,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("taken.impasto").mkdir()
    assert told in command(data[1][0], "--content", data[0], "-o", out, "--size", 32, "--steps", 1)


@pytest.mark.parametrize("name", ["3.png", "17.png"])  # the hash of one of them is held out
def test_one_picture_is_enough(data: tuple[Path, list[Path]], tmp_path: Path, name: str) -> None:
    (tmp_path / "one").mkdir()
    shutil.copyfile(data[0] / "3.png", tmp_path / "one" / name)
    found = Pictures(tmp_path / "one", held_out=0.5)
    assert (len(found.train), len(found.test)) == (1, 0)


def test_what_is_told_covers_all_parts(
    data: tuple[Path, list[Path]], tmp_path: Path, start: Path
) -> None:
    config = replace(ANY, steps=6)
    assert config.parts == ((0, pytest.approx(2 / 3)), (4, pytest.approx(1 / 3)))
    pictures = Pictures(data[0])
    network, judge = load_realtime(start), load_backbone("compact")
    before = {k: v.clone() for k, v in network.state_dict().items()}
    task = RealtimeTask(network, judge, pictures, pictures, config, torch.device("cpu"))
    sides: list[int] = []
    task.judge.register_forward_pre_hook(lambda _, given: sides.append(given[0].shape[2]))
    trial, notes = Trial(task, 100), []
    assert {32, 48} <= set(sides)
    assert trial.seconds > 0
    trial.tell_memory(6, notes.append)
    assert re.fullmatch(r"memory: about \d+\.\d GB", notes[0])
    after = task.painting.state_dict()
    assert all(torch.equal(after[k], v) for k, v in before.items())


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
        train(data, tmp_path / "x", budget=60.0, note=notes.append, report=stop_at(2))
    steps = int(notes[-1].split()[0])
    assert steps > 2
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "x", budget=600.0, note=notes.append, report=stop_at(4))
    assert notes[-1].startswith(f"{steps - 2} steps of ")  # that are left


@pytest.mark.usefixtures("no_graphs")
def test_a_network_is_a_start_for_another(data: tuple[Path, list[Path]], tmp_path: Path) -> None:
    first = train(data, tmp_path / "first")
    short = replace(CONFIG, steps=1, rate=1e-6)
    second = train(data, tmp_path / "second", short, styles=data[1], init=first)
    before, after = read_network(first), read_network(second)
    assert after.names == ["s0", "s1"]
    assert np.allclose(after.tensors["table"][2], before.tensors["table"][1], atol=1e-3)
    with pytest.raises(OptionError, match="expected UNetConfig"):
        train(data, tmp_path / "third", replace(CONFIG, width=0.5), init=first)


@pytest.mark.usefixtures("no_graphs")
@pytest.mark.parametrize("kind", ["unet", "residual"])
def test_styles_are_added_without_changing_the_others(
    data: tuple[Path, list[Path]], tmp_path: Path, draw: Any, kind: str
) -> None:
    first = train(data, tmp_path / "first", kind=kind)
    second = train(data, tmp_path / "second", ADDED, styles=data[1][1:], add=first)
    before, after = read_network(first), read_network(second)
    assert after.names == ["s0", "s1"]
    assert after.about["arch"] == after.about["kind"] == kind
    for name, value in before.tensors.items():
        assert np.array_equal(after.tensors[name][: len(value)], value), name
    mean = before.tensors["table"][1]
    assert np.abs(after.tensors["table"][2] - mean).max() > 1e-4
    painted = [
        impasto.stylize(draw(48, 64), style=s, engine="torch").image
        for s in (first, f"{second}#s0")
    ]
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


@pytest.fixture(scope="module")
def of_any(
    data: tuple[Path, list[Path]],
    start: Path,
    random_weights: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return a network of any style, trained on a folder."""
    out = tmp_path_factory.mktemp("any") / "any"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPASTO_WEIGHTS", str(random_weights))
        return train(data, out, ANY, styles=[data[0]], kind="arbitrary", init=start)


@pytest.mark.usefixtures("no_graphs")
def test_a_network_of_any_style_is_trained_on(
    data: tuple[Path, list[Path]], of_any: Path, tmp_path: Path
) -> None:
    further = train(data, tmp_path / "on", ANY, styles=[data[0]], kind="arbitrary", init=of_any)
    assert read_network(further).about["training"]["init"] == weights_sha256(of_any)


def test_a_folder_is_a_network_of_any_style(
    data: tuple[Path, list[Path]], of_any: Path, tmp_path: Path, draw: Any
) -> None:
    path = of_any
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
    with pytest.raises(OptionError, match="has no table to add styles to"):
        train(data, tmp_path / "more", ADDED, add=path)
    card = path.with_suffix(".md").read_text()
    assert "impasto stylize photo.jpg --style painting.jpg --network any.impasto" in card
    both = [draw(70, 60, 3), "ink"]
    with pytest.raises(OptionError, match="ink belongs to another network"):
        impasto.stylize(content, style=both, network=str(path))


def test_a_recipe_finds_its_network_by_name(
    data: tuple[Path, list[Path]], of_any: Path, tmp_path: Path, draw: Any
) -> None:
    path = Path(shutil.copy(of_any, tmp_path))
    content = save_picture(tmp_path / "content.png", draw(48, 64))
    result = impasto.stylize(content, style=data[1][0], network=str(path))
    assert result.recipe.options["network"] == "any.impasto"  # no folder of the user's
    (tmp_path / "out").mkdir()
    out = impasto.save(tmp_path / "out" / "out.png", result)
    folders = [tmp_path, data[1][0].parent]
    assert np.array_equal(impasto.again(out, folders=folders).image, result.image)
    path.unlink()
    with pytest.raises(RecipeError, match=r"network any\.impasto is not here"):
        impasto.again(out, folders=folders)


@pytest.mark.usefixtures("no_graphs")
def test_a_network_of_few_styles_looks_at_no_picture(
    data: tuple[Path, list[Path]], tmp_path: Path, draw: Any
) -> None:
    path = train(data, tmp_path / "mine", replace(CONFIG, steps=1))
    with pytest.raises(OptionError, match="knows its own styles only: s0"):
        impasto.stylize(draw(48, 64), style=draw(70, 60, 3), network=str(path))
