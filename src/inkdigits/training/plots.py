"""The pictures of a run, as Matplotlib figures: curves, confusion matrix, most confident mistakes."""

from __future__ import annotations

from typing import Any

import numpy as np

from .evaluate import Evaluation

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6b7280"
"""Told apart by colour-blind people too (Okabe, Ito 2008)."""


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def curves(history: list[dict[str, float]]) -> Any:
    """Accuracy and loss of every epoch, training and validation."""
    figure = _figure(9, 3.6)
    for axes, key in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        epochs = [row["epoch"] for row in history]
        axes.plot(epochs, [row[key] for row in history], "o-", color=BLUE, label="training")
        if any(f"val_{key}" in row for row in history):
            axes.plot(epochs, [row.get(f"val_{key}", np.nan) for row in history], "s--", color=ORANGE, label="validation")
        axes.set(title=key.capitalize(), xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure


def confusion(result: Evaluation) -> Any:
    """The confusion matrix; the diagonal is left pale, so that the errors are what one sees."""
    matrix, classes = result.confusion, result.data.classes
    count = len(classes)
    size = max(5.0, 0.5 * count + 1.5)
    figure = _figure(size + 0.6, size)
    axes = figure.subplots()
    errors = matrix.copy()
    np.fill_diagonal(errors, 0)
    axes.imshow(errors, cmap="Oranges", vmin=0, vmax=max(1, errors.max()))
    if count <= 30:
        for row in range(count):
            for column in range(count):
                value = matrix[row, column]
                if value:
                    dark = row != column and value > 0.6 * errors.max()
                    colour = "white" if dark else GREY if row == column else "black"
                    axes.text(column, row, str(value), ha="center", va="center", fontsize=8, color=colour)
    axes.set(xlabel="answer", ylabel="truth", title=f"{result.data.name}: accuracy {result.accuracy:.2%}")
    turned = 90 if max(len(c) for c in classes) > 2 else 0
    axes.set_xticks(range(count), classes, rotation=turned)
    axes.set_yticks(range(count), classes)
    return figure


def mistakes(result: Evaluation, most: int = 40) -> Any:
    """The errors the network was surest of: image, truth, answer, confidence."""
    wrong = np.flatnonzero(result.answers != result.data.labels)
    confidence = result.probabilities.max(axis=1)
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    columns = 8
    rows = max(1, -(-len(shown) // columns))
    figure = _figure(columns * 1.25, rows * 1.55 + 0.5)
    figure.suptitle(f"the {len(shown)} most confident of {len(wrong)} mistakes: truth → answer")
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    classes = result.data.classes
    for axes, i in zip(figure.axes, shown, strict=False):
        axes.imshow(255 - result.data.images[i], cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{classes[result.data.labels[i]]} → {classes[result.answers[i]]}\n{confidence[i]:.0%}", fontsize=8, color=ORANGE)
    return figure
