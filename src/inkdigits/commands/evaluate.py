"""`inkdigits evaluate`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from .completion import data_sets, files


@click.command(short_help="Measure a trained network on a data set.")
@click.argument("model", metavar="RUN_OR_MODEL", shell_complete=files)
@click.option(
    "--data", default="mnist", show_default=True, metavar="NAME|FOLDER|FILE", shell_complete=data_sets, help="What to measure on."
)
@click.option("--split", type=click.Choice(["train", "test"]), default="test", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="A folder for confusion.png, mistakes.png and metrics.json.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(model: str, data: str, split: str, out: Path | None, form: str) -> None:
    """Accuracy, loss, per-class figures, confusion matrix, calibration, and accuracy against share answered.

    RUN_OR_MODEL is a run folder, an ONNX file, or the name of a shipped model. On MNIST also measured on the corrected labels.
    A model of whole lines is measured when it is trained: see report.html and metrics.json of its run.
    """
    if out is not None:
        for read in (Path(model), Path(data)):
            if read.is_dir() and Path(os.path.realpath(out)).is_relative_to(os.path.realpath(read)):
                raise click.UsageError(f"--out {out} lies in {read}, which is read: what is there would be written over; choose another")
        if (out / "plan.json").exists():
            raise click.UsageError(f"--out {out} is the folder of a run, whose metrics would be written over; choose another")
    from inkdigits.models import Model
    from inkdigits.training.datasets import load
    from inkdigits.training.evaluate import evaluate

    result = evaluate(Model.load(model), load(data, split))
    figures = json.dumps(result.to_dict(), indent=2, ensure_ascii=False) + "\n"
    click.echo(figures if form == "json" else result.report(), nl=False)
    if out is not None:
        from inkdigits.files import write
        from inkdigits.training import plots
        from inkdigits.training.report import png

        write(out / "confusion.png", png(plots.confusion(result)))
        write(out / "mistakes.png", png(plots.mistakes(result)))
        write(out / "metrics.json", figures)
        click.echo(str(out), err=True)
