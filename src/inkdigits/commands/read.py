"""`inkdigits read SOURCE...`: any writing, as text or rows. `inkdigits predict` is the same walk over one digit an image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from ..formats import FORMATS, format_of, place
from .completion import files
from .progress import Progress, Tally

if TYPE_CHECKING:
    from ..reading import Reading
    from ..review import Review

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option(
        "--format", "format_", type=click.Choice(FORMATS), help="What the rows look like.  [default: by the suffix of --out, else text]"
    ),
    click.option(
        "--out",
        type=click.Path(dir_okay=False),
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
    click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Processes that read at the same time."),
    click.option("--unordered", is_flag=True, help="With --jobs: rows as they come, not in the order of the sources."),
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
    jobs: int,
    unordered: bool,
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
    from ..resume import OutputError, without_done
    from ..sources import expand, listed

    def wanted() -> Iterator[str]:
        return chain(sources, *(listed(names, b"\0" if null else b"\n") for names in lists))

    form, worst, tally, names = format_ or format_of(out or "") or "text", _review(review), Tally(), set[str]()
    every = expand(wanted())
    first = list(islice(every, 2))
    several = len(first) > 1

    def seen(row: dict[str, Any]) -> None:
        tally.before(row)
        if worst:
            worst.add(row)

    with ExitStack() as stack:
        try:
            results = stack.enter_context(Results(out, form, several=several, single=single, resume=resume, seen=seen))
        except OutputError as error:
            raise click.BadParameter(str(error), param_hint="--out") from None
        count_all = None if lists else lambda: sum(1 for _ in expand(sources))
        progress = stack.enter_context(Progress(count_all, tally, shown=several and not quiet and not results.stream.isatty()))
        todo = without_done(chain(first, every), results.done)
        keep = bool(annotate or draw)
        for reading in rows(Reader(model, threshold), todo, single=single, keep=keep, jobs=jobs, ordered=not unordered):
            results.write(reading)
            tally.count(reading)
            if reading.needs_review and worst:
                worst.add(reading.to_dict())
            if reading.error:
                progress.say(f"inkdigits: {place(reading)}: {reading.error}")
            elif form == "text" and not quiet and (remark := _remark(reading)):
                progress.say(f"{place(reading)}: {remark}")
            progress.show(reading)
            if annotate and reading.image is not None:
                _annotate(reading, Path(annotate), names)
            if draw and reading.image is not None:
                draw(reading, several)
    if not quiet and out and several:
        click.echo(tally.text, err=True)
    if worst and review:
        worst.write(Path(review))
        if not quiet:
            click.echo(f"to review: {review}", err=True)
    if names and not quiet:
        one = Path(str(annotate)) / f"{min(names)}.png"
        click.echo(f"annotated: {one}" + (f" and {len(names) - 1} more in {annotate}" if len(names) > 1 else ""), err=True)
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
    """Write a picture to an image file. Raises Error where it cannot be written."""
    from ..drawing import encode
    from ..errors import Error

    content = encode(picture, path.suffix)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Error(f"{path}: the picture cannot be written: {error.strerror}; choose another place") from None


def _annotate(reading: Reading, folder: Path, names: set[str]) -> None:
    """Write the annotated image, named after its source, with a number where that name was taken in this run."""
    from ..drawing import annotate

    stem = "stdin" if reading.source == "-" else Path(reading.source).stem
    stem += f"-page{reading.page}" if reading.page > 1 else ""
    name = next(name for name in chain([stem], (f"{stem}-{n}" for n in count(2))) if name not in names)
    names.add(name)
    save(annotate(reading), folder / f"{name}.png")
