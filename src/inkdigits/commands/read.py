"""`inkdigits read SOURCE...`: any writing, as text or rows. `inkdigits predict` is the same walk over one digit an image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from ..formats import FORMATS, format_of, place
from .completion import files
from .progress import Progress, Tally

if TYPE_CHECKING:
    from ..reader import Reader
    from ..reading import Reading
    from ..review import Review
    from ..sources import File

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
    click.option("--model", metavar="MODEL", shell_complete=files, help="A shipped model's name, a run folder or an ONNX file."),
    click.option("--quiet", is_flag=True, help="No progress and no remarks on stderr, only errors."),
)


def options(command: Command) -> Command:
    """Add the options that `read` and `predict` share."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...", shell_complete=files)
@options
def command(sources: tuple[str, ...], **settings: Any) -> int:
    """Read the digits in images: strings, lines, pages.

    SOURCE is an image file (PNG, JPEG, WebP, TIFF, BMP, GIF, PDF), a folder, a pattern such as 'scans/*.png', or - for standard input.
    """
    return run(sources, single=False, **settings)


def run(
    sources: tuple[str, ...],
    *,
    single: bool,
    format_: str | None,
    out: str | None,
    resume: bool,
    threshold: float | None,
    annotate: str | None,
    review: str | None,
    lists: tuple[BinaryIO, ...],
    null: bool,
    jobs: int | None,
    unordered: bool,
    engine: str,
    address: str | None,
    gpus: float,
    model: str | None,
    quiet: bool,
    draw: Callable[[Reading, bool], None] | None = None,
) -> int:
    """Read the sources and write their rows; returns the exit code: 1 if a source failed.

    draw: called with each Reading that has an image, and whether there are several.
    """
    if not sources and not lists:
        raise click.UsageError("Missing argument 'SOURCE...'.")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what its decoders would print is said by our errors
    from ..batch import rows
    from ..reader import Reader
    from ..results import Results
    from ..resume import without_done
    from ..sources import expand, listed

    def wanted() -> Iterator[str]:
        return chain(sources, *(listed(names, b"\0" if null else b"\n") for names in lists))

    worst, tally = _review(review), Tally()

    if engine == "ray":
        if annotate or draw or format_ not in (None, "parquet") or not out:
            raise click.UsageError("--engine ray writes rows only, as Parquet files: give --out FOLDER")
        from ..cluster import expand_remote

        reader = Reader(model, threshold, device="cuda" if gpus else "cpu")
        with Progress(None, tally, shown=not quiet) as progress, _said_of("--out"):
            options = {"single": single, "jobs": jobs, "gpus": gpus, "address": address, "resume": resume}
            _on_ray(reader, expand_remote(wanted()), out, tally, progress, worst, options)
        return _summary(tally, worst, review, quiet, True)
    form, names = format_ or format_of(out or "") or "text", set[str]()
    every = expand(wanted())
    first = list(islice(every, 2))
    several = len(first) > 1

    def seen(row: dict[str, Any]) -> None:
        tally.row(row, earlier=True)
        if worst:
            worst.add(row)

    with ExitStack() as stack:
        with _said_of("--out"):
            results = stack.enter_context(Results(out, form, several=several, single=single, resume=resume, seen=seen))
        count_all = None if lists else lambda: sum(1 for _ in expand(sources))
        progress = stack.enter_context(Progress(count_all, tally, shown=several and not quiet and not results.stream.isatty()))
        todo = without_done(chain(first, every), results.done)
        keep = bool(annotate or draw)
        for reading in rows(Reader(model, threshold), todo, single=single, keep=keep, jobs=jobs or 1, ordered=not unordered):
            results.write(reading)
            tally.count(reading)
            if reading.needs_review and worst:
                worst.add(reading.to_dict())
            if reading.error:
                progress.say(f"inkdigits: {place(reading)}: {reading.error}")
            elif form == "text" and not quiet and (remark := _remark(reading)):
                progress.say(f"{place(reading)}: {remark}")
            progress.show(place(reading))
            if annotate and reading.image is not None:
                _annotate(reading, Path(annotate), names)
            if draw and reading.image is not None:
                draw(reading, several)
    if names and not quiet:
        one = Path(str(annotate)) / f"{min(names)}.png"
        click.echo(f"annotated: {one}" + (f" and {len(names) - 1} more in {annotate}" if len(names) > 1 else ""), err=True)
    return _summary(tally, worst, review, quiet, bool(out) and several)


def _on_ray(
    reader: Reader, sources: Iterator[File], out: str, tally: Tally, progress: Progress, worst: Review | None, options: dict[str, Any]
) -> None:
    """Read with Ray, and count what comes of it."""
    from ..cluster import read
    from ..results import from_table

    def count(table: Any, earlier: bool = False) -> None:
        tally.table(table, earlier=earlier)
        for row in from_table(table.filter(table["needs_review"])):
            if row["error"] and not earlier:
                progress.say(f"inkdigits: {row['source']}: {row['error']}")
            if worst:
                worst.add(row)

    for table in read(reader, sources, out, seen=partial(count, earlier=True), **options):
        count(table)
        progress.show(out)


@contextmanager
def _said_of(option: str) -> Iterator[None]:
    """An OutputError is a wrong use of this option."""
    from ..errors import OutputError

    try:
        yield
    except OutputError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _summary(tally: Tally, worst: Review | None, review: str | None, quiet: bool, told: bool) -> int:
    """Write what is to be reviewed, and say what came of the rows; the exit code."""
    if told and not quiet:
        click.echo(tally.text, err=True)
    if worst and review:
        worst.write(Path(review))
        if not quiet:
            click.echo(f"to review: {review}", err=True)
    return 1 if tally.errors else 0


def _review(path: str | None) -> Review | None:
    """What gathers the rows for a file; None where there is none to write."""
    if path is None:
        return None
    from ..review import Review

    if not Review.writes(Path(path)):
        raise click.BadParameter("its suffix must be .html, .csv or .jsonl", param_hint="--review")
    return Review()


def _remark(reading: Reading) -> str | None:
    """Why there is no text, or a "?" in it; None where all is read."""
    return reading.refused or next((digit.refused for line in reading.lines for digit in line.digits if digit.refused), None)


def save(picture: Any, path: Path) -> None:
    """Write a picture to an image file. Raises OutputError where it cannot be written."""
    from ..drawing import encode
    from ..files import write

    write(path, encode(picture, path.suffix))


def _annotate(reading: Reading, folder: Path, names: set[str]) -> None:
    """Write the annotated image, named after its source, with a number where that name was taken in this run."""
    from ..drawing import annotate

    stem = "stdin" if reading.source == "-" else Path(reading.source).stem
    stem += f"-page{reading.page}" if reading.page > 1 else ""
    name = next(name for name in chain([stem], (f"{stem}-{n}" for n in count(2))) if name not in names)
    names.add(name)
    save(annotate(reading), folder / f"{name}.png")
