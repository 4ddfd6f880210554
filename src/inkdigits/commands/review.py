"""`inkdigits review`: what people made of a store of forms."""

from __future__ import annotations

import click

from .completion import files
from .signals import at_once


@click.group(short_help="Take a checked table out of a store.")
def command() -> None:
    """Take a checked table out of a store of forms.

    `inkdigits form read SCANS --form form.json --out sqlite:///rows.db` fills a store, and `inkdigits serve --store sqlite:///rows.db`
    serves the page on which people look at what is not sure.
    """


@command.command(short_help="Write the table with the corrections in place.")
@click.argument("store", metavar="STORE", shell_complete=files)
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="A .csv, .parquet or .xlsx to write, or to replace."
)
@click.option("--quiet", is_flag=True, help="No remarks on stderr, only errors.")
def export(store: str, out: str, quiet: bool) -> None:
    """Write the table of a store with the corrections in place: who made them, and when.

    STORE is sqlite:///FILE, postgresql://NAME@HOST/DATABASE, or the path of an SQLite file. Of each field there are six columns: NAME, NAME
    confidence, NAME status, NAME note, NAME by, NAME at. A value that a person has looked at has their name in place of a confidence.
    """
    with at_once():
        from ..errors import OutputError
        from ..forms.checked import export as written
        from ..forms.reviewing import Reviewing
        from ..forms.store import Store
        from .outputs import identity, said_of
    with Store(store) as opened:
        with said_of("--out"):
            if opened.is_file and identity(out) == identity(str(opened.url.database)):
                raise OutputError(f"{out} is the store; choose another file")
            count = written(opened, out)
        if not quiet:
            progress = Reviewing(opened).progress()["progress"]
            left = progress["left"]["field"] + progress["left"]["form"]
            click.echo(f"{count:,} forms, {left:,} values and forms left to look at; {said(progress['estimate'])}", err=True)


@command.command(short_help="Say how far the review is.")
@click.argument("store", metavar="STORE", shell_complete=files)
def status(store: str) -> None:
    """Say how far the review of a store is, and how many of the values that nobody looks at are wrong.

    That is known from the sure values that were picked at random (`form read --sample`) and looked at like the others.
    """
    with at_once():
        from ..forms.reviewing import Reviewing
        from ..forms.store import Store
    with Store(store) as opened:
        progress = Reviewing(opened).progress()["progress"]
        names = {"digit": "digits", "field": "values", "form": "forms"}
        click.echo("left to look at: " + ", ".join(f"{progress['left'][kind]:,} {name}" for kind, name in names.items()))
        click.echo(said(progress["estimate"]))


def said(estimate: dict[str, float]) -> str:
    """The estimate in words."""
    if not estimate["looked"]:
        return f"{estimate['unseen']:,} values that nobody looks at, and none of the sample is looked at yet"
    share = f"{estimate['share']:.2%} wrong ({estimate['low']:.2%} to {estimate['high']:.2%} with 95 % confidence)"
    return (
        f"{estimate['unseen']:,} values that nobody looks at, of which {share}: {estimate['wrong']:,} of {estimate['looked']:,} at random"
    )
