"""The walk over what `read` and `predict` are asked to read: outputs checked, rows and pictures written, what came of it said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, BinaryIO

import click

from ..batch.run import rows
from ..batch.sources import Skipped, expand, listed
from ..files import check_writable
from ..lines import NO_REASON_TO_LOOK
from ..models import model_files
from ..output.formats import format_of, place
from ..output.results import Results, from_table
from ..output.resume import Terms, record_of, without_done
from ..output.review import Review
from ..reader import Reader
from ..reading import Reading
from .asked import Asked
from .outputs import Outputs, read_twice, said_of
from .progress import Progress, Tally
from .signals import at_once, raised


@dataclass
class Account:
    """What came of the pages: counted, those for a person gathered, what folders hold beside images noted."""

    worst: Review | None
    tally: Tally = field(default_factory=Tally)
    skipped: Skipped = field(default_factory=Skipped)

    def earlier(self, row: dict[str, Any]) -> None:
        """A row of the run that this one goes on with."""
        self.tally.row(row, earlier=True)
        if self.worst:
            self.worst.add(row)

    def count(self, reading: Reading) -> None:
        """A page was read."""
        self.tally.count(reading)
        if reading.needs_review and self.worst:
            self.worst.add(reading.to_dict())


def walk(asked: Asked) -> int:
    """Read what is asked; returns the exit code: 1 if a source failed. Options, model and outputs are looked at before anything is opened
    to be written."""
    with at_once():
        reader = _reader(asked)
        if asked.engine != "ray":
            _ = reader.cards  # what is wrong with a model is said now
        if asked.sure is not None:
            reader.promised(asked.sure, single=asked.single)
    with raised():
        account = Account(_review(asked.review))
        lists = [read_twice(names) if _replaces(asked) else names for names in asked.lists]
        _check_outputs(asked, lists)
        told = _by_ray(asked, lists, reader, account) if asked.engine == "ray" else _by_processes(asked, lists, reader, account)
        return _summary(asked, account, told)


def _reader(asked: Asked) -> Reader:
    device = "cuda" if asked.gpus else "cpu"
    try:
        return Reader(
            asked.model,
            asked.threshold,
            device=device,
            alphabet=asked.alphabet,
            decimal=asked.decimal,
            digits_only=asked.digits_only,
            second_opinion=asked.second_opinion,
            sure=asked.sure,
            printed=asked.printed,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _names(asked: Asked, lists: list[BinaryIO]) -> Iterator[str]:
    """All that is to be read, what the lists name among it."""
    return chain(asked.sources, *(listed(names, b"\0" if asked.null else b"\n") for names in lists))


def _by_processes(asked: Asked, lists: list[BinaryIO], reader: Reader, account: Account) -> bool:
    """Read in this process or in several; returns whether the rows went to a file and there was more than one source."""
    every = expand(_names(asked, lists), account.skipped)
    first = list(islice(every, 2))
    several = len(first) > 1
    form, pictures = asked.format_ or format_of(asked.out or "") or "text", set[str]()
    terms = Terms(
        record_of(reader, reader.options, single=asked.single),
        resume=asked.resume or asked.retry_errors,
        retry_errors=asked.retry_errors,
        overwrite=asked.overwrite,
    )
    count_all = None if asked.lists else lambda: sum(1 for _ in expand(asked.sources))
    with ExitStack() as stack:
        with said_of("--out"):
            results = Results(asked.out, form, terms, several=several, single=asked.single, seen=account.earlier)
        stack.enter_context(results)
        shown = several and not asked.quiet and not results.stream.isatty()
        progress = stack.enter_context(Progress(count_all, account.tally, shown=shown))
        todo, keep = without_done(chain(first, every), results.done), bool(asked.annotate or asked.draw)
        for reading in rows(reader, todo, single=asked.single, keep=keep, jobs=asked.jobs or 1, ordered=not asked.unordered):
            results.write(reading)
            account.count(reading)
            if reading.error:
                progress.say(f"inkdigits: {place(reading)}: {reading.error}")
            elif form == "text" and not asked.quiet and (remark := _remark(reading)):
                progress.say(f"{place(reading)}: {remark}")
            progress.show(place(reading))
            if asked.annotate and reading.image is not None:
                _annotate(reading, Path(asked.annotate), pictures)
            if asked.draw and reading.image is not None:
                asked.draw(reading, several)
    if pictures and not asked.quiet:
        one = Path(str(asked.annotate)) / f"{min(pictures)}.png"
        others = f" and {len(pictures) - 1} more in {asked.annotate}" if len(pictures) > 1 else ""
        click.echo(f"annotated: {one}{others}", err=True)
    return bool(asked.out) and several


def _by_ray(asked: Asked, lists: list[BinaryIO], reader: Reader, account: Account) -> bool:
    """Read with Ray, and count what comes of it."""
    with at_once():
        from ..cluster import expand_remote, read
    tally, worst = account.tally, account.worst

    def count(table: Any, earlier: bool = False) -> None:
        tally.table(table, earlier=earlier)
        for row in from_table(table.filter(table["needs_review"])):
            if row["error"] and not earlier:
                progress.say(f"inkdigits: {row['source']}: {row['error']}")
            if worst:
                worst.add(row)

    every, out = expand_remote(_names(asked, lists), account.skipped), str(asked.out)
    found = partial(
        read,
        reader,
        every,
        out,
        single=asked.single,
        jobs=asked.jobs,
        gpus=asked.gpus,
        address=asked.address,
        resume=asked.resume or asked.retry_errors,
        retry_errors=asked.retry_errors,
        overwrite=asked.overwrite,
    )
    with Progress(None, tally, shown=not asked.quiet) as progress, said_of("--out"):
        for table in found(seen=partial(count, earlier=True)):
            count(table)
            progress.show(out)
    return True


def _replaces(asked: Asked) -> bool:
    """Whether there are outputs that are written over what is there."""
    return bool(asked.annotate or asked.review or asked.plot or asked.overwrite)


def _check_outputs(asked: Asked, lists: list[BinaryIO]) -> None:
    """Refuse what would be written over what is read, and what cannot be written."""
    rows_file = None if asked.engine == "ray" else asked.out
    outputs = Outputs({"--out": rows_file, "--review": asked.review, "--plot": asked.plot}, numbered=["--plot"], pictures=asked.annotate)
    for names in lists:
        outputs.check_list(names)
    for path in model_files(asked.model):
        outputs.check_file(str(path), "the model")
    for source in filter(os.path.isdir, asked.sources):
        outputs.check_folder(source)
    if outputs.may_replace(but=None if asked.overwrite else "--out"):  # else it only grows, and only if it holds rows
        outputs.check_files(expand(source for source in _names(asked, lists) if source != "-"))
        for names in lists:
            names.seek(0)
    pictures = {"--annotate": asked.annotate and os.path.join(asked.annotate, "page.png"), "--plot": asked.plot}
    for option, out in {**pictures, "--review": asked.review}.items():
        if out:
            with said_of(option):
                if option in pictures:
                    from ..drawing.readings import check_suffix  # only who asks for pictures waits for it

                    check_suffix(out)
                check_writable(out)


def _summary(asked: Asked, account: Account, told: bool) -> int:
    """Write what is to be reviewed, and say what came of the rows; the exit code."""
    if account.skipped and not asked.quiet:
        click.echo(f"skipped in folders: {account.skipped}", err=True)
    if told and not asked.quiet:
        click.echo(account.tally.text, err=True)
    if account.worst and asked.review:
        account.worst.write(Path(asked.review))
        if not asked.quiet:
            click.echo(f"to review: {asked.review}", err=True)
    return 1 if account.tally.errors else 0


def _review(path: str | None) -> Review | None:
    """What gathers the rows for a file; None where there is none to write."""
    if path is None:
        return None
    if not Review.writes(Path(path)):
        raise click.BadParameter("its suffix must be .html, .csv or .jsonl", param_hint="--review")
    return Review()


def _remark(reading: Reading) -> str | None:
    """Why there is no text, a "?" in it, or a doubt about all of it; None where all is read."""
    if "damaged" in reading.review_reasons:
        return "the file may be damaged: its decoder had a warning; compare the image, or copy or download it again"
    refused = reading.refused or next((digit.refused for line in reading.lines for digit in line.digits if digit.refused), None)
    unread = {left.reason for left in reading.left_out} - {*NO_REASON_TO_LOOK} if "unread" in reading.review_reasons else set()
    left = f"left out: {', '.join(sorted(unread))}" if unread else None
    return "; ".join(said for said in (refused, left) if said) or None


def _annotate(reading: Reading, folder: Path, names: set[str]) -> None:
    """Write the annotated image, named after its source, with a number where that name was taken in this run."""
    from ..drawing.readings import annotate, save

    stem = "stdin" if reading.source == "-" else Path(reading.source).stem
    stem += f"-page{reading.page}" if reading.page > 1 else ""
    name = next(name for name in chain([stem], (f"{stem}-{n}" for n in count(2))) if name not in names)
    names.add(name)
    save(annotate(reading), folder / f"{name}.png")
