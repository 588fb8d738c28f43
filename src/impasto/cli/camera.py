"""`impasto camera`: what a camera shows, painted as it shows it."""

from __future__ import annotations

import statistics
import webbrowser
from collections import deque
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import click

from impasto.cli.flags import GroupedCommand, flags_of, given
from impasto.cli.looks import EPILOG, blend_weights, guide_flags, method_flags, style_flags
from impasto.errors import OptionError
from impasto.film.options import TemporalOptions

_PAGE = b"""<!doctype html><meta charset="utf-8"><title>Impasto</title>
<style>body{margin:0;background:#111;display:grid;place-items:center;min-height:100vh}
img{max-width:100vw;max-height:100vh}</style>
<img src="/stream" alt="What the camera shows, painted">
"""
_HOSTS = ("127.0.0.1", "localhost")
_TOLD = 2.0  # seconds between two lines


@click.command(cls=GroupedCommand, epilog=EPILOG)
@click.argument("source", default="0")
@style_flags("blended")
@guide_flags(found=False)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, help="Port [default 8765].")
@click.option("--browser/--no-browser", default=True, help="Open a browser [default yes].")
@click.option("-q", "--quiet", is_flag=True, help="No figures.")
@flags_of(TemporalOptions)
@method_flags
def camera(source: str, styles: tuple[str, ...], **rest: Any) -> None:
    """Paint what a camera shows, on a page of your own machine.

    SOURCE is a camera's number, an address such as rtsp://..., or a film's file, which is played.
    Frames that come while one is painted are left out, so that what is seen is never old.
    """
    if not styles:
        raise click.UsageError("--style is missing: name a style")
    # late, as --help needs none of it
    from impasto.film.live import Newest, as_jpegs, paint_live
    from impasto.film.open import open_film
    from impasto.masks import Guides

    own = {name: rest.pop(name) for name in _OWN}
    guides = Guides.load(own["masks"], own["strength_map"], own["feather"])
    blend = blend_weights(own["blend"])
    film = open_film(source, list(styles), "", blend, None, guides, given(rest))
    shown: Newest[bytes] = Newest()
    server = _serve(shown, own["port"])
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    click.echo(f"{address}  (Ctrl-C ends it)", err=True)
    try:
        frames = paint_live(source, film.setup.stylizer, film.temporal, film.size)
        with closing(as_jpegs(frames, shown)) as painted:
            if own["browser"]:
                webbrowser.open(address)
            _tell(painted, quiet=own["quiet"])
    finally:
        server.shutdown()
        server.server_close()


_OWN = ("blend", "masks", "feather", "strength_map", "port", "browser", "quiet")


def _tell(frames: Any, *, quiet: bool) -> None:
    """Say now and then how many frames a second are painted, and how old what is seen is."""
    import time

    latencies: deque[float] = deque(maxlen=10_000)
    begun, count = time.monotonic(), 0
    for live in frames:
        latencies.append(live.latency)
        count += 1
        gone = time.monotonic() - begun
        if gone >= _TOLD and not quiet:
            click.echo(_said(count, gone, latencies), err=True)
            latencies.clear()
            begun, count = time.monotonic(), 0
    if count and not quiet:
        click.echo(_said(count, time.monotonic() - begun, latencies), err=True)


def _said(count: int, seconds: float, latencies: deque[float]) -> str:
    middle, worst = 1000 * statistics.median(latencies), 1000 * max(latencies)
    return f"{count / seconds:.1f} frames/s  latency {middle:.0f} ms, at most {worst:.0f} ms"


def _serve(shown: Any, port: int) -> ThreadingHTTPServer:
    """Serve the page and the stream to this machine alone, in threads."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers.get("Host", "").partition(":")[0]
            if host not in _HOSTS:  # a page of somebody else's, whose name leads here
                self.send_error(403)
            elif self.path == "/":
                self._reply(_PAGE, "text/html; charset=utf-8")
            elif self.path == "/stream":
                self._stream()
            else:
                self.send_error(404)

        def _reply(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def _stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            try:
                for jpeg in shown:
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}"
                    self.wfile.write(f"{head}\r\n\r\n".encode() + jpeg + b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass  # who looked has gone

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise OptionError(f"port {port} cannot be used ({error.strerror}): choose --port") from None
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    return server
