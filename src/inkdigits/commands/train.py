"""`inkdigits train`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Train a network from a recipe.")
@click.option("--recipe", metavar="NAME|FILE", help="A recipe's name (see --list) or your own FILE.py.")
@click.option("--data", default="mnist", show_default=True, metavar="NAME|FOLDER|FILE", help="What to train on; see `inkdigits data list`.")
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder.  [default: runs/RECIPE-DATA-SEED]")
@click.option("--epochs", type=click.IntRange(1), help="Passes over the training images.  [default: the recipe's]")
@click.option("--batch-size", type=click.IntRange(1), help="Images per step.  [default: the recipe's]")
@click.option("--learning-rate", type=float, help="Step size of the optimizer.  [default: the recipe's]")
@click.option("--validation-split", type=float, help="Share of the training images held out.  [default: the recipe's]")
@click.option("--augment", type=click.Choice(["none", "light", "strong"]), help="How far images are moved.  [default: the recipe's]")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed gives the same network.")
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
    seed: int,
    backend: str | None,
    resume: bool,
    force: bool,
    quiet: bool,
    listed: bool,
) -> int:
    """Train a network; the run folder gets the model, the curves, the figures and a report.

    Ctrl-C keeps what is there; --resume goes on after the last finished epoch.
    """
    from inkdigits.training import runs
    from inkdigits.training.settings import recipe_names, recipe_path

    if listed:
        import ast

        for name in recipe_names():
            text = ast.get_docstring(ast.parse(recipe_path(name).read_text(encoding="utf-8"))) or ""
            click.echo(f"{name:8} {text.splitlines()[0].partition(': ')[2]}")
        return 0
    if recipe is None:
        raise click.UsageError("which network? --recipe NAME; `inkdigits train --list` shows them.")
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
    )
    if result is None:
        click.echo("interrupted before the first epoch was over: nothing to keep", err=True)
        return 130
    corrected = f", {result.corrected_accuracy:.2%} on corrected labels" if result.corrected_accuracy is not None else ""
    click.echo(f"{result.data.name} test: accuracy {result.accuracy:.2%}{corrected}, loss {result.loss:.4f}")
    click.echo(f"{folder / 'report.html'}")
    if run.interrupted:
        click.echo(f"interrupted after {len(run.history)} epochs; --resume goes on", err=True)
    return 130 if run.interrupted else 0
