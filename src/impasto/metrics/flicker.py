"""Flicker where nothing moves: what changes faster than the eye takes for a change of light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.images.color import LUMA
from impasto.methods.contract import Image
from impasto.temporal.flow import Motion, Seen
from impasto.temporal.opencv import load_cv2

Array = NDArray[np.float32]

HZ = 3.0  # changes that are slower count as changes of light
_WINDOW = 32  # frames of one spectrum
_LEAST = 8
_MOVED, _CHANGED = 0.25, 0.03  # pixels a frame, and grey over a window, from which it is not still


class Flicker:
    """Gather the temporal spectrum of luma at the places where the content stands still.

    Called with one frame after another. `rms` is the root of the mean power above 3 Hz, over all
    such places and windows of 32 frames: a luma that swings by a, faster than that, has a / sqrt 2.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lumas: list[Array] = []
        self._greys: list[Array] = []
        self._rests: list[NDArray[np.bool_]] = []
        self._power, self._places, self._all = 0.0, 0, 0

    def __call__(self, frame: Image, seen: Seen, motion: Motion | None) -> None:
        """Add a frame; `seen` is its content's, `motion` leads to the one before, None at a cut."""
        if motion is None or len(self._lumas) == _WINDOW:
            self._close()
        cv2 = load_cv2()
        size = seen.grey.shape[::-1]
        # every so many pixels, not their mean, in which fine flicker would vanish
        self._lumas.append(cv2.resize(frame @ LUMA, size, interpolation=cv2.INTER_NEAREST))
        self._greys.append(seen.grey)
        if motion is not None:
            speed = np.hypot(motion.flow[..., 0], motion.flow[..., 1])
            self._rests.append((speed < _MOVED) & (motion.visible > 0.5))

    @property
    def rms(self) -> float | None:
        """Return the flicker until now; None where nothing stood still, or the rate is too low."""
        self._close()
        return (self._power / self._places) ** 0.5 if self._places else None

    @property
    def still(self) -> float:
        """Return the share of all places that stood still."""
        self._close()
        return self._places / self._all if self._all else 0.0

    def _close(self) -> None:
        """Add the spectrum of the frames that are held, if they suffice, and let them go."""
        count = len(self._lumas)
        if count >= _LEAST and self._rate > 2 * HZ:
            grey = np.stack(self._greys)
            still = np.all(self._rests, 0) & (np.ptp(grey, axis=0) < _CHANGED)
            self._places += int(still.sum())
            self._all += still.size
            if still.any():
                lumas = np.stack([luma[still] for luma in self._lumas])
                self._power += float(fast_power(lumas, self._rate).sum())
        self._lumas, self._greys, self._rests = [], [], []


def fast_power(values: Array, rate: float) -> Array:
    """Return the mean square (N,) of what is faster than 3 Hz in values (T, N) over time.

    By a Fourier transform under a Hann window, after a straight line was taken away, so that
    slow drifts do not leak into high frequencies.
    """
    count = len(values)
    time = np.linspace(-1, 1, count)[:, None]
    level = values - values.mean(0)
    level = level - time * (time * level).sum(0) / (time**2).sum()
    window = np.hanning(count + 2)[1:-1, None]
    spectrum = np.abs(np.fft.rfft(level * window, axis=0)) ** 2
    fast = np.fft.rfftfreq(count, 1 / rate) > HZ
    double = np.full(len(spectrum), 2.0)
    if count % 2 == 0:
        double[-1] = 1  # Nyquist's frequency has no twin
    power: Array = (spectrum * double[:, None])[fast].sum(0) / (count * (window**2).sum())
    return power
