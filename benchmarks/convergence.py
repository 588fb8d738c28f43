"""Time to the loss that plain neural-style ends at: same weights, pictures, objective, machine.

    IMPASTO_WEIGHTS=... python -m benchmarks.convergence

The baseline is written out below as the public implementations do it (neural-style's defaults:
VGG-19, zero padding, content init, content weight 5 on relu4_2, style weight 100 on relu1_1 ..
relu5_1, total variation 1e-3, L-BFGS, one scale, 500 steps; torch.optim.LBFGS, float32). Ours
minimises the very same function, by `Weights` that make it so. Losses of our points are computed
again by the baseline's function, off the clock.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.machine import HERE, save
from benchmarks.pictures import pairs
from impasto.backbones import load_backbone
from impasto.engine import choose_precision, cpu_threads
from impasto.methods.contract import Image
from impasto.methods.optimize.lbfgs import Lbfgs
from impasto.methods.optimize.objective import Objective, Weights, everywhere
from impasto.methods.optimize.run import Descent
from impasto.weights import find_weights, read_weights

SIZES = (256, 512)
STEPS = 500
HISTORY = 100
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT_LAYER = "relu4_2"
CONTENT_WEIGHT, STYLE_WEIGHT, TV_WEIGHT = 5.0, 100.0, 1e-3
LAST = {1: 2, 2: 2, 3: 4, 4: 4, 5: 1}
Curve = list[tuple[float, float]]  # seconds, loss


class Baseline:
    """neural-style's objective on pictures of 0..255, BGR, minus the mean."""

    def __init__(self, content: Image, style: Image) -> None:
        tensors, _ = read_weights(find_weights("vgg19"))
        self.weights = {k: torch.from_numpy(v.astype(np.float32)) for k, v in tensors.items()}
        with torch.no_grad():
            self.content = self.features(picture(content))[CONTENT_LAYER]
            styles = self.features(picture(style))
            self.grams = {name: self.gram(styles[name]) for name in STYLE_LAYERS}

    def features(self, x: Tensor) -> dict[str, Tensor]:
        found = {}
        for block, depth in LAST.items():
            for i in range(1, depth + 1):
                kernel, bias = (self.weights[f"conv{block}_{i}.{k}"] for k in ("weight", "bias"))
                x = F.relu(F.conv2d(x, kernel, bias, padding=1))
                found[f"relu{block}_{i}"] = x
            x = F.max_pool2d(x, 2)
        return found

    @staticmethod
    def gram(features: Tensor) -> Tensor:
        flat = features.flatten(2)[0]
        return flat @ flat.T / flat.numel()

    def loss(self, x: Tensor) -> Tensor:
        found = self.features(x)
        loss = CONTENT_WEIGHT * F.mse_loss(found[CONTENT_LAYER], self.content)
        for name in STYLE_LAYERS:
            loss = loss + STYLE_WEIGHT * F.mse_loss(self.gram(found[name]), self.grams[name])
        down, right = x[..., 1:, :] - x[..., :-1, :], x[..., 1:] - x[..., :-1]
        return loss + TV_WEIGHT * (down.square().sum() + right.square().sum())

    def run(self, content: Image) -> Curve:
        x = picture(content).requires_grad_(True)
        solver = torch.optim.LBFGS(
            [x], lr=1, max_iter=STEPS, history_size=HISTORY, tolerance_change=-1, tolerance_grad=-1
        )
        curve: Curve = []
        started = time.perf_counter()

        def closure() -> float:
            solver.zero_grad()
            loss = self.loss(x)
            loss.backward()  # type: ignore[no-untyped-call]
            curve.append((time.perf_counter() - started, loss.item()))
            return curve[-1][1]

        solver.step(closure)  # type: ignore[arg-type,no-untyped-call]
        return curve


def ours(baseline: Baseline, content: Image, style: Image, until: float) -> Curve:
    """Minimise the same objective until its loss or the baseline's number of steps."""
    device = torch.device("cpu")
    precision = choose_precision("auto", device)
    started = time.perf_counter()
    backbone = load_backbone("vgg19", padding="zeros", precision=precision)
    x = rgb(content)
    objective = Objective(
        backbone, x, everywhere([rgb(style)], [1.0]), same_weights(baseline, content)
    )
    solver = Lbfgs(history=HISTORY)
    descent, curve, spent = Descent(objective, solver, x), [], 0.0
    for step in range(STEPS):
        descent.step()
        if step % 5 == 4:
            spent += time.perf_counter() - started
            with torch.no_grad():
                loss = baseline.loss((255 * descent.picture()).flip(1) - mean()).item()
            curve.append((spent, loss))
            if loss <= until:
                break
            started = time.perf_counter()
    return curve


def same_weights(baseline: Baseline, content: Image) -> Weights:
    """Return weights that turn our relative losses into neural-style's absolute ones."""
    kept = baseline.content
    spread = (kept - kept.mean((2, 3), keepdim=True)).square().sum().item()
    style = {
        name: STYLE_WEIGHT * g.square().sum().item() / g.numel()
        for name, g in baseline.grams.items()
    }
    content_weight = {CONTENT_LAYER: CONTENT_WEIGHT * spread / kept.numel()}
    return Weights(
        {"features": content_weight, "gram": style},
        TV_WEIGHT * 255**2 * content.size,
    )


def picture(image: Image) -> Tensor:
    return (255 * rgb(image)).flip(1) - mean()


def rgb(image: Image) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].contiguous()


def mean() -> Tensor:
    return torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)


def main() -> None:
    results: list[dict[str, Any]] = []
    for size in SIZES:
        [(name, content, style)] = pairs(size, 1, 1)
        with cpu_threads(None):
            baseline = Baseline(content, style)
            plain = baseline.run(content)
            best = min(loss for _, loss in plain)
            curve = ours(baseline, content, style, best)
        row = {
            "size": size,
            "pair": name,
            "baseline_seconds": round(plain[-1][0], 1),
            "baseline_loss": best,
            "our_seconds": round(curve[-1][0], 1),
            "our_loss": curve[-1][1],
            "reached": curve[-1][1] <= best,
            "times_faster": {
                f"{share}": speedup(plain, curve, share)
                for share in (2.0, 1.5, 1.2, 1.1, 1.05, 1.0)
            },
        }
        print(row, flush=True)
        results.append(row | {"baseline": rounded(plain[::10]), "ours": rounded(curve)})
    save("convergence", "python -m benchmarks.convergence", results)
    draw_curves(results, HERE.parent / "docs/pictures/convergence.png")


def draw_curves(results: list[dict[str, Any]], path: Path) -> None:
    """Draw loss over time for each size, ours and the plain run's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, row in zip(figure.subplots(1, len(results)), results, strict=True):
        for name, label in (("baseline", "plain neural-style"), ("ours", "Impasto")):
            axes.plot(*zip(*row[name], strict=True), label=label)
        axes.axhline(row["baseline_loss"], color="0.8", linewidth=1, zorder=0)
        axes.set(title=f"{row['size']} px", xlabel="seconds", ylabel="loss", yscale="log")
        axes.set_ylim(0.95 * row["baseline_loss"], 3 * row["baseline_loss"])
        axes.legend()
    figure.savefig(path, dpi=100)


def rounded(curve: Curve) -> Curve:
    return [(round(seconds, 2), round(loss)) for seconds, loss in curve]


def speedup(plain: Curve, curve: Curve, share: float) -> float | None:
    """Return the baseline's time over ours to come to `share` times its final loss."""
    goal = share * min(loss for _, loss in plain)
    times = [next((t for t, loss in c if loss <= goal), None) for c in (plain, curve)]
    return round(times[0] / times[1], 2) if times[0] and times[1] else None


if __name__ == "__main__":
    main()
