"""The one error tree: everything that Impasto raises on purpose derives from `ImpastoError`.

A message says what was found, what was expected and what to do, in one line; the
command line prints it as it stands and exits with 1.
"""

from typing import Any


class ImpastoError(Exception):
    """Report something that the caller can mend."""


class ImageError(ImpastoError):
    """Report a picture that cannot be read, used or written."""


class VideoError(ImpastoError):
    """Report a film that cannot be read, used or written."""


class OptionError(ImpastoError):
    """Report an option outside its limits, or options that contradict each other."""


class WeightsError(ImpastoError):
    """Report weights that are missing, damaged, of the wrong shape or cannot be fetched."""


class ProvenanceError(ImpastoError):
    """Report a key or a certificate that cannot sign, or a file that cannot be looked into."""


class MissingExtraError(ImpastoError):
    """Report a feature whose optional packages are not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs the [{extra}] extra: pip install "impasto[{extra}]"')
        self.extra = extra


class DivergedError(ImpastoError):
    """Report an optimisation that could not be brought back to finite numbers.

    `result` is the last sound picture with its recipe (`Stylized`), None where there is none.
    """

    result: Any = None


class RecipeError(ImpastoError):
    """Report a picture without a recipe, or a recipe whose inputs cannot be found."""


class ServerError(ImpastoError):
    """Report a server that cannot be reached, or that refused what it was asked for."""
