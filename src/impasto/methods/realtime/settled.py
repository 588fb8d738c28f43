"""What a painter finds in each frame of a film, settled over time.

A picture's colours and features are normalised by its own statistics. From frame to frame of a
film these jump with noise and with whatever enters, and the whole picture with them. Settled, they
follow slowly, and at a cut they begin anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SHARE = 0.9  # of what was: half of a change is there after 7 frames


class Settled:
    """Settle arrays by name: each is a mean of all that came, the older the less.

    `share` in [0, 1) is what is kept of the mean at each frame. The first frames count alike, so
    that none is favoured. It is for one film, frame by frame in order; threads must not share it.
    """

    def __init__(self, share: float = SHARE) -> None:
        self.share = share
        self._means: dict[str, tuple[Array, int]] = {}

    def __call__(self, name: str, found: Array) -> Array:
        """Return the settled value of what a frame's is; of another shape, it begins anew."""
        mean, count = self._means.get(name, (found, 0))
        if mean.shape != found.shape:
            mean, count = found, 0
        kept = min(self.share, count / (count + 1))
        settled = np.asarray(found + np.float32(kept) * (mean - found), found.dtype)
        self._means[name] = settled, count + 1
        return settled

    def last(self, name: str) -> Array | None:
        """Return the value as it is settled by now, None before the first."""
        return self._means[name][0] if name in self._means else None

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self._means.clear()
