"""`inkdigits bench`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

SETS = (
    "photos_single", "cvl_digits", "exam_digits", "usps", "semeion", "photos_multi", "cheque_amounts", "hands33", "registers",
    "pen_numbers", "composed_numbers", "not_digits",
)  # fmt: skip

_out = click.option("--out", type=click.Path(path_type=Path), help="A JSON file for the figures, and what they depend on.")
_docs = click.option("--docs", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="A Markdown file with marks to fill.")
_runs = click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs"),
    show_default=True,
    help="A folder of runs on MNIST to compare with; dense, cnn2 and cnn3 are trained into it where it has none.",
)


@click.group(short_help="Measure accuracy, speed and robustness, beside others.")
def command() -> None:
    """Measure inkdigits beside its peers; a command for each family of tables.

    Prints Markdown; --out keeps the figures as JSON, --docs puts the tables into a Markdown file, between `<!-- NAME -->` and
    `<!-- /NAME -->`. Time nothing while something else runs.
    """


@command.command(short_help="How much is right, beside others.")
@click.option(
    "--table", "wanted", type=click.Choice(["real", "second", "peers", "mnist"]), multiple=True, help="Only this one.  [default: all]"
)
@click.option("--sets", multiple=True, type=click.Choice(SETS), help="Only this set of real handwriting.  [default: all]")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Images of each set that others read too.")
@click.option("--model", metavar="MODEL", help="For the real sets: a run folder or an ONNX file in place of the digit model that ships.")
@_runs
@_out
@_docs
def accuracy(
    wanted: tuple[str, ...], sets: tuple[str, ...], limit: int, model: str | None, runs: Path, out: Path | None, docs: Path | None
) -> None:
    """How much is right: on real handwriting (INKDIGITS_DATA), there with and without a second opinion, and beside RapidOCR and Tesseract;
    and on MNIST beside others."""
    from inkdigits.bench import networks, peers, real, second
    from inkdigits.bench.sets import NONE
    from inkdigits.bench.tables import real_sets

    chosen = sets or SETS
    makers: dict[str, Callable[[], Any]] = {
        "real": lambda: real.table(real_sets(), chosen, model),
        "second": lambda: second.tables(real_sets(), chosen, limit),
        "peers": lambda: peers.tables(real_sets(), [name for name in chosen if name not in NONE], limit),
        "mnist": lambda: networks.accuracy(runs),
    }
    _make((makers[name] for name in wanted or makers), out, docs)


@command.command(short_help="What it costs, beside others.")
@click.option(
    "--table", "wanted", type=click.Choice(["reading", "networks", "processes"]), multiple=True, help="Only this one.  [default: all]"
)
@click.option("--rounds", type=click.IntRange(2), default=15, show_default=True, help="How often everything is timed, in turn.")
@_runs
@_out
@_docs
def speed(wanted: tuple[str, ...], rounds: int, runs: Path, out: Path | None, docs: Path | None) -> None:
    """What it costs: reading an image beside decoding it and beside RapidOCR, the networks beside Keras, the command as a process."""
    from inkdigits.bench import networks, speed

    makers: dict[str, Callable[[], Any]] = {
        "reading": lambda: speed.reading(rounds),
        "networks": lambda: networks.speed(runs, rounds),
        "processes": lambda: speed.processes(rounds),
    }
    _make((makers[name] for name in wanted or makers), out, docs)


@command.command(short_help="Many images: rates, workers, memory.")
@click.option("--table", "wanted", type=click.Choice(["scale", "memory"]), multiple=True, help="Only this one.  [default: both]")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="How often everything is timed, in turn.")
@click.option("--images", type=click.IntRange(10), default=100_000, show_default=True, help="Read while the memory is watched.")
@click.option("--jobs", type=click.IntRange(1), multiple=True, default=(1, 2), show_default=True, help="Numbers of worker processes.")
@_runs
@_out
@_docs
def scale(
    wanted: tuple[str, ...], rounds: int, images: int, jobs: tuple[int, ...], runs: Path, out: Path | None, docs: Path | None
) -> None:
    """How many images a second, by the number of workers, beside a plain loop; and whether memory stays flat."""
    from inkdigits.bench import scale

    makers: dict[str, Callable[[], Any]] = {
        "scale": lambda: scale.rates(runs, rounds, jobs),
        "memory": lambda: scale.memory(images, jobs),
    }
    _make((makers[name] for name in wanted or makers), out, docs)


@command.command(short_help="The service under load.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=10, show_default=True, help="Of more load than it can stand.")
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes that read.")
@_out
@_docs
def service(minutes: float, workers: int, out: Path | None, docs: Path | None) -> None:
    """The service on the loopback interface: beside the Reader alone, at 70 % of what it can do, and at 120 %."""
    from inkdigits.bench import service

    _make(iter([lambda: service.table(minutes, workers)]), out, docs)


@command.command(short_help="What is wrong though nobody is asked to look.")
@click.option("--table", "wanted", type=click.Choice(["compositions", "curve"]), multiple=True, help="Only this one.  [default: both]")
@click.option("--count", type=click.IntRange(1), default=500, show_default=True, help="Compositions to read.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the compositions.")
@_out
@_docs
def trust(wanted: tuple[str, ...], count: int, seed: int, out: Path | None, docs: Path | None) -> None:
    """Whether an answer can be trusted (INKDIGITS_DATA): numbers composed of the developers' hands, a third with a letter, a symbol, a
    crossing-out or a dot in a box in them; and how much is right of how much is answered, by threshold, on the real sets of numbers."""
    from inkdigits.bench import trust
    from inkdigits.bench.tables import real_sets

    home = real_sets().parent
    makers: dict[str, Callable[[], Any]] = {
        "compositions": lambda: trust.compositions_table(trust.composed(home, count, seed)),
        "curve": lambda: trust.curve_table(trust.real_numbers(home)),
    }
    _make((makers[name] for name in wanted or makers), out, docs)


@command.command(short_help="From a stack of forms to a table.")
@click.option("--count", type=click.IntRange(1), default=200, show_default=True, help="Forms of each of the five layouts.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the stack.")
@_out
@_docs
def forms(count: int, seed: int, out: Path | None, docs: Path | None) -> None:
    """Composed stacks of five layouts, filled with the developers' hands (INKDIGITS_DATA), scanned, photographed, upside down, stained:
    right layouts, fields in place, values right of all and of those that are ok, with and without constraints."""
    from inkdigits.bench import form_values

    _make(iter([lambda: form_values.forms_table(form_values.measured(count, seed))]), out, docs)


@command.command(short_help="Hands that are learned from corrections.")
@click.option(
    "--corrections", "sizes", multiple=True, type=click.Choice(("64", "100", "16", "most")),
    help="Only so many: 64 or 100 of all hands together, 16 or as many as there are of each by itself.  [default: all]",
)  # fmt: skip
@_out
@_docs
def adapt(sizes: tuple[str, ...], out: Path | None, docs: Path | None) -> None:
    """What `inkdigits adapt` makes of hands that no network was trained on (INKDIGITS_DATA): the dev hands of hands33, errors before and
    after, by the number of corrections, of other numbers. The networks are thrown away."""
    from inkdigits.bench import adapt

    found = adapt.measured(sizes or adapt.SIZES, lambda line: click.echo(line, err=True))
    _make(iter([lambda: adapt.table(found)]), out, docs)


@command.command(short_help="Sheets on desks, tilted, turned, scanned, small.")
@click.option("--condition", "wanted", metavar="NAME", multiple=True, help="Only this one, beside the flat sheets.  [default: all]")
@click.option("--limit", type=click.IntRange(1), help="Photographs, and pages, in each condition.  [default: all]")
@click.option("--peer", is_flag=True, help="Let RapidOCR read the same pictures; it takes a second and more for each.")
@_out
@_docs
def wild(wanted: tuple[str, ...], limit: int | None, peer: bool, out: Path | None, docs: Path | None) -> None:
    """How much less is read of a sheet on a desk, tilted, in perspective, turned, with a scan's black edge, small or badly compressed than
    of the same sheet flat (INKDIGITS_DATA): photos_multi, and pages of the registers' cells, on thirteen kinds of desk, those that training
    never sees apart."""
    from inkdigits.bench import conditions, wild
    from inkdigits.bench.tables import real_sets

    unknown = set(wanted) - set(conditions.CONDITIONS)
    if unknown:
        raise click.UsageError(f"no condition {', '.join(sorted(unknown))}; there are: {', '.join(conditions.CONDITIONS)}")
    if peer:
        wild.peer_name()  # what is missing is said before anything is read
    home = real_sets()
    chosen = [name for name in conditions.CONDITIONS if not wanted or name in wanted or name == conditions.FLAT]
    found = wild.read_all(home, wild.tasks(home, chosen, limit), peer=peer)
    _make(iter([lambda: wild.table(found)]), out, docs)


@command.command(short_help="Numbers on forms and in tables: found, and in their places.")
@click.option("--count", type=click.IntRange(1), default=300, show_default=True, help="Pages to read.")
@_out
@_docs
def pages(count: int, out: Path | None, docs: Path | None) -> None:
    """How many of the numbers on forms, invoices, ledgers, timesheets and answer sheets are found, how much else is taken for one, and
    whether those of tables stand in their row and column (INKDIGITS_DATA); pages composed in layouts and fonts that training does not have,
    filled in by the developers' hands."""
    from inkdigits.bench import pages

    found = pages.read_all(count)
    _make(iter([lambda: pages.table(found)]), out, docs)


@command.command(short_help="By how much the confidence is off.")
@click.option("--into", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A number model whose card gets them.")
@_out
@_docs
def confidence(into: Path | None, out: Path | None, docs: Path | None) -> None:
    """By how much the confidence in a line is off (INKDIGITS_DATA), and what the promises of `read --sure` come to, on kinds of writing
    that neither was found on, one by one. With --into the weights of the confidence and the thresholds of the promises are kept."""
    from inkdigits.bench import confidence
    from inkdigits.bench.tables import real_sets

    kinds = confidence.read_lines(real_sets())
    _make(iter([lambda: [confidence.table(kinds), confidence.promises_table(kinds)]]), out, docs)
    if into:
        confidence.keep(kinds, into)


@command.command(short_help="How soon a recipe is there.")
@click.option("--seeds", type=click.IntRange(1), default=5, show_default=True, help="Trainings of each recipe.")
@_out
@_docs
def training(seeds: int, out: Path | None, docs: Path | None) -> None:
    """The recipe `fast` beside `cnn2` on MNIST: accuracy and seconds, as whole processes in turn."""
    from inkdigits.bench import training

    _make(iter([lambda: training.table(seeds)]), out, docs)


@command.command(short_help="Damaged digits, beside others.")
@click.option("--limit", type=click.IntRange(1), default=10_000, show_default=True, help="Test digits to damage.")
@_runs
@_out
@_docs
def robustness(limit: int, runs: Path, out: Path | None, docs: Path | None) -> None:
    """MNIST's test digits damaged in fifteen ways: ours beside the textbook's networks. None of them was trained on these."""
    from inkdigits.bench import networks

    _make(iter([lambda: networks.robustness(runs, limit)]), out, docs)


def _make(makers: Iterator[Callable[[], Any]], out: Path | None, docs: Path | None) -> None:
    """Make the tables one by one; what is done is printed and kept at once."""
    from inkdigits.bench.tables import machine, machine_text, put, save

    if out and docs and out.resolve() == docs.resolve():
        raise click.UsageError(f"--out and --docs are the same file, {out}; choose another for one of them")
    facts, said = machine(), " ".join(["inkdigits", *_words(sys.argv[1:])])
    click.echo(machine_text(facts) + "\n")
    done = []
    for make in makers:
        made = make()
        tables = made if isinstance(made, list) else [made]
        done += tables
        for table in tables:
            click.echo(table.markdown())
        if out:
            save(out, facts, said, done)
        if docs:
            put(docs, facts, said, tables)


def _words(arguments: list[str]) -> list[str]:
    """The command as it was given, without where its figures went."""
    kept, skip = [], False
    for word in arguments:
        if not skip and word not in ("--out", "--docs"):
            kept.append(word)
        skip = not skip and word in ("--out", "--docs")
    return kept
