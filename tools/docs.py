"""Keep README and docs true: renew their tables, run their examples, follow their links.

python -m tools.docs            renew the tables
python -m tools.docs --check    change nothing; exit 1 and say where something is wrong
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.doc_blocks import run_pages
from tools.doc_tables import renewed

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(\s*([^)\s]+)[^)]*\)|(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, find what is wrong")
    check = parser.parse_args(arguments).check
    pages = find_pages(ROOT)
    problems = list(table_problems(pages, write=not check))
    if check:
        problems += [problem for page in pages for problem in link_problems(page)]
        problems += run_pages(pages, ROOT)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def find_pages(root: Path) -> list[Path]:
    """Return all pages: those of the root, then docs/."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def table_problems(pages: list[Path], *, write: bool) -> Iterator[str]:
    """Renew the tables between markers, or only compare them; yield what is wrong."""
    for page in pages:
        shown = page.relative_to(ROOT)
        before = page.read_text(encoding="utf-8")
        try:
            after = renewed(before)
        except ValueError as error:
            yield f"{shown}: {error}"
            continue
        if after == before:
            continue
        if write:
            page.write_text(after, encoding="utf-8")
            print(f"{shown}: tables renewed")
        else:
            yield f"{shown}: a table is out of date; run `make format`"


def link_problems(page: Path) -> Iterator[str]:
    """Yield the page's links to files and headings that are not there."""
    text = _prose(page)
    for match in _LINK.finditer(text):
        link = match[1] or match[2]
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        where = f"{page.relative_to(ROOT)}: link to {link}"
        if not target.exists():
            yield f"{where}: no such file"
        elif anchor and target.suffix == ".md" and anchor not in _anchors(target):
            yield f"{where}: no such heading"


def _prose(page: Path) -> str:
    return _CODE.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))


def _anchors(page: Path) -> set[str]:
    """Return the names that headings get: lower case, without punctuation, with hyphens."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = [heading.replace("`", "").lower() for heading in _HEADING.findall(text)]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())
