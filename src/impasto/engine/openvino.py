"""Import OpenVINO without what it does besides computing."""

from __future__ import annotations

import sys
from functools import cache
from threading import Lock
from types import ModuleType
from typing import Any

_CONVERTER = "openvino.tools.ovc"
_lock = Lock()


def load_openvino() -> ModuleType:
    """Return the module `openvino`, imported without its model converter.

    That one's import writes an identity into the home folder and sends a message to a server of
    Google's, which no setting forbids, and takes twice as long as all the rest. Whoever asks for
    `openvino.convert_model` later gets it. Nothing changes where OpenVINO is imported already.

    Raises:
        ModuleNotFoundError: OpenVINO is not installed.
    """
    with _lock:
        if "openvino" not in sys.modules:
            # OpenVINO does without the converter where its import fails, as that of None does
            sys.modules[_CONVERTER] = None  # type: ignore[assignment]
            try:
                import openvino
            finally:
                del sys.modules[_CONVERTER]
            openvino.__getattr__ = _later
        import openvino

        return openvino  # type: ignore[no-any-return]


@cache
def openvino_core() -> Any:
    """Return the one `openvino.Core` of this process.

    Its plugin for the CPU gives the thread that loads it a stack for signals, and frees it with
    itself. Where several come and go, the thread is left with one that is freed, and the next
    signal, such as Ctrl-C, crashes the process. So this one stays.

    Raises:
        ModuleNotFoundError: OpenVINO is not installed.
    """
    return load_openvino().Core()


def _later(name: str) -> Any:
    if name != "convert_model":
        raise AttributeError(f"module 'openvino' has no attribute {name!r}")
    from openvino.tools.ovc import convert_model

    return convert_model
