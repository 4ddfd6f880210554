"""`inkdigits export`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Write a trained network as ONNX, SavedModel or TFLite.")
@click.argument("run", metavar="RUN")
@click.option("--to", type=click.Choice(["onnx", "savedmodel", "tflite"]), default="onnx", show_default=True, help="The format.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder for onnx (model.onnx, card.json) and savedmodel, a file for tflite.  [default: inside RUN]",
)
def command(run: str, to: str, out: Path | None) -> None:
    """Export the network of a run folder.

    Nothing is written unless the export answers as Keras does, to 1e-5, on 256 random images and 1,000 real digits; ONNX is also
    compared with a forward pass in plain NumPy.
    """
    from inkdigits.training.export import export_run

    click.echo(str(export_run(run, to, out)))
