"""`inkdigits data`: which data sets there are, and whether they are here and whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from .completion import published

FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)


@click.group(short_help="List, fetch and verify data sets.")
def command() -> None:
    """List, fetch and verify the data sets that `--data` knows by name.

    They are looked for in $INKDIGITS_DATA/NAME, then in the cache ($INKDIGITS_HOME, or the platform's cache folder), and downloaded into
    the cache. Collections of handwriting that recipes use beside them are listed too; these are not downloaded.
    """


@command.command("list")
@FORMAT
def list_(form: str) -> None:
    """What there is, where it is, how big, under which licence.

    First the data sets that `--data` knows, with their images for training and for the test; then collections that recipes use: the
    samples that may train, and those that only measure.
    """
    rows, collections = list(_rows()), list(_collections())
    if form == "json":
        click.echo(json.dumps([*rows, *collections], indent=2, ensure_ascii=False))
        return
    click.echo(f"{'name':14} {'images':>17}  {'classes':7}  {'MB':>5}  {'licence':21}  where")
    for row in rows:
        images, size = f"{row['train']:,} + {row['test']:,}", f"{row['bytes'] / 1e6:.1f}" if row["bytes"] else ""
        where = row["where"] or f"not here: {row['download'] / 1e6:.0f} MB are downloaded when needed"
        click.echo(f"{row['name']:14} {images:>17}  {row['classes']:7}  {size:>5}  {row['licence']:21}  {where}")
    click.echo(f"\n{'collection':17}  {'may train':>9}  {'only measures':>13}  {'licence':9}  {'trains':19}  what, and where")
    for row in collections:
        trains = ", ".join(row["recipes"]) or "no recipe"
        where = row["where"] or f"not here: {row['source']}, into $INKDIGITS_DATA/{row['folder']} (its layout: docs, Data)"
        click.echo(f"{row['name']:17}  {row['train']:9,}  {row['test']:13,}  {row['licence']:9}  {trains:19}  {row['holds']}; {where}")


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=published)
def fetch(names: tuple[str, ...]) -> None:
    """Download data sets into the cache; what is here and whole is not downloaded again."""
    from inkdigits.training.datasets import SPLITS, load

    for name in _known(names):
        count = sum(len(load(name, split).labels) for split in SPLITS)
        click.echo(f"{name}: {count:,} images, whole")


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME...]", shell_complete=published)
@FORMAT
def verify(names: tuple[str, ...], form: str) -> int:
    """Check the files that are here against the published hashes; exit 1 if one is damaged."""
    rows = [row for name in _known(names) for row in _verified(name)]
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        for row in rows:
            click.echo(": ".join(filter(None, (row["path"] or f"{row['name']}/{row['file']}", row["state"], row["reason"]))))
    return int(any(row["state"] == "damaged" for row in rows))


def _verified(name: str) -> Iterator[dict[str, Any]]:
    """A row for each file of a data set; state: "whole", "damaged" or "not here"."""
    from inkdigits.training import fetch
    from inkdigits.training.datasets import PUBLISHED

    if name not in PUBLISHED:  # digits
        yield {"name": name, "file": "scikit-learn", "path": "", "state": "whole" if _scikit_learn() else "not here", "reason": ""}
        return
    for file in PUBLISHED[name].files:
        path = fetch.find(name, file)
        state, reason = "not here", ""
        if path is not None:
            reason = fetch.fault(path, file)
            state = "damaged" if reason else "whole"
            if reason:
                reason += f"; `inkdigits data fetch {name}` downloads it again" if fetch.in_cache(path) else "; replace it"
            elif not file.inner and path.name != file.name:
                reason = "as far as can be told: no hash of the decompressed file is published"
        yield {"name": name, "file": file.name, "path": str(path or ""), "state": state, "reason": reason}


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, or all there are if none is given. Raises UsageError for an unknown one, before anything is done."""
    from inkdigits.training.datasets import PUBLISHED

    known = (*PUBLISHED, "digits")
    for name in names:
        if name not in known:
            raise click.UsageError(f"{name}: no such data set; there are {', '.join(known)}")
    return names or known


def _rows() -> Iterator[dict[str, Any]]:
    from inkdigits.training import datasets, fetch

    for name, entry in datasets.PUBLISHED.items():
        paths = [fetch.find(name, file) for file in entry.files]
        here = [path for path in paths if path is not None]
        yield {
            "name": name,
            "kind": "data set",
            "title": entry.title,
            "train": entry.sizes[0],
            "test": entry.sizes[1],
            "classes": len(entry.classes),
            "licence": entry.licence,
            "where": str(here[0].parent) if len(here) == len(paths) else "",
            "bytes": sum(path.stat().st_size for path in here),
            "download": entry.download,
        }
    yield {
        "name": "digits",
        "kind": "data set",
        "title": datasets.DIGITS_TITLE,
        "train": datasets.DIGITS_SIZES[0],
        "test": datasets.DIGITS_SIZES[1],
        "classes": len(datasets.DIGITS),
        "licence": "CC BY 4.0",
        "where": "inside scikit-learn, always offline" if _scikit_learn() else "inside scikit-learn: pip install 'inkdigits[train]'",
        "bytes": 0,
        "download": 0,
    }


def _collections() -> Iterator[dict[str, Any]]:
    """What is not downloaded. train: samples that may train; test: those that only measure."""
    from inkdigits.training.data.catalogue import COLLECTIONS, found

    for name, entry in COLLECTIONS.items():
        yield {
            "name": name,
            "kind": "collection",
            "title": entry.title,
            "holds": entry.holds,
            "makers": entry.makers,
            "train": entry.trainable,
            "test": entry.dev,
            "licence": entry.licence,
            "source": entry.source,
            "folder": entry.folder,
            "where": str(found(name) or ""),
            "recipes": list(entry.recipes),
        }


def _scikit_learn() -> bool:
    from importlib.util import find_spec

    return find_spec("sklearn") is not None
