"""Guides made of the pictures themselves: matching regions of two pictures, and faces.

Importing this package needs neither PyTorch nor scikit-image; its functions do.
"""

from impasto.regions.auto import Regions, find_regions, split_picture
from impasto.regions.pictures import label_picture, outlined, preview, preview_one

__all__ = [
    "Regions",
    "find_regions",
    "label_picture",
    "outlined",
    "preview",
    "preview_one",
    "split_picture",
]
