"""What keeps the service safe from its clients: limits on bodies and time, who may ask, and what browsers are told.

Each is an ASGI middleware: it sees a request before anything of it is parsed.
"""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
OPEN = ("/healthz", "/readyz")
"""What is answered without a key, beside the page."""


@dataclass(frozen=True, slots=True)
class Limits:
    """body: bytes of a request. patience: seconds without a byte of it; a whole body may take ten times as long. files: in one request."""

    body: int = 64 << 20
    patience: float = 10.0
    files: int = 100


def refused(status: int, reason: str) -> HTTPException:
    """A request that is not to be read any further: the connection is closed after the answer."""
    return HTTPException(status, reason, {"Connection": "close", **({"WWW-Authenticate": "Bearer"} if status == 401 else {})})


class Guard:
    """Refuses a body over the limit while it arrives, a client that is too slow, and one without the key."""

    def __init__(self, app: ASGIApp, limits: Limits, key: str | None) -> None:
        self.app, self.limits, self.key = app, limits, key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_header_lines(scope["path"])]
            await send(message)

        try:
            self._admit(scope)
        except HTTPException as error:
            answer = JSONResponse({"detail": error.detail}, error.status_code, error.headers)
            await answer(scope, receive, sent)
        else:
            await self.app(scope, self._counted(receive), sent)

    def _admit(self, scope: Scope) -> None:
        headers = dict(scope["headers"])
        if self.key and scope["path"].startswith(("/v1/", "/metrics")):
            given = headers.get(b"x-api-key", b"") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
            if not hmac.compare_digest(given, self.key.encode()):
                raise refused(401, "a key is needed: send it as the header X-API-Key")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.limits.body:
            raise refused(413, self._too_large)

    @property
    def _too_large(self) -> str:
        return f"the request is larger than {self.limits.body >> 20} MB; send fewer files at once, or smaller ones"

    def _counted(self, receive: Receive) -> Receive:
        """`receive`, with an end to its patience."""
        taken, limits, whole = 0, self.limits, False
        deadline = asyncio.get_running_loop().time() + 10 * limits.patience

        async def counted() -> Message:
            nonlocal taken, whole
            if whole:  # what comes now is the client's leaving, for which there is no hurry
                return await receive()
            left = min(limits.patience, deadline - asyncio.get_running_loop().time())
            try:
                message = await asyncio.wait_for(receive(), max(left, 0.001))
            except TimeoutError:
                raise refused(408, f"the request came too slowly: {limits.patience:g} s without a byte, or far longer in all") from None
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                whole = not message.get("more_body", False)
            if taken > limits.body:
                raise refused(413, self._too_large)
            return message

        return counted


def _header_lines(path: str) -> list[tuple[bytes, bytes]]:
    """What every answer tells a browser; results are not to be stored."""
    lines = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    return [*lines, (b"cache-control", b"no-store" if path.startswith("/v1/") else b"no-cache")]


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP, which would keep a connection that never asks anything for ever."""

    patience = 10.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection that has sent no whole request head after so long is closed."""
        super().connection_made(transport)
        self.loop.call_later(self.patience, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()
