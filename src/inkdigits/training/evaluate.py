"""How good a model is on a data set: accuracy, loss, per-class figures, confusion matrix, calibration, accuracy against share answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.models import Model

from .datasets import Dataset, corrected_labels

BINS = 15


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one model on one data set. probabilities: float32 (N, K); labels: int64 (N,); confusion: (K, K), rows = truth."""

    model: str
    data: Dataset
    probabilities: NDArray[np.float32]
    loss: float
    corrected: tuple[NDArray[np.int64], NDArray[np.bool_]] | None

    @property
    def answers(self) -> NDArray[np.int64]:
        """The most likely class of each image: int64 (N,)."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def accuracy(self) -> float:
        """Share of images answered rightly."""
        return float(np.mean(self.answers == self.data.labels))

    @property
    def corrected_accuracy(self) -> float | None:
        """The same on MNIST's corrected labels (Northcutt et al. 2021); None for other data."""
        if self.corrected is None:
            return None
        labels, keep = self.corrected
        return float(np.mean((self.answers == labels)[keep]))

    @property
    def confusion(self) -> NDArray[np.int64]:
        """Counts, int64 (K, K): row = truth, column = answer."""
        count = len(self.data.classes)
        return np.bincount(self.data.labels * count + self.answers, minlength=count * count).reshape(count, count)

    @property
    def per_class(self) -> list[dict[str, Any]]:
        """Precision, recall, F1 and number of images of each class; a class never answered has precision 0."""
        matrix = self.confusion
        rows = []
        for k, name in enumerate(self.data.classes):
            hits, said, there = int(matrix[k, k]), int(matrix[:, k].sum()), int(matrix[k].sum())
            precision, recall = hits / max(said, 1), hits / max(there, 1)
            f1 = 2 * precision * recall / max(precision + recall, 1e-12)
            rows.append({"class": name, "precision": precision, "recall": recall, "f1": f1, "images": there})
        return rows

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over 15 bins of equal width (Guo et al. 2017, section 2), in [0, 1]."""
        confidence = self.probabilities.max(axis=1)
        right = self.answers == self.data.labels
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        error = 0.0
        for k in range(BINS):
            inside = bins == k
            if inside.any():
                error += float(inside.mean()) * abs(float(right[inside].mean()) - float(confidence[inside].mean()))
        return error

    def answered(self, share: float) -> tuple[float, float]:
        """If only the most confident `share` of the images is answered: the threshold, and the accuracy on these."""
        confidence = self.probabilities.max(axis=1)
        order = np.argsort(-confidence, kind="stable")[: max(1, round(share * len(confidence)))]
        return float(confidence[order[-1]]), float(np.mean((self.answers == self.data.labels)[order]))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, for metrics.json."""
        out: dict[str, Any] = {
            "data": self.data.name,
            "split": self.data.split,
            "images": len(self.data.labels),
            "data_sha256": self.data.sha256,
            "model": self.model,
            "accuracy": self.accuracy,
            "errors": int(np.sum(self.answers != self.data.labels)),
            "loss": self.loss,
            "calibration_error": self.calibration_error,
            "answered": {f"{share:.2f}": self.answered(share)[1] for share in (1.0, 0.99, 0.98, 0.95, 0.9)},
            "per_class": self.per_class,
            "confusion": self.confusion.tolist(),
        }
        if self.corrected_accuracy is not None:
            out["corrected_accuracy"] = self.corrected_accuracy
        return out

    def report(self) -> str:
        """The classification report as text."""
        width = max(12, *(len(name) for name in self.data.classes))
        lines = [
            f"{self.model} on {self.data.name} ({self.data.split}, {len(self.data.labels):,} images)",
            "",
            f"{'accuracy':>{width}}  {self.accuracy:.4f}   ({np.sum(self.answers != self.data.labels)} wrong)",
        ]
        if self.corrected is not None and self.corrected_accuracy is not None:
            wrong = int(np.sum((self.answers != self.corrected[0])[self.corrected[1]]))
            lines.append(
                f"{'corrected':>{width}}  {self.corrected_accuracy:.4f}   ({wrong} wrong, labels corrected by Northcutt et al. 2021)"
            )
        lines += [
            f"{'loss':>{width}}  {self.loss:.4f}   (negative log-likelihood, nats)",
            f"{'calibration':>{width}}  {self.calibration_error:.4f}   (expected calibration error, {BINS} bins)",
            "",
            f"{'class':>{width}}  precision  recall      f1  images",
        ]
        for row in self.per_class:
            lines.append(f"{row['class']:>{width}}  {row['precision']:9.4f}  {row['recall']:6.4f}  {row['f1']:6.4f}  {row['images']:6d}")
        lines += ["", f"{'answered':>{width}}  accuracy  threshold"]
        for share in (1.0, 0.99, 0.98, 0.95, 0.9):
            threshold, accuracy = self.answered(share)
            lines.append(f"{share:>{width}.0%}  {accuracy:8.4f}  {threshold:9.4f}")
        lines += ["", "confusion matrix: row = truth, column = answer"]
        cell = max(5, *(len(name[:8]) + 1 for name in self.data.classes))
        lines.append(" " * width + "".join(f"{name[:8]:>{cell}}" for name in self.data.classes))
        for name, counts in zip(self.data.classes, self.confusion, strict=True):
            lines.append(f"{name:>{width}}" + "".join(f"{count or '.':>{cell}}" for count in counts))
        return "\n".join(lines) + "\n"


def negative_log_likelihood(logits: NDArray[np.floating], labels: NDArray[np.int64], temperature: float = 1.0) -> float:
    """Mean over the rows of -log softmax(logits / temperature)[label], in nats. logits: (N, K), labels: (N,)."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scaled).sum(axis=1))
    return float(np.mean(log_sum - scaled[np.arange(len(labels)), labels]))


def evaluate(model: Model, data: Dataset) -> Evaluation:
    """Run a model over a data set's images as they are. Raises ValueError if the images' size is not the model's."""
    if model.card.classes != data.classes:
        raise ValueError(f"{model.name} knows the classes {model.card.classes}, {data.name} has {data.classes}")
    logits = model.logits(data.images.astype(np.float32) / 255)
    scaled = logits / np.float32(model.card.temperature)
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    corrected = corrected_labels(data) if (data.name, data.split) == ("mnist", "test") and len(data.labels) == 10_000 else None
    return Evaluation(
        model.name,
        data,
        powers / powers.sum(axis=1, keepdims=True),
        negative_log_likelihood(logits, data.labels, model.card.temperature),
        corrected,
    )
