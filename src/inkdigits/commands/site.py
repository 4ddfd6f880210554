"""`inkdigits site --out DIR`: the reader in the browser, as files for any web host."""

from __future__ import annotations

from pathlib import Path

import click

from .completion import files
from .signals import at_once


@click.command(short_help="Write a static site that reads in the browser.")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="The folder to write.")
@click.option(
    "--runtime",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    shell_complete=files,
    help="The archive of ONNX Runtime Web, for where npm cannot fetch it.",
)
def command(out: Path, runtime: Path | None) -> None:
    """Write a static site that reads handwritten numbers in the browser.

    Nothing that is written or chosen there leaves the device, and after the first visit it works offline. Any web host serves it, under any
    path: `python -m http.server --directory DIR`. ONNX Runtime Web comes from npm the first time, and is kept in the cache.
    """
    with at_once():
        from ..server.static import write_site

    size = write_site(out, runtime)
    click.echo(f"{out}: {size / 1e6:.1f} MB; try it: python -m http.server --directory {out}", err=True)
