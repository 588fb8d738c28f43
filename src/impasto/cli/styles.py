"""`impasto styles`: list, look at, save and tune styles of the real-time network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from impasto.cli.flags import GroupedCommand, flags_of, given
from impasto.cli.looks import blend_weights, tell_shares
from impasto.drawn import draw
from impasto.errors import MissingExtraError, OptionError, WeightsError
from impasto.images import fit, load_picture, save_picture
from impasto.methods.realtime import catalog, codes
from impasto.methods.realtime.encoding import encode_style
from impasto.methods.realtime.engines import make_engine
from impasto.methods.realtime.mixed import prepare_any
from impasto.methods.realtime.network_file import read_network
from impasto.methods.realtime.options import RealtimeOptions, TuneOptions
from impasto.names import target, unused
from impasto.styles import normalized_blend, open_styles, sample_of

_PATH = click.Path(path_type=Path)


@click.group()
def styles() -> None:
    """List, look at, save and tune styles."""


@styles.command("list")
def list_() -> None:
    """List the styles that go by a name: your own, then those that ship."""
    for path in catalog.user_styles().values():
        for name in _names(path):
            click.echo(f"{name:<26}{path}")
    for path in catalog.shipped_networks().values():
        for name in _names(path):
            code = catalog.find_style(name)
            assert code is not None
            click.echo(f"{name:<26}{code.source} ({code.license}), a network of its own")
    for name, code in codes.shipped_codes().items():
        click.echo(f"{name:<26}{code.source} ({code.license})")


def _names(path: Path) -> list[str]:
    """Return the names of the styles of a file, by which they are found.

    A damaged one has none, and is told.
    """
    try:
        names = [] if path.suffix == codes.SUFFIX else read_network(path).names
    except WeightsError as error:
        click.echo(f"impasto: note: {error}", err=True)
        return []
    return [path.stem] if len(names) < 2 else [f"{path.stem}#{name}" for name in names]


def _all_names() -> list[str]:
    files = [*catalog.user_styles().values(), *catalog.shipped_networks().values()]
    return [*(name for path in files for name in _names(path)), *codes.shipped_codes()]


@styles.command()
@click.argument("names", nargs=-1)
@click.option("--content", type=_PATH, help="Photo to paint (default: a drawn landscape).")
@click.option("-o", "--out", type=_PATH, help="Sheet (default: a new name in this folder).")
@click.option("--size", type=click.IntRange(64, 2048), default=256, help="Pixels of each picture.")
@click.option("--force", is_flag=True, help="Overwrite the sheet if it exists.")
def show(names: tuple[str, ...], content: Path | None, out: Path | None, **rest: Any) -> None:
    """Paint one picture in each of NAMES (all without any) and save them as a sheet."""
    out = target(out, "styles.png", force=rest["force"])
    found = open_styles(list(names or _all_names()))
    picture = draw("watercolor", size=512) if content is None else load_picture(content).pixels
    photo = fit(picture, rest["size"])
    pictures = [photo]
    for style in found:
        seen = style if isinstance(style, codes.StyleCode) else sample_of(style).pixels
        pictures.append(prepare_any([seen], [1.0], RealtimeOptions())(photo))
    save_picture(out, sheet(pictures))
    for number, name in enumerate(["the content", *(style.name for style in found)], 1):
        click.echo(f"{number:>3}  {name}")
    click.echo(out)


@styles.command()
@click.argument("style", nargs=-1, required=True)
@click.option("-o", "--out", required=True, help="Name, or a path that ends in .style.")
@click.option("--blend", help="Weights of several styles, as 2,1,1; equal without it.")
@click.option("--style-scale", type=click.FloatRange(0.1, 4), default=1.0, help="Stroke size.")
@click.option("--force", is_flag=True, help="Overwrite a style that exists.")
def save(style: tuple[str, ...], out: str, blend: str | None, **rest: Any) -> None:
    """Keep STYLE, a picture or several styles blended, under a name."""
    path = unused(catalog.target_of(out), force=rest["force"])
    parts = [_code(one, rest["style_scale"]) for one in style]
    wanted = blend_weights(blend)
    weights = normalized_blend(wanted, len(parts))
    tell_shares(wanted, weights)
    code = codes.blend_codes(parts, weights)
    click.echo(codes.save_code(path, codes.renamed(code, path.stem)))


def _code(name: str, scale: float) -> codes.StyleCode:
    style = open_styles(name)[0]
    if isinstance(style, codes.StyleCode):
        if style.network is not None:
            raise OptionError(f"style {name} is kept in its network's file; copy that one")
        return style
    engine = make_engine("auto", "float32", "cpu", None)
    vector = encode_style(engine, sample_of(style).pixels, scale)
    return codes.StyleCode(Path(name).stem, vector, style.name, "yours", style.sha256)


def sheet(pictures: list[Any], columns: int = 6) -> Any:
    """Return pictures of one size in rows on white, (H, W, 3)."""
    height, width = pictures[0].shape[:2]
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    out = np.ones((rows * height, columns * width, 3), np.float32)
    for i, picture in enumerate(pictures):
        top, left = i // columns * height, i % columns * width
        out[top : top + height, left : left + width] = picture
    return out


@styles.command(cls=GroupedCommand)
@click.argument("style", type=_PATH)
@click.option("-o", "--out", required=True, help="Name, or a path that ends in .style.")
@click.option("--content", "contents", type=_PATH, multiple=True, help="Photos to tune on.")
@click.option("--force", is_flag=True, help="Overwrite a style that exists.")
@flags_of(TuneOptions)
def tune(style: Path, out: str, contents: tuple[Path, ...], force: bool, **rest: Any) -> None:
    """Tune the picture STYLE for some seconds, and keep it under a name."""
    try:
        from impasto.methods.realtime.tune import tune_style
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        raise MissingExtraError("Tuning", "optimize") from missing
    path = unused(catalog.target_of(out), force=force)
    result = tune_style(
        sample_of(load_picture(style)).pixels,
        codes.renamed(_code(str(style), 1.0), path.stem),
        TuneOptions(**given(rest)),
        contents=[load_picture(content).pixels for content in contents],
        progress=_tell,
    )
    click.echo(codes.save_code(path, result.code))
    click.echo(
        f"style distance on contents not tuned on: {result.before:.3f} before,"
        f" {result.after:.3f} after"
    )


def _tell(step: int, loss: float) -> None:
    if step % 10 == 0:
        click.echo(f"step {step}  loss {loss:.3f}", err=True)
