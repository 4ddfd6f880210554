"""`inkdigits predict SOURCE...`: exactly one digit an image."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .asked import Asked
from .completion import files
from .read import options, run

if TYPE_CHECKING:
    from ..reading import Reading


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...", shell_complete=files)
@click.option("--image", "images", multiple=True, metavar="PATH", shell_complete=files, help="One more SOURCE, spelled as an option.")
@click.option(
    "--plot", type=click.Path(dir_okay=False), metavar="FILE", help="Draw image, tile and probabilities (several: FILE-1, -2, ...)."
)
@options
def command(sources: tuple[str, ...], images: tuple[str, ...], plot: str | None, **settings: Any) -> int:
    """Read exactly one digit per image, with the probability of each class.

    SOURCE is an image file (PNG, JPEG, WebP, TIFF, BMP, GIF, PDF), a folder, a pattern such as 'scans/*.png', or - for standard input.
    """
    numbers = count(1)

    def draw(reading: Reading, several: bool) -> None:
        from ..drawing.readings import predict_picture, save

        path = Path(plot or "")
        save(predict_picture(reading), path.with_stem(f"{path.stem}-{next(numbers)}") if several else path)

    return run(Asked((*sources, *images), single=True, plot=plot, draw=draw if plot else None, **settings))
