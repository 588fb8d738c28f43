"""Styles of collections: the critic, what it is shown, and a training with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner

import impasto
from impasto.cli.main import cli
from impasto.errors import OptionError
from impasto.images import save_picture
from impasto.methods.realtime.network_file import read_network
from impasto.train.critic import Critic, PatchContrast, adversarial_loss, augmented, critic_loss
from impasto.train.learner import Learner
from impasto.train.run import Run
from impasto.train.settings import GanTraining, StyleTraining
from impasto.train.style_run import train_style

CONFIG = GanTraining(
    steps=6, batch=2, fresh=1, calm=1, size=48, memory=4, width=0.25, blocks=1,
    critic_width=8,
)  # fmt: skip


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def critic() -> Critic:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Critic(8)


def test_the_critic_looks_at_patches_of_two_sizes(critic: Critic) -> None:
    large, small = critic(torch.rand(2, 3, 96, 80))
    assert large.shape[:2] == small.shape[:2] == (2, 1)
    assert large.shape[2] > small.shape[2] > 1
    image = torch.rand(1, 3, 128, 128, requires_grad=True)
    for size, found in zip((34, 68), critic(image), strict=True):
        (gradient,) = torch.autograd.grad(found[0, 0, 8, 8], image, retain_graph=True)
        rows = gradient.abs().sum((0, 1, 3)).nonzero()
        assert rows.max() - rows.min() + 1 <= size


def test_the_critics_layers_do_not_stretch(critic: Critic) -> None:
    for _ in range(30):
        critic(torch.rand(1, 3, 64, 64))
    for layer in critic.modules():
        if isinstance(layer, torch.nn.Conv2d):
            norm = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
            assert abs(norm - 1) < 0.1


def test_the_critic_learns_to_tell_pictures_apart(critic: Critic) -> None:
    learner = Learner(dict(critic.named_parameters()), average=0.0, betas=(0.5, 0.99))
    losses = []
    for step in range(60):
        draw = rng(step)
        noise = torch.from_numpy(draw.random((4, 3, 48, 48), dtype=np.float32))
        real, painted = F.avg_pool2d(noise, 5, 1, 2), noise
        loss = critic_loss(*(critic(augmented(x, draw)) for x in (real, painted)))
        losses.append(loss.item())
        learner.descend(loss, 1e-3, step)
    assert losses[0] > 0.9
    assert np.mean(losses[-10:]) < 0.7
    smooth, rough = F.avg_pool2d(noise, 5, 1, 2), noise
    assert adversarial_loss(critic(smooth)) < adversarial_loss(critic(rough))


def test_what_the_critic_is_shown_is_changed_and_has_gradients() -> None:
    images = torch.rand(3, 3, 64, 48, requires_grad=True)
    first, same, other = (augmented(images, rng(seed)) for seed in (1, 1, 2))
    assert first.shape == images.shape
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    assert not torch.equal(first[0], first[1])
    first.sum().backward()
    assert images.grad is not None
    assert images.grad.abs().max() > 0
    cut = (first == 0).all(1).float().mean((1, 2))
    assert 0.02 < cut.min() <= cut.max() < 0.4  # cut out, or moved in from outside


def test_places_are_told_apart_by_what_is_there() -> None:
    torch.manual_seed(0)
    contrast = PatchContrast({"relu4_1": 16})
    content = {"relu4_1": torch.randn(2, 16, 9, 9)}
    moved = {"relu4_1": content["relu4_1"].roll(3, 3)}
    right, wrong = (contrast(painted, content, rng()) for painted in (content, moved))
    assert right < 0.5 * wrong


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, draw: Any) -> tuple[Path, Path]:
    """Return folders of contents and of a collection."""
    root = tmp_path_factory.mktemp("data")
    for kind, power in (("photos", 1.0), ("collection", 3.0)):
        (root / kind).mkdir()
        for number in range(5):
            image = draw(64, 80, number + 7 * (kind == "collection")) ** power
            save_picture(root / kind / f"{number}.png", image)
    return root / "photos", root / "collection"


def train(data: tuple[Path, Path], out: Path, config: GanTraining = CONFIG, **rest: Any) -> Path:
    run = Run(out, contents=data[0], device="cpu", every=2, **rest)
    return train_style([data[1]], run, config, "gan")


@pytest.mark.usefixtures("compact")
@pytest.mark.parametrize("generator", ["unet", "residual"])
def test_a_collection_is_a_style(
    data: tuple[Path, Path], tmp_path: Path, draw: Any, generator: str
) -> None:
    rows: list[dict[str, float]] = []
    config = replace(CONFIG, generator=generator)
    path = train(data, tmp_path / "mine", config, report=rows.append)
    for name in ("adversarial", "contrast", "keep", "critic", "loss"):
        assert all(np.isfinite(row[name]) for row in rows)
    network = read_network(path)
    assert (network.about["kind"], network.about["arch"]) == ("gan", generator)
    assert network.names == ["collection"]
    assert not any(name.startswith(("critic", "contrast")) for name in network.tensors)
    assert impasto.stylize(draw(48, 64), style=path).image.shape == (48, 64, 3)


@pytest.mark.usefixtures("compact", "no_graphs")
def test_a_resumed_run_ends_at_the_very_same_weights(
    data: tuple[Path, Path], tmp_path: Path
) -> None:
    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    whole = read_network(train(data, tmp_path / "whole"))
    with pytest.raises(KeyboardInterrupt):
        train(data, tmp_path / "parts", report=stop)
    assert read_network(train(data, tmp_path / "parts")).sha256 == whole.sha256


@pytest.mark.usefixtures("compact")
def test_what_does_not_fit_is_told(data: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="2 collections, expected one folder"):
        train_style([data[1], data[1]], Run(tmp_path / "x", data[0]), CONFIG, "gan")
    command = ["train", "style", str(data[1]), "-o", str(tmp_path / "y"), "--critic-width", "8"]
    found = CliRunner().invoke(cli, command)
    assert isinstance(found.exception, OptionError)
    assert "--critic-width changes nothing in kind unet" in str(found.exception)
    with pytest.raises(OptionError, match="depthwise changes nothing in generator unet"):
        GanTraining(depthwise=True)
    with pytest.raises(OptionError, match="style_size changes nothing in kind gan"):
        train(data, tmp_path / "z", replace(CONFIG, style_size=64))
    with pytest.raises(OptionError, match="kind gan: expected GanTraining"):
        train_style([data[1]], Run(tmp_path / "x", data[0]), StyleTraining(), "gan")
