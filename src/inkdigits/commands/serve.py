"""`inkdigits serve`."""

from __future__ import annotations

import os

import click

from .completion import files


@click.command(short_help="Serve an HTTP service and its page.")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="0.0.0.0 is reached from everywhere.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any that is free.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes that read.  [default: the number of cores]")
@click.option(
    "--queue",
    "room",
    type=click.IntRange(1),
    default=64,
    show_default=True,
    help="Images that may wait, but for one request that finds none waiting; more are answered 503.",
)
@click.option("--max-mb", type=click.IntRange(1), default=64, show_default=True, help="Size of a request.")
@click.option(
    "--max-pages", type=click.IntRange(1), default=1000, show_default=True, help="Pages of a request; of several files each has its share."
)
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, help="Seconds for a page.")
@click.option(
    "--api-key", envvar="INKDIGITS_API_KEY", metavar="KEY", help="What clients must send as X-API-Key; also from INKDIGITS_API_KEY."
)
@click.option(
    "--allow-host",
    "allowed",
    multiple=True,
    metavar="NAME",
    help="A name that requests may call it by (Host header), beside those it listens on: that of a proxy, say. '*' for any; repeatable.",
)
@click.option(
    "--sure",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="Of the lines that nobody has to look at, this share is right, where a request asks for nothing else.",
)
@click.option(
    "--store",
    metavar="STORE",
    shell_complete=files,
    help="Forms to review at /review.html: sqlite:///FILE or postgresql://NAME@HOST/DATABASE, as `form read` filled it.",
)
@click.option(
    "--form",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    shell_complete=files,
    help="A form.json to edit at /form.html; where there is none yet, a blank that is dropped there begins it.",
)
@click.option(
    "--model", metavar="MODEL", shell_complete=files, help="A shipped model's name, a run folder, an ONNX file, or a folder of adapt."
)
def command(
    host: str,
    port: int,
    workers: int | None,
    room: int,
    max_mb: int,
    max_pages: int,
    timeout: float,
    api_key: str | None,
    allowed: tuple[str, ...],
    sure: float | None,
    store: str | None,
    form: str | None,
    model: str | None,
) -> int:
    """Serve an HTTP service and its page: draw, photograph, drop files, see what was read.

    The address of the page is printed; with --host 0.0.0.0 those for phones as well, with a QR code. Ctrl-C or SIGTERM ends the service
    after what it is reading. /docs describes it, with examples.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    from inkdigits.errors import MissingExtra

    try:
        import fastapi  # noqa: F401
        import ifaddr  # noqa: F401
        import multipart  # noqa: F401
        import prometheus_client  # noqa: F401
        import segno  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError:
        raise MissingExtra("serve", "the service") from None
    from inkdigits.batch.pool import cores
    from inkdigits.server.addresses import bare
    from inkdigits.server.app import Settings
    from inkdigits.server.limits import Limits
    from inkdigits.server.run import run

    for name in allowed:
        if not bare(name):
            raise click.BadParameter(f"{name!r} is not the name of a host; give one such as digits.example", param_hint="--allow-host")
    limits = Limits(body=max_mb << 20, pages=max_pages)
    settings = Settings(model, workers or cores(), room, timeout, api_key, limits, sure=sure, store=store, form=form)
    return run(settings, host, port, allowed)
