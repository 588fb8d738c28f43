"""Guides made of the pictures themselves: matching regions of two pictures, and faces.

Importing this package needs neither PyTorch, scikit-image nor dlib; its functions do.
"""

from impasto.regions.auto import Regions, find_regions, split_picture
from impasto.regions.faces import Face, face_map, find_faces
from impasto.regions.pictures import label_picture, outlined, preview, preview_one

__all__ = [
    "Face",
    "Regions",
    "face_map",
    "find_faces",
    "find_regions",
    "label_picture",
    "outlined",
    "preview",
    "preview_one",
    "split_picture",
]
