"""A server under load: seconds of requests, pictures a second beside the library's own, memory.

    python -m benchmarks.server

64 clients send 2,000 photos of mixed sizes, as JPEG files, and take JPEG files; the server, its
processes and the clients share the cores. Before and after it `impasto.stylize_many` paints the
same files on the same cores: that is the limit, as it needs no clients.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.machine import save
from benchmarks.pictures import photo
from impasto.images import save_picture

SIZES = ((320, 240), (480, 640), (512, 512), (640, 480), (768, 512), (1024, 768))
STYLES = ("starry-night", "ink")
_LIMIT = 240  # pictures by which the limit is measured, each time
_WARM = 48


def library(folder: Path, number: int) -> float:
    """Return pictures a second of the library itself, in a process of its own."""
    code = (
        "import sys, tempfile, time, impasto; from pathlib import Path\n"
        "files = sorted(Path(sys.argv[1]).glob('*.jpg')); n = int(sys.argv[2])\n"
        "files = [files[i % len(files)] for i in range(n)]\n"
        "with tempfile.TemporaryDirectory() as out:\n"
        "    links = [Path(out) / f'{i:04d}.jpg' for i in range(n)]\n"
        "    [link.symlink_to(file) for link, file in zip(links, files)]\n"
        "    warm = Path(out) / 'warm'\n"
        "    impasto.stylize_many(links[:48], ['ink'], warm)\n"
        "    began = time.perf_counter()\n"
        "    done = impasto.stylize_many(links[::2], ['starry-night'], Path(out) / 'a')\n"
        "    done += impasto.stylize_many(links[1::2], ['ink'], Path(out) / 'b')\n"
        "    took = time.perf_counter() - began\n"
        "assert not any(outcome.error for outcome in done)\n"
        "print(len(done) / took)"
    )
    command = [sys.executable, "-c", code, str(folder), str(number)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@contextmanager
def served(data: Path) -> Iterator[tuple[int, int]]:
    """Start a server; give its port and its process's number."""
    command = [sys.executable, "-m", "impasto", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            yield int(line.partition("127.0.0.1:")[2].partition("/")[0]), process.pid
        finally:
            process.terminate()


def body_of(data: bytes, style: str) -> bytes:
    """Return a form with a photo and a style's name."""
    asked = json.dumps({"output": {"format": "jpeg"}})
    fields = {"style_name": style, "request": asked}
    text = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head = '--b\r\nContent-Disposition: form-data; name="content"; filename="photo.jpg"\r\n\r\n'
    return text.encode() + head.encode() + data + b"\r\n--b--\r\n"


def ask(port: int, bodies: list[bytes], clients: int, requests: int, pid: int) -> dict[str, Any]:
    """Send requests from so many clients; return what they took, and the memory by then."""
    numbers, seconds, memory = count(), list[float](), list[float]()

    def client(_: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        head = {"Content-Type": "multipart/form-data; boundary=b"}
        while (number := next(numbers)) < requests:
            began = time.perf_counter()
            connection.request("POST", "/v1/stylize", bodies[number % len(bodies)], head)
            answer = connection.getresponse()
            got = answer.read()
            assert answer.status == 200, got[:300]
            seconds.append(time.perf_counter() - began)
            if number % 200 == 0:
                memory.append(resident(pid))
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    took = time.perf_counter() - began
    cuts = [round(cut, 3) for cut in statistics.quantiles(seconds, n=100)]
    return {
        "requests": len(seconds),
        "clients": clients,
        "pictures_per_second": round(len(seconds) / took, 3),
        "seconds": {
            "p50": cuts[49],
            "p95": cuts[94],
            "p99": cuts[98],
            "most": round(max(seconds), 3),
        },
        "memory_mb": [round(each) for each in memory],
    }


def resident(pid: int) -> float:
    """Return the memory that a process and its children hold, in MB."""
    family, total = {pid}, 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            family.add(int(entry.name))
    for one in family:
        try:
            pages = int(Path(f"/proc/{one}/statm").read_text().split()[1])
        except OSError:
            continue
        total += pages * os.sysconf("SC_PAGE_SIZE")
    return total / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--no-save", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        photos = Path(folder) / "photos"
        photos.mkdir()
        for number, (width, height) in enumerate(SIZES):
            save_picture(photos / f"photo-{number}.jpg", photo(width, height))
        data = [path.read_bytes() for path in sorted(photos.glob("*.jpg"))]
        bodies = [body_of(one, style) for style in STYLES for one in data]
        limits = [library(photos, _LIMIT)]
        print("library", limits, flush=True)
        with served(Path(folder) / "data") as (port, pid):
            alone = ask(port, bodies, 1, _WARM, pid)
            ask(port, bodies, given.clients, 2 * _WARM, pid)
            found = ask(port, bodies, given.clients, given.requests, pid)
        print(json.dumps(found), flush=True)
        limits.append(library(photos, _LIMIT))
        print("library", limits, flush=True)
    found["one_client_seconds"] = alone["seconds"]
    found["library_pictures_per_second"] = [round(limit, 3) for limit in limits]
    found["share_of_the_library"] = round(found["pictures_per_second"] / statistics.mean(limits), 3)
    print(json.dumps(found))
    if not given.no_save:
        save("server", "python -m benchmarks.server", found)


if __name__ == "__main__":
    main()
