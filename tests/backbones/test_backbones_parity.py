"""The real networks equal an independent reference, and stored activations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from impasto.backbones import load_backbone

STORED = Path(__file__).parent / "data" / "vgg19_activations.json"
LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")


def caffe_vgg(state: dict[str, Tensor], image: Tensor) -> dict[str, Tensor]:
    """Run VGG-19 as Simonyan & Zisserman define it, on an RGB picture in [0, 1]."""
    x = image[:, [2, 1, 0]] * 255 - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    features = {}
    for block, depth in enumerate((2, 2, 4, 4, 1), 1):
        for i in range(1, depth + 1):
            weight = state[f"conv{block}_{i}.weight"].float()
            x = torch.relu(F.conv2d(x, weight, state[f"conv{block}_{i}.bias"].float(), padding=1))
            features[f"relu{block}_{i}"] = x
        x = F.max_pool2d(x, 2, 2)
    return features


def statistics(features: dict[str, Tensor]) -> dict[str, list[float]]:
    """Return mean, standard deviation, maximum and three single values of each layer."""
    found = {}
    for name in LAYERS:
        f = features[name][0]
        numbers = [f.mean(), f.std(), f.max(), *(f[c, 2, 3] for c in (0, 7, 31))]
        found[name] = [float(number) for number in numbers]
    return found


def test_vgg19_equals_the_reference(real_weights: Path, picture: Tensor) -> None:
    state = load_file(real_weights / "vgg19-imagenet-caffe.safetensors")
    expected = caffe_vgg(state, picture)
    found = load_backbone("vgg19", padding="zeros")(picture, LAYERS)
    assert tuple(found) == LAYERS
    for name in LAYERS:
        scale = expected[name].abs().max().item()
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-5 * scale)


def test_vgg19_equals_the_stored_activations(real_weights: Path, picture: Tensor) -> None:
    network = load_backbone("vgg19", padding="zeros")
    found = statistics(network(picture, LAYERS))
    expected = json.loads(STORED.read_text())
    assert found.keys() == expected.keys()
    for name in LAYERS:
        assert found[name] == pytest.approx(expected[name], rel=1e-3, abs=1e-3)


def test_vgg19_has_the_layers_of_its_file(real_weights: Path) -> None:
    network = load_backbone("vgg19")
    assert network.config.depths == (2, 2, 4, 4, 2)
    assert network.layers[-1] == "relu5_2"
    assert network.config.padding == "replicate"


def distilled(state: dict[str, Tensor], image: Tensor) -> dict[str, Tensor]:
    """Run the teacher as Wang et al. publish it, on an RGB picture in [0, 1]."""
    x = F.conv2d(image, state["preprocess.weight"], state["preprocess.bias"])
    features = {}
    for block, depth in enumerate((2, 2, 4, 4, 1), 1):
        for i in range(1, depth + 1):
            x = F.pad(x, (1, 1, 1, 1), mode="reflect")
            name = f"conv{block}_{i}"
            x = torch.relu(F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"]))
            features[f"relu{block}_{i}"] = x
        name = f"embed{block}_1"
        embed = F.conv2d(features[f"relu{block}_1"], state[f"{name}.weight"], state[f"{name}.bias"])
        features[f"relu{block}_1"] = torch.relu(embed)
        x = F.max_pool2d(x, 2, 2)
    return features


def test_distilled_teacher_equals_the_reference(real_weights: Path, picture: Tensor) -> None:
    file = real_weights / "vgg19-16x-distilled.safetensors"
    if not file.is_file():
        pytest.skip("the distilled teacher is not in the folder of real weights")
    expected = distilled(load_file(file), picture)
    found = load_backbone("distilled16x")(picture, LAYERS)
    for name in LAYERS:
        scale = expected[name].abs().max().item()
        torch.testing.assert_close(found[name], expected[name], rtol=1e-4, atol=1e-5 * scale)


def test_distilled_teacher_has_the_channels_of_vgg19(real_weights: Path, picture: Tensor) -> None:
    if not (real_weights / "vgg19-16x-distilled.safetensors").is_file():
        pytest.skip("the distilled teacher is not in the folder of real weights")
    # it imitates a VGG whose channels are scaled to mean 1, so each is compared alone
    networks = [load_backbone(name) for name in ("distilled16x", "vgg19")]
    found = [network(picture, ["relu1_1"])["relu1_1"][0].flatten(1) for network in networks]
    pairs = [pair for pair in zip(*found, strict=True) if all(f.std() > 0 for f in pair)]
    correlations = torch.stack([torch.corrcoef(torch.stack(pair))[0, 1] for pair in pairs])
    assert correlations.median() > 0.9
