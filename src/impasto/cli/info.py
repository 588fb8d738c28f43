"""`impasto info`: what is installed and what this machine can do."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import click

from impasto import __version__
from impasto.engine import available_memory
from impasto.engine.device import usable_cores
from impasto.engine.openvino import openvino_core

_PACKAGES = {
    "core": ("numpy", "pillow", "openvino", "pyvips", "safetensors", "c2pa-python"),
    "[optimize]": ("torch", "h5py", "matplotlib"),
    "[train]": ("tensorboard",),
    "[export]": ("onnx", "onnxscript", "onnxruntime"),
    "[heic]": ("pi-heif",),
    "[regions]": ("scikit-image", "dlib-bin"),
    "[video]": ("av", "opencv-python-headless"),
}


@click.command()
def info() -> None:
    """Show versions, devices and what is installed."""
    click.echo(f"impasto {__version__}, Python {platform.python_version()}, {platform.platform()}")
    memory = available_memory()
    free = f", {memory / 2**30:.1f} GB of memory free" if memory else ""
    click.echo(f"{usable_cores()} cores{free}")
    for group, packages in _PACKAGES.items():
        click.echo(f"{group}: " + ", ".join(f"{name} {_version(name)}" for name in packages))
    for line in (*_engines(), *_torch_devices()):
        click.echo(line)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"


def _engines() -> list[str]:
    try:
        core = openvino_core()
    except ModuleNotFoundError:
        return []
    lines = []
    for device in core.available_devices:
        kinds = core.get_property(device, "OPTIMIZATION_CAPABILITIES")
        lines.append(
            f"OpenVINO {device}: {core.get_property(device, 'FULL_DEVICE_NAME')}, "
            + " ".join(kinds)
        )
    return lines


def _torch_devices() -> list[str]:
    try:
        import torch
    except ModuleNotFoundError:
        return []
    lines = [
        f"torch cuda: {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())
    ]
    return lines + (["torch mps"] if torch.backends.mps.is_available() else [])
