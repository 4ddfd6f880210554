"""A second opinion on a field: RapidOCR (PP-OCRv6), an engine that others made and taught, reads it too.

It knows nothing of what our networks were trained on, so that both are rarely wrong in the same way: agreement is worth more than either's
own word.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from ..arrays import Bytes
from ..errors import MissingExtra
from .alphabet import CLASSES, LOOK_ALIKE

MARGIN = 0.1
"""Paper that is put around a field, as a share of its height; without it the engine overlooks what begins at the edge."""


class SecondOpinion:
    """Asks the engine, which is loaded once, on one thread. Raises MissingExtra where it is not installed."""

    def __init__(self) -> None:
        try:
            from rapidocr import RapidOCR
        except ImportError:
            raise MissingExtra("second", "a second opinion") from None
        threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
        self._engine: Any = RapidOCR(params={"Global.log_level": "critical", "Global.use_det": False, "Global.use_cls": False, **threads})

    def read(self, crop: Bytes) -> str:
        """The text of a field, uint8 (h, w), grey; "?" stands for whatever is no character of ours, spaces are left out."""
        edge = max(1, round(MARGIN * len(crop)))
        around = cv2.copyMakeBorder(crop, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=float(np.median(crop)))
        found = self._engine(cv2.cvtColor(around, cv2.COLOR_GRAY2BGR))
        text = "".join(getattr(found, "txts", None) or ())
        return "".join(known(c) for c in text if not c.isspace())


AGREED, DISAGREED = 0.25, 0.5
"""By how much agreement multiplies the probability that a field is wrong, and disagreement that it is right."""


def weighed(confidence: float, agreed: bool) -> float:
    """The confidence in a field after a second opinion."""
    return 1 - AGREED * (1 - confidence) if agreed else DISAGREED * confidence


def known(character: str) -> str:
    """A character as one of ours, "?" where it is none."""
    character = LOOK_ALIKE.get(character, character)
    return character if character in CLASSES else "?"


def agree(one: str, other: str) -> bool:
    """Whether two readings of a field are the same number: a comma counts as a point, as engines take one for the other, and one at the end
    counts for nothing."""
    return one.replace(",", ".").rstrip(".") == other.replace(",", ".").rstrip(".")
