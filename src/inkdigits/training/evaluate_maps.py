"""How well a model of maps tells what stands where: of each class the share of pixels right, and the overlap with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkdigits.arrays import Bytes, Labels
from inkdigits.models import FieldsModel

from .datasets import Dataset


@dataclass(frozen=True, slots=True)
class MapEvaluation:
    """Figures of one model of maps on one data set of pages.

    model: its name. data: what it was measured on. confusion: int64 (K, K), pixels of the maps by true class and by answer. answers: uint8
    (N, h, w), the likeliest class of each pixel of the maps.
    """

    model: str
    data: Dataset
    confusion: Labels
    answers: Bytes

    @property
    def accuracy(self) -> float:
        """Share of pixels whose class is right."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def overlap(self) -> dict[str, float]:
        """Of each class: the pixels that truth and answer share, by those that either has (intersection over union)."""
        both = np.diag(self.confusion)
        either = self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - both
        return {name: float(b / max(e, 1)) for name, b, e in zip(self.data.classes, both, either, strict=True)}

    @property
    def headline(self) -> str:
        """The figures in one line."""
        by_class = ", ".join(f"{name} {share:.1%}" for name, share in self.overlap.items())
        return f"{self.data.name} {self.data.split}: {self.accuracy:.2%} of pixels right; overlap: {by_class}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, for metrics.json."""
        return {
            "data": self.data.name,
            "split": self.data.split,
            "pages": len(self.data.images),
            "data_sha256": self.data.sha256,
            "model": self.model,
            "pixel_accuracy": self.accuracy,
            "overlap": self.overlap,
            "confusion": self.confusion.tolist(),
        }

    def report(self) -> str:
        """The figures as text."""
        width = max(map(len, self.data.classes))
        lines = [
            f"{self.model} on {self.data.name} ({self.data.split}, {len(self.data.images):,} pages)",
            "",
            f"{self.accuracy:.4f} of pixels right",
            "",
            f"{'class':>{width}}  overlap  pixels",
        ]
        pixels = self.confusion.sum(axis=1).tolist()
        lines += [f"{name:>{width}}  {share:7.4f}  {count:,}" for (name, share), count in zip(self.overlap.items(), pixels, strict=True)]
        return "\n".join(lines) + "\n"


def evaluate_maps(model: FieldsModel, data: Dataset) -> MapEvaluation:
    """Run a model of maps over pages as they are."""
    count = len(data.classes)
    confusion, answers = np.zeros((count, count), np.int64), np.zeros(data.labels.shape, np.uint8)
    for i, (image, truth) in enumerate(zip(data.images, data.labels, strict=True)):
        answers[i] = model.logits(np.divide(image, 255, dtype=np.float32)[None])[0].argmax(axis=-1)
        confusion += np.bincount(count * truth.ravel() + answers[i].ravel(), minlength=count**2).reshape(count, count)
    return MapEvaluation(model.name, data, confusion, answers)
