"""`inkdigits adapt`: networks that learn the hands of a store from what people said of it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .completion import files
from .signals import at_once, raised

if TYPE_CHECKING:
    from ..forms.store import Store
    from ..training.adapt import Adapted


@click.command(short_help="Learn the hands of a store from its corrections.")
@click.option(
    "--store", required=True, metavar="URL", shell_complete=files, help="The store: sqlite:///rows.db, postgresql://NAME@HOST/DATABASE."
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Where the networks go that got better.",
)
@click.option("--model", metavar="FOLDER", shell_complete=files, help="Go on from an earlier adapt.  [default: the networks that ship]")
@click.option("--overwrite", is_flag=True, help="Replace the networks that are in FOLDER.")
@click.option("--quiet", is_flag=True, help="No progress and no remarks on stderr, only errors.")
def command(store: str, out: Path, model: str | None, overwrite: bool, quiet: bool) -> int:
    """Learn the hands of a store from its corrections: the values that people looked at on the page of `serve --store`, 16 or more.

    The last layers of the network `number` are trained further. What came of it is measured on corrections that were held out, and on other
    writing, which must be read as before. Where the network got better FOLDER gets it, and `--model FOLDER` of `read` and `form read`
    reads by it; where it did not, nothing is written.

    Exit status: 0 a network is kept, 1 none got better, or something failed, 2 wrong usage, 130 interrupted, with nothing written.
    """
    with at_once():
        from ..files import check_writable, whole_folder
        from ..forms.corrected import corrected
        from ..forms.store import Store
        from ..models import part
        from ..training.adapt import adapted, check_enough, save
        from ..training.backend import use_backend
        from ..training.progress import making
        from .outputs import said_of

        use_backend()  # what is missing is said now
    with raised():
        with Store(store) as opened:
            with said_of("--out"):
                _check_out(out, model, opened, overwrite)
                check_writable(out.with_name(f".{out.name}"))  # beside it is where the new one is made
            if model is not None and part(model, "number") == "number":
                raise click.BadParameter(f"{model} is no folder of `inkdigits adapt`", param_hint="--model")
            found = corrected(opened)
        if not quiet:
            left_out = "".join(f"; left out: {count:,} ({reason})" for reason, count in found.left_out.items())
            click.echo(f"{len(found.known):,} corrections to learn from{left_out}", err=True)
        check_enough(found.known)
        report = making(quiet)
        made = adapted(found.known, model, lambda done, total: report("learning", done, total))
        click.echo(table(made))
        if not made.improved:
            click.echo("the network did not get better: nothing is kept, and nothing was written", err=True)
            return 1
        with whole_folder(out) as new:
            save(made, new / "number", shlex.join(["inkdigits", *_named(sys.argv[1:], store)]))
        click.echo(f"{out}: `inkdigits form read --model {shlex.quote(str(out))}` reads by it", err=True)
        return 0


def table(made: Adapted) -> str:
    """What came of a training: the errors before and after, and by how much there are fewer."""
    head = f"{'':32}{'before':>9}{'after':>9}{'change':>9}"
    lines = []
    for name, (before, after) in (("corrections held out", made.held_out), ("other writing", made.familiar)):
        lines.append(_line(f"{name}: signs wrong", before.rate, after.rate))
        lines.append(_line(f"{name}: texts wrong", *(one.wrong / max(one.of, 1) for one in (before, after))))
    counted = f"number: {made.corrections:,} corrections of {made.sheets:,} forms, {made.familiar[0].of:,} rows of other writing"
    return "\n".join([counted, head, *lines])


def _line(name: str, before: float, after: float) -> str:
    change = f"{(after - before) / before:+.0%}" if before else "none" if after == before else "more"
    return f"{name:32}{before:>9.2%}{after:>9.2%}{change:>9}"


def _check_out(out: Path, model: str | None, store: Store, overwrite: bool) -> None:
    """Refuse a folder with anything that must not be lost. Raises OutputError."""
    from ..errors import OutputError
    from ..models import ADAPTED

    real = os.path.realpath(out)
    sources = {"the model": model, "the store": store.url.database if store.is_file else None}
    for what, source in sources.items():
        if source and Path(os.path.realpath(source)).is_relative_to(real):
            raise OutputError(f"{out} holds {what}, {source}, which is read; choose another folder")
    if not out.exists():
        return
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir()}
    others = sorted(names - {f"{name}/{file}" for name in ADAPTED for file in ("model.onnx", "card.json")})
    if others:
        raise OutputError(f"{out} holds {others[0]}, which is none of ours; choose another folder")
    if names and not overwrite:
        raise OutputError(f"{out} holds a network already: --overwrite replaces it, or choose another folder")


def _named(words: list[str], store: str) -> list[str]:
    """The words of a command without what they say of this machine: a password, folders."""
    return ["STORE" if word == store else Path(word).name if os.path.isabs(word) else word for word in words]
