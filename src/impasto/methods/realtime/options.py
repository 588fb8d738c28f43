"""The real-time network's options. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.errors import OptionError
from impasto.methods import shared_options as shared
from impasto.options import check, option

ENGINES = ("auto", "openvino", "onnxruntime", "torch")
PRECISIONS = ("auto", "float32", "bfloat16", "int8")


@dataclass(frozen=True)
class RealtimeOptions:
    """All that can be asked of the real-time network."""

    strength: float = shared.strength()
    size: int | None = shared.size()
    style_scale: float = shared.style_scale("Stroke size: the style is looked at so much larger.")
    preserve_color: str = shared.preserve_color()
    local: float = option(
        0.0,
        "Statistics of a window around each place, as a share of the longest side; 0: the whole.",
        group="Look",
        low=0,
        high=1,
    )
    grain: float = option(
        1.0,
        "Noise that strokes grow from in empty places.",
        group="Look",
        low=0,
        high=3,
    )
    network: str | None = option(
        None,
        "Network file that looks at styles and paints, in place of the one that ships.",
        group="Search",
    )
    engine: str = option(
        "auto",
        "What computes; auto is torch on a GPU that device names, else OpenVINO.",
        group="Search",
        choices=ENGINES,
    )
    precision: str = option(
        "auto",
        "Arithmetic; auto takes the fastest that the hardware has, float32 is the most exact.",
        group="Search",
        choices=PRECISIONS,
    )
    device: str = shared.device()
    threads: int | None = shared.threads()
    memory: str | None = shared.memory()

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)
        if self.engine in ("openvino", "onnxruntime") and self.device in ("cuda", "mps"):
            raise OptionError(
                f"engine {self.engine} computes on the CPU: device {self.device} needs engine torch"
            )


@dataclass(frozen=True)
class TuneOptions:
    """Say how a style is tuned."""

    steps: int = option(60, "Steps of Adam.", low=1)
    size: int = option(256, "Side of the contents in pixels, a multiple of 16.", low=64)
    rate: float = option(0.02, "Step size.", low=1e-6, high=1)
    modulation: bool = option(True, "Tune the gains and shifts too, not the code alone.")
    content_weight: float = option(1.0, "Weight of content distances.", low=0)
    style_weight: float = option(15.0, "Weight of the distances of Gram matrices.", low=0)
    variation_weight: float = option(2.0, "Weight of total variation.", low=0)
    threads: int | None = shared.threads(group="Basics")
    seed: int = shared.seed()

    def __post_init__(self) -> None:
        """Check all limits."""
        check(self)
