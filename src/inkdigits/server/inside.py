"""What goes on inside the network for one tile: what its layers respond, and where the answer comes from.

The ONNX file gives the scores only. Its graph is a protobuf message, and protobuf messages are merged by writing one after the other
(protobuf.dev/programming-guides/encoding, "Last One Wins"): a few bytes at the end make the results of its layers outputs as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float
from inkdigits.drawing.canvas import Picture
from inkdigits.models import Model, locate, open_session, part

MODEL_GRAPH, GRAPH_NODE, GRAPH_OUTPUT, VALUE_NAME, NODE_INPUT, NODE_KIND = 7, 1, 12, 1, 1, 4
"""Numbers of the fields in onnx.proto."""
LAYERS = ("Conv", "Flatten", "GlobalAveragePool", "MaxPool", "Gemm")
PATCH, STEP = 5, 2
"""Pixels: the square that hides a part of the tile, and how far it moves."""


@dataclass(frozen=True, slots=True)
class Inside:
    """probabilities: of the classes, by name.
    layers: of a convolution the feature maps, uint8 (maps, h, w); of a dense layer the units, uint8 (units,); 255 = the strongest
    response of the layer.
    saliency: float32 (28, 28): by how much the probability of the answer falls where that place is hidden, in [-1, 1].
    """

    probabilities: dict[str, float]
    layers: list[Bytes]
    saliency: Float


class Insight:
    """A network that shows what its layers make of a tile. model: as for `Reader`. Raises ModelError."""

    def __init__(self, model: str | Path | None) -> None:
        found = part(model, Model.shipped)
        self.model = Model.load(found)
        path = locate(found)
        content = path.read_bytes()
        self.names = layer_names(content)
        self._session = open_session(_with_outputs(content, self.names), 1, str(path))

    def look(self, tile: Float) -> Inside:
        """Run one tile, float32 (28, 28) in [0, 1], and keep what every layer makes of it."""
        probabilities = self.model.probabilities(tile[None])[0]
        layers = [np.round(255 * found / max(float(found.max()), 1e-6)).astype(np.uint8) for found in self.responses(tile)]
        named = dict(zip(self.model.card.classes, map(float, probabilities), strict=True))
        return Inside(named, layers, occlusion(self.model, tile, int(probabilities.argmax())))

    def responses(self, tile: Float) -> list[Float]:
        """What each layer but the last hands on, after its activation: float32 (maps, h, w) or (units,), at least 0."""
        found = self._session.run(self.names, {"tiles": tile[None]})
        return [np.maximum(made[0], 0) for made in found if made.ndim in (2, 4)]


def occlusion(model: Model, tile: Float, answer: int) -> Float:
    """How much the answer rests on each place (Zeiler and Fergus 2014, section 4.2): float32 (28, 28) in [-1, 1].

    A square of paper, or of ink where there is paper, hides a part of the tile; what the answer loses by it is the square's worth.
    """
    places = [(y, x) for y in range(0, 29 - PATCH, STEP) for x in range(0, 29 - PATCH, STEP)]
    hidden = np.repeat(tile[None], len(places), axis=0)
    for copy, (y, x) in zip(hidden, places, strict=True):
        copy[y : y + PATCH, x : x + PATCH] = 0
    before, after = model.probabilities(tile[None])[0, answer], model.probabilities(hidden)[:, answer]
    worth, count = np.zeros((28, 28), np.float32), np.zeros((28, 28), np.float32)
    for (y, x), lost in zip(places, before - after, strict=True):
        worth[y : y + PATCH, x : x + PATCH] += lost
        count[y : y + PATCH, x : x + PATCH] += 1
    return np.asarray(worth / np.maximum(count, 1), np.float32)


def sheet(maps: Bytes, gap: int = 1) -> Picture:
    """Feature maps beside each other in a square: uint8 (maps, h, w) -> uint8 (H, W, 3)."""
    count, height, width = maps.shape
    across = int(np.ceil(np.sqrt(count)))
    out = np.full((-(-count // across) * (height + gap) - gap, across * (width + gap) - gap), 40, np.uint8)
    for k, one in enumerate(maps):
        y, x = k // across * (height + gap), k % across * (width + gap)
        out[y : y + height, x : x + width] = one
    picture: Picture = cv2.cvtColor(out, cv2.COLOR_GRAY2RGB)
    return picture


def layer_names(content: bytes) -> list[str]:
    """The names of what the layers after the first one are given, in the order they run; of dense layers, which see everything before
    them in one row, only where that row is what another dense layer made."""
    names: list[str] = []
    first, dense = "", False
    for graph in _fields(content, MODEL_GRAPH):
        for node in _fields(graph, GRAPH_NODE):
            kind = next(_fields(node, NODE_KIND), b"").decode()
            given = next(_fields(node, NODE_INPUT), b"").decode()
            if kind not in LAYERS:
                continue
            first = first or given
            if given not in (first, *names) and (kind != "Gemm" or dense):
                names.append(given)
            dense = dense or kind == "Gemm"
    return names


def _with_outputs(content: bytes, names: list[str]) -> bytes:
    """The model with these results among its outputs."""
    values = b"".join(_field(GRAPH_OUTPUT, _field(VALUE_NAME, name.encode())) for name in names)
    return content + _field(MODEL_GRAPH, values)


def _field(number: int, content: bytes) -> bytes:
    """A field of a protobuf message that holds bytes."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _fields(message: bytes, wanted: int) -> Iterator[bytes]:
    """The contents of all fields of this number that hold bytes."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        kind = key & 7
        if kind == 2:
            size, at = _read_varint(message, at)
            if key >> 3 == wanted:
                yield message[at : at + size]
            at += size
        elif kind == 0:
            _, at = _read_varint(message, at)
        else:
            at += {1: 8, 5: 4}[kind]


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        number, shift, at = number | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return number, at
