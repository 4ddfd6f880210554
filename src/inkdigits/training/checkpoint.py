"""What is on disk after each epoch, so that a training goes on after anything: variables and history, whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits import files
from inkdigits.errors import RecipeError

History = list[dict[str, float]]
"""A row an epoch, with the columns that there are."""
COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds")


def save(folder: Path, model: Any, history: History) -> None:
    """Write `folder`/checkpoint anew. A kill leaves the one before or this one, never half of one."""
    import keras

    current, new, old = (folder / name for name in ("checkpoint", "checkpoint.new", "checkpoint.old"))
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    np.savez(new / "state.npz", *(keras.ops.convert_to_numpy(variable) for variable in _state(model)))
    write_history(history, new / "history.csv")
    if current.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(current, old)
    os.replace(new, current)
    shutil.rmtree(old, ignore_errors=True)


def find(folder: Path) -> tuple[Path | None, History]:
    """The last whole checkpoint of a run folder and its history; (None, []) where no epoch was finished."""
    for current in (folder / "checkpoint", folder / "checkpoint.old"):  # the old one: after a kill between the two renames
        if current.is_dir():
            return current, _read_history(current / "history.csv")
    return None, []


def restore(model: Any, checkpoint: Path) -> None:
    """Put a compiled model and its optimizer into the state they were saved in. Raises RecipeError if the model is another one."""
    with np.load(checkpoint / "state.npz", allow_pickle=False) as saved:
        arrays, variables = [saved[name] for name in saved.files], _state(model)
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in variables]:
        raise RecipeError(f"{checkpoint}: is of another network than the recipe builds now; --force trains it anew")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def start(model: Any, folder: Path) -> None:
    """Give a model the weights of the last checkpoint of a run folder. Raises RecipeError if there is none, or it is of another model."""
    found, _ = find(folder)
    if found is None:
        raise RecipeError(f"{folder}: no run to start from; give the folder of an `inkdigits train` that has finished an epoch")
    with np.load(found / "state.npz", allow_pickle=False) as saved:
        arrays = [saved[name] for name in saved.files[: len(model.variables)]]  # those of the optimizer follow
    if [array.shape for array in arrays] != [tuple(variable.shape) for variable in model.variables]:
        raise RecipeError(f"{folder}: is a run of another network than the recipe builds; start from one of the same")
    for variable, array in zip(model.variables, arrays, strict=True):
        variable.assign(array)


def write_history(history: History, path: Path) -> None:
    """history.csv: a row an epoch; exact numbers, so that a resumed run reads back what it wrote."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([[row.get(key, "") for key in COLUMNS] for row in history])
    files.write(path, out.getvalue())


def _state(model: Any) -> list[Any]:
    """All that the next epoch starts from: weights, running means, the generators of dropout, the optimizer's moments and step count."""
    return [*model.variables, *model.optimizer.variables]


def _read_history(path: Path) -> History:
    with path.open(newline="") as file:
        return [{key: float(value) for key, value in row.items() if value} for row in csv.DictReader(file)]
