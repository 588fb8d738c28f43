"""OpenCV, where it is installed."""

from __future__ import annotations

import os
from typing import Any

from impasto.errors import MissingExtraError


def load_cv2() -> Any:
    """Return OpenCV.

    Raises:
        MissingExtraError: It is not installed.
    """
    # threads that wait for work sleep: others compute meanwhile, whom they would hold up
    for thread in ("MAIN", "WORKER"):
        os.environ.setdefault(f"OPENCV_THREAD_POOL_ACTIVE_WAIT_{thread}", "0")
    try:
        import cv2
    except ModuleNotFoundError:
        raise MissingExtraError("Optical flow", "video") from None
    return cv2
