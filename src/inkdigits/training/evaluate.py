"""How good a model is on a data set: accuracy, loss, per-class figures, confusion matrix, calibration, accuracy against share answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Double, Labels, Mask
from inkdigits.errors import ModelError
from inkdigits.models import NOT_A_DIGIT, Model

from .datasets import Dataset, corrected_labels
from .forward import softmax

BINS = 15
SHARES = (1.0, 0.99, 0.98, 0.95, 0.9)
"""If only the surest images are answered: the shares that are reported."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one model on one data set.

    model: its name. data: what it was measured on, labelled in the model's K classes. probabilities: float64 (N, K), calibrated; where no
    image of the data is "not a digit" they are those of the digits, given that it is one. loss: the negative log-likelihood of the labels
    under them, in nats. corrected: MNIST's corrected labels, int64 (N,), and which images
    they keep, bool (N,); None for other data.
    """

    model: str
    data: Dataset
    probabilities: Double
    loss: float
    corrected: tuple[Labels, Mask] | None = None

    @property
    def answers(self) -> Labels:
        """The most likely class of each image, int64 (N,), as with threshold 0: "not a digit" only where such images are in the data."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def confidence(self) -> Double:
        """The probability of each answer: float64 (N,) in [0, 1]."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)

    @property
    def right(self) -> Mask:
        """Whether each answer is the label: bool (N,)."""
        return np.asarray(self.answers == self.data.labels)

    @property
    def accuracy(self) -> float:
        """Share of images answered rightly."""
        return float(self.right.mean())

    @property
    def corrected_accuracy(self) -> float | None:
        """The same on MNIST's corrected labels (Northcutt et al. 2021); None for other data."""
        if self.corrected is None:
            return None
        labels, keep = self.corrected
        return float(np.mean((self.answers == labels)[keep]))

    @property
    def confusion(self) -> Labels:
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
        confidence, right = self.confidence, self.right
        bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
        error = 0.0
        for k in range(BINS):
            inside = bins == k
            if inside.any():
                error += float(inside.mean()) * abs(float(right[inside].mean()) - float(confidence[inside].mean()))
        return error

    def answered(self, share: float) -> tuple[float, float]:
        """If only the most confident `share` of the images is answered: the threshold, and the accuracy on these."""
        surest = self._surest(share)
        return float(self.confidence[surest[-1]]), float(self.right[surest].mean())

    def wrong(self, share: float = 1.0) -> int:
        """How many of the same are answered wrongly: by MNIST's corrected labels where it is MNIST (what these leave out is not wrong)."""
        labels, keep = self.corrected or (self.data.labels, np.ones(len(self.data.labels), bool))
        return int(np.sum(((self.answers != labels) & keep)[self._surest(share)]))

    def _surest(self, share: float) -> Labels:
        """Where the most confident `share` of the images is, the most confident first."""
        return np.argsort(-self.confidence, kind="stable")[: max(1, round(share * len(self.confidence)))]

    @property
    def headline(self) -> str:
        """The figures in one line."""
        corrected = f", {self.corrected_accuracy:.2%} on corrected labels" if self.corrected_accuracy is not None else ""
        return f"{self.data.name} test: accuracy {self.accuracy:.2%}{corrected}, loss {self.loss:.4f}"

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, for metrics.json."""
        out: dict[str, Any] = {
            "data": self.data.name,
            "split": self.data.split,
            "images": len(self.data.labels),
            "data_sha256": self.data.sha256,
            "model": self.model,
            "accuracy": self.accuracy,
            "errors": int(np.sum(~self.right)),
            "loss": self.loss,
            "calibration_error": self.calibration_error,
            "answered": {f"{share:.2f}": self.answered(share)[1] for share in SHARES},
            "wrong": {f"{share:.2f}": self.wrong(share) for share in SHARES},
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
            f"{'accuracy':>{width}}  {self.accuracy:.4f}   ({np.sum(~self.right)} wrong)",
        ]
        if self.corrected is not None and self.corrected_accuracy is not None:
            lines.append(
                f"{'corrected':>{width}}  {self.corrected_accuracy:.4f}   ({self.wrong()} wrong, labels corrected by Northcutt et al. 2021)"
            )
        lines += [
            f"{'loss':>{width}}  {self.loss:.4f}   (negative log-likelihood, nats)",
            f"{'calibration':>{width}}  {self.calibration_error:.4f}   (expected calibration error, {BINS} bins)",
            "",
            f"{'class':>{width}}  precision  recall      f1  images",
        ]
        for row in self.per_class:
            lines.append(f"{row['class']:>{width}}  {row['precision']:9.4f}  {row['recall']:6.4f}  {row['f1']:6.4f}  {row['images']:6d}")
        wrong = "wrong by corrected labels" if self.corrected is not None else "wrong"
        lines += ["", f"{'answered':>{width}}  accuracy  threshold  {wrong}"]
        for share in SHARES:
            threshold, accuracy = self.answered(share)
            lines.append(f"{share:>{width}.0%}  {accuracy:8.4f}  {threshold:9.4f}  {self.wrong(share):{len(wrong)}d}")
        lines += ["", "confusion matrix: row = truth, column = answer"]
        cell = max(5, *(len(name[:8]) + 1 for name in self.data.classes))
        lines.append(" " * width + "".join(f"{name[:8]:>{cell}}" for name in self.data.classes))
        for name, counts in zip(self.data.classes, self.confusion, strict=True):
            lines.append(f"{name:>{width}}" + "".join(f"{count or '.':>{cell}}" for count in counts))
        return "\n".join(lines) + "\n"


def negative_log_likelihood(logits: NDArray[np.floating], labels: Labels, temperature: float = 1.0) -> float:
    """Mean over the rows of -log softmax(logits / temperature)[label], in nats. logits: (N, K), labels: (N,)."""
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(scaled).sum(axis=1))
    return float(np.mean(log_sum - scaled[np.arange(len(labels)), labels]))


def evaluate(model: Model, data: Dataset) -> Evaluation:
    """Run a model over a data set's images as they are, without the reader.

    The data may lack some of the model's classes: they are matched by name. Raises ModelError if it has others, or images of another size.
    """
    if data.images.shape[1:] != model.card.image_shape:
        raise ModelError(f"{model.name} takes images of {model.card.image_shape}, {data.name} has {data.images.shape[1:]}")
    if unknown := sorted(set(data.classes) - set(model.card.classes)):
        raise ModelError(f"{model.name} does not know the class {unknown[0]!r} of {data.name}; it knows {', '.join(model.card.classes)}")
    if data.classes != model.card.classes:
        place = np.array([model.card.classes.index(name) for name in data.classes])
        data = replace(data, classes=model.card.classes, labels=place[data.labels])
    logits, temperature = model.logits(np.divide(data.images, 255, dtype=np.float32)), model.card.temperature
    for k, name in enumerate(data.classes):
        if name == NOT_A_DIGIT and k not in data.labels:
            logits[:, k] = -np.inf  # it is known that each image is a digit
    corrected = corrected_labels(data) if (data.name, data.split) == ("mnist", "test") and len(data.labels) == 10_000 else None
    loss = negative_log_likelihood(logits, data.labels, temperature)
    return Evaluation(model.name, data, softmax(logits / temperature), loss, corrected)


def committee(alone: Sequence[Evaluation]) -> Evaluation:
    """Several models that vote with the mean of their probabilities, measured on the same data. Raises ValueError without one."""
    if not alone:
        raise ValueError("a committee needs a model")
    together = replace(alone[0], model=f"{len(alone)} models", probabilities=np.mean([one.probabilities for one in alone], axis=0))
    of_labels = together.probabilities[np.arange(len(together.data.labels)), together.data.labels]
    return replace(together, loss=float(-np.log(np.maximum(of_labels, 1e-12)).mean()))
