"""Turn a photo into a painting, with pictures that need no download.

The photo comes with scikit-image (Chelsea the cat, CC0, Stefan van der Walt); the painting is
drawn by Impasto itself.
"""

import sys
from pathlib import Path

from PIL import Image
from skimage import data

from impasto.drawn import draw
from impasto.images import save_picture


def main() -> None:
    """Write photo and painting into demo/, and call the command that anyone would."""
    folder = Path("demo")
    folder.mkdir(exist_ok=True)
    Image.fromarray(data.chelsea()).save(folder / "photo.png")
    save_picture(folder / "painting.png", draw("brushwork", size=768))
    out = folder / "stylized.png"
    command = ["stylize", str(folder / "photo.png"), "--style", str(folder / "painting.png")]
    print("impasto", *command, "-o", out)

    from impasto.cli.main import main as impasto

    impasto([*command, "-o", str(out), "--force"])


if __name__ == "__main__":
    sys.exit(main())
