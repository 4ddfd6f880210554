"""The digit model that ships beside the textbook's networks and scikit-learn's classifiers: accuracy, robustness, speed.

What it is compared with is trained by `inkdigits train` into a folder of runs; those of the textbook that are missing are trained first.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.arrays import Bytes, Labels
from inkdigits.models import Model
from inkdigits.training.backend import use_backend
from inkdigits.training.corruptions import KINDS, corrupted
from inkdigits.training.datasets import Dataset, corrected_labels, load
from inkdigits.training.evaluate import Evaluation, committee, evaluate
from inkdigits.training.progress import making
from inkdigits.training.runs import train

from .real import Task, read_each
from .tables import Table, middle, quartiles, seconds, spread

TEXTBOOK = ("dense", "cnn2", "cnn3")
ACCURACY = ("what", "MNIST test", "on corrected labels", "wrong at 1 % refused", "negative log-likelihood", "calibration error", "n")
FIGURES = ("accuracy", "corrected_accuracy", "loss", "calibration_error")
KEPT = 0.99
"""Where answers are counted that are wrong although only the surest were given: the share of all."""
SPEED = ("network", "one at a time, µs", "batches of 32, tiles/s", "one at a time with `keras.predict`, ms", "`keras.predict` / ours")
SHIPPED, READ = "digit, as it ships", "`inkdigits predict`"
Answer = Callable[[Bytes], Labels]


@dataclass(frozen=True, slots=True)
class TrainedRun:
    """A finished run of a recipe on MNIST: its folder and its metrics.json."""

    folder: Path
    metrics: dict[str, Any]

    @property
    def recipe(self) -> str:
        """The recipe's name."""
        return Path(self.metrics["recipe"]).stem


def trained(home: Path) -> list[TrainedRun]:
    """The runs on MNIST in a folder of runs, those in folders of seeds too; each textbook recipe that has none is trained first, seed 0."""
    names = {run.recipe for run in _runs(home)}
    for recipe in TEXTBOOK:
        if recipe not in names:
            train(recipe, "mnist", home / f"{recipe}-mnist-0")
    return _runs(home)


def _runs(home: Path) -> list[TrainedRun]:
    found = [TrainedRun(path.parent, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(home.rglob("metrics.json"))]
    return [run for run in found if run.metrics["test"].get("data") == "mnist" and "accuracy" in run.metrics["test"]]


def accuracy(home: Path) -> Table:
    """On MNIST's test digits: the model that ships, each recipe in the folder (mean ± standard deviation over seeds), k-NN, an SVM."""
    runs, digits, test = trained(home), load("mnist", "train"), load("mnist", "test")
    figures = [_figures(SHIPPED, [evaluate(Model.load(), test)])]
    for recipe in sorted({run.recipe for run in runs}):
        seeds = [evaluate(Model.load(run.folder), test) for run in runs if run.recipe == recipe]
        figures.append(_figures(recipe, seeds))
        if len(seeds) > 1:
            figures.append(_figures(f"{recipe}, the {len(seeds)} together", [committee(seeds)]))
    for name, answer in classical(digits).items():
        figures.append(_spreads(name, [_plain(answer(test.images), test)]))
    return Table("mnist", ACCURACY, [_row(f) for f in figures], figures)


def _figures(name: str, seeds: Sequence[Evaluation]) -> dict[str, Any]:
    return _spreads(name, [{key: getattr(one, key) for key in FIGURES} | {"wrong": one.wrong(KEPT)} for one in seeds])


def _spreads(name: str, seeds: Sequence[dict[str, float]]) -> dict[str, Any]:
    out: dict[str, Any] = {"what": name, "n": len(seeds)}
    for key in seeds[0]:
        values = [float(figures[key]) for figures in seeds]
        out[key] = statistics.fmean(values)
        out[f"{key}_sd"] = statistics.stdev(values) if len(values) > 1 else None
        out[f"{key}_of_each"] = values
    return out


def _row(f: dict[str, Any]) -> list[str]:
    def cell(key: str, form: str) -> str:
        return spread(f[f"{key}_of_each"], form) if key in f else "–"

    wrong = cell("wrong", ".1f" if f["n"] > 1 else ".0f")
    return [f["what"], *(cell(key, ".2%") for key in FIGURES[:2]), wrong, *(cell(key, ".4f") for key in FIGURES[2:]), str(f["n"])]


def _plain(answers: Labels, test: Dataset) -> dict[str, float]:
    """What can be said of answers without probabilities."""
    labels, keep = corrected_labels(test)
    return {"accuracy": float(np.mean(answers == test.labels)), "corrected_accuracy": float(np.mean((answers == labels)[keep]))}


def classical(digits: Dataset) -> dict[str, Answer]:
    """scikit-learn's k-nearest neighbours and support vector machine, fitted on the same digits."""
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC

    flat = digits.images.reshape(len(digits.images), -1) / np.float32(255)
    found: dict[str, Answer] = {}
    for name, model in (("scikit-learn k-NN, k = 3", KNeighborsClassifier(3)), ("scikit-learn SVM, C = 10", SVC(C=10))):
        making(False)(f"fitting {name}", 0, 1)
        model.fit(flat, digits.labels)
        found[name] = lambda images, model=model: model.predict(images.reshape(len(images), -1) / np.float32(255))  # type: ignore[misc]
    return found


def robustness(home: Path, limit: int) -> Table:
    """Accuracy on the first `limit` digits of MNIST's test set as they are, and damaged in fifteen ways: of networks that see them as they
    are, and of the reader, which finds the ink first."""
    models = {SHIPPED: Model.load(), **{run.recipe: Model.load(run.folder) for run in reversed(trained(home))}}
    test = load("mnist", "test")
    test = test.subset(np.arange(min(limit, len(test.labels))))
    report = making(False)
    rows: list[list[str]] = []
    figures: list[dict[str, Any]] = []
    for done, kind in enumerate(("as they are", *KINDS)):
        report("robustness", done, len(KINDS) + 1)
        images = test.images if kind not in KINDS else corrupted(test.images, kind)
        tiles = np.divide(images, 255, dtype=np.float32)
        read = read_each(Task(image, str(label), single=True) for image, label in zip(images, test.labels, strict=True))
        right = {READ: sum(answer.right for answer in read) / len(read)}
        right |= {name: float(np.mean(model.logits(tiles)[:, :10].argmax(axis=1) == test.labels)) for name, model in models.items()}
        figures.append({"digits": kind, "images": len(tiles), **right})
        rows.append([kind.replace("_", " "), *(f"{share:.2%}" for share in right.values())])
    mean = {name: statistics.fmean(float(f[name]) for f in figures[1:]) for name in right}
    rows.append(["mean of the fifteen", *(f"{share:.2%}" for share in mean.values())])
    report("robustness", 1, 1)
    return Table("robustness", ("digits", READ, *models), rows, [*figures, {"digits": "mean of the fifteen", **mean}])


def speed(home: Path, rounds: int) -> Table:
    """One thread of ONNX Runtime beside Keras' own `predict`, in turn: one digit at a time, and for ours batches of 32. Before each is
    timed it runs once, as each drives the others' code and weights out of the caches: what is timed is one digit of a stream."""
    use_backend()
    import keras

    runs = {run.recipe: run for run in reversed(trained(home)) if run.recipe in TEXTBOOK}
    ours = {SHIPPED: Model.load(), **{name: Model.load(run.folder) for name, run in runs.items()}}
    theirs = {name: keras.models.load_model(run.folder / "model.keras", compile=False) for name, run in runs.items()}
    tiles = np.divide(load("mnist", "test").images[:64], 255, dtype=np.float32)
    alone: dict[str, list[float]] = {name: [] for name in ours}
    batch: dict[str, list[float]] = {name: [] for name in ours}
    keras_alone: dict[str, list[float]] = {name: [] for name in theirs}
    for i in range(rounds):
        one = tiles[i % 64 : i % 64 + 1]
        for name, model in ours.items():
            model.probabilities(one)
            alone[name].append(seconds(lambda m=model, t=one: [m.probabilities(t) for _ in range(20)]) / 20)
            batch[name].append(seconds(lambda m=model: [m.probabilities(tiles[k : k + 32]) for k in (0, 32) * 4]) / 256)
        for name, model in theirs.items():
            model.predict(one, verbose=0)
            keras_alone[name].append(seconds(lambda m=model, t=one: m.predict(t, verbose=0)))
    rows, figures = [], []
    for name in ours:
        beside = next(iter(keras_alone)) if name == SHIPPED else name  # ours has no Keras file: beside the smallest of theirs
        ratios = [a / b for a, b in zip(keras_alone[beside], alone[name], strict=True)]
        cells = [middle((1e6 * s for s in alone[name]), 0), middle((1 / s for s in batch[name]), 0)]
        cells += [middle((1000 * s for s in keras_alone[beside]), 1) + (f" (`{beside}`)" if name == SHIPPED else ""), middle(ratios, 0)]
        rows.append([name, *cells])
        figures.append(
            {"network": name, "alone": quartiles(alone[name]), "a_tile_of_32": quartiles(batch[name]), "ratio": quartiles(ratios)}
        )
    return Table("networks", SPEED, rows, figures, f"{rounds} rounds; one thread for ours, as many as Keras takes for Keras.")
