"""`inkdigits train`."""

from __future__ import annotations

from pathlib import Path

import click

from .completion import data_sets, recipes


@click.command(short_help="Train a network from a recipe.")
@click.option("--recipe", metavar="NAME|FILE", shell_complete=recipes, help="A recipe's name (see --list) or your own FILE.py.")
@click.option(
    "--data",
    default="mnist",
    show_default=True,
    metavar="NAME|FOLDER|FILE",
    shell_complete=data_sets,
    help="What to train on; see `inkdigits data list`.",
)
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/RECIPE-DATA-SEED]")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training images.  [default: the recipe's]")
@click.option("--batch-size", type=click.IntRange(1), help="Images per step.  [default: the recipe's]")
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), help="Step size of the optimizer.  [default: the recipe's]")
@click.option(
    "--validation-split", type=click.FloatRange(0, 1, max_open=True), help="Share of the training images held out.  [default: the recipe's]"
)
@click.option("--augment", type=click.Choice(["none", "light", "strong", "elastic"]), help="How images are moved.  [default: the recipe's]")
@click.option(
    "--dtype", type=click.Choice(["float32", "mixed_bfloat16"]), help="What layers compute in while training.  [default: the recipe's]"
)
@click.option(
    "--without", metavar="PARTS", help="Leave parts of its data out: recipe number has strokes,registers,hands33,lines,composition."
)
@click.option("--share", type=click.FloatRange(0, 1, min_open=True), help="Train on this share of its hands and crops (recipe number).")
@click.option("--start", metavar="RUN", help="Begin with the weights of another run of the same network, finished or not.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="The same seed gives the same network.")
@click.option("--seeds", type=click.IntRange(1), help="Train so many seeds, from --seed on, and report their mean and spread.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="With --seeds: how many to train at the same time.")
@click.option("--backend", type=click.Choice(["tensorflow", "jax", "torch"]), help="What Keras runs on.  [default: tensorflow]")
@click.option("--resume", is_flag=True, help="Go on with an interrupted run.")
@click.option("--force", is_flag=True, help="Delete the run that is in the folder, and start anew.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--list", "listed", is_flag=True, help="List the recipes and exit.")
def command(
    recipe: str | None,
    data: str,
    out: Path | None,
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    validation_split: float | None,
    augment: str | None,
    dtype: str | None,
    without: str | None,
    share: float | None,
    start: str | None,
    seed: int,
    seeds: int | None,
    jobs: int,
    backend: str | None,
    resume: bool,
    force: bool,
    quiet: bool,
    listed: bool,
) -> int:
    """Train a network; the run folder gets the model, the curves, the figures and a report.

    Ctrl-C keeps what is there; --resume goes on after the last finished epoch.
    """
    if listed:
        _list()
        return 0
    if recipe is None:
        raise click.UsageError("which network? --recipe NAME; `inkdigits train --list` shows them.")
    if seeds:
        name = f"{Path(recipe).stem}-{Path(data).stem}-seeds"
        return _several(out or Path("runs") / name, range(seed, seed + seeds), min(jobs, seeds), resume)
    from inkdigits.training import runs

    folder = out or Path("runs") / f"{Path(recipe).stem}-{Path(data).stem}-{seed}"
    run, result = runs.train(
        recipe,
        data,
        folder,
        seed=seed,
        backend_name=backend,
        resume=resume,
        force=force,
        quiet=quiet,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        validation_split=validation_split,
        augment=augment,
        dtype=dtype,
        without=without,
        share=share,
        start=start,
    )
    if result is None:
        click.echo("interrupted before the first epoch was over: nothing to keep", err=True)
        return 130
    click.echo(result.headline)
    click.echo(f"{folder / 'report.html'}")
    if run.interrupted:
        done = len(run.history)
        click.echo(f"interrupted after {done} epoch{'s' if done > 1 else ''}: this network is kept; --resume goes on", err=True)
    return 130 if run.interrupted else 0


def _several(folder: Path, seeds: range, jobs: int, resume: bool) -> int:
    """Train every seed in a process of its own, with the other options as they were given; print mean, standard deviation and n."""
    from inkdigits.training.seeds import spreads, together, train_seeds

    given = click.get_current_context().params
    words = []
    for name, value in given.items():
        if name in {"seed", "seeds", "jobs", "out", "listed"} or value in (None, False):
            continue
        words += [f"--{name.replace('_', '-')}"] if value is True else [f"--{name.replace('_', '-')}", str(value)]
    ends = train_seeds(words, folder, seeds, jobs=jobs, resume=resume, say=lambda line: click.echo(line, err=True))
    for name, spread in spreads(folder, seeds).items():
        click.echo(f"{name:18} {spread.mean:.4f} ± {spread.sd:.4f}  (n = {spread.n})")
    if committee := together(folder, seeds, given["data"]):
        click.echo(f"together, by the mean of their probabilities: {committee.headline}")
    failed = [seed for seed, status in ends.items() if status]
    if failed:
        click.echo(f"not finished: seed {', '.join(map(str, failed))}; --resume goes on with the others kept", err=True)
    return max(ends.values())


def _list() -> None:
    """Each recipe and what it is: the first sentence of its file, which is read, not run."""
    import ast

    from inkdigits.training.settings import recipe_names, recipe_path

    for name in recipe_names():
        title = (ast.get_docstring(ast.parse(recipe_path(name).read_text(encoding="utf-8"))) or "").splitlines()[0]
        click.echo(f"{name:8} {title.removeprefix(f'{name}: ').partition('. ')[0].rstrip('.')}")
