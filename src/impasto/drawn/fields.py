"""Scalar and vector fields over the unit square: noise, sampling, blur, paper and relief.

Every random lattice has a fixed size, whatever the size of the picture, so that a seed
gives the same composition at every resolution.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Array: TypeAlias = NDArray[np.floating[Any]]  # float32 wherever there are many of them


def grid(size: int) -> tuple[Array, Array]:
    """Return the x and y coordinates of the pixel centres, `(size, size)`, in (0, 1)."""
    line = ((np.arange(size) + 0.5) / size).astype(np.float32)
    x, y = np.meshgrid(line, line)
    return x, y


def resize(plane: Array, size: int) -> Array:
    """Resample `(H, W)` or `(H, W, C)` to a square, antialiased where it shrinks."""
    if plane.ndim == 3:
        channels = [resize(plane[..., index], size) for index in range(plane.shape[2])]
        return np.stack(channels, axis=-1)
    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)


def noise(rng: np.random.Generator, size: int, cells: int) -> Array:
    """Return smooth noise of about `cells` bumps a side, mean 0, mostly in [-1, 1]."""
    lattice = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
    return resize(lattice, size)


def fbm(rng: np.random.Generator, size: int, cells: int, octaves: int = 4) -> Array:
    """Sum octaves of noise, each twice as fine and about half as strong, mean 0."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        total += noise(rng, size, cells * 2**octave) * np.float32(0.55**octave)
    return total


def sample(plane: Array, x: Array, y: Array) -> Array:
    """Look up a square field at unit coordinates, bilinearly, edges held."""
    size = plane.shape[0]
    column = np.clip(x * size - 0.5, 0, size - 1.001)
    row = np.clip(y * size - 0.5, 0, size - 1.001)
    left, top = column.astype(np.int32), row.astype(np.int32)
    across, down = column - left, row - top
    if plane.ndim == 3:
        across, down = across[..., None], down[..., None]
    upper = plane[top, left] * (1 - across) + plane[top, left + 1] * across
    lower = plane[top + 1, left] * (1 - across) + plane[top + 1, left + 1] * across
    return np.asarray(upper * (1 - down) + lower * down, dtype=np.float32)


def smoothstep(low: float, high: float, value: Array) -> Array:
    """Rise smoothly from 0 at `low` to 1 at `high` (falls if `high` is below `low`)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def blur(plane: Array, sigma: float) -> Array:
    """Blur `(N, N)` or `(N, N, C)` by a Gaussian; `sigma` is a fraction of the side."""
    size = plane.shape[0]
    pad = min(size - 1, int(np.ceil(3 * sigma * size)) + 1)
    widths = [(pad, pad), (pad, pad)] + [(0, 0)] * (plane.ndim - 2)
    padded = np.pad(plane, widths, mode="edge")
    rows = np.fft.fftfreq(padded.shape[0])[:, None]
    columns = np.fft.rfftfreq(padded.shape[1])[None, :]
    gain = np.exp(-2 * (np.pi * sigma * size) ** 2 * (rows**2 + columns**2))
    if plane.ndim == 3:
        gain = gain[..., None]
    spectrum = np.fft.rfft2(padded, axes=(0, 1)) * gain
    smooth = np.fft.irfft2(spectrum, s=padded.shape[:2], axes=(0, 1))
    return smooth[pad : pad + size, pad : pad + size].astype(np.float32)


def shade(height: Array, strength: float) -> Array:
    """Light a relief from the upper left: 0 on a plane, positive towards the light.

    `height` is in fractions of the side, so the answer does not depend on the resolution.
    """
    size = height.shape[0]
    down, across = np.gradient(height * size)
    slope = -(0.6 * across + 0.8 * down) * strength
    return np.asarray(slope / np.sqrt(1 + slope * slope), dtype=np.float32)


def paper(rng: np.random.Generator, size: int) -> Array:
    """Return the tooth of a sheet of paper, mean 0, standard deviation about 1."""
    grain = noise(rng, size, 420) + 0.8 * noise(rng, size, 180) + 0.4 * noise(rng, size, 60)
    return np.asarray(grain / 0.75, dtype=np.float32)


def smear(plane: Array, flow: Array, *, reach: float, taps: int = 7) -> Array:
    """Average a field along a flow `(N, N, 2)` (line integral convolution).

    Args:
        plane: Field `(N, N)`.
        flow: Unit vectors `(x, y)`.
        reach: Distance covered to either side, as a fraction of the side.
        taps: Steps to either side.
    """
    start_x, start_y = grid(plane.shape[0])
    total = plane.copy()
    for sign in (-1.0, 1.0):
        x, y = start_x, start_y
        for _ in range(taps):
            step = sample(flow, x, y) * np.float32(sign * reach / taps)
            x, y = x + step[..., 0], y + step[..., 1]
            total += sample(plane, x, y)
    return total / np.float32(2 * taps + 1)


def normalise(flow: Array) -> Array:
    """Scale the vectors of a field `(..., 2)` to length 1."""
    length = np.sqrt((flow * flow).sum(-1, keepdims=True)) + 1e-6
    return np.asarray(flow / length, dtype=np.float32)


def ridge(rng: np.random.Generator, x: Array, waves: float, octaves: int = 4) -> Array:
    """Return a smooth random profile over `x`, mean 0, mostly in [-1, 1]."""
    total = np.zeros_like(x)
    for octave in range(octaves):
        frequency = waves * 1.9**octave * rng.uniform(0.8, 1.2)
        phase = rng.uniform(0, 2 * np.pi)
        total += np.sin(2 * np.pi * frequency * x + phase).astype(np.float32) * 0.5**octave
    return total * np.float32(0.6)
