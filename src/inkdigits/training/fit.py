"""The training itself: an epoch at a time, with a checkpoint after each, so that a run goes on after anything.

The last epoch is what is kept, never the best. The test split is read once, after the last epoch.
"""

from __future__ import annotations

import csv
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.errors import RecipeError

from .augment import moved
from .datasets import Dataset
from .settings import Settings

EpochImages = Callable[[int], tuple[NDArray[np.float32], NDArray[np.int64]]]
"""Epoch, from 0, -> images float32 (N, H, W) in [0, 1], labels int64 (N,)."""
HISTORY = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


@dataclass
class Run:
    """A training in its folder. history: one row an epoch; added: data sets that the recipe trained on beside the one it was given;
    interrupted: Ctrl-C ended it before the last epoch."""

    folder: Path
    model: Any
    added: list[Dataset]
    history: list[dict[str, float]] = field(default_factory=list)
    interrupted: bool = False


def train_model(
    recipe: ModuleType,
    settings: Settings,
    train: Dataset,
    validation: Dataset | None,
    folder: Path,
    *,
    seed: int,
    resume: bool = False,
    quiet: bool = False,
) -> Run:
    """Train a recipe's network and leave it, with its history, in the folder's checkpoint.

    With `resume` a run goes on after its last finished epoch, and ends with the weights that an uninterrupted run on the same machine has.
    Ctrl-C ends the run after the last finished epoch. Raises RecipeError if the network does not fit the data.
    """
    from .backend import make_deterministic

    make_deterministic(seed)
    model = _built(recipe, train)
    images, added = _epoch_images(recipe, train, settings, seed)
    first = images(0)  # its size sets the schedule
    steps = -(-len(first[0]) // settings.batch_size)
    recipe.compile_model(model, settings, steps)
    model.optimizer.build(model.trainable_variables)
    run = Run(folder, model, added)
    checkpoint = folder / "checkpoint"
    if resume and checkpoint.exists():
        _restore(model, checkpoint)
        run.history = _read_history(checkpoint / "history.csv")
    one_hot = np.eye(len(train.classes), dtype=np.float32)
    for epoch in range(len(run.history), settings.epochs):
        start = time.perf_counter()
        try:
            _seed_layers(model, seed, epoch)
            x, y = first if epoch == 0 else images(epoch)
            order = np.random.default_rng((seed, epoch, 1)).permutation(len(x))
            progress = _Progress(epoch, settings.epochs, steps, quiet)
            row = {"epoch": epoch + 1.0} | _fit_epoch(model, x, y, order, settings, one_hot, progress)
            if validation is not None:
                target = one_hot[validation.labels] if settings.one_hot else validation.labels
                scores = model.evaluate(validation.images.astype(np.float32) / 255, target, batch_size=500, verbose=0, return_dict=True)
                row |= {"val_loss": scores["loss"], "val_accuracy": scores["accuracy"]}
        except KeyboardInterrupt:
            run.interrupted = True
            break
        row |= {"learning_rate": _rate(model), "seconds": time.perf_counter() - start}
        run.history.append(row)
        progress.done(row)
        _save(run, checkpoint)
    if run.interrupted and run.history:
        _restore(model, checkpoint)  # an epoch half done is not kept
    return run


def _built(recipe: ModuleType, train: Dataset) -> Any:
    shape, classes = train.images.shape[1:], len(train.classes)
    try:
        model = recipe.build_model(shape, classes)
    except (ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RecipeError(f"{recipe.__name__}: cannot be built for images of {shape[0]} x {shape[1]}: {reason}") from error
    if tuple(model.input_shape) != (None, *shape) or tuple(model.output_shape) != (None, classes):
        raise RecipeError(
            f"{recipe.__name__}: build_model must map (N, {shape[0]}, {shape[1]}) to (N, {classes}), "
            f"it maps {model.input_shape} to {model.output_shape}"
        )
    return model


def _epoch_images(recipe: ModuleType, train: Dataset, settings: Settings, seed: int) -> tuple[EpochImages, list[Dataset]]:
    if hasattr(recipe, "training_images"):
        made: tuple[EpochImages, list[Dataset]] = recipe.training_images(train, settings, seed)
        return made
    return lambda epoch: (moved(train.images, settings.augment, np.random.default_rng((seed, epoch))), train.labels), []


def _fit_epoch(
    model: Any,
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    order: NDArray[np.int64],
    settings: Settings,
    one_hot: NDArray[np.float32],
    progress: _Progress,
) -> dict[str, float]:
    """One pass over the images in the given order; returns loss and accuracy, averaged over the epoch."""
    import keras

    class Show(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            progress.batch(batch + 1, logs or {})

    x, target = x[order], (one_hot[y] if settings.one_hot else y)[order]
    result = model.fit(x, target, batch_size=settings.batch_size, epochs=1, shuffle=False, verbose=0, callbacks=[Show()])
    return {"loss": float(result.history["loss"][0]), "accuracy": float(result.history["accuracy"][0])}


def _seed_layers(model: Any, seed: int, epoch: int) -> None:
    """Dropout draws from generators of its own: set by seed and epoch, an epoch is the same whether or not the run was cut off."""
    import keras

    keras.utils.set_random_seed(seed * 1000 + epoch)
    for number, layer in enumerate(model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            generator.state.assign(np.array([seed * 1000 + epoch, number], dtype=str(generator.state.dtype)))


def _rate(model: Any) -> float:
    import keras

    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


def _save(run: Run, checkpoint: Path) -> None:
    """Weights, optimizer and history in a new folder that takes the old one's place: a kill leaves one or the other, never half of one."""
    import keras

    new, old = checkpoint.with_name("checkpoint.new"), checkpoint.with_name("checkpoint.old")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    np.savez(new / "state.npz", *(keras.ops.convert_to_numpy(v) for v in _state(run.model)))
    write_history(run.history, new / "history.csv")
    if checkpoint.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(checkpoint, old)
    os.replace(new, checkpoint)
    shutil.rmtree(old, ignore_errors=True)


def _state(model: Any) -> list[Any]:
    """Everything that the next epoch starts from: weights, running means, and the optimizer's moments and step count."""
    return [*model.variables, *model.optimizer.variables]


def _restore(model: Any, checkpoint: Path) -> None:
    with np.load(checkpoint / "state.npz", allow_pickle=False) as saved:
        for variable, name in zip(_state(model), saved.files, strict=True):
            variable.assign(saved[name])


def recover(folder: Path) -> None:
    """After a kill between the two renames of a checkpoint: take the one before."""
    checkpoint = folder / "checkpoint"
    if not checkpoint.exists() and (folder / "checkpoint.old").exists():
        os.replace(folder / "checkpoint.old", checkpoint)


def write_history(history: list[dict[str, float]], path: Path) -> None:
    """history.csv: a row an epoch; exact numbers, so that a resumed run reads back what it wrote."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HISTORY)
        writer.writerows([[row.get(key, "") for key in HISTORY] for row in history])


def _read_history(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as file:
        return [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]


class _Progress:
    """A live line on a terminal, a line an epoch elsewhere."""

    def __init__(self, epoch: int, epochs: int, steps: int, quiet: bool) -> None:
        self.head, self.steps, self.quiet = f"epoch {epoch + 1}/{epochs}", steps, quiet
        self.live = sys.stderr.isatty() and not quiet
        self.start = self.shown = time.perf_counter()
        self.epochs_left = epochs - epoch - 1

    def batch(self, done: int, logs: dict[str, float]) -> None:
        now = time.perf_counter()
        if not self.live or now - self.shown < 0.1:
            return
        self.shown = now
        bar = "━" * (24 * done // self.steps)
        left = (now - self.start) / done * (self.steps - done + self.steps * self.epochs_left)
        sys.stderr.write(
            f"\r\x1b[K{self.head} {bar:╌<24} {done}/{self.steps}  loss {logs.get('loss', 0):.4f}  "
            f"accuracy {logs.get('accuracy', 0):.4f}  {_clock(left)} left"
        )
        sys.stderr.flush()

    def done(self, row: dict[str, float]) -> None:
        if self.quiet:
            return
        held_out = f"  validation: loss {row['val_loss']:.4f}  accuracy {row['val_accuracy']:.4f}" if "val_loss" in row else ""
        start = "\r\x1b[K" if self.live else ""
        sys.stderr.write(f"{start}{self.head}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.4f}{held_out}  {row['seconds']:.1f} s\n")
        sys.stderr.flush()


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
