"""Networks of the user's own: one file each, which any engine paints with and any check trusts."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import impasto
from impasto.errors import ImageError, OptionError, WeightsError
from impasto.images import save_picture
from impasto.methods.realtime.model import RealtimeModel
from impasto.methods.realtime.network_file import NetworkFile, read_network
from impasto.methods.realtime.options import RealtimeOptions
from impasto.methods.realtime.painting import Painter
from impasto.methods.realtime.residual import Residual, ResidualConfig
from impasto.methods.realtime.residual_painting import ResidualModel, ResidualPainter
from impasto.methods.realtime.stylizer import prepare
from tests.methods.realtime.networks import CONFIGS, random_network, written

Array = NDArray[np.float32]
LEVEL = 1 / 255


@pytest.fixture(scope="module", params=list(CONFIGS))
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / f"{request.param}.impasto"
    return written(path, random_network(request.param))


@pytest.fixture(scope="module")
def unet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("one") / "mine.impasto", random_network("unet", 1))


def options(**rest: Any) -> RealtimeOptions:
    return RealtimeOptions(**{"precision": "float32", "threads": 1} | rest)


def test_what_is_written_is_what_is_read(file: Path) -> None:
    network = read_network(file)
    expected = random_network(file.stem).state_dict()
    found = network.network().state_dict()
    assert set(found) == set(expected)
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    assert network.names == ["s0", "s1"]
    with zipfile.ZipFile(file) as archive:
        assert archive.read("README.md") == b"A test."


def test_equal_networks_are_equal_files(tmp_path: Path) -> None:
    first, second = (written(tmp_path / n, random_network("unet")) for n in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("shape", [(75, 113), (131, 66)])
def test_engines_agree(file: Path, draw: Any, name: str, shape: tuple[int, int]) -> None:
    if name == "onnxruntime":
        pytest.importorskip("onnxruntime")
    code = read_network(file).style("s1")
    painted = [
        prepare([code], (1.0,), options(engine=engine))(draw(*shape)) for engine in ("torch", name)
    ]
    assert painted[0].shape == (*shape, 3)
    assert np.abs(painted[0] - painted[1]).max() < LEVEL


def test_what_is_trained_is_what_paints(file: Path, draw: Any) -> None:
    content = draw(96, 128)
    network = read_network(file).network()
    images = torch.from_numpy(content).permute(2, 0, 1)[None]
    with torch.no_grad():
        painted = network.paint(images, torch.tensor([2]), torch.zeros(1, 12))
    code = read_network(file).style("s1")
    found = prepare([code], (1.0,), options(engine="torch", grain=0.0))(content)
    assert np.abs(found - painted[0].permute(1, 2, 0).numpy().clip(0, 1)).max() < LEVEL


def test_strength_tends_to_the_networks_own_identity(file: Path, draw: Any) -> None:
    content, code = draw(64, 96), read_network(file).style("s0")
    half, none = (
        prepare([code], (1.0,), options(engine="torch", strength=s))(content) for s in (0.5, 0.0)
    )
    assert np.array_equal(none, content)
    model = read_network(file).model()
    assert model.identity is not None
    assert np.array_equal(model.identity, read_network(file).tensors["table"][0])
    assert np.abs(half - content).max() > LEVEL


def test_styles_of_one_network_are_blended_inside_it(unet: Path, file: Path, draw: Any) -> None:
    network = read_network(file)
    first, second = network.style("s0"), network.style("s1")
    content = draw(64, 96)
    painted = [
        prepare([first, second], blend, options(engine="torch"))(content)
        for blend in ((1.0, 0.0), (0.5, 0.5), (0.0, 1.0))
    ]
    alone = prepare([first], (1.0,), options(engine="torch"))(content)
    assert np.abs(painted[0] - alone).max() < LEVEL
    pixels = (painted[0] + painted[2]) / 2
    assert np.abs(painted[1] - pixels).max() > LEVEL


@pytest.mark.parametrize("tile", [64, 160])
def test_tiles_agree_with_the_whole(unet: Path, draw: Any, tile: int) -> None:
    content = draw(330, 270)
    stylizer = prepare([read_network(unet).style()], (1.0,), options(engine="torch"))
    assert isinstance(stylizer.model, RealtimeModel)
    painter = Painter(stylizer.model, stylizer.engine, tile)
    tiles = painter(content, stylizer._regions(content, np.asarray(1.0), None))
    assert np.abs(tiles - stylizer(content)).max() < LEVEL


@pytest.mark.parametrize("name", ["residual", "mobile", "paper"])
@pytest.mark.parametrize("tile", [96, 208])
def test_residual_tiles_agree_with_the_whole(
    tmp_path: Path, draw: Any, monkeypatch: pytest.MonkeyPatch, name: str, tile: int
) -> None:
    monkeypatch.setattr("impasto.methods.realtime.residual_painting.LARGEST", 100 * 100)
    code = read_network(written(tmp_path / "x.impasto", random_network(name))).style("s1")
    content = draw(330, 270)
    stylizer = prepare([code], (1.0,), options(engine="torch"))
    assert isinstance(stylizer.model, ResidualModel)
    regions = stylizer._regions(content, np.asarray(1.0), None)
    whole, tiles = (
        ResidualPainter(stylizer.model, stylizer.engine, side)(content, regions)
        for side in (4096, tile)
    )
    assert np.abs(whole - tiles).max() < 0.1 * LEVEL


@pytest.mark.parametrize("name", ["residual", "mobile", "paper"])
def test_a_residual_network_sees_no_further_than_its_halo(name: str) -> None:
    network = random_network(name)
    assert isinstance(network, Residual)
    config: ResidualConfig = network.config
    side = 2 * config.halo() + 64
    x = torch.rand(1, 3, side, side, requires_grad=True)
    squares = torch.nn.functional.pixel_unshuffle(x, config.square)
    painted = network.body(squares, network.table[1:2], lambda number, y: y)
    picture = torch.nn.functional.pixel_shuffle(painted, config.square)
    middle = slice(side // 2, side // 2 + 16)
    picture[:, :, middle, middle].sum().backward()
    assert x.grad is not None
    seen = x.grad.abs().sum((0, 1)).nonzero()
    assert side // 2 - seen.min() <= config.halo()
    assert seen.max() - (side // 2 + 16) <= config.halo()
    assert side // 2 - seen.min() > config.halo() - 64


def test_a_residual_network_has_no_places(tmp_path: Path, draw: Any) -> None:
    code = read_network(written(tmp_path / "x.impasto", random_network("residual"))).style("s1")
    with pytest.raises(OptionError, match="local: a residual network"):
        prepare([code], (1.0,), options(engine="torch", local=0.3))


def test_a_network_is_a_style_like_any_other(unet: Path, tmp_path: Path, draw: Any) -> None:
    picture = save_picture(tmp_path / "content.png", draw(64, 96))
    result = impasto.stylize(picture, style=unet)
    assert result.recipe.styles[0].name == "mine"
    path = impasto.save(tmp_path / "out.png", result)
    assert np.array_equal(impasto.again(path, folders=[unet.parent]).image, result.image)


def test_styles_of_several_networks_are_mixed(unet: Path, draw: Any) -> None:
    content = draw(64, 96)
    only = [impasto.stylize(content, style=s, precision="float32").image for s in (unet, "ink")]
    both = impasto.stylize(content, style=[unet, "ink"], blend=[1, 3], precision="float32")
    assert np.abs(both.image - (0.25 * only[0] + 0.75 * only[1])).max() < LEVEL
    assert "+" in both.recipe.made_with["weights_sha256"]


def test_masks_place_styles_of_several_networks(unet: Path, draw: Any) -> None:
    content = draw(64, 96)
    left = np.zeros((64, 96), np.float32)
    left[:, :48] = 1
    only = [impasto.stylize(content, style=s, precision="float32").image for s in (unet, "ink")]
    both = impasto.stylize(
        content, style=[unet, "ink"], masks=[left, 1 - left], precision="float32"
    ).image
    assert np.abs(both[:, :48] - only[0][:, :48]).max() < LEVEL
    assert np.abs(both[:, 48:] - only[1][:, 48:]).max() < LEVEL
    with pytest.raises(OptionError, match="1 masks for 2 styles"):
        impasto.stylize(content, style=[unet, "ink"], masks=[left])
    with pytest.raises(ImageError, match="needs the content's proportions"):
        impasto.stylize(content, style=[unet, "ink"], masks=[left[:, :32], left[:, :32]])


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("two.impasto", "has 2 styles, add #name: s0, s1"),
        ("two.impasto#s3", "choose one of s0, s1"),
    ],
)
def test_a_style_of_several_is_named(tmp_path: Path, draw: Any, style: str, message: str) -> None:
    written(tmp_path / "two.impasto", random_network("unet"))
    with pytest.raises(OptionError, match=message):
        impasto.stylize(draw(), style=str(tmp_path / style))
    assert impasto.stylize(draw(), str(tmp_path / "two.impasto#s1")).image.shape == draw().shape


def _shortened(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-400])


def _changed(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["content.onnx"] = members["content.onnx"][:-1] + b"x"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _other_format(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("about.json", json.dumps({"format": "other-1"}))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _saying(**changes: Any) -> Callable[[Path], None]:
    """Return what makes a file say something else of itself; None leaves it out."""

    def damage(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        about = json.loads(members["about.json"]) | changes
        about = {name: value for name, value in about.items() if value is not None}
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in (members | {"about.json": json.dumps(about).encode()}).items():
                archive.writestr(name, data)

    return damage


def _more(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.bin", b"nobody vouches for this")


def _bad_method(path: Path) -> None:
    data = path.read_bytes()
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = data.index(mark)
        data = data[: start + at] + b"\x63\x00" + data[start + at + 2 :]
    path.write_bytes(data)


def _bad_stream(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[60:90] = b"\xff" * 30
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_shortened, "no whole network file"),
        (_changed, "content.onnx does not match its SHA-256"),
        (_other_format, "'other-1', expected impasto-network-1"),
        (_empty, "no whole network file"),
        (Path.unlink, "cannot be read"),
        (_more, "no whole network file"),
        (_bad_method, "no whole network file"),
        (_bad_stream, "no whole network file"),
        (_saying(arch="transformer"), "architecture 'transformer' is none that is known"),
        (_saying(arch=None), "no whole network file"),
        (_saying(format=None), "no whole network file"),
        (_saying(styles=[]), "no whole network file"),
        (_saying(styles=["s0"]), "no whole network file"),
        (_saying(styles=[{"name": 1, "source": "", "license": ""}]), "is no text"),
        (_saying(sha256={}), "no whole network file"),
        (_saying(arch="realtime"), "no whole network file"),
    ],
)
def test_damaged_files_are_told(
    tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    path = written(tmp_path / "mine.impasto", random_network("unet", 1))
    assert isinstance(read_network(path), NetworkFile)
    damage(path)
    with pytest.raises(WeightsError, match=message):
        read_network(path)


@pytest.mark.parametrize("config", [{"fine": 8}, {"other": 1}, {"fine": "x"}, [], None])
def test_a_file_whose_parts_do_not_fit_is_told(tmp_path: Path, config: Any) -> None:
    path = written(tmp_path / "mine.impasto", random_network("unet", 1), config=config)
    file = read_network(path)
    with pytest.raises(WeightsError, match="mine.impasto"):
        file.network()


def test_a_folder_may_have_any_name(tmp_path: Path, draw: Any) -> None:
    (tmp_path / "no #1").mkdir()
    path = written(tmp_path / "no #1" / "mine.impasto", random_network("unet"))
    assert impasto.stylize(draw(), f"{path}#s1").recipe.styles[0].name == "mine#s1"
    one = written(tmp_path / "no #1" / "one.impasto", random_network("unet", 1))
    assert impasto.stylize(draw(), str(one)).recipe.styles[0].name == "one"


def test_one_network_by_two_paths_is_one(
    unet: Path, monkeypatch: pytest.MonkeyPatch, draw: Any
) -> None:
    monkeypatch.chdir(unet.parent)
    result = impasto.stylize(draw(), style=[unet, unet.name])
    assert "+" not in result.recipe.made_with["weights_sha256"]


def test_several_networks_have_one_precision(unet: Path, tmp_path: Path, draw: Any) -> None:
    content = save_picture(tmp_path / "content.png", draw(64, 96))
    result = impasto.stylize(content, style=[unet, "ink"])  # of which one has a graph in bytes
    assert result.recipe.options["precision"] in ("float32", "bfloat16")
    path = impasto.save(tmp_path / "out.png", result)
    assert np.array_equal(impasto.again(path, folders=[unet.parent]).image, result.image)


def test_a_network_has_no_graph_in_bytes(unet: Path, draw: Any) -> None:
    with pytest.raises(OptionError, match="int8: this network has no graph"):
        impasto.stylize(draw(), unet, precision="int8")
