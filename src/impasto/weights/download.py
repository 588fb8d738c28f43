"""Download weights: several mirrors, resumed after a break, verified before use."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from impasto.errors import WeightsError
from impasto.weights.convert import Origin, convert, matches
from impasto.weights.locate import user_weights_dir
from impasto.weights.readers import kind_of_name, readable, require
from impasto.weights.registry import Entry, Mirror, lookup
from impasto.weights.store import weights_sha256

OFFLINE = "IMPASTO_OFFLINE"
Progress = Callable[[int, int | None], None]

_CHUNK = 1 << 18
_TIMEOUT = 30.0
_ATTEMPTS = 4
# no known file is larger; a server that never ends must not fill the disk
_LARGEST = 1 << 30


class _FailedError(Exception):
    """Say why one mirror did not give its file."""


class _SameSecurity(urllib.request.HTTPRedirectHandler):
    """Follow redirections, but never from https to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Refuse the step down, leave the rest to urllib."""
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise _FailedError("redirects to an unencrypted address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch_weights(
    name: str,
    *,
    progress: Progress | None = None,
    source: str | Sequence[Mirror] | None = None,
) -> Path:
    """Download a network's weights into the user's folder and return where they lie.

    `source` is an origin in the registry, "caffe" (the default: the original weights) or
    "torchvision" (another training), or a table of mirrors of one's own. The mirrors of an
    origin hold the same numbers and are tried in turn. `progress` is called with the bytes
    here and in all, where the server says it. IMPASTO_OFFLINE=1 forbids downloads.

    Raises:
        WeightsError: The name is unknown or has no download, downloads are forbidden, or no
            mirror gave the right file.
        MissingExtraError: No package to read any of the mirrors' files is installed.
    """
    entry = lookup(name)
    mirrors = _choose(entry, source)
    if os.environ.get(OFFLINE, "") not in ("", "0"):
        raise WeightsError(
            f"{OFFLINE} is set, so {name} is not downloaded: unset it, or import a file with "
            f"`impasto weights import FILE`"
        )
    usable = [mirror for mirror in mirrors if readable(kind_of_name(mirror.file_name))]
    if not usable:
        require(kind_of_name(mirrors[0].file_name))
    reasons = []
    for mirror in usable:
        try:
            file = download(mirror, user_weights_dir() / "downloads", progress)
        except _FailedError as error:
            reasons.append(f"{urlsplit(mirror.url).hostname}: {error}")
            continue
        try:
            return convert(file, name, Origin(mirror.preprocessing, mirror.license, mirror.url))
        finally:
            file.unlink(missing_ok=True)
    raise WeightsError(
        f"{name} could not be downloaded ({'; '.join(reasons)}): check the network and try again, "
        f"or get {usable[0].url} otherwise and run `impasto weights import FILE`"
    )


def download(mirror: Mirror, folder: Path, progress: Progress | None = None) -> Path:
    """Bring a mirror's file into `folder`, going on where an earlier attempt broke off."""
    if urlsplit(mirror.url).scheme not in ("http", "https"):
        raise _FailedError("only http and https addresses are fetched")
    tag = hashlib.sha256(mirror.url.encode()).hexdigest()[:8]
    part = folder / f"{tag}-{mirror.file_name}.part"
    whole = folder / f"{tag}-{mirror.file_name}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        resumed = part.exists()
        digest = _complete(mirror, part, progress)
        if resumed and not matches(part, digest, mirror):
            # what lay here may be of another file: once more from the start
            part.unlink()
            digest = _complete(mirror, part, progress)
        if not matches(part, digest, mirror):
            part.unlink()
            raise _FailedError(f"wrong file, SHA-256 {digest[:16]}, deleted")
        part.replace(whole)
    except OSError as error:
        raise _FailedError(error.strerror or str(error)) from error
    return whole


def _complete(mirror: Mirror, part: Path, progress: Progress | None) -> str:
    """Fill `part` to the end of the file, over several connections; return its SHA-256."""
    left = _ATTEMPTS
    while left:
        before = _size(part)
        try:
            if _receive(mirror, part, progress):
                return weights_sha256(part)
            reason = "connection lost"
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 416:
                # the part is as long as the file, or longer: the hash will tell
                return weights_sha256(part)
            if error.code < 500:
                raise _FailedError(f"HTTP {error.code} {error.reason}") from error
            reason = f"HTTP {error.code} {error.reason}"
        except urllib.error.URLError as error:
            raise _FailedError(f"not reached ({_reason(error)})") from error
        except (http.client.HTTPException, OSError) as error:
            reason = _reason(error)
        # attempts that bring something are free: a bad line may break many times
        left = _ATTEMPTS if _size(part) > before else left - 1
    raise _FailedError(reason)


def _receive(mirror: Mirror, part: Path, progress: Progress | None) -> bool:
    """Append what one connection brings; return whether the file is whole."""
    start = _size(part)
    request = urllib.request.Request(mirror.url, headers={"User-Agent": "impasto"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    opener = urllib.request.build_opener(_SameSecurity)
    with opener.open(request, timeout=_TIMEOUT) as response:
        if response.status != 206:
            start = 0
        elif not str(response.headers.get("Content-Range", "")).startswith(f"bytes {start}-"):
            # the part stays as it is; without it the next attempt asks for everything
            part.unlink()
            raise http.client.HTTPException("another range than asked for")
        length = response.headers.get("Content-Length")
        total = start + int(length) if length and length.isdigit() else mirror.size
        expected = mirror.size or total
        if total != expected or (total or 0) > _LARGEST:
            raise _FailedError(f"offers {total} bytes, expected {mirror.size or 'fewer'}")
        with part.open("ab" if start else "wb") as file:
            done = _pour(response, file, start, total, progress)
    return total is None or done == total


def _pour(
    response: http.client.HTTPResponse,
    file: IO[bytes],
    done: int,
    total: int | None,
    progress: Progress | None,
) -> int:
    while chunk := response.read(_CHUNK):
        file.write(chunk)
        done += len(chunk)
        if done > (total or _LARGEST):
            raise _FailedError("sends more bytes than announced")
        if progress:
            progress(done, total)
    return done


def _choose(entry: Entry, source: str | Sequence[Mirror] | None) -> Sequence[Mirror]:
    if source is not None and not isinstance(source, str):
        mirrors = list(source)
    else:
        mirrors = [mirror for mirror in entry.mirrors if mirror.origin == (source or "caffe")]
    if mirrors:
        return mirrors
    origins = list(dict.fromkeys(mirror.origin for mirror in entry.mirrors))
    if origins:
        raise WeightsError(f"no source {source!r} for {entry.name}: one of {', '.join(origins)}")
    shipped = "is part of the package" if entry.shipped else "cannot be downloaded"
    raise WeightsError(f"{entry.name} {shipped}: import a file with `impasto weights import FILE`")


def _size(part: Path) -> int:
    with suppress(FileNotFoundError):
        return part.stat().st_size
    return 0


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__).split("\n")[0]
