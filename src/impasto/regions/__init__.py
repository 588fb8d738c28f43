"""Regions that go together in two pictures, found or painted as labels; and faces.

Importing this package needs neither PyTorch, scikit-image nor dlib; its functions do.
"""

from impasto.regions.auto import Regions, find_regions, split_picture
from impasto.regions.faces import Face, face_map, find_faces
from impasto.regions.labels import Match, match_labels
from impasto.regions.pictures import label_picture, outlined, preview, preview_one

__all__ = [
    "Face",
    "Match",
    "Regions",
    "face_map",
    "find_faces",
    "find_regions",
    "label_picture",
    "match_labels",
    "outlined",
    "preview",
    "preview_one",
    "split_picture",
]
