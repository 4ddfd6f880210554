"""What the service's worker processes do: read files, draw how one was read, show what the network makes of a tile."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.batch import Task, answers
from inkdigits.drawing import encode, explain_picture
from inkdigits.errors import InputError
from inkdigits.pool import Work
from inkdigits.reader import Reader
from inkdigits.reading import Reading
from inkdigits.sources import File

from .inside import Inside, Insight, sheet


@dataclass(frozen=True, slots=True)
class Explain:
    """A file whose every stage is to be drawn, as the bytes of a PNG."""

    file: File
    single: bool = False
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile to look at from inside the network. pixels: 28 x 28 bytes, row by row, 255 = ink."""

    pixels: bytes


Asked = Task | Explain | Tile
Told = list[Reading] | bytes | Inside | InputError


def begin(model: str | Path | None) -> Work[Asked, Told]:
    """A worker process begins: it loads the model."""
    cv2.setNumThreads(1)
    reader = Reader(model)
    reader.classify(np.zeros((1, 28, 28), np.float32))  # what is missing is missed now, and the first request is not the slow one
    return partial(_work, reader, Insight(model))


def _work(reader: Reader, insight: Insight, asked: Sequence[Asked]) -> list[Told]:
    """Files to read are read together."""
    read = iter(answers(reader, [task for task in asked if isinstance(task, Task)]))
    return [next(read) if isinstance(task, Task) else _told(reader, insight, task) for task in asked]


def _told(reader: Reader, insight: Insight, task: Explain | Tile) -> bytes | Inside | InputError:
    if isinstance(task, Tile):
        return insight.look(np.divide(np.frombuffer(task.pixels, np.uint8).reshape(28, 28), 255, dtype=np.float32))
    reader.threshold = task.threshold
    content: Any = task.file.content
    try:
        return encode(explain_picture(reader.trace(content, single=task.single, source=task.file.name)))
    except InputError as error:
        return error


def tile_picture(tile: NDArray[np.float32]) -> str:
    """A tile, float32 (28, 28) in [0, 1], as base64 of 28 x 28 bytes."""
    return base64.b64encode(np.round(tile * 255).astype(np.uint8).tobytes()).decode()


def inside_row(found: Inside) -> dict[str, Any]:
    """What goes on inside, as plain values; pictures as base64 of a PNG."""
    layers = [
        {"maps": len(maps), "height": maps.shape[1], "width": maps.shape[2], "png": base64.b64encode(encode(sheet(maps))).decode()}
        for maps in found.layers
    ]
    probabilities = {name: round(p, 4) for name, p in found.probabilities.items()}
    return {"probabilities": probabilities, "layers": layers, "saliency": np.round(found.saliency, 3).tolist()}
