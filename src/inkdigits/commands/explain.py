"""`inkdigits explain IMAGE --out FILE`: one picture of every stage."""

from __future__ import annotations

import os
from pathlib import Path

import click

from .completion import files
from .read import SURE
from .signals import at_once


@click.command()
@click.argument("image", metavar="IMAGE", shell_complete=files)
@click.option("--out", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="The picture to write, PNG or JPEG.")
@click.option("--single", is_flag=True, help="Explain `predict`, one digit, instead of `read`.")
@click.option("--threshold", type=click.FloatRange(0, 1), metavar="P", help="Answer ? below this probability; 0 always answers.")
@SURE
@click.option(
    "--model", metavar="MODEL", shell_complete=files, help="A shipped model's name, a run folder, an ONNX file, or a folder of adapt."
)
def command(image: str, out: str, single: bool, threshold: float | None, sure: float | None, model: str | None) -> None:
    """Draw every stage of reading one image: the image, its ink, the digits found, what the network saw, the answer."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    with at_once():
        from ..drawing.readings import check_suffix, save
        from ..explaining import explain_picture
        from ..files import check_writable
        from ..models import model_files
        from ..reader import Reader
        from .outputs import Outputs, said_of

    outputs = Outputs({"--out": out})
    outputs.check_file(image, "the image")
    for path in model_files(model):
        outputs.check_file(str(path), "the model")
    with said_of("--out"):
        check_suffix(out)
        check_writable(out)
    try:
        reader = Reader(model, threshold, sure=sure)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    trace = reader.trace(image, single=single)
    save(explain_picture(trace), Path(out))
    click.echo(trace.reading.refused or trace.reading.text)
    click.echo(f"every stage is drawn in {out}", err=True)
