"""`inkdigits export`."""

from __future__ import annotations

from pathlib import Path

import click

from .completion import files


@click.command(short_help="Write a trained network as ONNX, SavedModel or TFLite.")
@click.argument("run", metavar="RUN", shell_complete=files)
@click.option("--to", type=click.Choice(["onnx", "int8", "savedmodel", "tflite"]), default="onnx", show_default=True, help="The format.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder for onnx and int8 (model.onnx, card.json) and savedmodel, a file for tflite.  [default: inside RUN]",
)
def command(run: str, to: str, out: Path | None) -> None:
    """Export the network of a run folder.

    Nothing is written unless the export answers as Keras does, to 1e-5, on 256 random images and 1,000 real digits;
    ONNX is also compared with a forward pass in plain NumPy. int8 is ONNX with weights of 8 bits: its answers must stay the same on
    99.5 % of 1,024 training images, those of recipe number on 95 % of 128 composed rows, and its metrics are measured anew.
    """
    from inkdigits.training.export import export_run

    click.echo(str(export_run(run, to, out)))
