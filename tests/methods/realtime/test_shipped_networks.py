"""Networks of single paintings that ship: small, with their sources, and they paint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impasto
from impasto.images import save_picture
from impasto.methods.realtime.catalog import shipped_networks
from impasto.methods.realtime.codes import shipped_codes
from impasto.methods.realtime.model import DATA
from impasto.methods.realtime.network_file import read_network

NAMES = list(shipped_networks())
MEGABYTE = 2**20


def test_there_are_some_beside_the_presets() -> None:
    assert len(NAMES) >= 2
    assert not set(NAMES) & set(shipped_codes())


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_is(name: str) -> None:
    path = shipped_networks()[name]
    assert path.stat().st_size <= MEGABYTE
    network = read_network(path)
    assert network.names == [name]
    (style,) = network.about["styles"]
    assert style["source"]
    assert style["license"] == "public domain"
    card = network.members["README.md"].decode()
    assert style["source"] in card
    assert "PACS" in card
    assert f"--style {name}\n" in card
    assert '"/' not in json.dumps(dict(network.about))  # no path of whoever trained it
    assert network.members["preview.jpg"]


@pytest.mark.parametrize("name", NAMES)
def test_each_paints_in_colours_of_its_own(name: str, draw: Any, tmp_path: Path) -> None:
    content = save_picture(tmp_path / "content.png", draw(120, 160))
    result = impasto.stylize(content, style=name)
    image = result.image
    assert 0.1 < image.mean() < 0.9
    assert image.std() > 0.08
    assert np.abs(image - draw(120, 160)).mean() > 0.05
    out = impasto.save(tmp_path / "out.png", result)
    assert np.array_equal(impasto.again(out).image, image)


def test_no_graph_says_where_it_was_made() -> None:
    graphs = [path.read_bytes() for path in DATA.glob("*.onnx")]
    graphs += [read_network(path).members["content.onnx"] for path in shipped_networks().values()]
    assert len(graphs) >= 4
    assert not any(b"stack_trace" in graph or b".py" in graph for graph in graphs)
