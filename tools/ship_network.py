"""Make a network that ships from one that was trained: small, with its style's source and terms.

    python -m tools.ship_network runs/van-gogh-night.impasto starry-night

The name is one of `PAINTINGS`, which are in the public domain.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from impasto.errors import OptionError
from impasto.methods.realtime.catalog import NETWORKS
from impasto.methods.realtime.network_file import read_network
from impasto.train.card import model_card
from impasto.train.forms import Form, write_small
from tools.realtime import PAINTINGS

_TERMS = """
Style: {source}, public domain. Contents: Caltech-101 (CC BY 4.0), Grocery Store (MIT), photos of
PACS and sample images of ImageNet (which state no terms: research use). Judge: VGG-19 (Simonyan &
Zisserman 2014, CC BY 4.0). The network's licence is Apache-2.0. Both distances are relative, as
`impasto metrics` has them: 0 is the content or the style itself.
"""


def main(trained: Path, painting: str) -> Form:
    """Write the small form of a trained network of one painting into the package.

    Raises:
        OptionError: it was trained in another way than its card would say.
    """
    file = read_network(trained)
    if len(file.names) != 1 or file.about["training"]["judge"] != "vgg19":
        raise OptionError(f"{trained}: expected one style, and VGG-19 as its judge")
    source = PAINTINGS[painting]
    style = {"name": trained.stem, "source": source, "license": "public domain"}
    training = file.about["training"]
    held = {name: training[name] for name in ("held_content", "held_style")}
    card = model_card(trained.stem, file.about["kind"], file.network(), [style], training, held)
    table = card.split("\nBoth distances")[0].replace(f"{trained.stem}.impasto", trained.stem)
    card = table + _TERMS.format(source=source)
    told = replace(
        file,
        about={**file.about, "styles": [style]},
        members={**file.members, "README.md": card.encode()},
    )
    NETWORKS.mkdir(exist_ok=True)
    return write_small(told, NETWORKS / trained.name)


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2]))
