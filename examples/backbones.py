"""Stylize through ResNet, MobileNet and EfficientNet from torchvision, where you have it.

    python examples/backbones.py

Any torch module becomes a backbone: name submodules, and call them by VGG's layer names, so that
the options that name layers apply. Skips downloads: random weights stand in, which still paint;
pass torchvision's `weights="DEFAULT"` for trained ones.
"""

from __future__ import annotations

import sys

import impasto
from impasto.drawn import draw
from impasto.images import save_picture

LAYERS = {
    "resnet50": {"relu1_1": "relu", "relu2_1": "layer1", "relu3_1": "layer2", "relu4_1": "layer3"},
    "mobilenet_v3_large": {
        "relu1_1": "features.0",
        "relu2_1": "features.3",
        "relu3_1": "features.6",
        "relu4_1": "features.12",
    },
    "efficientnet_b0": {
        "relu1_1": "features.0",
        "relu2_1": "features.2",
        "relu3_1": "features.3",
        "relu4_1": "features.5",
    },
}


def main() -> None:
    """Write one picture for each architecture."""
    try:
        from torchvision import models  # type: ignore[import-not-found,unused-ignore]
    except (ImportError, RuntimeError):
        # builds of torchvision that do not match PyTorch's raise RuntimeError
        print("This example needs torchvision: pip install torchvision")
        return

    from impasto.backbones import ModuleBackbone

    for name, layers in LAYERS.items():
        module = models.get_model(name, weights=None).eval()
        stylizer = impasto.prepare(
            draw("brushwork", size=256),
            network=ModuleBackbone(module, layers),
            content_layers="relu3_1",
            style_layers="relu1_1,relu2_1,relu3_1,relu4_1",
            steps=60,
        )
        path = save_picture(f"{name}.png", stylizer(draw("watercolor", size=256)))
        print(f"{name}: {path}")


if __name__ == "__main__":
    sys.exit(main())
