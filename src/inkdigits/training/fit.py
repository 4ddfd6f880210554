"""The training itself: an epoch at a time, with a checkpoint after each, so that a run goes on after anything.

The last epoch is what is kept, never the best. The test split has no part in it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Labels
from inkdigits.errors import RecipeError

from . import checkpoint
from .augment import moved
from .backend import batches, make_deterministic
from .checkpoint import History
from .datasets import Dataset
from .graph import graph_of
from .progress import Progress
from .settings import Settings

EpochImages = Callable[[int], tuple[NDArray[np.uint8 | np.float32], Labels]]
"""Epoch, from 0, -> images uint8 (N, H, W), or float32 in [0, 1], labels int64 (N,), of lines (N, L), of maps (N, h, w); as many in every
epoch, drawn from seed and epoch alone."""


@dataclass
class Run:
    """A training in its folder. model: it computes in float32, whatever it was trained in. history: one row an epoch; added: data sets
    that the recipe trained on beside the one it was given; interrupted: Ctrl-C ended it before the last epoch."""

    folder: Path
    model: Any
    added: list[Dataset]
    history: History = field(default_factory=list)
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
    Ctrl-C ends the run after the last finished epoch. Raises RecipeError if the network does not fit the data or does not learn,
    ExportError if it has layers that cannot be exported.
    """
    make_deterministic(seed)
    model = _built(recipe, train, settings.dtype)
    saved, history = checkpoint.find(folder) if resume else (None, [])
    if settings.start and saved is None:
        checkpoint.start(model, Path(settings.start))
    images, added = _epoch_images(recipe, train, settings, seed)
    run = Run(folder, model, added, history)
    first = min(len(history), settings.epochs - 1)
    x, y = images(first)  # how many they are sets the schedule
    steps = -(-len(x) // settings.batch_size)
    _compile(recipe, model, settings, steps)
    if saved is not None:
        checkpoint.restore(model, saved)
    progress = Progress(len(history), settings.epochs, steps, quiet)
    try:
        for epoch in range(len(history), settings.epochs):
            progress, start = Progress(epoch, settings.epochs, steps, quiet), time.perf_counter()
            if epoch > first:
                x, y = images(epoch)
            order = np.random.default_rng((seed, epoch, 1)).permutation(len(x))
            draws = int(np.random.SeedSequence((seed, epoch)).generate_state(1)[0])
            with batches(x, _target(y, model, settings), settings.batch_size, order) as shuffled:
                row = {"epoch": epoch + 1.0, **_fit_epoch(model, shuffled, draws, progress)}
            row |= _held_out(model, validation, settings)
            row |= {"learning_rate": _rate(model), "seconds": time.perf_counter() - start}
            run.history.append(row)
            checkpoint.save(folder, model, run.history)
            progress.done(row)
    except KeyboardInterrupt:
        progress.interrupted()
        saved, run.history = checkpoint.find(folder)
        if saved is not None:
            checkpoint.restore(model, saved)  # an epoch half done is not kept
        run.interrupted = True
    if settings.dtype != "float32":
        run.model = _built(recipe, train, "float32")
        run.model.set_weights(model.get_weights())
    return run


def _built(recipe: ModuleType, train: Dataset, dtype: str) -> Any:
    """The recipe's network, whose layers compute in `dtype`; RecipeError or ExportError now, where it would not do after the training."""
    name, shape, classes = Path(str(recipe.__file__)).name, train.images.shape[1:], len(train.classes)
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        model = recipe.build_model(shape, classes)
    except (ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise RecipeError(f"{name}: build_model fails for images of {shape[0]} x {shape[1]} in {classes} classes: {reason}") from error
    finally:
        keras.config.set_dtype_policy(before)
    ends = tuple(getattr(model, "input_shape", ())), tuple(getattr(model, "output_shape", ()))
    lines = train.labels.ndim > 1
    if ends[0] != (None, *shape) or len(ends[1]) != 1 + train.labels.ndim or (ends[1][0], ends[1][-1]) != (None, classes):
        places = ("", "frames, ", "height, width, ")[train.labels.ndim - 1]
        wanted = f"(N, {shape[0]}, {shape[1]}) to (N, {places}{classes})"
        raise RecipeError(f"{name}: build_model must return a keras.Model from {wanted}; this one goes from {ends[0]} to {ends[1]}")
    if lines and recipe.SETTINGS.one_hot:
        raise RecipeError(f"{name}: labels of lines and maps are no one-hot rows; set one_hot=False in SETTINGS")
    if not graph_of(model).softmax:
        raise RecipeError(f"{name}: the network must end in a softmax, so that its outputs are probabilities")
    return model


def _compile(recipe: ModuleType, model: Any, settings: Settings, steps: int) -> None:
    recipe.compile_model(model, settings, steps)
    if not model.compiled or model.optimizer is None:
        raise RecipeError(f"{Path(str(recipe.__file__)).name}: compile_model must call model.compile with an optimizer and a loss")
    model.optimizer.build(model.trainable_variables)  # its moments are there before a checkpoint is read into them


def _epoch_images(recipe: ModuleType, train: Dataset, settings: Settings, seed: int) -> tuple[EpochImages, list[Dataset]]:
    if hasattr(recipe, "training_images"):
        made: tuple[EpochImages, list[Dataset]] = recipe.training_images(train, settings, seed)
        return made
    return lambda epoch: (moved(train.images, settings.augment, np.random.default_rng((seed, epoch))), train.labels), []


def _fit_epoch(model: Any, images: dict[str, Any], seed: int, progress: Progress) -> dict[str, float]:
    """One pass over the batches; returns loss and accuracy, averaged over the epoch."""
    import keras

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            make_deterministic(seed)  # dropout's state is in the checkpoint, but on PyTorch, where it draws from the one generator of all

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            averages = logs or {}
            if "accuracy" not in averages:
                raise RecipeError('compile_model must ask for the accuracy: model.compile(..., metrics=["accuracy"])')
            if not math.isfinite(averages["loss"]):
                raise RecipeError(f"the loss became {averages['loss']} in batch {batch + 1}: lower the learning rate")
            progress.batch(batch + 1, averages["loss"], averages["accuracy"])

    result = model.fit(**images, epochs=1, shuffle=False, verbose=0, callbacks=[Watch()])
    return {key: float(result.history[key][0]) for key in ("loss", "accuracy")}


def _held_out(model: Any, validation: Dataset | None, settings: Settings) -> dict[str, float]:
    """Loss and accuracy on the images that are not trained on, where there are any."""
    if validation is None:
        return {}
    with batches(validation.images, _target(validation.labels, model, settings), 500) as rows:
        scores = model.evaluate(**rows, verbose=0, return_dict=True)
    return {"val_loss": float(scores["loss"]), "val_accuracy": float(scores["accuracy"])}


def _target(labels: Labels, model: Any, settings: Settings) -> NDArray[Any]:
    """Labels int64 (N,), (N, L) or (N, h, w) as the loss wants them: one-hot rows float32 (N, K), or as they are."""
    return np.eye(model.output_shape[1], dtype=np.float32)[labels] if settings.one_hot else labels


def _rate(model: Any) -> float:
    import keras

    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
