"""Any module as a backbone, tried on small networks of three families."""

from __future__ import annotations

import copy
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import impasto
from impasto.backbones import Backbone, ModuleBackbone
from impasto.errors import OptionError


class Residual(nn.Module):
    """A residual block whose ReLU works in place, as torchvision's."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to its input."""
        return self.relu(x + self.conv2(self.relu(self.bn1(self.conv1(x)))))  # type: ignore[no-any-return]


class SqueezeExcite(nn.Module):
    """A gate per channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the channels."""
        return x * torch.sigmoid(self.fc(x.mean((2, 3), keepdim=True)))


class Classifier(nn.Module):
    """Stem, two stages of one family, pooling and a classifier that counts its runs."""

    def __init__(self, stage: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.layer1 = stage(8)
        self.down = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.layer2 = stage(12)
        self.head = nn.Linear(12, 5)
        self.runs = 0

    def forward(self, x: Tensor) -> Tensor:
        """Return class scores."""
        x = self.layer2(self.down(self.layer1(self.stem(x))))
        self.runs += 1
        return self.head(x.mean((2, 3)))  # type: ignore[no-any-return]


def _depthwise(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1, groups=width),
        nn.BatchNorm2d(width),
        nn.Hardswish(inplace=True),
        nn.Conv2d(width, width, 1),
    )


FAMILIES: dict[str, Callable[[int], nn.Module]] = {
    "residual": Residual,
    "depthwise": _depthwise,
    "squeeze-excite": SqueezeExcite,
}


def _network(family: str = "residual") -> Classifier:
    torch.manual_seed(0)
    return Classifier(FAMILIES[family]).eval()


def _expected(network: Classifier, images: Tensor) -> dict[str, Tensor]:
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    stem = network.stem((images - mean) / std)
    layer1 = network.layer1(stem)
    return {"layer1": layer1, "layer2": network.layer2(network.down(layer1))}


@pytest.mark.parametrize("family", FAMILIES)
def test_features(family: str, picture: Tensor) -> None:
    network = _network(family)
    backbone: Backbone = ModuleBackbone(network, ["layer2", "layer1"])
    assert backbone.layers == ("layer1", "layer2")
    assert (backbone.channels("layer1"), backbone.channels("layer2")) == (8, 12)
    found = backbone(picture, ["layer2", "layer1"])
    assert list(found) == ["layer1", "layer2"]
    expected = _expected(network, picture)
    for name, feature in found.items():
        torch.testing.assert_close(feature, expected[name])


def test_own_names(picture: Tensor) -> None:
    backbone = ModuleBackbone(_network(), {"relu1_1": "stem", "relu4_1": "layer2"})
    assert backbone.layers == ("relu1_1", "relu4_1")
    assert backbone(picture, ["relu4_1"])["relu4_1"].shape == (1, 12, 16, 20)


def test_work_in_place_leaves_features_alone(picture: Tensor) -> None:
    network = _network()
    backbone = ModuleBackbone(network, ["layer1.bn1", "layer2"])
    found = backbone(picture, backbone.layers)["layer1.bn1"]
    assert (found < 0).any()
    torch.testing.assert_close(found, backbone(picture, ["layer1.bn1"])["layer1.bn1"])


def test_stops_early(picture: Tensor) -> None:
    network = _network()
    backbone = ModuleBackbone(network, ["layer1", "layer2"])
    network.runs = 0
    backbone(picture, ["layer1"])
    backbone(picture, ["layer2"])
    assert network.runs == 0
    assert backbone(picture, []) == {}


def test_gradients_reach_the_picture_and_nothing_else(picture: Tensor) -> None:
    network = _network()
    backbone = ModuleBackbone(network, ["stem", "layer2"])
    images = picture.requires_grad_()
    sum(f.square().sum() for f in backbone(images, backbone.layers).values()).backward()  # type: ignore[union-attr]
    assert images.grad is not None
    assert images.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_module_stays_as_it_was(picture: Tensor) -> None:
    network = _network()
    before = copy.deepcopy(network.state_dict())
    identity = [id(parameter) for parameter in network.parameters()]
    network.stem.weight.requires_grad_(False)
    backbone = ModuleBackbone(network, ["layer1", "layer2"])
    backbone(picture, ["layer1"])
    with pytest.raises(RuntimeError):
        backbone(picture.double(), ["layer1"])
    assert [id(parameter) for parameter in network.parameters()] == identity
    assert not network.stem.weight.requires_grad
    assert network.down.weight.requires_grad
    assert not any(part._forward_hooks or part.training for part in network.modules())
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (["layer3"], "no submodule 'layer3': did you mean layer"),
        (["zzzzzzzz"], "named_modules"),
        (["head"], r"layer 'head' gives \(1, 5\), expected"),
        (["layer1.relu"], "runs 2 times"),
        ([], "at least one"),
    ],
)
def test_wrong_layers(layers: list[str], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        ModuleBackbone(_network(), layers)


def test_a_submodule_that_never_runs() -> None:
    network = _network()
    network.add_module("spare", nn.Conv2d(3, 3, 1).eval())
    with pytest.raises(OptionError, match="runs 0 times"):
        ModuleBackbone(network, ["spare"])


def test_wrong_calls(picture: Tensor) -> None:
    network = _network()
    backbone = ModuleBackbone(network, ["layer1"])
    with pytest.raises(OptionError, match="unknown layer 'layer2': one of layer1"):
        backbone(picture, ["layer2"])
    with pytest.raises(OptionError, match="unknown layer"):
        backbone.channels("layer2")
    with pytest.raises(OptionError, match=r"expected \(N, 3, H, W\)"):
        backbone(picture[0], ["layer1"])
    network.train()
    with pytest.raises(OptionError, match=r"eval\(\)"):
        backbone(picture, ["layer1"])
    with pytest.raises(OptionError, match=r"eval\(\)"):
        ModuleBackbone(network, ["layer1"])


def test_wrong_normalisation() -> None:
    for mean, std in [((0.5,), (1, 1, 1)), ((0, 0, 0), (1, 1, 0))]:
        with pytest.raises(OptionError, match="mean and std"):
            ModuleBackbone(_network(), ["layer1"], mean, std)


def test_a_head_that_needs_one_size(picture: Tensor) -> None:
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Conv2d(3, 4, 3)
            self.head = nn.Linear(7, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.body(x).flatten(1))  # type: ignore[no-any-return]

    backbone = ModuleBackbone(Fixed().eval(), ["body"])
    assert backbone(picture, ["body"])["body"].shape == (1, 4, 62, 78)
    with pytest.raises(OptionError, match="probe_size"):
        ModuleBackbone(Fixed().eval(), ["body"], probe_size=2)


def test_a_layer_that_is_not_reached(picture: Tensor) -> None:
    class Choosy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.small = nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.small(x) if x.shape[-1] == 64 else x

    backbone = ModuleBackbone(Choosy().eval(), ["small"])
    with pytest.raises(OptionError, match="not reached"):
        backbone(picture, ["small"])


@settings(deadline=None, max_examples=15)
@given(st.sets(st.sampled_from(["stem", "layer1.conv2", "layer1", "down", "layer2"])))
def test_any_subset_equals_the_whole(wanted: set[str]) -> None:
    backbone = ModuleBackbone(_network(), ["stem", "layer1.conv2", "layer1", "down", "layer2"])
    images = torch.linspace(0, 1, 3 * 16 * 16).view(1, 3, 16, 16)
    with torch.no_grad():
        whole = backbone(images, backbone.layers)
        part = backbone(images, wanted)
    assert set(part) == wanted
    for name, feature in part.items():
        assert torch.equal(feature, whole[name])


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    script: Any = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "backbones.py"))
    script["main"]()
    assert "torchvision" in capsys.readouterr().out


def test_any_module_guides_the_optimiser() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, 2, 1), nn.ReLU()
    ).eval()
    backbone = ModuleBackbone(module, {"relu1_1": "1", "relu2_1": "3"})
    content, style = np.random.default_rng(0).random((2, 40, 40, 3), np.float32)
    stylizer = impasto.prepare(
        style, network=backbone, content_layers="relu2_1", style_layers="relu1_1,relu2_1", steps=8
    )
    steps = list(stylizer.iterate(content))
    assert steps[-1].loss < steps[0].loss
    assert stylizer(content).shape == (40, 40, 3)
