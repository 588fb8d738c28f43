"""Write a drawing to a file: `python -m impasto.drawn NAME OUT.png`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.drawn import DRAWINGS, draw
from impasto.errors import ImpastoError


def _parser() -> argparse.ArgumentParser:
    """Declare the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m impasto.drawn",
        description="Draw a style picture. Without arguments, list the names.",
    )
    parser.add_argument("name", nargs="?", help="which drawing")
    parser.add_argument("out", nargs="?", type=Path, help="picture file to write")
    parser.add_argument("--size", type=int, default=768, help="side in pixels (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, another picture (0)")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.name is None:
        print("\n".join(DRAWINGS))
        return 0
    if options.out is None:
        parser.error(f"say where to write it: python -m impasto.drawn {options.name} OUT.png")
    try:
        picture = draw(options.name, size=options.size, seed=options.seed)
        Image.fromarray(np.rint(picture * 255).astype(np.uint8)).save(options.out)
    except (ImpastoError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
