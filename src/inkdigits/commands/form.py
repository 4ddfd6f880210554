"""`inkdigits form`: from a stack of filled-in forms to a table."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .completion import files
from .signals import at_once, raised

if TYPE_CHECKING:
    from ..batch.sources import Skipped
    from ..forms.read import FormReader
    from ..forms.storing import StoredRows
    from ..output.results import Results
    from ..output.resume import Terms
    from .progress import Tally

FORMATS = ("csv", "jsonl", "parquet")
STORES = ("sqlite:", "postgresql:", "postgresql+")
"""How the addresses of stores begin."""


@click.group(short_help="Read filled-in forms into a table.")
def command() -> None:
    """Read filled-in forms into a table: a row a form, a column a field, every value checked.

    `form new` makes a form.json of a blank, which a person names and corrects; `form read` reads scans by it.
    """


@command.command(short_help="Make a form.json of a blank.")
@click.argument("blank", metavar="BLANK", shell_complete=files)
@click.option("--out", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="The form.json to write; images go beside it.")
@click.option("--name", metavar="NAME", help="What the form is called.  [default: the name of BLANK]")
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
def new(blank: str, out: str, name: str | None, overwrite: bool) -> None:
    """Make a form.json of a blank form, an image or a PDF: each of its pages is a layout.

    Boxes, combs of cells, gaps with a line under them and small boxes to tick are proposed as fields. Give them names and types in FILE;
    `form schema` and the documentation say which there are.
    """
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    with at_once():
        from .. import images
        from ..drawing.readings import encode
        from ..errors import InputError, OutputError
        from ..files import check_writable, write
        from ..forms.propose import NO_PRINT, layout_of
        from ..forms.schema import VERSION
        from ..forms.template import Template
        from .outputs import said_of
    with said_of("--out"):
        check_writable(out)
        document = images.load(blank)
        names = [f"{Path(out).stem}-{number}.png" for number in range(1, document.pages + 1)]
        there = [str(path) for path in (Path(out), *(Path(out).parent / own for own in names)) if path.exists()]
        if there and not overwrite:
            raise OutputError(f"{there[0]} is there already; --overwrite replaces it, or choose another")
        if any(os.path.exists(blank) and os.path.samefile(path, blank) for path in there):
            raise OutputError(f"{blank} is the blank, and would be written over; choose another name for --out")
    pages = []
    for number, own in enumerate(names, start=1):
        image = document.page(number)
        try:
            page = layout_of(image, f"page {number}", own)
        except ValueError as error:
            raise InputError(f"{blank}, page {number}", str(error), NO_PRINT) from None
        pages.append(page)
        write(Path(out).parent / own, encode(image, ".png"))
        fields = page["fields"]
        kinds = [("comb" if "cells" in field else field["type"].replace("integer", "box or gap")) for field in fields]
        said = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "none"
        click.echo(f"page {number}: {len(fields)} fields ({said})", err=True)
    form = {"version": VERSION, "name": name or Path(blank).stem, "pages": pages}
    Template.from_dict(form, out, Path(out).parent).save(out)
    click.echo(f"name the fields and give them types in {out}", err=True)


@command.command(short_help="Print the JSON Schema of form.json.")
def schema() -> None:
    """Print the JSON Schema of form.json."""
    from ..forms.schema import SCHEMA

    click.echo(json.dumps(SCHEMA, indent=2))


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments and options of `form read`."""

    sources: tuple[str, ...]
    form: str
    out: str | None
    format_: str | None
    engine: str
    address: str | None
    resume: bool
    retry_errors: bool
    overwrite: bool
    threshold: float | None
    unconstrained: bool
    sample: float | None
    jobs: int | None
    unordered: bool
    model: str | None
    quiet: bool


@command.command(short_help="Read filled-in forms.")
@click.argument("sources", nargs=-1, required=True, metavar="SCAN...", shell_complete=files)
@click.option("--form", required=True, type=click.Path(dir_okay=False), metavar="FILE", shell_complete=files, help="The form.json.")
@click.option(
    "--out", type=click.Path(), metavar="FILE|URL", shell_complete=files,
    help="Write the rows to FILE, or into a store: sqlite:///rows.db, postgresql://NAME@HOST/DATABASE; with Ray into a folder.",
)  # fmt: skip
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), help="What the rows look like.  [default: by the suffix of --out, else csv]"
)
@click.option("--resume", is_flag=True, help="Go on with the rows in --out: what is done is not read again.")
@click.option("--retry-errors", is_flag=True, help="With --resume: read again what has an error.")
@click.option("--overwrite", is_flag=True, help="Begin anew where --out has rows.")
@click.option("--threshold", type=click.FloatRange(0, 1), metavar="P", help="A value that is less likely right is unsure.")
@click.option("--unconstrained", is_flag=True, help="Types, lists and checks say what fails them, and have no say in what is read.")
@click.option(
    "--sample", type=click.FloatRange(0, 1), metavar="P",
    help="In a store: the share of sure values that a person is to look at, to know how many are wrong.  [default: 0.05]",
)  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Processes that read at the same time.  [default: 1; with Ray: a CPU each]"
)
@click.option(
    "--engine", type=click.Choice(("processes", "ray")), default="processes", show_default=True,
    help="What shares out the work: processes of this machine, or Ray Data, on one or many.",
)  # fmt: skip
@click.option("--address", metavar="ADDRESS", help="With Ray: the cluster.  [default: $RAY_ADDRESS, else this machine]")
@click.option("--unordered", is_flag=True, help="With --jobs: rows as they come, not in the order of the scans.")
@click.option(
    "--model", metavar="MODEL", shell_complete=files, help="A shipped model's name, a run folder, an ONNX file, or a folder of adapt."
)
@click.option("--quiet", is_flag=True, help="No progress and no remarks on stderr, only errors.")
def read(sources: tuple[str, ...], **settings: Any) -> int:
    """Read filled-in forms: a row a form, and beside each value its confidence, its status and a note.

    SCAN is an image file (PNG, JPEG, WebP, TIFF, BMP, GIF, PDF), a folder, a pattern such as 'scans/*.png', or - for standard input. Pages
    may come in any order and any way up. A value is ok, empty, unsure, invalid (the note says which check), struck out, or on no such
    page; the note also says where a list or a check picked it. A page that fits no page of the form is a row that says so.
    """
    asked = Asked(sources, **settings)
    if asked.overwrite and (asked.resume or asked.retry_errors):
        raise click.UsageError("--overwrite begins anew, --resume and --retry-errors go on: give the one or the others")
    is_stored = bool(asked.out and "://" in asked.out) and asked.engine != "ray"
    if asked.engine == "ray" and (asked.format_ not in (None, "parquet") or not asked.out or asked.out.startswith(STORES)):
        raise click.UsageError("--engine ray writes rows as Parquet files, into no store: give --out FOLDER")
    if asked.engine != "ray" and asked.out and os.path.isdir(asked.out):
        raise click.BadParameter(f"{asked.out} is a folder; give a file", param_hint="'--out'")
    if is_stored and asked.format_:
        raise click.UsageError("--format is for files; a store has tables of its own")
    if asked.sample is not None and not is_stored:
        raise click.UsageError("--sample is for a store; give one as --out, such as sqlite:///rows.db")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    with at_once():
        from ..forms.read import FormModel, FormReader

        reader = FormReader(FormModel(Path(asked.form), asked.model, not asked.unconstrained, is_stored), asked.threshold)
        _ = reader.cards, reader.blanks  # what is wrong with a model or a blank is said now
    with raised():
        return _walk_by_ray(asked, reader) if asked.engine == "ray" else _walk(asked, reader, is_stored)


def _walk(asked: Asked, reader: FormReader, is_stored: bool) -> int:
    """Read the scans and write their rows; the exit code: 1 if a scan failed."""
    from ..batch.run import rows
    from ..batch.sources import Skipped, expand
    from ..forms.rows import forms
    from ..output.resume import without_done
    from .outputs import said_of
    from .progress import Progress, Tally

    if not is_stored:
        _check_outputs(asked, reader)
    tally, skipped = Tally(), Skipped()
    template = reader.template
    with said_of("--out"):
        results = (_stored if is_stored else _in_file)(asked, reader, tally)
    with results, Progress(lambda: sum(1 for _ in expand(asked.sources)), tally, shown=not asked.quiet) as progress:
        todo = without_done(expand(asked.sources, skipped), results.done)
        found = rows(reader, todo, jobs=asked.jobs or 1, ordered=not asked.unordered)  # type: ignore[arg-type]  # it is one to batch
        for row in forms(found, template, constrained=reader.model.constrained):
            results.write(row)
            tally.count(row)
            place = row.source + _of_page(row.page)
            if (row.error or row.refused) and not asked.quiet:
                progress.say(f"inkdigits: {place}: {row.error or row.refused}")
            progress.show(place)
    return _told(asked, tally, skipped)


def _walk_by_ray(asked: Asked, reader: FormReader) -> int:
    """Read the scans with Ray, which writes their rows as Parquet files; the exit code: 1 if a scan failed."""
    from ..batch.sources import Skipped
    from ..cluster import Rows, expand_remote, read
    from ..forms.rows import record_of, row_table
    from .outputs import said_of
    from .progress import Progress, Tally

    tally, skipped, out = Tally(), Skipped(), str(asked.out)
    found = partial(
        read, reader, expand_remote(asked.sources, skipped), out,  # type: ignore[arg-type]  # it is one to batch
        rows=Rows(record_of(reader), partial(row_table, template=reader.template, constrained=reader.model.constrained)),
        jobs=asked.jobs, address=asked.address, resume=asked.resume or asked.retry_errors, retry_errors=asked.retry_errors,
        overwrite=asked.overwrite,
    )  # fmt: skip
    with Progress(None, tally, shown=not asked.quiet) as progress, said_of("--out"):
        for table in found(seen=partial(tally.table, earlier=True)):
            tally.table(table)
            for row in table.select(["source", "page", "refused", "error"]).to_pylist():
                if (said := row["error"] or row["refused"]) and not asked.quiet:
                    progress.say(f"inkdigits: {row['source']}{_of_page(row['page'])}: {said}")
            progress.show(out)
    return _told(asked, tally, skipped)


def _told(asked: Asked, tally: Tally, skipped: Skipped) -> int:
    """Say what came of the scans; the exit code: 1 if one failed."""
    if not asked.quiet:
        if skipped:
            click.echo(f"skipped in folders: {skipped}", err=True)
        if asked.out:
            click.echo(tally.text, err=True)
    return 1 if tally.errors else 0


def _of_page(page: int) -> str:
    return f", page {page}" if page > 1 else ""


def _in_file(asked: Asked, reader: FormReader, tally: Tally) -> Results:
    """The rows on their way to a file or to standard output."""
    from ..forms.rows import columns, table_of
    from ..output.results import Results

    suffix = (asked.out or "").rpartition(".")[2].lower()
    kind = asked.format_ or (suffix if suffix in FORMATS else "csv")
    return Results(
        asked.out, kind, _terms(asked, reader), several=True, single=False, columns=columns(reader.template),
        table=table_of(reader.template), seen=lambda row: tally.row(row, earlier=True),
    )  # fmt: skip


def _stored(asked: Asked, reader: FormReader, tally: Tally) -> StoredRows:
    """The rows on their way into a store."""
    from ..forms.store import shown_url
    from ..forms.storing import SAMPLE, StoredRows
    from ..reader import LINE_THRESHOLD

    out = str(asked.out)
    command = shlex.join(["inkdigits", *(shown_url(word) if word == out else word for word in sys.argv[1:])])
    return StoredRows(
        out, _terms(asked, reader), reader.template, command=command, models=[card.id for card in reader.cards],
        threshold=LINE_THRESHOLD if asked.threshold is None else asked.threshold,
        sample=SAMPLE if asked.sample is None else asked.sample, seen=lambda row: tally.row(row, earlier=True),
    )  # fmt: skip


def _terms(asked: Asked, reader: FormReader) -> Terms:
    from ..forms.rows import record_of
    from ..output.resume import Terms

    return Terms(record_of(reader), asked.resume or asked.retry_errors, asked.retry_errors, asked.overwrite)


def _check_outputs(asked: Asked, reader: FormReader) -> None:
    """Refuse what would be written over what is read."""
    from ..batch.sources import expand
    from ..models import model_files
    from .outputs import Outputs

    outputs = Outputs({"--out": asked.out})
    outputs.check_file(asked.form, "the form")
    for layout in reader.template.pages:
        outputs.check_file(str(reader.template.image(layout)), "a page of the form")
    for path in model_files(asked.model):
        outputs.check_file(str(path), "the model")
    if outputs.may_replace(but=None if asked.overwrite else "--out"):
        outputs.check_files(expand(source for source in asked.sources if source != "-"))
