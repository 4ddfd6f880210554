"""What the service's worker processes do: read files and drawings, draw how one was read, show what the network makes of a tile.

JSON and images come here as they were sent: the process that answers everybody looks into neither.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float
from inkdigits.batch.pool import Work, begins, limit_memory
from inkdigits.batch.run import DEFAULT, Task, answers
from inkdigits.batch.sources import File
from inkdigits.drawing.readings import encode
from inkdigits.errors import Error
from inkdigits.explaining import explain_picture
from inkdigits.options import Options
from inkdigits.reader import Reader
from inkdigits.reading import Reading

from .bodies import Pixels, Strokes, parsed
from .formwork import FormTask
from .inside import Inside, Insight, sheet
from .strokes import drawn, enlarged


@dataclass(frozen=True, slots=True)
class Explain:
    """A file whose every stage is to be drawn, as the bytes of a PNG."""

    file: File
    single: bool = False
    options: Options = DEFAULT


@dataclass(frozen=True, slots=True)
class Drawing:
    """Strokes to read. body: JSON, as `Strokes`. sure: of lines, where it asks for no threshold."""

    body: bytes
    sure: float | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile to look at from inside the network. body: JSON, as `Pixels`."""

    body: bytes


Asked = Task | Drawing | Explain | Tile | FormTask
Told = Any
"""Readings of a Task or Drawing, the bytes of an Explain, the Inside of a Tile, the answer of a FormTask; an Error of any of them."""


def begin(model: str | Path | None) -> Work[Asked, Told]:
    """A worker process begins: it loads the model."""
    limit_memory()
    cv2.setNumThreads(1)
    reader = Reader(model)
    reader.classify(np.zeros((1, 28, 28), np.float32))  # what is missing is missed now, and the first request is not the slow one
    return partial(_work, reader, Insight(model))


def _work(reader: Reader, insight: Insight, asked: Sequence[Asked]) -> list[Told]:
    """Files to read are read together."""
    read = iter(answers(reader, [task for task in asked if isinstance(task, Task)]))
    return [next(read) if isinstance(task, Task) else _told(reader, insight, task) for task in asked]


def _told(reader: Reader, insight: Insight, task: Drawing | Explain | Tile | FormTask) -> Told:
    begins(1)
    try:
        if isinstance(task, FormTask):
            return task.answer(reader.model)
        if isinstance(task, Drawing):
            return _read(reader, parsed(Strokes, task.body), task.sure)
        if isinstance(task, Tile):
            return insight.look(tile_of(parsed(Pixels, task.body).tile))
        content: Any = task.file.content
        return encode(explain_picture(reader.trace(content, single=task.single, source=task.file.name, options=task.options)))
    except Error as error:  # told, not raised: what was handed over together with it is not to fail
        return error


def _read(reader: Reader, body: Strokes, sure: float | None) -> list[Reading]:
    options = Options(body.threshold, sure=None if body.single or body.threshold is not None else sure)
    content, unit = drawn(body.strokes, body.width, body.height, body.pen)
    (readings,) = answers(reader, [Task(File("strokes", content), body.single, options=options)])
    return [enlarged(reading, unit) for reading in readings]


def tile_of(picture: str) -> Float:
    """A tile from base64 of 28 x 28 bytes: float32 (28, 28) in [0, 1]."""
    return np.divide(np.frombuffer(base64.b64decode(picture), np.uint8).reshape(28, 28), 255, dtype=np.float32)


def tile_picture(tile: Float) -> str:
    """A tile, float32 (28, 28) in [0, 1], as base64 of 28 x 28 bytes."""
    return base64.b64encode(np.round(tile * 255).astype(np.uint8).tobytes()).decode()


def inside_row(found: Inside) -> dict[str, Any]:
    """What goes on inside, as plain values; pictures as base64 of a PNG."""
    layers = [_layer_row(layer) for layer in found.layers]
    probabilities = {name: round(p, 4) for name, p in found.probabilities.items()}
    return {"probabilities": probabilities, "layers": layers, "saliency": np.round(found.saliency, 3).tolist()}


def _layer_row(layer: Bytes) -> dict[str, Any]:
    """The maps of a convolution as a picture, the units of a dense layer as numbers in [0, 1]."""
    if layer.ndim == 1:
        return {"units": len(layer), "responses": np.round(layer / 255, 3).tolist()}
    picture = base64.b64encode(encode(sheet(layer))).decode()
    return {"maps": len(layer), "height": layer.shape[1], "width": layer.shape[2], "png": picture}
