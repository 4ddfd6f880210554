"""`inkdigits read SOURCE...`: any writing, as text or rows. `inkdigits predict` is the same walk over one digit an image."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from io import TextIOWrapper
from itertools import chain, count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

from ..formats import FORMATS, RowWriter, place
from .completion import files

if TYPE_CHECKING:
    from ..reading import Reading

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="What the rows look like."),
    click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Write the rows to FILE instead of standard output."),
    click.option("--threshold", type=click.FloatRange(0, 1), metavar="P", help="Answer ? below this probability; 0 always answers."),
    click.option("--annotate", type=click.Path(file_okay=False), metavar="DIR", help="Write each image with boxes and labels into DIR."),
    click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Processes that read at the same time."),
    click.option("--model", metavar="MODEL", shell_complete=files, help="A shipped model's name, a run folder or an ONNX file."),
    click.option("--quiet", is_flag=True, help="No progress and no remarks on stderr, only errors."),
)


def options(command: Command) -> Command:
    """Add the options that `read` and `predict` share."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=files)
@options
def command(sources: tuple[str, ...], **settings: Any) -> int:
    """Read the digits in images: strings, lines, pages.

    SOURCE is an image file (PNG, JPEG, WebP, TIFF, BMP, GIF, PDF), a folder, a pattern such as 'scans/*.png', or - for standard input.
    """
    return run(sources, single=False, **settings)


def run(
    sources: Iterable[str],
    *,
    single: bool,
    format_: str,
    out: str | None,
    threshold: float | None,
    annotate: str | None,
    jobs: int,
    model: str | None,
    quiet: bool,
    draw: Callable[[Reading, bool], None] | None = None,
) -> int:
    """Read the sources and write their rows; returns the exit code: 1 if a source failed.

    draw: called with each Reading that has an image, and whether there are several.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what its decoders would print is said by our errors
    from ..batch import expand, rows
    from ..reader import Reader

    files, names = list(expand(sources)), set[str]()
    several, failed = len(files) > 1, False
    with ExitStack() as stack:
        stream = stack.enter_context(_opened(out)) if out else _stdout()
        writer = stack.enter_context(RowWriter(stream, format_, several=several, single=single))
        progress = stack.enter_context(_Progress(len(files), shown=several and not quiet and not stream.isatty()))
        for reading in rows(Reader(model, threshold), files, single=single, keep=bool(annotate or draw), jobs=jobs):
            writer.write(reading)
            if reading.error:
                failed = True
                progress.say(f"inkdigits: {place(reading)}: {reading.error}")
            elif format_ == "text" and not quiet and (remark := _remark(reading)):
                progress.say(f"{place(reading)}: {remark}")
            progress.done(reading)
            if annotate and reading.image is not None:
                _annotate(reading, Path(annotate), names)
            if draw and reading.image is not None:
                draw(reading, several)
    if names and not quiet:
        first = Path(str(annotate)) / f"{min(names)}.png"
        click.echo(f"annotated: {first}" + (f" and {len(names) - 1} more in {annotate}" if len(names) > 1 else ""), err=True)
    return 1 if failed else 0


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


def _opened(path: str) -> TextIO:
    try:
        # A name that is not valid UTF-8 is written as the bytes it has.
        return open(path, "w", encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise click.BadParameter(f"{path} cannot be written: {error.strerror}", param_hint="--out") from None


def _stdout() -> TextIO:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    return sys.stdout


class _Progress:
    """A line on a terminal's stderr while the rows go elsewhere: files done, time left, and the file at hand."""

    def __init__(self, total: int, *, shown: bool) -> None:
        self.total, self.shown, self.count, self.start = total, shown and sys.stderr.isatty(), 0, monotonic()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._line("")

    def done(self, reading: Reading) -> None:
        """Show that a page has been read; the first page of a file counts for it."""
        self.count += reading.page == 1
        left = (monotonic() - self.start) / max(self.count, 1) * (self.total - self.count)
        self._line(f"{self.count} of {self.total}, {left // 60:.0f}:{left % 60:02.0f} left, {place(reading)}"[:78])

    def say(self, text: str) -> None:
        """A line that stays."""
        self._line("")
        click.echo(text, err=True)

    def _line(self, text: str) -> None:
        if self.shown:
            click.echo(f"\r\033[K{text}", err=True, nl=False)
