"""Impasto turns any picture into any style: neural style transfer, private, offline, any size.

    result = impasto.stylize("photo.jpg", style="painting.jpg")
    impasto.save("out.png", result)

An image is a numpy array (H, W, 3), float32, sRGB, RGB, in [0, 1].
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.api import again, prepare, save, stylize, stylize_file, stylize_many
    from impasto.errors import ImpastoError
    from impasto.explanation import Explanation, explain
    from impasto.film import stylize_video
    from impasto.images import load
    from impasto.job import Job, Stylized
    from impasto.provenance import ProvenanceOptions, Verdict, verify
    from impasto.video import iter_frames, write_frames

__version__ = "0.1.0"
__all__ = [
    "Explanation",
    "ImpastoError",
    "Job",
    "ProvenanceOptions",
    "Stylized",
    "Verdict",
    "again",
    "explain",
    "iter_frames",
    "load",
    "prepare",
    "save",
    "stylize",
    "stylize_file",
    "stylize_many",
    "stylize_video",
    "verify",
    "write_frames",
]

_HOMES = {
    "Explanation": "impasto.explanation",
    "ImpastoError": "impasto.errors",
    "Job": "impasto.job",
    "ProvenanceOptions": "impasto.provenance",
    "Stylized": "impasto.job",
    "Verdict": "impasto.provenance",
    "explain": "impasto.explanation",
    "iter_frames": "impasto.video",
    "load": "impasto.images",
    "stylize_video": "impasto.film",
    "verify": "impasto.provenance",
    "write_frames": "impasto.video",
}


def __getattr__(name: str) -> Any:
    # late, so that `import impasto` and `impasto --help` load neither numpy nor torch
    if name not in __all__:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "impasto.api")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
