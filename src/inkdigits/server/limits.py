"""What keeps the service safe from its clients: limits on bodies and time, who may ask and by which name, and what browsers are told.

Each is an ASGI middleware: it sees a request before anything of it is parsed.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Container
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .addresses import Names

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
JSON = ("/v1/strokes", "/v1/inside", "/v1/review", "/v1/form/propose", "/v1/form/save")
"""How the paths begin whose bodies are JSON."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may send.

    body: bytes of a request; json: of one that is JSON. together: times `body`, what all requests may hold that are not answered yet.
    patience: seconds without a byte of it; a whole body may take ten times as long, a head no longer than this. files: in one request.
    pages: in all files of one request, shared out evenly among them; a document takes seconds for a page, and a megabyte holds thousands.
    """

    body: int = 64 << 20
    json: int = 1 << 20
    together: int = 8
    patience: float = 10.0
    files: int = 100
    pages: int = 1000

    def of(self, path: str) -> int:
        """Bytes of a request to a path."""
        return min(self.json, self.body) if path.startswith(JSON) else self.body


def refused(status: int, reason: str, **headers: str) -> HTTPException:
    """A request that is not to be read any further: the connection is closed after the answer."""
    return HTTPException(status, reason, {"Connection": "close", **{name.replace("_", "-"): value for name, value in headers.items()}})


class Upload:
    """The body of a request on its way. limit: bytes; size: those that came; whole: no more will come; dropped: no more are wanted."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.whole = self.dropped = False
        self.waiting: asyncio.Timeout | None = None

    def drop(self) -> None:
        """Let its client be told, now, that the service has no room for it."""
        self.dropped = True
        if self.waiting is not None and not self.waiting.expired():
            self.waiting.reschedule(0)


class Guard:
    """Refuses who calls the service by a name that is not its own, a client without the key, one that is too slow, and a body over the
    limit while it arrives. free: the paths that need no key.

    Bodies are held until they are answered. Where all of them together become too large, the largest of those that are still coming is
    refused: clients that send most of a large body, and then wait, keep nobody out who sends a small one.
    """

    def __init__(self, app: ASGIApp, limits: Limits, key: str | None, names: Names, free: Container[str]) -> None:
        self.app, self.limits, self.key, self.names, self.free = app, limits, key, names, free
        self.uploads: dict[Upload, None] = {}  # in the order of their coming
        self.held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_header_lines(scope["path"])]
            await send(message)

        upload = Upload(self.limits.of(scope["path"]))
        try:
            self._admit(scope, upload)
        except HTTPException as error:
            answer = JSONResponse({"detail": error.detail}, error.status_code, error.headers)
            await answer(scope, receive, sent)
            return
        self.uploads[upload] = None
        try:
            await self.app(scope, self._counted(receive, upload), sent)
        finally:
            del self.uploads[upload]
            self.held -= 0 if upload.dropped else upload.size

    def _admit(self, scope: Scope, upload: Upload) -> None:
        headers = dict(scope["headers"])
        if not self.names.hold(headers.get(b"host", b"").decode("latin-1")):
            raise refused(400, "the service does not go by the name that is in the Host header; start it with --allow-host NAME")
        if self.key and scope["path"] not in self.free:
            given = headers.get(b"x-api-key", b"") or headers.get(b"authorization", b"").removeprefix(b"Bearer ")
            if not hmac.compare_digest(given, self.key.encode()):
                raise refused(401, "a key is needed: send it as the header X-API-Key", WWW_Authenticate="Bearer")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > upload.limit:
            raise _too_large(upload)

    def _counted(self, receive: Receive, upload: Upload) -> Receive:
        """`receive`, with an end to its patience and to its room."""
        deadline = asyncio.get_running_loop().time() + 10 * self.limits.patience

        async def counted() -> Message:
            if upload.whole:  # what comes now is the client's leaving, for which there is no hurry
                return await receive()
            message = await self._next(receive, upload, deadline)
            if message["type"] == "http.request":
                upload.whole = not message.get("more_body", False)
                self._hold(upload, len(message.get("body", b"")))
            return message

        return counted

    async def _next(self, receive: Receive, upload: Upload, deadline: float) -> Message:
        """The next part of a body, for which its client has some seconds, and no more than until the deadline."""
        if upload.dropped:
            raise _no_room()
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(now + self.limits.patience, deadline)) as upload.waiting:
                return await receive()
        except TimeoutError:
            if upload.dropped:
                raise _no_room() from None
            reason = f"the request came too slowly: {self.limits.patience:g} s without a byte, or far longer in all"
            raise refused(408, reason) from None
        finally:
            upload.waiting = None

    def _hold(self, upload: Upload, size: int) -> None:
        """Take more bytes of a body. Where it, or all of them, have become too large, one is refused: perhaps this."""
        upload.size += size
        self.held += size
        if upload.size > upload.limit:
            raise _too_large(upload)
        while self.held > self.limits.together * self.limits.body:
            unfinished = [one for one in self.uploads if one is upload or not (one.whole or one.dropped)]
            largest = max(unfinished, key=lambda one: one.size)
            self.held -= largest.size
            largest.drop()
            if largest is upload:
                raise _no_room()


def _too_large(upload: Upload) -> HTTPException:
    return refused(413, f"the request is larger than {upload.limit >> 20} MB; send less at once")


def _no_room() -> HTTPException:
    return refused(503, "busy: too much is being uploaded at once; try again", Retry_After="1")


def _header_lines(path: str) -> list[tuple[bytes, bytes]]:
    """What every answer tells a browser; results are not to be stored."""
    lines = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
    return [*lines, (b"cache-control", b"no-store" if path.startswith("/v1/") else b"no-cache")]


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP, which would wait for ever for the end of a head that was begun."""

    patience = 10.0
    head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected; the head of its first request is awaited."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone, or was sent away."""
        super().connection_lost(exc)
        if self.head is not None:
            self.head.cancel()

    def on_response_complete(self) -> None:
        """A request was answered; the head of the next one is awaited, unless it was there already."""
        super().on_response_complete()
        self._await_head()

    def _await_head(self) -> None:
        if self.head is not None:
            self.head.cancel()
        self.head = self.loop.call_later(self.patience, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """Close the connection, where no request is being answered: what came of a head since the last one is not whole."""
        if (self.cycle is None or self.cycle.response_complete) and not self.transport.is_closing():
            self.transport.close()
