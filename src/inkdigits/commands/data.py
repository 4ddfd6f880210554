"""`inkdigits data`: which data sets there are, and whether they are here and whole."""

from __future__ import annotations

import json
from typing import Any

import click


@click.group(short_help="List, fetch and verify data sets.")
def command() -> None:
    """List, fetch and verify the data sets that `--data` knows by name.

    They are looked for in $INKDIGITS_DATA/NAME, then in the cache ($INKDIGITS_HOME, or the platform's cache folder), and downloaded into the cache.
    """


@command.command("list")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(form: str) -> None:
    """What there is, where it is, how big, under which licence."""
    rows = _rows()
    if form == "json":
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        click.echo(
            f"{row['name']:14} {row['train']:>7,} + {row['test']:>6,} images, {row['classes']} classes: {row['title']}; {row['licence']}"
        )
        click.echo(
            f"{'':14} {row['where'] or 'not here; downloaded when needed'}" + (f" ({row['bytes'] / 1e6:.1f} MB)" if row["bytes"] else "")
        )


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def fetch(names: tuple[str, ...]) -> None:
    """Download data sets into the cache; what is here and whole is not downloaded again."""
    from inkdigits.training.datasets import SPLITS, load

    for name in names:
        _known(name)
        count = sum(len(load(name, split).labels) for split in SPLITS)
        click.echo(f"{name}: {count:,} images, whole")


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
def verify(names: tuple[str, ...]) -> int:
    """Check the files that are here against the published hashes; exit 1 if one is damaged."""
    from inkdigits.training import fetch
    from inkdigits.training.datasets import PUBLISHED

    damaged = 0
    for name in names or tuple(PUBLISHED):
        _known(name)
        entry = PUBLISHED.get(name)
        files = [] if entry is None else [file for pair in entry.files.values() for file in pair if not entry.archive]
        if entry is not None and entry.archive:
            files = [entry.archive]
        for file in files:
            path = fetch.find(name, file)
            if path is None:
                click.echo(f"{name}/{file.name}: not here")
            elif fault := file.fault(path.read_bytes()):
                damaged += 1
                click.echo(f"{path}: DAMAGED: {fault}; delete it, `inkdigits data fetch {name}` downloads it again")
            else:
                click.echo(f"{path}: whole")
        if entry is None:
            click.echo(f"{name}: part of scikit-learn")
    return int(damaged > 0)


def _known(name: str) -> None:
    from inkdigits.training.datasets import PUBLISHED

    if name not in PUBLISHED and name != "digits":
        raise click.UsageError(f"{name}: no such data set; `inkdigits data list` shows them.")


def _rows() -> list[dict[str, Any]]:
    from inkdigits.training import fetch
    from inkdigits.training.datasets import PUBLISHED

    rows: list[dict[str, Any]] = []
    for name, entry in PUBLISHED.items():
        files = [entry.archive] if entry.archive else [file for pair in entry.files.values() for file in pair]
        paths = [fetch.find(name, file) for file in files]
        here = [path for path in paths if path is not None]
        rows.append(
            {
                "name": name,
                "title": entry.title,
                "train": entry.sizes[0],
                "test": entry.sizes[1],
                "classes": len(entry.classes),
                "licence": entry.licence,
                "where": str(here[0].parent) if here and len(here) == len(paths) else "",
                "bytes": sum(path.stat().st_size for path in here),
            }
        )
    rows.append(
        {
            "name": "digits",
            "title": "handwritten digits, 8x8 (Alpaydin, Kaynak 1998)",
            "train": 1442,
            "test": 355,
            "classes": 10,
            "licence": "CC BY 4.0",
            "where": "inside scikit-learn, always offline",
            "bytes": 0,
        }
    )
    return rows
