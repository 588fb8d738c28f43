"""Run what the docs show: Python blocks, and the `$ impasto ...` lines of console blocks.

Each page runs from top to bottom in a temporary folder of its own that holds small pictures
`photo.jpg`, `painting.jpg` and `other.jpg`, and a film, `clip.mp4`; its Python blocks share one
namespace. A line of console output that begins with `impasto: ` must be printed, and is the only
way to show a command that fails. There are no downloads. Blocks of any other kind are text.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import tempfile
import textwrap
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

# what the pages call the pictures -> (drawing, height); small, so that all runs are short
PICTURES = {"photo.jpg": ("watercolor", 48), "painting.jpg": ("seigaiha", 64),
            "other.jpg": ("mosaic", 64)}  # fmt: skip
_BLOCK = re.compile(r"^( *)```(python|console)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_EXPECTED = "impasto: "


@dataclass(frozen=True)
class Block:
    """Hold one block: its language, its text, and the line of the page where the text begins."""

    language: str
    text: str
    line: int


def run_pages(pages: Sequence[Path], root: Path) -> list[str]:
    """Run all blocks of the pages; return what failed, one line each.

    Python blocks are compiled in any case. Without the shipped weights nothing is run.
    """
    found = {page.relative_to(root): list(blocks(page.read_text("utf-8"))) for page in pages}
    found = {page: parts for page, parts in found.items() if parts}
    problems = [p for page, parts in found.items() for p in _compile_problems(page, parts)]
    if problems:
        return problems
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name, _surroundings(Path(name)):
        missing = _missing_weights()
        if missing:
            print(f"docs: the examples were NOT run: {missing}")
            return []
        _draw_pictures(Path(name) / "pictures")
        for page, parts in found.items():
            problems += _run_page(page, parts, Path(name))
    count, seconds = sum(map(len, found.values())), time.monotonic() - started
    print(f"docs: {count} examples of {len(found)} pages were run in {seconds:.0f} s")
    return problems


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a page that can be run, in order."""
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start(3)) + 1
        yield Block(match[2], textwrap.dedent(match[3]), line)


def commands(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Yield (line, command, lines of output shown) for each `$ ` line of a console block.

    A line that ends with a backslash goes on in the next.
    """
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        parts, last = [lines[start][2:]], start
        while parts[-1].endswith("\\") and last + 1 < end:
            last += 1
            parts.append(lines[last])
        command = " ".join(part.removesuffix("\\").strip() for part in parts)
        yield start, command, lines[last + 1 : end]


def _compile_problems(page: Path, parts: Sequence[Block]) -> Iterator[str]:
    for block in parts:
        if block.language == "python":
            try:
                compile(block.text, str(page), "exec")
            except SyntaxError as error:
                yield f"{page}:{block.line + (error.lineno or 1) - 1}: {error.msg}"


def _run_page(page: Path, parts: Sequence[Block], folder: Path) -> Iterator[str]:
    here = folder / str(page).replace(os.sep, "-")
    shutil.copytree(folder / "pictures", here)
    namespace: dict[str, Any] = {"__name__": "docs"}
    with chdir(here):
        for block in parts:
            if block.language == "python":
                problems = _run_python(page, block, namespace)
            else:
                problems = list(_run_console(page, block))
            yield from problems
            if problems:
                # what follows may build on it
                return


def _run_python(page: Path, block: Block, namespace: dict[str, Any]) -> list[str]:
    code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            exec(code, namespace)
    except Exception as error:  # the page's code may raise anything
        own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(page)]
        line = own[-1].lineno if own else block.line
        return [f"{page}:{line}: {type(error).__name__}: {error}"]
    return []


def _run_console(page: Path, block: Block) -> Iterator[str]:
    for number, command, shown in commands(block.text):
        if not command.startswith("impasto "):
            continue
        where = f"{page}:{block.line + number}: $ {command}"
        status, output = _impasto(shlex.split(command)[1:])
        expected = [line for line in shown if line.startswith(_EXPECTED)]
        for line in expected:
            if line not in output:
                yield f"{where}: did not print {line!r} but {output[-400:]!r}"
        if status != 0 and not expected:
            yield f"{where}: exit status {status}: {output[-400:]!r}"


def _impasto(arguments: list[str]) -> tuple[int, str]:
    from impasto.cli.main import main

    printed = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(printed), redirect_stderr(printed):
        try:
            main(arguments)
        except SystemExit as end:
            return int(end.code or 0), printed.getvalue()
    return 0, printed.getvalue()


def _missing_weights() -> str:
    from impasto.errors import WeightsError
    from impasto.weights import find_weights

    try:
        find_weights("compact")
    except WeightsError as error:
        return str(error)
    return ""


def _draw_pictures(folder: Path) -> None:
    from impasto.drawn import draw
    from impasto.images import save_picture

    folder.mkdir()
    for name, (drawing, height) in PICTURES.items():
        save_picture(folder / name, draw(drawing, size=64)[:height])
    _film(folder / "clip.mp4", draw("watercolor", size=64)[:48])


def _film(path: Path, picture: Any) -> None:
    """Write a film of six frames in which a picture moves."""
    import numpy as np

    from impasto.video import Frame, write_frames

    step = Fraction(1, 25)
    write_frames(path, (Frame(np.roll(picture, i, 1), i * step, step, i) for i in range(6)))


@contextmanager
def _surroundings(folder: Path) -> Iterator[None]:
    """Keep examples off the network and out of the user's own folders."""
    before = dict(os.environ)
    own = {"XDG_DATA_HOME": str(folder / "data"), "IMPASTO_CONFIG": str(folder / "config")}
    os.environ.update({"IMPASTO_OFFLINE": "1", **own})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
