"""Who may ask: host names, origins, the token, how much at a time.

Also the headers that say what pages may do. Pure ASGI, before all else: nothing is read of a
request that may not be there.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from impasto.studio.problems import problem
from impasto.studio.settings import EVERYWHERE, Settings

COOKIE = "impasto"
_OPEN = ("/healthz", "/readyz")  # for watchdogs, which have no token
_SAFE = ("GET", "HEAD", "OPTIONS")
_WRONG, _MINUTE = 10, 60.0  # tokens that a client may guess in a minute
_LONGEST_URL = 4096
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
    " media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self';"
    " worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """Let in what may come in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.settings = app, settings
        self.names = {name.strip().lower() for name in (settings.allow_host or "").split(",")}
        self._open: Counter[str] = Counter()
        self._wrong: dict[str, list[float]] = {}
        self._cookie = None if settings.token is None else cookie_of(settings.token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        client = scope["client"][0] if scope.get("client") else ""
        told = _with_headers(send)
        refused = self._refused(scope, client)
        if refused is not None:
            await refused(scope, receive, told)
            return
        self._open[client] += 1
        try:
            await self.app(scope, receive, told)
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]

    def _refused(self, scope: Scope, client: str) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            return problem(
                421, f"host {host[:100]!r} is not this server's: start it with --allow-host"
            )
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > _LONGEST_URL:
            return problem(414, f"the address is longer than {_LONGEST_URL} letters")
        if scope["method"] not in _SAFE and not _own_origin(headers, host):
            return problem(403, "another site asked for this: only the server's own page may")
        if self._open[client] >= self.settings.per_client:
            return problem(429, "too many requests at a time: wait for some", Retry_After="1")
        return self._token(scope, headers, client)

    def _known(self, host: str) -> bool:
        """Return whether a host's name cannot be another's: of this machine, a number, or allowed.

        A site that has its own name lead here (DNS rebinding) sends that name.
        """
        if host.lower() in self.names - {""}:
            return True
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        own = socket.gethostname() if self.settings.host in EVERYWHERE else self.settings.host
        if name.lower() in ("localhost", own.lower()):
            return True
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True

    def _token(self, scope: Scope, headers: Headers, client: str) -> Response | None:
        token = self.settings.token
        if token is None or self._cookie is None or scope["path"] in _OPEN:
            return None
        if self._guesses(client) >= _WRONG:
            return problem(429, "too many wrong tokens: wait a minute", Retry_After="60")
        if hmac.compare_digest(_sent_cookie(headers).encode(), self._cookie.encode()):
            return None
        kind, _, sent = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), token.encode()):
            return None
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and hmac.compare_digest(asked.encode(), token.encode()):
            # once: then the cookie, so that the secret is in no history and no log
            response = RedirectResponse("/", 303)
            response.set_cookie(COOKIE, self._cookie, httponly=True, samesite="strict", path="/")
            return response
        if sent or asked:
            self._wrong.setdefault(client, []).append(time.monotonic())
        return problem(
            401,
            "a token is needed: open the address that the server printed, or send"
            " Authorization: Bearer",
            WWW_Authenticate="Bearer",
        )

    def _guesses(self, client: str) -> int:
        recent = [t for t in self._wrong.get(client, []) if t > time.monotonic() - _MINUTE]
        if recent:
            self._wrong[client] = recent
        else:
            self._wrong.pop(client, None)
        return len(recent)


def cookie_of(token: str) -> str:
    """Return what stands for the token in a browser, which need not know it."""
    return hmac.new(token.encode(), b"impasto cookie", hashlib.sha256).hexdigest()


def _sent_cookie(headers: Headers) -> str:
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def _own_origin(headers: Headers, host: str) -> bool:
    """Return whether a request comes from the server's own page, or from no page (CSRF)."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin in (f"http://{host}", f"https://{host}")


def _with_headers(send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers: Any = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", "default-src 'none'; sandbox")
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return told
