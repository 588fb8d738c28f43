"""Use networks from torchvision as backbones: python examples/backbones.py.

Random weights stand in here; pass torchvision's `weights="DEFAULT"` for trained ones.
"""

from __future__ import annotations

import sys

LAYERS = {
    "resnet50": {"early": "layer1", "middle": "layer2", "late": "layer3"},
    "mobilenet_v3_large": {"early": "features.3", "middle": "features.6", "late": "features.12"},
    "efficientnet_b0": {"early": "features.2", "middle": "features.3", "late": "features.5"},
}


def main() -> int:
    """Print the features of three architectures; return the exit status."""
    try:
        import torch
        from torchvision import models  # type: ignore[import-not-found,unused-ignore]
    except (ImportError, RuntimeError):
        # builds of torchvision that do not match PyTorch's raise RuntimeError
        print("This example needs torchvision: pip install torchvision")
        return 0

    from impasto.backbones import ModuleBackbone

    picture = torch.rand(1, 3, 128, 128)
    for name, layers in LAYERS.items():
        backbone = ModuleBackbone(models.get_model(name, weights=None).eval(), layers)
        features = backbone(picture, backbone.layers)
        shapes = ", ".join(f"{layer} {tuple(f.shape[1:])}" for layer, f in features.items())
        print(f"{name}: {shapes}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
