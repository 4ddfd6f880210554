"""What goes on inside the network for one tile: what its layers respond, and where the answer comes from.

What the layers respond is what `features.onnx` gives, which the export writes beside `model.onnx` (`inkdigits.training.features`); where
there is none, as beside networks that were exported before version 0.2, no layer is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Float
from inkdigits.drawing.canvas import Picture
from inkdigits.errors import ModelError
from inkdigits.models import Model, locate, open_session, part

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
        place = part(model, Model.shipped)
        self.model = Model.load(place)
        self._session = _features(locate(place).with_name("features.onnx"), self.model.card.sha256)

    def look(self, tile: Float) -> Inside:
        """Run one tile, float32 (28, 28) in [0, 1], and keep what every layer makes of it."""
        probabilities = self.model.probabilities(tile[None])[0]
        layers = [np.round(255 * found / max(float(found.max()), 1e-6)).astype(np.uint8) for found in self.responses(tile)]
        named = dict(zip(self.model.card.classes, map(float, probabilities), strict=True))
        return Inside(named, layers, occlusion(self.model, tile, int(probabilities.argmax())))

    def responses(self, tile: Float) -> list[Float]:
        """What each layer but the last hands on, after its activation: float32 (maps, h, w) or (units,), at least 0."""
        found = self._session.run(None, {"tiles": tile[None]}) if self._session else []  # (1, maps, h, w) or (1, units) each
        return [np.maximum(made[0], 0) for made in found]


def _features(path: Path, sha256: str) -> Any:
    """A session that gives what the layers hand on, in their order; None where there is no such file. sha256: of the network. Raises
    ModelError for a file that cannot be read or belongs to another network."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None
    session = open_session(content, 1, str(path))
    if session.get_modelmeta().custom_metadata_map.get("model_sha256") != sha256:
        raise ModelError(f"{path}: belongs to another model than the one beside it; remove it, or export the model again")
    return session


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
