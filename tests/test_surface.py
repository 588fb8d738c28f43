"""The shape of the house: what is public, who imports whom, how long things are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import impasto
from impasto.cli.stylize import stylize
from impasto.methods.optimize import OptimizeOptions
from impasto.methods.photoreal.options import PhotorealOptions
from impasto.methods.realtime.options import RealtimeOptions
from impasto.options import declarations

SOURCE = Path(impasto.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {file.relative_to(SOURCE).as_posix(): ast.parse(file.read_text()) for file in FILES}

# A module may import what stands on a line above its own, and its own part.
LAYERS = (
    ("errors",),
    ("client",),
    ("images", "options"),
    ("names",),
    ("engine", "weights", "losses", "drawn"),
    ("backbones",),
    ("regions",),
    ("methods",),
    ("temporal",),
    ("recipe", "metrics", "regions"),
    ("styles",),
    ("masks", "explanation"),
    ("job",),
    ("workspace", "provenance"),
    ("output",),
    ("stream", "video"),
    ("film",),
    ("batch", "remake"),
    ("api",),
    ("train",),
    ("studio",),
    ("cli",),
)
RANKS = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
# the package itself, whose version anyone may ask for, and which gathers the interface
FACADES = ("__init__.py", "__main__.py")


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the parts of impasto that a module imports, wherever it does, but for its types."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[0] == "impasto" and parts[1:2] != ["__version__"]:
                yield parts[1]
        yield from imports(node)


def functions(tree: ast.AST, public: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Yield functions and classes, and whether all around them is public too."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            seen = public and not node.name.startswith("_")
            yield node, seen
            yield from functions(node, seen and isinstance(node, ast.ClassDef))
        else:
            yield from functions(node, public)


@pytest.mark.parametrize("name", [name for name in TREES if name not in FACADES])
def test_imports_point_down(name: str) -> None:
    part = name.split("/")[0].removesuffix(".py")
    assert part in RANKS, f"give {part} a place in LAYERS"
    for other in imports(TREES[name]):
        assert other == part or RANKS[other] < RANKS[part], f"{name} imports {other}"


@pytest.mark.parametrize("name", TREES)
def test_files_and_functions_are_short(name: str) -> None:
    assert len((SOURCE / name).read_text().splitlines()) <= 300
    for node, _ in functions(TREES[name]):
        if not isinstance(node, ast.ClassDef):
            length = node.end_lineno - node.lineno + 1  # type: ignore[attr-defined]
            assert length <= 50, f"{node.name} has {length} lines"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", TREES)
def test_all_that_is_public_is_described(name: str) -> None:
    if TREES[name].body:
        assert ast.get_docstring(TREES[name])
    for node, public in functions(TREES[name]):
        if public:
            assert ast.get_docstring(node), f"{node.name} in {name}"  # type: ignore[attr-defined, arg-type]


@pytest.mark.parametrize("name", impasto.__all__)
def test_the_interface_is_there(name: str) -> None:
    assert getattr(impasto, name).__doc__
    assert name in dir(impasto)


def test_what_is_not_there_is_an_attribute_error() -> None:
    missing: Any = impasto
    with pytest.raises(AttributeError, match="no attribute 'stilize'"):
        missing.stilize  # noqa: B018
    assert impasto.__version__


def packages() -> list[str]:
    return sorted(n.removesuffix("/__init__.py") for n in TREES if n.endswith("/__init__.py"))


@pytest.mark.parametrize("package", packages())
def test_every_packages_interface_is_there(package: str) -> None:
    from importlib import import_module

    module = import_module(f"impasto.{package.replace('/', '.')}")
    for name in getattr(module, "__all__", ()):
        assert getattr(module, name) is not None


# an option of several methods is described as the real-time network's, which is the default
OPTIONS = (
    declarations(OptimizeOptions) | declarations(PhotorealOptions) | declarations(RealtimeOptions)
)


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_has_a_flag(name: str) -> None:
    flags = {parameter.name: parameter for parameter in stylize.params}
    flag: Any = flags[name]
    declared = OPTIONS[name][1]
    assert flag.opts == [f"--{name.replace('_', '-')}"]
    assert flag.help.startswith(declared.help)
    assert flag.group == declared.group
    assert flag.default is None
    assert getattr(flag.type, "choices", None) in (None, declared.choices)
