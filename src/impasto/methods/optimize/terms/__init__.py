"""Terms of the loss: what each reads of a layer's features, and how far that is from its target.

What a term reads are sums over places or features at some places, so that a picture can be
read in strips; its loss is a function of those. A new one is a class here, and a name in
`methods.optimize.catalog`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from impasto.methods.optimize.terms.base import (
    REFRESH,
    Build,
    Keeper,
    Part,
    Region,
    Sources,
    Term,
    reach,
)
from impasto.methods.optimize.terms.content import content_terms, self_similarity_terms
from impasto.methods.optimize.terms.matches import NearestTerm, PatchTerm, match_terms
from impasto.methods.optimize.terms.samples import earth_mover_terms, sorted_terms
from impasto.methods.optimize.terms.statistics import (
    GramTerm,
    MomentsTerm,
    TransportTerm,
    statistic_terms,
)

__all__ = ["BUILD", "REFRESH", "Keeper", "Part", "Region", "Sources", "Term", "reach"]

BUILD: Mapping[str, Build] = MappingProxyType(
    {
        "features": content_terms,
        "self-similarity": self_similarity_terms,
        "gram": partial(statistic_terms, GramTerm, "style"),
        "moments": partial(statistic_terms, MomentsTerm, "moments"),
        "transport": partial(statistic_terms, TransportTerm, "transport"),
        "sliced": partial(sorted_terms, "sliced", True),
        "histogram": partial(sorted_terms, "histogram", False),
        "nearest": partial(match_terms, NearestTerm),
        "patches": partial(match_terms, PatchTerm),
        "earth-mover": earth_mover_terms,
    }
)
