"""The training of the real-time network: resumes exactly, and writes weights that load."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.backbones import load_backbone
from impasto.errors import ImageError, OptionError, WeightsError
from impasto.methods.realtime.network import Realtime, RealtimeConfig
from impasto.methods.realtime.weights import load_realtime, save_realtime
from impasto.train.data import Pictures, _fraction
from impasto.train.painting import TERMS
from impasto.train.realtime import RealtimeTask, train_realtime
from impasto.train.settings import RealtimeTraining
from impasto.weights import read_weights

# a network that is small, to be quick; one test trains that of the product
TINY = RealtimeConfig(fine=8, coarse=8, deep=8, deep_blocks=1, code=6, style_widths=(8,))
CONFIG = RealtimeTraining(
    steps=6, batch=2, fresh=1, calm=1, size=32, final_size=48, final_share=0.4, memory=4, drawn=0
)
Row = dict[str, float]

pytestmark = pytest.mark.usefixtures("compact")


def write_pictures(folder: Path, seed: int, held_out: int, others: int = 6) -> Path:
    """Draw pictures, so many of them with names that are held out for evaluation."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    left = {True: held_out, False: others}
    for number in count():
        name = f"{number}.png"
        kind = _fraction(name) < 0.05
        if left[kind] > 0:
            left[kind] -= 1
            small = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
            picture = Image.fromarray(small).resize((80, 64), Image.Resampling.BICUBIC)
            picture.save(folder / name)
        if not any(left.values()):
            return folder
    raise AssertionError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("pictures")
    return write_pictures(root / "photos", 1, 1), write_pictures(root / "paintings", 2, 1)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights to start from."""
    with torch.random.fork_rng():
        torch.manual_seed(7)
        state = Realtime(TINY).state_dict()
    return save_realtime(tmp_path_factory.mktemp("start") / "x.safetensors", state, TINY, {})


def train(
    data: tuple[Path, Path], folder: Path, config: RealtimeTraining = CONFIG, **rest: Any
) -> Path:
    return train_realtime(*data, folder, config, **{"device": "cpu", "every": 3} | rest)


@pytest.fixture(scope="module")
def whole(
    data: tuple[Path, Path],
    start: Path,
    random_weights: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Return the folder of a run without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPASTO_WEIGHTS", str(random_weights))
        train(data, folder, init=start)
    return folder


def stop_at(step: int) -> Callable[[Row], None]:
    def report(row: Row) -> None:
        if row["step"] == step:
            raise KeyboardInterrupt

    return report


def test_a_run_writes_weights_a_log_and_samples(whole: Path) -> None:
    network = load_realtime(whole / "realtime.safetensors")
    assert isinstance(network, Realtime)
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())
    metadata = read_weights(whole / "realtime.safetensors")[1]
    assert '"judge": "compact"' in metadata["training"]
    assert '"steps": 6' in metadata["training"]

    with (whole / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == RealtimeTask.columns
    assert [row["step"] for row in rows] == ["3.0", "6.0"]
    assert all(np.isfinite(float(row[name])) for row in rows for name in (*TERMS, "loss"))
    # held-out pictures are looked at now and then, and at the end
    assert rows[0]["held_style"] == ""
    assert float(rows[1]["held_style"]) > 0
    assert float(rows[1]["held_content"]) > 0

    assert list((whole / "tensorboard").glob("events.out.tfevents*"))
    with Image.open(whole / "samples.png") as samples:
        assert samples.size == (2 * 256, 2 * 256)


def test_a_run_changes_what_is_learned_and_nothing_else(whole: Path, start: Path) -> None:
    before, after = (load_realtime(p) for p in (start, whole / "realtime.safetensors"))
    learned = dict(after.named_parameters())
    for name, value in before.state_dict().items():
        fixed = name.startswith("style.stages.") or name not in learned
        assert torch.equal(after.state_dict()[name], value) == fixed, name


def test_the_network_of_the_product_begins_with_the_judges_first_stages(
    data: tuple[Path, Path], tmp_path: Path, random_weights: Path
) -> None:
    network = load_realtime(train(data, tmp_path, replace(CONFIG, steps=1)))
    assert network.config == RealtimeConfig()
    compact, _ = read_weights(random_weights / "compact.safetensors")
    stages = network.style.stages.state_dict()
    assert stages
    for name, value in stages.items():
        assert np.array_equal(value.numpy(), compact[name].astype(np.float32)), name
    # statistics are brought to a common scale
    assert network.style.center.abs().max() > 0
    assert (network.style.scale > 0).all()


@pytest.mark.parametrize("step", [3, 5])
def test_a_resumed_run_ends_at_the_very_same_weights(
    data: tuple[Path, Path], start: Path, whole: Path, tmp_path: Path, step: int
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path, init=start, every=step, report=stop_at(step))
    assert not (tmp_path / "realtime.safetensors").exists()
    steps: list[float] = []
    resumed = train(data, tmp_path, init=start, report=lambda row: steps.append(row["step"]))
    assert min(steps) > step
    assert resumed.read_bytes() == (whole / "realtime.safetensors").read_bytes()


def test_a_longer_run_goes_on(
    data: tuple[Path, Path], start: Path, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes((whole / "checkpoint.pt").read_bytes())
    steps: list[float] = []
    longer = replace(CONFIG, steps=7)
    path = train(data, tmp_path, longer, init=start, report=lambda row: steps.append(row["step"]))
    assert steps == [7]
    assert path.read_bytes() != (whole / "realtime.safetensors").read_bytes()


def test_a_finished_run_is_written_again(
    data: tuple[Path, Path], start: Path, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes((whole / "checkpoint.pt").read_bytes())
    path = train(data, tmp_path, init=start)
    assert path.read_bytes() == (whole / "realtime.safetensors").read_bytes()


@pytest.mark.parametrize(
    "change", [{"rate": 1e-4}, {"seed": 1}, {"size": 48}, {"calm": 0}, {"from_below": 0}]
)
def test_a_run_goes_on_only_with_its_own_settings(
    data: tuple[Path, Path], start: Path, whole: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes((whole / "checkpoint.pt").read_bytes())
    with pytest.raises(OptionError, match="begun with other settings"):
        train(data, tmp_path, replace(CONFIG, **change), init=start)


def test_a_run_goes_on_only_from_its_own_start(
    data: tuple[Path, Path], whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "checkpoint.pt").write_bytes((whole / "checkpoint.pt").read_bytes())
    other = whole / "realtime.safetensors"
    with pytest.raises(OptionError, match="begun with other settings"):
        train(data, tmp_path, init=other)


def test_another_seed_gives_other_weights(
    data: tuple[Path, Path], start: Path, tmp_path: Path
) -> None:
    config = replace(CONFIG, steps=2)
    first, same, other = (
        train(data, tmp_path / name, replace(config, seed=seed), init=start).read_bytes()
        for name, seed in (("first", 0), ("same", 0), ("other", 1))
    )
    assert first == same
    assert first != other


def test_a_run_can_start_from_weights(data: tuple[Path, Path], start: Path, tmp_path: Path) -> None:
    config = replace(CONFIG, steps=1, rate=1e-6)
    end = load_realtime(train(data, tmp_path, config, init=start))
    assert end.config == TINY
    for name, value in load_realtime(start).state_dict().items():
        torch.testing.assert_close(end.state_dict()[name], value, rtol=2e-3, atol=1e-4)


def test_weights_that_are_no_start_are_told(
    data: tuple[Path, Path], tmp_path: Path, random_weights: Path
) -> None:
    with pytest.raises(WeightsError, match="no such file"):
        train(data, tmp_path, init=tmp_path / "nothing.safetensors")
    with pytest.raises(WeightsError, match="expected 'realtime'"):
        train(data, tmp_path, init=random_weights / "compact.safetensors")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="no pictures found"):
        train((data[0], tmp_path / "empty"), tmp_path)


def test_what_is_skipped_is_told(data: tuple[Path, Path], start: Path, tmp_path: Path) -> None:
    photos = write_pictures(tmp_path / "photos", 3, 1, 2)
    (photos / "broken.jpg").write_bytes(b"no picture")
    notes: list[str] = []
    rest: dict[str, Any] = {"note": notes.append, "every": 1, "report": stop_at(1)}
    with pytest.raises(KeyboardInterrupt):
        train((photos, data[1]), tmp_path / "run", init=start, **rest)
    assert notes[0].startswith(f"{photos}: 2 pictures to train on, 1 held out; skipped 1")
    assert "broken.jpg" in notes[0]
    assert notes[1] == f"{data[1]}: 6 pictures to train on, 1 held out"


@pytest.mark.parametrize("held_out", [(0, 0), (3, 2)])
def test_a_run_with_few_pictures_held_out_ends(
    start: Path, tmp_path: Path, held_out: tuple[int, int]
) -> None:
    data = (
        write_pictures(tmp_path / "photos", 1, held_out[0]),
        write_pictures(tmp_path / "paintings", 2, held_out[1]),
    )
    assert train(data, tmp_path / "run", replace(CONFIG, steps=1), init=start).exists()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"batch": 5, "fresh": 2}, "batch 5: expected a multiple of fresh 2"),
        ({"batch": 2, "calm": 3}, "no fewer than calm 3"),
        ({"size": 100}, "size 100, 224: expected multiples of 16"),
        ({"final_size": 100}, "expected multiples of 16"),
        ({"size": 16}, "size is 16: expected at least 32"),
        ({"final_share": 2.0}, "final_share is 2.0: expected 0 to 1"),
        ({"steps": 0}, "steps is 0"),
        ({"average": 1.0}, "average is 1.0"),
        ({"rate": 0.0}, "rate is 0.0"),
        ({"swapped": -0.1}, "swapped is -0.1"),
        ({"style_weight": float("nan")}, "style_weight is nan"),
    ],
)
def test_settings_have_limits(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        RealtimeTraining(**wrong)


def test_the_last_contents_are_painted_from_below(data: tuple[Path, Path], start: Path) -> None:
    pictures = [Pictures(root) for root in data]
    task = RealtimeTask(
        load_realtime(start), load_backbone("compact"), *pictures, CONFIG, torch.device("cpu")
    )
    seen: list[torch.Tensor] = []
    task.network.painter.register_forward_pre_hook(lambda _, given: seen.append(given[0][0]))
    task.train_step(0, 1.0)
    painted, again = seen
    assert painted[0].abs().max() > 0
    assert not painted[1].any()
    assert again.abs().max() > 0


def test_larger_pictures_come_at_the_end() -> None:
    config = RealtimeTraining(steps=100, final_share=0.12, size=64, final_size=128)
    assert [config.stage(step) for step in (0, 87, 88, 99)] == [
        (0, 64), (0, 64), (88, 128), (88, 128),
    ]  # fmt: skip
    assert RealtimeTraining(steps=100, final_share=0.0).stage(99) == (0, RealtimeTraining().size)
