"""Tables of the docs, from the declarations in the code.

A table stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->`, each on its own line.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impasto.backbones.vgg import VggConfig
    from impasto.options import Declaration

_BEGIN = re.compile(r"^<!-- ([a-z-]+):begin -->$", re.MULTILINE)
_TYPES = {"int": "a whole number", "float": "a number", "str": "a text", "bool": "yes or no"}


def renewed(text: str) -> str:
    """Return a page with every table between its markers made anew.

    Raises:
        ValueError: A marker names no table, or a table has no end.
    """
    for name in _BEGIN.findall(text):
        if name not in TABLES:
            raise ValueError(f"no table is called {name!r}: choose one of {', '.join(TABLES)}")
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        head, _, rest = text.partition(f"{begin}\n")
        _, found, tail = rest.partition(end)
        if not found:
            raise ValueError(f"the table {name!r} has no end: expected {end}")
        text = f"{head}{begin}\n{TABLES[name]()}\n{end}{tail}"
    return text


def options_table() -> str:
    """Return the optimiser's options, a table for each group."""
    from impasto.methods.optimize.options import OptimizeOptions

    return _declared(OptimizeOptions)


def realtime_table() -> str:
    """Return the real-time network's options, a table for each group."""
    from impasto.methods.realtime.options import RealtimeOptions

    return _declared(RealtimeOptions)


def photoreal_table() -> str:
    """Return the options of photoreal, a table for each group."""
    from impasto.methods.photoreal.options import PhotorealOptions

    return _declared(PhotorealOptions)


def film_table() -> str:
    """Return the options of films that are written."""
    from impasto.video.options import FilmOptions

    return _declared(FilmOptions)


def server_table() -> str:
    """Return the server's settings."""
    from impasto.studio.settings import Settings

    return _declared(Settings)


def tune_table() -> str:
    """Return the options of tuning a style."""
    from impasto.methods.realtime.options import TuneOptions

    return _declared(TuneOptions)


def qualities_table() -> str:
    """Return the qualities and the knobs of the optimiser that each turns."""
    from impasto.methods.quality import QUALITIES

    rows = []
    for name, (why, knobs) in QUALITIES.items():
        turned = "none" if knobs is None else _turned(knobs)
        rows.append((f"`{name}`", why, turned))
    return _table(("Quality", "What", "Knobs of the optimiser"), rows)


def styles_table() -> str:
    """Return the styles that ship, by name."""
    from impasto.methods.realtime.codes import shipped_codes

    rows = [(f"`{code.name}`", code.source, code.license) for code in shipped_codes().values()]
    return _table(("Name", "Style", "Licence"), rows)


def training_table() -> str:
    """Return the settings of the training of `compact`."""
    from impasto.train.settings import BackboneTraining

    return _declared(BackboneTraining)


def realtime_training_table() -> str:
    """Return the settings of the training of the real-time network."""
    from impasto.train.settings import RealtimeTraining

    return _declared(RealtimeTraining)


def style_training_table() -> str:
    """Return the settings of `impasto train style`."""
    from impasto.train.settings import StyleTraining

    return _declared(StyleTraining)


def gan_training_table() -> str:
    """Return the settings of kind gan that the others lack, and those with other defaults."""
    from impasto.options import declarations
    from impasto.train.settings import GanTraining, StyleTraining

    known = {name: field.default for name, (field, _) in declarations(StyleTraining).items()}
    return _declared(GanTraining, skip=known)


def metrics_table() -> str:
    """Return the options of measuring."""
    from impasto.metrics import MetricsOptions

    return _declared(MetricsOptions)


def film_metrics_table() -> str:
    """Return the options of measuring films."""
    from impasto.metrics import FilmOptions

    return _declared(FilmOptions)


def temporal_table() -> str:
    """Return the options of films that do not flicker."""
    from impasto.film import TemporalOptions

    return _declared(TemporalOptions)


def explain_table() -> str:
    """Return the options of explaining."""
    from impasto.explanation import ExplainOptions

    return _declared(ExplainOptions)


def presets_table() -> str:
    """Return the presets and the knobs that each turns."""
    from impasto.methods.optimize.options import PRESETS

    rows = []
    for name, (why, knobs) in PRESETS.items():
        rows.append((f"`{name}`", why, _turned(knobs)))
    return _table(("Preset", "For", "Knobs"), rows)


def losses_table() -> str:
    """Return the optimiser's losses, of the content and of the style."""
    from impasto.methods.optimize.catalog import CONTENT_LOSSES, STYLE_LOSSES

    rows = [
        (f"`{name}`", kind, loss.what, f"`{loss.layers}`" if loss.layers else "the picture")
        for kind, losses in (("content", CONTENT_LOSSES), ("style", STYLE_LOSSES))
        for name, loss in losses.items()
    ]
    return _table(("Loss", "Of", "What it compares", "Layers"), rows)


def _turned(knobs: Mapping[str, Any]) -> str:
    return "<br>".join(f"`{knob}={value}`" for knob, value in knobs.items())


def weights_table() -> str:
    """Return the known networks, their licences and where their weights come from."""
    from impasto.weights.registry import ENTRIES

    rows = []
    for entry in ENTRIES.values():
        origins = list(dict.fromkeys(mirror.origin for mirror in entry.mirrors))
        place = "in the package" if entry.shipped else "import only"
        got = f"`fetch` ({', '.join(origins)}) or `import`" if origins else place
        rows.append((f"`{entry.name}`", entry.description, entry.license, got))
    return _table(("Name", "What", "Licence", "Where from"), rows)


def downloads_table() -> str:
    """Return the files that can be fetched, in the order they are tried, and their checks."""
    from impasto.weights.registry import ENTRIES, Mirror

    def verified(mirror: Mirror) -> str:
        if len(mirror.sha256) == 64:
            return "whole SHA-256, size"
        if mirror.sha256:
            return f"first {len(mirror.sha256)} hex digits of SHA-256"
        return "MD5, size"

    rows = [
        (f"`{entry.name}`", mirror.origin, f"`{mirror.file_name}`", verified(mirror))
        for entry in ENTRIES.values()
        for mirror in entry.mirrors
    ]
    return _table(("Network", "Source", "File", "Checked by"), rows)


def networks_table() -> str:
    """Return size and cost of the networks, counted from their configurations."""
    from impasto.backbones.vgg import CONFIGS

    rows = []
    full = _multiply_adds(CONFIGS["vgg19"])
    for name, config in CONFIGS.items():
        cost = _multiply_adds(config)
        times = "1" if cost == full else f"1/{full / cost:.1f}"
        seen = f"{_field_of_view(config)} px"
        rows.append((f"`{name}`", f"{_parameters(config):,}", f"{cost:,.0f}", times, seen))
    heads = ("Network", "Parameters", "Multiply-adds per pixel", "Of VGG-19", "`relu5_1` sees")
    return _table(heads, rows)


def _multiply_adds(config: VggConfig) -> float:
    """Count multiply-adds per picture pixel of the layers of the losses, relu1_1 to relu5_1."""
    cost, channels = 0.0, 3
    for block, i in _convolutions(config):
        name, width, share = f"relu{block}_{i}", config.widths[block - 1], 0.25 ** (block - 1)
        cost += 9 * channels * width * share
        if name in config.embed:
            stem = config.embed_stem and name == "relu1_1"
            cost += (27 if stem else width) * config.embed[name] * share
        channels = width
    return cost + (9 if config.colour_matrix else 0)


def _field_of_view(config: VggConfig) -> int:
    """Return the side in pixels of the square that a relu5_1 feature is computed from."""
    side, stride = 1, 1
    for block, i in _convolutions(config):
        if i == 1 and block > 1:
            side, stride = side + stride, 2 * stride
        side += 2 * stride
    return side


def _convolutions(config: VggConfig) -> Iterable[tuple[int, int]]:
    # of the last block as far as what goes by the name of relu5_1
    last = int(config.taps.get("relu5_1", "relu5_1").rpartition("_")[2])
    depths = (*config.depths[:4], last)
    return ((block, i) for block, depth in enumerate(depths, 1) for i in range(1, depth + 1))


def _parameters(config: VggConfig) -> int:
    import torch

    from impasto.backbones.vgg import Vgg

    with torch.device("meta"):
        return sum(p.numel() for p in Vgg(config).parameters())


def _declared(kind: type, skip: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Return the options of a class, without those that `skip` has by the same default."""
    from impasto.options import declarations

    groups: dict[str, list[tuple[str, ...]]] = {}
    for name, (field, declared) in declarations(kind).items():
        if name in skip and skip[name] == field.default:
            continue
        default = "" if field.default is None else f"`{field.default}`"
        flag = f"`--{name.replace('_', '-')}`"
        if field.type == "bool":
            flag += f", `--no-{name.replace('_', '-')}`"
        row = (flag, default, _values(field, declared), declared.help)
        groups.setdefault(declared.group, []).append(row)
    heads = ("Option", "Default", "Values", "Meaning")
    if len(groups) == 1:
        return _table(heads, next(iter(groups.values())))
    return "\n\n".join(f"**{name}**\n\n{_table(heads, rows)}" for name, rows in groups.items())


def _values(field: dataclasses.Field[Any], declared: Declaration) -> str:
    from impasto.options import limits_text

    if declared.choices is not None:
        return ", ".join(f"`{choice}`" for choice in declared.choices)
    kind = _TYPES[str(field.type).removesuffix(" | None")]
    limits = limits_text(declared)
    return f"{kind}, {limits}" if limits else kind


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


TABLES: Mapping[str, Callable[[], str]] = {
    "options": options_table,
    "presets": presets_table,
    "losses": losses_table,
    "realtime": realtime_table,
    "photoreal": photoreal_table,
    "film": film_table,
    "server": server_table,
    "tune": tune_table,
    "qualities": qualities_table,
    "styles": styles_table,
    "weights": weights_table,
    "downloads": downloads_table,
    "networks": networks_table,
    "training": training_table,
    "training-realtime": realtime_training_table,
    "training-style": style_training_table,
    "training-gan": gan_training_table,
    "metrics": metrics_table,
    "film-metrics": film_metrics_table,
    "temporal": temporal_table,
    "explain": explain_table,
}
