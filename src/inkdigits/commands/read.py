"""`inkdigits read SOURCE...`: any writing, as text or rows. `inkdigits predict` is the same walk over one digit an image."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..output.formats import FORMATS
from ..recognition.value import DECIMALS
from .asked import Asked
from .completion import files
from .signals import at_once

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--format", "format_", type=click.Choice(FORMATS), help="What the rows look like.  [default: by the suffix of --out, else text]"
    ),
    click.option(
        "--out",
        type=click.Path(),
        metavar="FILE",
        shell_complete=files,
        help="Write the rows to FILE.",
    ),
    click.option("--resume", is_flag=True, help="Go on with the rows in --out: what is done is not read again."),
    click.option("--retry-errors", is_flag=True, help="With --resume: read again what has an error."),
    click.option("--overwrite", is_flag=True, help="Begin anew where --out has rows."),
    click.option("--threshold", type=click.FloatRange(0, 1), metavar="P", help="Answer ? below this probability; 0 always answers."),
    click.option("--annotate", type=click.Path(file_okay=False), metavar="DIR", help="Write each image with boxes and labels into DIR."),
    click.option(
        "--review",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Write what to look at, worst first: .html, .csv, .jsonl.",
    ),
    click.option(
        "--from", "lists", type=click.File("rb"), multiple=True, metavar="FILE", help="Read the sources that FILE lists, - for stdin."
    ),
    click.option("-0", "--null", is_flag=True, help="With --from: sources end in a null byte, as of find -print0."),
    click.option(
        "--jobs",
        type=click.IntRange(1),
        metavar="N",
        help="Processes that read at the same time.  [default: 1; with Ray, one a CPU]",
    ),
    click.option("--unordered", is_flag=True, help="With --jobs: rows as they come, not in the order of the sources."),
    click.option(
        "--engine",
        type=click.Choice(("processes", "ray")),
        default="processes",
        show_default=True,
        help="ray: Ray Data, on this machine or a cluster. SOURCE and --out may be URLs; --out is a folder for Parquet files.",
    ),
    click.option("--address", metavar="ADDRESS", help="With Ray: the cluster.  [default: $RAY_ADDRESS, else this machine]"),
    click.option(
        "--gpus", type=click.FloatRange(0), default=0.0, metavar="SHARE", help="With Ray: the share of a GPU that each process takes."
    ),
    click.option(
        "--model", metavar="MODEL", shell_complete=files, help="A shipped model's name, a run folder, an ONNX file, or a folder of adapt."
    ),
    click.option("--quiet", is_flag=True, help="No progress and no remarks on stderr, only errors."),
)

SURE = click.option(
    "--sure",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="P",
    help="In place of a threshold: of the lines that nobody has to look at, this share is right.",
)


def options(command: Command) -> Command:
    """Add the options that `read` and `predict` share."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...", shell_complete=files)
@click.option("--alphabet", metavar="SIGNS", help="Read these alone: digits, or the signs themselves, as 0123456789.,  [default: all]")
@click.option("--digits-only", is_flag=True, help="Leave points, signs and other symbols out of the text.")
@click.option("--decimal", type=click.Choice(tuple(DECIMALS)), help="How decimals are written, for the values.  [default: not known]")
@click.option("--print", "printed", is_flag=True, help="Read printed numbers too, beside the handwritten ones.")
@click.option("--second-opinion", is_flag=True, help="Let another engine read every line too; needs inkdigits[second].")
@SURE
@options
def command(sources: tuple[str, ...], **settings: Any) -> int:
    """Read the numbers in images: lines and pages of them, with their points and signs.

    SOURCE is an image file (PNG, JPEG, WebP, TIFF, BMP, GIF, PDF), a folder, a pattern such as 'scans/*.png', or - for standard input.
    """
    return run(Asked(sources, single=False, **settings))


def run(asked: Asked) -> int:
    """Read the sources and write their rows; returns the exit code: 1 if a source failed."""
    if not asked.sources and not asked.lists:
        raise click.UsageError("Missing argument 'SOURCE...'.")
    if asked.overwrite and (asked.resume or asked.retry_errors):
        raise click.UsageError("--overwrite begins anew, --resume and --retry-errors go on: give the one or the others")
    if asked.engine == "ray" and (asked.annotate or asked.plot or asked.format_ not in (None, "parquet") or not asked.out):
        raise click.UsageError("--engine ray writes rows only, as Parquet files: give --out FOLDER")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what its decoders would print is said by our errors
    with at_once():
        from .walk import walk

    return walk(asked)
