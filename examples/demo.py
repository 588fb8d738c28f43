"""Turn a photo into a painting, at once and then with patience; nothing is downloaded.

The photo comes with scikit-image (Chelsea the cat, CC0, Stefan van der Walt); the painting is
drawn by Impasto itself.
"""

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
    from impasto.cli.main import main as impasto

    inputs = [str(folder / "photo.png"), "--style", str(folder / "painting.png")]
    for quality in ("fast", "best"):
        command = ["stylize", *inputs, "--quality", quality, "-o", str(folder / f"{quality}.png")]
        print("impasto", *command, flush=True)
        try:
            impasto([*command, "--force"])
        except SystemExit as end:  # the command line always ends so
            if end.code:
                raise


if __name__ == "__main__":
    main()
