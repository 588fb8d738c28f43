"""Build the studio's page from its sources in web/, or compare it with them. Needs node and npm.

python -m tools.page            build src/impasto/studio/page
python -m tools.page --check    change nothing; exit 1 where it is not what its sources make
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "web"
PAGE = ROOT / "src" / "impasto" / "studio" / "page"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.page", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing, only compare")
    check = parser.parse_args(arguments).check
    if shutil.which("npm") is None:
        print("tools.page: there is no npm here, so the page was neither built nor checked")
        return 1 if os.environ.get("CI") or not check else 0
    try:
        return _check() if check else _build(PAGE)
    except subprocess.CalledProcessError as error:
        print(f"tools.page: {' '.join(error.cmd)} failed", file=sys.stderr)
        return 1


def _build(into: Path) -> int:
    """Install what the lock file names, where it is not yet, and build."""
    installed = SOURCES / "node_modules" / ".package-lock.json"
    lock = SOURCES / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    _npm("run", "build", "--", "--outDir", str(into), "--emptyOutDir", "--logLevel", "warn")
    return 0


def _check() -> int:
    with tempfile.TemporaryDirectory() as folder:
        _build(Path(folder))
        _npm("run", "check")
        differing = differences(PAGE, Path(folder))
    for line in differing:
        print(line, file=sys.stderr)
    if differing:
        print("the built page is not what web/ makes: run python -m tools.page", file=sys.stderr)
    return 1 if differing else 0


def differences(page: Path, built: Path) -> list[str]:
    """Return a line for each file that only one folder has, or that differs."""
    ours, theirs = _files(page), _files(built)
    lines = [f"missing: {name}" for name in sorted(theirs.keys() - ours.keys())]
    lines += [f"not from these sources: {name}" for name in sorted(ours.keys() - theirs.keys())]
    both = sorted(ours.keys() & theirs.keys())
    return lines + [f"differs: {name}" for name in both if ours[name] != theirs[name]]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _npm(*arguments: str) -> None:
    subprocess.run(["npm", *arguments], cwd=SOURCES, check=True)


if __name__ == "__main__":
    sys.exit(main())
