"""Neural style transfer by optimisation: the picture itself is what is trained.

Gatys, Ecker & Bethge, "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.
The way of a picture: `prepare` -> `OptimizeStylizer` -> `run.Run` -> `objective.Objective`.
"""

from impasto.methods.optimize.options import PRESETS, OptimizeOptions, resolve

__all__ = ["PRESETS", "OptimizeOptions", "resolve"]
