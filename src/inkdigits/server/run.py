"""Runs the service under uvicorn."""

from __future__ import annotations

import socket
import sys
from contextlib import suppress

import click
import uvicorn

from inkdigits.errors import Error

from .app import Settings, make_app
from .limits import PatientProtocol

FAREWELL = 30
"""Seconds that what runs may still take after SIGTERM."""
BACKLOG = 2048


def run(settings: Settings, host: str, port: int) -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit code. Raises Error where the address cannot be had, ModelError."""
    app = make_app(settings)
    listener = _listen(host, port)
    _allow_connections()
    protocol = type("Protocol", (PatientProtocol,), {"patience": settings.limits.patience})
    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="on", log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=FAREWELL, backlog=BACKLOG, proxy_headers=False,
    )  # fmt: skip
    address, number = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else "127.0.0.1" if address == "0.0.0.0" else address
    click.echo(f"http://{shown}:{number}/  (Ctrl-C ends it)")
    sys.stdout.flush()
    if settings.key is None and address not in ("127.0.0.1", "::1"):
        click.echo("note: anybody who reaches this address may use it; --api-key asks for a key", err=True)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise Error(f"{host}:{port}: cannot listen there ({error.strerror}); choose another --host or --port") from None
    return listener


def _allow_connections() -> None:
    """Let as many connections be open at once as the system grants."""
    with suppress(ImportError):  # not on Windows, which has no such limit
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most if most != resource.RLIM_INFINITY else 65536, most))
