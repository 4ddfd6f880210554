"""Runs the service under uvicorn."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address

import click
import uvicorn

from inkdigits.errors import Error

from .addresses import names_of, pages, qr
from .app import Settings, make_app
from .limits import PatientProtocol

FAREWELL = 30
"""Seconds that what runs may still take after SIGTERM."""
BACKLOG = 2048
CAMERA = """\
The camera needs HTTPS there: a proxy with TLS before this service, whose name goes to --allow-host.
Without, the Image tab of a phone can still take a photo.
"""


def run(settings: Settings, host: str, port: int, allowed: Sequence[str] = ()) -> int:
    """Serve until Ctrl-C or SIGTERM; returns the exit code. Raises Error where the address cannot be had, ModelError.

    allowed: names that it goes by, beside its own.
    """
    listener = _listen(host, port)
    address, number = listener.getsockname()[:2]
    app = make_app(replace(settings, names=names_of(host, address, allowed)))
    _allow_connections()
    protocol = type("Protocol", (PatientProtocol,), {"patience": settings.limits.patience})
    config = uvicorn.Config(
        app, http=protocol, ws="none", lifespan="on", log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=FAREWELL, backlog=BACKLOG, proxy_headers=False,
    )  # fmt: skip
    _greet(address, number, settings)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _greet(address: str, port: int, settings: Settings) -> None:
    """Print where the page is, those of the review and of the form; for phones as well, where they can reach it."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(address, f"[{address}]" if ":" in address else address)
    click.echo(f"http://{shown}:{port}/  (Ctrl-C ends it)")
    if settings.store:
        click.echo(f"http://{shown}:{port}/review.html  (the forms to review)")
    if settings.form:
        click.echo(f"http://{shown}:{port}/form.html  (the editor of {settings.form})")
    others = pages(address, port)
    if others:
        click.echo("\nFrom a phone or another computer in the same network:")
        for page in others:
            click.echo(f"  {page}")
        with suppress(UnicodeEncodeError):  # where blocks cannot be printed the addresses must do
            for line in qr(others[0]):
                click.echo("  " + click.style(line, fg="bright_white", bg="black"))
        click.echo(CAMERA)
    sys.stdout.flush()
    if settings.key is None and not ip_address(address).is_loopback:
        click.echo("note: anybody who reaches this address may use it; --api-key asks for a key", err=True)


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
