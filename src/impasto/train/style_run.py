"""Trainings of networks of one's own, by their kinds: from pictures to a network file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.backbones import load_backbone
from impasto.errors import OptionError
from impasto.images import load_picture
from impasto.methods.realtime.export import check_export
from impasto.methods.realtime.model import WEIGHTS, checked
from impasto.methods.realtime.network import Realtime
from impasto.methods.realtime.network_file import SUFFIX, read_network
from impasto.methods.realtime.style_networks import AnyNetwork, StyleNetwork, make_table
from impasto.methods.realtime.weights import load_realtime
from impasto.options import declarations, suggest
from impasto.styles import sample_of
from impasto.train import processes
from impasto.train.begin import begin, begin_as_shipped
from impasto.train.data import Pictures
from impasto.train.gan import GanTask
from impasto.train.painting import PaintingTask
from impasto.train.realtime import RealtimeTask
from impasto.train.run import Array, Parts, Run, begun, tell_pictures, trained, write
from impasto.train.settings import (
    KINDS,
    GanTraining,
    PaintingTraining,
    RealtimeTraining,
    StyleTraining,
)
from impasto.train.style import StyleTask, as_seen
from impasto.weights import weights_sha256

Styles = list[dict[str, str]]
NOTHING = Path("none")  # as `init`: begin from random numbers
_KEPT = 64  # styles of a folder whose codes are kept
_LOOKED_AT = 16  # pictures of a collection that its style begins as


def train_style(
    styles: Sequence[Path], run: Run, config: PaintingTraining, kind: str | None = None
) -> Path:
    """Train a network of a kind of `KINDS` on styles, and return the path of its file.

    For "gan" and "arbitrary" there is one, a folder or tar file of pictures. Without a kind it is
    that of the network that gets more styles, or "unet".

    Raises:
        OptionError: a setting does not fit, or the folder's run has others.
        ImageError: a style cannot be read, or there are no contents.
        WeightsError: weights are not to be had, or `init` does not fit.
        MissingExtraError: what writes ONNX is not installed.
    """
    check_export()
    kind = _checked(kind, run, config)
    if processes.rank() > 0:
        run = replace(run, note=lambda line: None)
    if kind == "arbitrary":
        assert isinstance(config, RealtimeTraining)
        return _train_arbitrary(_collection(styles, run, kind), styles[0], run, config)
    if kind == "gan":
        assert isinstance(config, GanTraining)
        return _train_collection(_collection(styles, run, kind), styles[0], run, config)
    assert isinstance(config, StyleTraining)
    pictures = [load_picture(path) for path in styles]
    seen = [sample_of(picture).pixels for picture in pictures]
    shown = [[as_seen(style, config.style_size)] for style in seen]
    network, known, start = _start(run, config, kind, shown)

    def task_of(parts: Parts, chosen: StyleTraining) -> PaintingTask:
        return StyleTask(network, parts.judge, parts.contents, seen, chosen, parts.device)

    names = _names(styles, [style["name"] for style in known])
    about = [{"name": n, "source": p.name} for n, p in zip(names, pictures, strict=True)]
    origin = {"kind": kind, "styles": [picture.sha256 for picture in pictures], **start}
    return write(run.out, trained(run, config, origin, task_of), known + about)


def _checked(kind: str | None, run: Run, config: PaintingTraining) -> str:
    """Return the kind that is trained.

    Raises:
        OptionError: it is none, or it does not go with the rest.
    """
    own = "unet" if run.add is None else str(read_network(run.add).about["arch"])
    if own == "realtime":
        raise OptionError(f"{run.add}: of kind arbitrary, which has no table to add styles to")
    kind = kind or own
    if kind not in KINDS:
        raise OptionError(f"kind {kind!r}: {suggest(kind, KINDS)}")
    if run.add is not None:
        if kind != own:
            raise OptionError(f"kind {kind}: styles are added to {run.add}, a {own}")
        if run.init is not None:
            raise OptionError("init: styles that are added begin from the network that gets them")
        for name, (field, declared) in declarations(type(config)).items():
            fixed = declared.group == "Network" or name == "weight_decay"
            if fixed and getattr(config, name) != field.default:
                raise OptionError(f"{name}: styles are added to a network as it is; leave it out")
    KINDS[kind].check(config, kind)
    return kind


def _collection(styles: Sequence[Path], run: Run, kind: str) -> Pictures:
    if len(styles) != 1:
        raise OptionError(f"kind {kind}: {len(styles)} collections, expected one folder")
    collection = Pictures(styles[0], held_out=0.0 if kind == "gan" else 0.05)
    tell_pictures(run, collection, styles[0])
    return collection


def _train_collection(collection: Pictures, root: Path, run: Run, config: GanTraining) -> Path:
    some = collection.crops(np.random.default_rng(config.seed), _LOOKED_AT, config.size)
    network, known, start = _start(run, config, config.generator, [[crop[None] for crop in some]])

    def task_of(parts: Parts, chosen: GanTraining) -> PaintingTask:
        return GanTask(network, parts.judge, parts.contents, collection, chosen, parts.device)

    about = {"name": _name(root), "source": f"{len(collection.train)} pictures"}
    origin = {"kind": "gan", "styles": collection.digest, **start}
    return write(run.out, trained(run, config, origin, task_of), [*known, about])


def _train_arbitrary(collection: Pictures, root: Path, run: Run, config: RealtimeTraining) -> Path:
    """Train the real-time network on a folder of styles, from the shipped weights or anew."""
    network, init = _realtime(collection, run, config)

    def task_of(parts: Parts, chosen: RealtimeTraining) -> PaintingTask:
        known = parts.judge, parts.contents, collection
        return RealtimeTask(network, *known, chosen, parts.device)

    origin = {"kind": "arbitrary", "init": init, "styles": collection.digest}
    done = trained(run, config, origin, task_of)
    shown = collection.train[:_KEPT]
    about = [{"name": f"{_name(root)}-{i}", "source": root.name} for i in range(1, 1 + len(shown))]

    @torch.no_grad()
    def codes(network: AnyNetwork) -> Array:
        assert isinstance(network, Realtime)
        place = network.heads.weight.device
        images = (torch.from_numpy(p / np.float32(255)).permute(2, 0, 1)[None] for p in shown)
        return torch.cat([network.style(image.to(place)) for image in images]).cpu().numpy()

    return write(run.out, done, about, codes)


def _realtime(collection: Pictures, run: Run, config: RealtimeTraining) -> tuple[Realtime, str]:
    """Return the network of any style as it begins, and the hash of where it is from."""
    if run.init == NOTHING:
        torch.manual_seed(config.seed)
        network = Realtime()
        begin(network, load_backbone("compact"), collection, config.seed)
        return network, ""
    start = run.init or checked(WEIGHTS)
    if start.suffix != SUFFIX:
        return load_realtime(start), weights_sha256(start)
    known = read_network(start).network()
    if not isinstance(known, Realtime):
        raise OptionError(f"{start}: has a table of styles, expected a network of kind arbitrary")
    return known, weights_sha256(start)


def _start(
    run: Run, config: StyleTraining, arch: str, styles: Sequence[Sequence[Tensor]]
) -> tuple[StyleNetwork, Styles, dict[str, object]]:
    """Return the network as it begins, the styles that it has, and where it is from.

    Each style is some pictures (1, 3, H, W).
    """
    if run.add is not None:
        known = [dict(style) for style in read_network(run.add).about["styles"]]
        start = {"init": weights_sha256(run.add), "added": True}
        return _enlarged(run.add, len(styles)), known, start
    torch.manual_seed(config.seed)
    network, init = make_table(arch, config.shape(arch), len(styles)), ""
    if run.init is None:
        if begin_as_shipped(network, styles):
            if begun(run.out) is None:
                run.note("beginning from the shipped real-time network")
            init = weights_sha256(checked(WEIGHTS))
    elif run.init != NOTHING:
        _begin_from(network, run.init, len(styles))
        init = weights_sha256(run.init)
    return network, [], {"init": init, "added": False}


def _begin_from(network: StyleNetwork, init: Path, count: int) -> None:
    """Give a network the weights of a file; every style begins as the mean of the file's."""
    known = _table(init)
    if known.config != network.config:
        raise OptionError(f"{init}: a network of {known.config}, expected {network.config}")
    state = known.state_dict()
    mean = state["table"][1:].mean(0, keepdim=True)
    state["table"] = torch.cat([state["table"][:1], mean.expand(count, -1)])
    network.load_state_dict(state | {"colors": network.colors})


def _table(path: Path) -> StyleNetwork:
    """Return the network of a file, which must have a table of styles."""
    network = read_network(path).network()
    if isinstance(network, Realtime):
        raise OptionError(f"{path}: a network of kind arbitrary has no table of styles")
    return network


def _enlarged(path: Path, count: int) -> StyleNetwork:
    """Return a file's network with room for `count` styles more, of which the rest is frozen.

    Dumoulin et al. 2017, section 3.2: a new style needs no more than its own gains and shifts.
    """
    file, known = read_network(path), _table(path)
    network = make_table(file.about["arch"], file.about["config"], len(file.names) + count)
    state = known.state_dict()
    mean = state["table"][1:].mean(0, keepdim=True)
    state["table"] = torch.cat([state["table"], mean.expand(count, -1)])
    state["colors"] = torch.cat([state["colors"], torch.zeros(count, state["colors"].shape[1])])
    network.load_state_dict(state)
    network.requires_grad_(False)
    rows = len(known.table)
    network.table.requires_grad_()
    network.table.register_hook(lambda gradient: _only_from(gradient, rows))  # type: ignore[no-untyped-call]
    return network


def _only_from(gradient: Tensor, row: int) -> Tensor:
    """Return a gradient with nothing in the rows before `row`."""
    return torch.cat([torch.zeros_like(gradient[:row]), gradient[row:]])


def _name(path: Path) -> str:
    """Return a style's name after its file or folder, without what parts it from a network's."""
    return path.resolve().stem.replace("#", "-")


def _names(styles: Sequence[Path], taken: Sequence[str]) -> list[str]:
    """Return a name for each style, after its file; those that are taken get a number."""
    names: list[str] = []
    for path in styles:
        name, number = _name(path), 1
        while name in names or name in taken:
            number += 1
            name = f"{_name(path)}-{number}"
        names.append(name)
    return names
