"""Explain a result: what moved where, in pictures, numbers and words, on one page.

Not called `explain`, as `impasto.explain` is the function. Importing this needs no PyTorch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.explanation.explained import Explanation
    from impasto.explanation.inputs import ExplainOptions
    from impasto.explanation.run import explain

__all__ = ["ExplainOptions", "Explanation", "explain"]

_HOMES = {"ExplainOptions": "inputs", "Explanation": "explained", "explain": "run"}


def __getattr__(name: str) -> Any:
    # late, as the parts need numpy, and some of them PyTorch
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"impasto.explanation.{_HOMES[name]}"), name)
