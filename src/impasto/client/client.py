"""The client: each method asks for what its name says."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from impasto import errors
from impasto.client.told import Event, FileInfo, JobInfo, StyleInfo
from impasto.errors import ImpastoError, MissingExtraError, OptionError, ServerError

_AGAIN = 5  # times that a busy server is asked
_ENDED = ("done", "failed", "cancelled")

Given = str | os.PathLike[str] | bytes


class Client:
    """Ask a server; a context manager, which ends its connections.

    `token` is the server's, if it has one; IMPASTO_TOKEN is looked at too. `timeout` in seconds is
    for each request.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:7860", token: str | None = None, timeout: float = 60.0
    ) -> None:
        try:
            import httpx
        except ModuleNotFoundError:
            raise MissingExtraError("The client", "studio") from None
        token = token or os.environ.get("IMPASTO_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._broken: tuple[type[Exception], ...] = (httpx.TransportError,)
        self._http = httpx.Client(
            base_url=url, headers=headers, timeout=timeout, trust_env=False, follow_redirects=False
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the connections."""
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._http.close()

    def stylize(
        self,
        content: Given,
        style: Given | Sequence[Given],
        *,
        output: Mapping[str, Any] | None = None,
        asked: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> bytes:
        """Return a picture's file, painted at once; options are those of `impasto.stylize`.

        A style is a picture's file, its bytes, or a name that the server knows. `output` has
        format, quality, depth and recipe; `asked` what else `POST /v1/stylize` takes.

        Raises:
            ImpastoError: what the server says.
        """
        one = isinstance(style, str | bytes | os.PathLike)
        styles: list[Given] = [style] if one else list(style)  # type: ignore[list-item, arg-type]
        refs, uploads = _refs(styles)
        request = {"styles": refs, "options": options, "output": dict(output or {})}
        form = {"request": json.dumps(request | dict(asked or {}))}
        answer = self._send("POST", "/v1/stylize", form, [("content", content), *uploads])
        return bytes(answer.content)

    def upload(self, file: Given, name: str | None = None) -> FileInfo:
        """Give the server a picture or a film, and return what it is."""
        return self._send("POST", "/v1/files", {}, [("file", file)], name=name).json()  # type: ignore[no-any-return]

    def submit(
        self,
        content: str | Sequence[str] | None,
        styles: Sequence[Mapping[str, Any]],
        *,
        kind: str = "stylize",
        key: str | None = None,
        **request: Any,
    ) -> list[JobInfo]:
        """Ask for a job, or one for each content, by ids of files; the same `key` asks only once.

        `styles` are such as {"name": "ink"} and {"file": id}; `request` is what else
        `POST /v1/jobs` takes: options, blend, masks, output, film, train.
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"kind": kind, "content": content, "styles": list(styles), **request}
        found = self._call("POST", "/v1/jobs", json=body, headers=headers).json()
        jobs: list[JobInfo] = found.get("jobs", [found])
        return jobs

    def job(self, id: str) -> JobInfo:
        """Return a job."""
        return self._call("GET", f"/v1/jobs/{id}").json()  # type: ignore[no-any-return]

    def jobs(self, state: str | None = None) -> Iterator[JobInfo]:
        """Yield all jobs, the newest first."""
        before: str | None = None
        while True:
            asked = {"before": before, "state": state, "limit": 100}
            given = {name: value for name, value in asked.items() if value is not None}
            page = self._call("GET", "/v1/jobs", params=given).json()
            yield from page["jobs"]
            before = page["next"]
            if before is None:
                return

    def events(self, id: str) -> Iterator[Event]:
        """Yield what becomes of a job until it ends; goes on where the connection broke."""
        last, broken = 0, 0
        while True:
            try:
                for event in self._stream(id, last):
                    last, broken = event["id"], 0
                    yield event
                    if event["kind"] == "end":
                        return
                if self.job(id)["state"] in _ENDED:
                    return
            except self._broken as error:
                broken += 1
                if broken > _AGAIN:
                    raise ServerError(f"{self._http.base_url}: {error}") from None
            time.sleep(0.2 * (1 + broken))

    def _stream(self, id: str, last: int) -> Iterator[Event]:
        headers = {"Last-Event-ID": str(last)}
        with self._http.stream("GET", f"/v1/jobs/{id}/events", headers=headers) as answer:
            if answer.status_code != 200:
                answer.read()
                raise _error(answer)
            fields: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if line and name:
                    fields[name] = value
                elif "data" in fields:
                    data = json.loads(fields["data"])
                    yield Event(id=int(fields["id"]), kind=fields["event"], data=data)
                    fields = {}

    def wait(self, id: str, progress: Callable[[dict[str, Any]], object] | None = None) -> JobInfo:
        """Return a job when it has ended; `progress` is told how far it is.

        Raises:
            ServerError: it failed.
        """
        for event in self.events(id):
            if event["kind"] == "progress" and progress is not None:
                progress(event["data"])
        job = self.job(id)
        if job["state"] == "failed":
            raise ServerError(f"job {id}: {job['error']}")
        return job

    def result(self, id: str, path: str | os.PathLike[str] | None = None) -> bytes:
        """Return a job's result, and write it to a file if one is named."""
        data = bytes(self._call("GET", f"/v1/jobs/{id}/result").content)
        if path is not None:
            Path(path).write_bytes(data)
        return data

    def want(self, id: str, what: str) -> JobInfo:
        """Cancel, pause or resume a job."""
        return self._call("POST", f"/v1/jobs/{id}/{what}").json()  # type: ignore[no-any-return]

    def delete(self, id: str) -> None:
        """Delete a job for good, with its result."""
        self._call("DELETE", f"/v1/jobs/{id}")

    def styles(self) -> list[StyleInfo]:
        """Return the styles that go by a name."""
        found: list[StyleInfo] = self._call("GET", "/v1/styles").json()["styles"]
        return found

    def add_style(self, name: str, pictures: Sequence[Given]) -> StyleInfo:
        """Keep pictures as a style."""
        files = [("picture", picture) for picture in pictures]
        return self._send("POST", "/v1/styles", {"name": name}, files).json()  # type: ignore[no-any-return]

    def delete_style(self, name: str) -> None:
        """Forget a style of one's own."""
        self._call("DELETE", f"/v1/styles/{name}")

    def verify(self, file: Given) -> dict[str, Any]:
        """Return what the signature of a file says; as `impasto.verify(...).as_dict()`."""
        return self._send("POST", "/v1/verify", {}, [("file", file)]).json()  # type: ignore[no-any-return]

    def options(self) -> dict[str, Any]:
        """Return all options, described."""
        return self._call("GET", "/v1/options").json()  # type: ignore[no-any-return]

    def _send(
        self,
        method: str,
        url: str,
        form: Mapping[str, str],
        files: Sequence[tuple[str, Given]],
        name: str | None = None,
    ) -> Any:
        with ExitStack() as open_files:
            parts = [(field, _part(given, open_files, name)) for field, given in files]
            return self._call(method, url, data=dict(form), files=parts)

    def _call(self, method: str, url: str, **rest: Any) -> Any:
        """Return the answer; a busy server is asked again when it says so."""
        for attempt in range(_AGAIN + 1):
            try:
                answer = self._http.request(method, url, **rest)
            except self._broken as error:
                # a connection that was kept may have ended meanwhile; to look again changes nothing
                if method == "GET" and attempt == 0:
                    continue
                raise ServerError(f"{self._http.base_url}: {error}") from None
            if answer.status_code != 429 or attempt == _AGAIN:
                break
            time.sleep(min(float(answer.headers.get("Retry-After", 1)), 30))
            for _, part in rest.get("files", []):
                if not isinstance(part[1], bytes):
                    part[1].seek(0)
        if answer.is_error:
            raise _error(answer)
        return answer


def _refs(styles: Sequence[Given]) -> tuple[list[dict[str, Any]], list[tuple[str, Given]]]:
    """Return how styles are named in a request, and those that are sent with it."""
    refs: list[dict[str, Any]] = []
    uploads: list[tuple[str, Given]] = []
    for style in styles:
        if isinstance(style, str) and not Path(style).is_file():
            refs.append({"name": style})
        else:
            refs.append({"upload": len(uploads)})
            uploads.append(("style", style))
    return refs, uploads


def _part(given: Given, files: ExitStack, name: str | None) -> tuple[str, bytes | IO[bytes]]:
    if isinstance(given, bytes):
        return name or "picture", given
    try:
        return name or Path(given).name, files.enter_context(open(given, "rb"))
    except OSError as error:
        raise OptionError(f"{given}: cannot be read ({error.strerror})") from None


def _error(answer: Any) -> ImpastoError:
    """Return the error that a problem tells of."""
    try:
        problem = answer.json()
        kind = getattr(errors, str(problem["type"]).removeprefix("urn:impasto:"), None)
        detail = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return ServerError(f"status {answer.status_code}: {answer.text[:200]}")
    if isinstance(kind, type) and issubclass(kind, ImpastoError) and kind is not MissingExtraError:
        return kind(detail)
    return ServerError(detail)
