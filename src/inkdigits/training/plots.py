"""The pictures of a run, as Matplotlib figures: curves, confusion matrix, most confident mistakes of digits and of lines, maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from inkdigits.errors import MissingExtra

from .checkpoint import History
from .evaluate import Evaluation
from .evaluate_lines import LineEvaluation
from .evaluate_maps import MapEvaluation

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6b7280"
"""Told apart by colour-blind people too (Okabe, Ito 2008)."""


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("train", "drawing figures") from None
    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def curves(history: History) -> Any:
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
    matrix, classes, wrong = result.confusion, result.data.classes, np.flatnonzero(~result.right)
    count = len(classes)
    size = max(5.0, 0.5 * count + 1.5)
    figure = _figure(size, size)
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
    for edge in np.arange(count - 1) + 0.5:
        axes.axhline(edge, color="white", linewidth=1)
        axes.axvline(edge, color="white", linewidth=1)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set(xlabel="answer", ylabel="truth", title=f"{result.data.name}: {len(wrong):,} of {len(result.data.labels):,} wrong")
    turned = 90 if max(len(c) for c in classes) > 2 else 0
    axes.set_xticks(range(count), classes, rotation=turned)
    axes.set_yticks(range(count), classes)
    return figure


def mistakes(result: Evaluation, most: int = 40) -> Any:
    """The errors the network was surest of: image, truth, answer, confidence."""
    wrong, confidence = np.flatnonzero(~result.right), result.confidence
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][:most]
    columns = 8
    rows = max(1, -(-len(shown) // columns))
    figure = _figure(columns * 1.25, rows * 1.55 + 0.5)
    figure.suptitle(f"the {len(shown)} most confident of {len(wrong)} mistakes: truth → answer" if len(wrong) else "no mistakes")
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    classes = result.data.classes
    for axes, i in zip(figure.axes, shown, strict=False):
        axes.imshow(255 - result.data.images[i], cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{classes[result.data.labels[i]]} → {classes[result.answers[i]]}\n{confidence[i]:.0%}", fontsize=8, color=ORANGE)
    return figure


def line_mistakes(result: LineEvaluation, most: int = 30) -> Any:
    """The wrong strings the network was surest of: strip, truth, answer, confidence."""
    wrong = np.flatnonzero(result.errors)
    shown = wrong[np.argsort(-result.confidence[wrong], kind="stable")][:most]
    columns = 3
    rows = max(1, -(-len(shown) // columns))
    figure = _figure(10, rows * 0.85 + 0.6)
    figure.suptitle(f"the {len(shown)} most confident of {len(wrong)} mistakes: truth → answer" if len(wrong) else "no mistakes")
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, i in zip(figure.axes, shown, strict=False):
        axes.imshow(255 - result.data.images[i], cmap="gray", vmin=0, vmax=255)
        text = f"{result.truths[i]} → {result.answers[i] or 'nothing'}  {result.confidence[i]:.0%}"
        axes.set_title(text, fontsize=8, color=ORANGE)
    return figure


def maps(result: MapEvaluation, most: int = 8) -> Any:
    """Pages, what stands where on them, and what the network says: those on which it errs most."""
    wrong = (result.answers != result.data.labels).mean(axis=(1, 2))
    shown = np.argsort(-wrong, kind="stable")[:most]
    figure = _figure(9, 2.3 * len(shown))
    for row, i in zip(figure.subplots(len(shown), 3, squeeze=False), shown, strict=True):
        row[0].imshow(result.data.images[i], cmap="gray", vmin=0, vmax=255)
        for axes, classes in zip(row[1:], (result.data.labels[i], result.answers[i]), strict=True):
            drawn = axes.imshow(classes, cmap="Set1", vmin=0, vmax=len(result.data.classes) - 1, interpolation="nearest")
        for axes, title in zip(row, ("page", "truth", f"answer, {wrong[i]:.1%} wrong"), strict=True):
            axes.set_title(title, fontsize=8)
            axes.axis("off")
    bar = figure.colorbar(drawn, ax=figure.axes, ticks=range(len(result.data.classes)), location="bottom", aspect=60)
    bar.ax.set_xticklabels(result.data.classes)
    return figure
