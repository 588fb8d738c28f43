"""The training of `compact`: resumes exactly, learns, and writes a file that loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.backbones.vgg import CONFIGS, Vgg
from impasto.errors import ImageError, OptionError, WeightsError
from impasto.train.backbone import BackboneTask
from impasto.train.checkpoint import load_checkpoint, save_checkpoint
from impasto.train.data import Pictures
from impasto.train.lessons import LAYERS
from impasto.train.loop import Loop, Schedule
from impasto.train.settings import BackboneTraining, learning_rate, settings_of

CONFIG = BackboneTraining(steps=6, batch=4, from_pool=2, pool=4, size=32, final_size=48)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pictures, Pictures]:
    rng = np.random.default_rng(3)
    parts = []
    for kind in ("photos", "paintings"):
        folder = tmp_path_factory.mktemp(kind)
        for i in range(8):
            small = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(small).resize((80, 64), Image.Resampling.BICUBIC).save(
                folder / f"{i}.png"
            )
        (folder / "broken.jpg").write_bytes(b"no picture")
        parts.append(Pictures(folder, held_out=0.2))
    return parts[0], parts[1]


def made(data: tuple[Pictures, Pictures], config: BackboneTraining = CONFIG) -> BackboneTask:
    torch.manual_seed(1)
    small = {"widths": (8,) * 5, "depths": (1, 1, 1, 2, 1)}
    teacher = Vgg(replace(CONFIGS["vgg19"], **small)).requires_grad_(False)
    student = Vgg(replace(CONFIGS["compact"], **small, taps={}, embed=dict.fromkeys(LAYERS, 8)))
    return BackboneTask(student, teacher, *data, config, torch.device("cpu"))


def state_of(run: BackboneTask) -> dict[str, torch.Tensor]:
    return run.shipped_state() | dict(run.student.state_dict())


def run(task: BackboneTask, folder: Path, config: BackboneTraining = CONFIG, **rest: Any) -> Loop:
    loop = Loop(task, folder, Schedule(config.steps, settings_of(config), every=2), **rest)
    loop.run()
    return loop


def test_a_resumed_run_ends_at_the_very_same_weights(
    data: tuple[Pictures, Pictures], tmp_path: Path
) -> None:
    whole = made(data)
    run(whole, tmp_path / "whole")

    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(made(data), tmp_path / "parts", report=stop)
    second = made(data)
    assert run(second, tmp_path / "parts").step == CONFIG.steps
    for name, value in state_of(whole).items():
        assert torch.equal(value, state_of(second)[name]), name


def test_errors_fall(data: tuple[Pictures, Pictures]) -> None:
    task = made(data, replace(CONFIG, steps=300, rate=1e-2, noise=0.0, final_share=0.0))
    errors = [task.train_step(step, 1.0)["loss"] for step in range(120)]
    assert np.mean(errors[-10:]) < 0.8 * np.mean(errors[:5])


def test_shipped_features_have_the_teachers_scale(data: tuple[Pictures, Pictures]) -> None:
    task = made(data)
    shipped = Vgg(task.student.config)
    shipped.load_state_dict(task.shipped_state())
    images = data[0].held_out(1, 32)
    with torch.no_grad(), task.averaging():
        raw, scaled = task.student(images, LAYERS), shipped(images, LAYERS)
    for name in LAYERS:
        torch.testing.assert_close(
            raw[name] * task.scales[name], scaled[name], rtol=1e-4, atol=1e-4
        )


def test_evaluation_keeps_the_weights_in_training(data: tuple[Pictures, Pictures]) -> None:
    task = made(data)
    task.train_step(0, 1.0)
    before = {k: v.clone() for k, v in task.student.state_dict().items()}
    row = task.evaluate(count=1, size=32)
    assert set(row) == {f"{kind}_{name}" for kind in ("mse", "gram") for name in LAYERS}
    assert all(np.isfinite(v) for v in row.values())
    for name, value in task.student.state_dict().items():
        assert torch.equal(value, before[name])


def test_bad_files_are_listed_and_the_rest_used(data: tuple[Pictures, Pictures]) -> None:
    photos = data[0]
    assert photos.skipped == ["broken.jpg"]
    assert "skipped 1" in photos.summary(Path("photos"))
    assert "broken.jpg" in photos.summary(Path("photos"))
    assert len(photos.train) + len(photos.test) == 8


def test_crops_are_the_same_for_the_same_seed(data: tuple[Pictures, Pictures]) -> None:
    first, second = (data[0].crops(np.random.default_rng(5), 3, 40) for _ in range(2))
    assert first.shape == (3, 3, 40, 40)
    assert torch.equal(first, second)
    assert 0 <= first.min() < first.max() <= 1


def test_squares_are_enlarged_as_much_as_is_asked(tmp_path: Path) -> None:
    slope = np.repeat(np.linspace(0, 250, 100, dtype=np.uint8)[None, :, None], 100, 0)
    Image.fromarray(slope.repeat(3, 2)).save(tmp_path / "slope.png")
    pictures = Pictures(tmp_path, held_out=0)
    for enlarged in (4 / 3, 3.0):
        squares = pictures.crops(np.random.default_rng(0), 200, 60, enlarged)
        # how much of the slope a square shows: its side, in parts of the picture's
        sides = (squares.amax((1, 2, 3)) - squares.amin((1, 2, 3))) * 255 / 250
        assert 0.6 / enlarged - 0.03 < sides.min() < 0.6 / enlarged + 0.06
        assert 0.9 < sides.max() <= 1.01
        # all factors alike: the logarithm's middle is the median
        assert abs(sides.median().item() - (0.6 / enlarged) ** 0.5) < 0.06


def test_no_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no pictures"):
        Pictures(tmp_path)
    with pytest.raises(ImageError, match="neither a folder nor a tar"):
        Pictures(tmp_path / "missing")


def test_a_damaged_checkpoint_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, {"step": 1, "tensor": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(WeightsError, match="not a readable checkpoint"):
        load_checkpoint(path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_rate_warms_up_stays_and_falls() -> None:
    config = BackboneTraining(steps=1000, decay_share=0.4)
    rates = [learning_rate(step, config) for step in range(1000)]
    assert rates[0] < 0.01
    assert rates[300] == rates[599] == 1
    assert 0.45 < rates[800] < 0.55
    assert rates[-1] < 0.02


def test_a_run_goes_on_only_with_its_own_settings(
    data: tuple[Pictures, Pictures], tmp_path: Path
) -> None:
    run(made(data), tmp_path)
    other = replace(CONFIG, rate=1e-4)
    with pytest.raises(OptionError, match="other settings"):
        run(made(data, other), tmp_path, other)
    longer = replace(CONFIG, steps=CONFIG.steps + 1)
    assert run(made(data, longer), tmp_path, longer).step == CONFIG.steps + 1


def test_options_have_limits() -> None:
    with pytest.raises(OptionError, match="final_share"):
        BackboneTraining(final_share=2.0)


def test_a_batch_holds_new_pictures_beside_those_on_their_way() -> None:
    with pytest.raises(OptionError, match="no room"):
        BackboneTraining(batch=4, from_pool=3)
