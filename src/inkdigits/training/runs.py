"""A run folder, from the first byte to the report: `train` is what the command calls."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import shlex
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits import __version__, files
from inkdigits.errors import RecipeError
from inkdigits.layout import maps
from inkdigits.models import Card, FieldsModel, Model, NumberModel
from inkdigits.recognition import strips, tiles

from . import backend, checkpoint, report
from .calibrate import answer_threshold, fit_temperature
from .cards import AnyEvaluation, card_metrics
from .datasets import Dataset, load
from .evaluate import evaluate
from .evaluate_lines import LineEvaluation, evaluate_lines
from .evaluate_maps import MapEvaluation, evaluate_maps
from .export import export_onnx
from .fit import Run, train_model
from .forward import softmax
from .progress import making
from .settings import load_recipe, recipe_path


def train(
    recipe_name: str,
    data_name: str,
    folder: Path,
    *,
    seed: int = 0,
    backend_name: str | None = None,
    resume: bool = False,
    force: bool = False,
    quiet: bool = False,
    **overrides: Any,
) -> tuple[Run, AnyEvaluation | None]:
    """Train a recipe on a data set into a run folder; returns the run and its test figures (None if Ctrl-C came in the first epoch).

    overrides: fields of Settings, None to keep the recipe's. A finished run is not overwritten without `force`; an unfinished one wants
    `resume` or `force`. Raises RecipeError, DataError, ExportError.
    """
    used = backend.use_backend(backend_name)
    recipe = load_recipe(recipe_name)
    settings = recipe.SETTINGS.changed(**overrides)
    settings.check_parts(recipe_name, getattr(recipe, "PARTS", ()))
    start = time.perf_counter()
    data, test = load(data_name, "train"), load(data_name, "test")  # both now, so that one which is missing is missed before the training
    if data.classes != test.classes or data.images.shape[1:] != test.images.shape[1:]:
        raise RecipeError(f"{data_name}: its training and test images differ in their classes or in their size")
    if hasattr(recipe, "added_classes"):
        classes = (*data.classes, *recipe.added_classes(data.classes))
        data, test = replace(data, classes=classes), replace(test, classes=classes)
    plan = {
        "recipe": _no_folder(recipe_name),
        "settings": {**settings.to_dict(), "start": _no_folder(settings.start)},
        "seed": seed,
        "backend": used,
        "recipe_sha256": hashlib.sha256(recipe_path(recipe_name).read_bytes()).hexdigest(),
        "data_sha256": data.sha256,
    }
    with _claimed(folder, plan, resume, force, (recipe_path(recipe_name), Path(data_name))):
        if hasattr(recipe, "datasets"):
            fitting, held_out, test = recipe.datasets(data, test, settings, seed, making(quiet))
            data = fitting
        else:
            fitting, held_out = split(data, settings.validation_split, seed)
        run = train_model(recipe, settings, fitting, held_out, folder, seed=seed, resume=resume, quiet=quiet)
        took = time.perf_counter() - start
        if not run.history:
            return run, None
        held_out, why = (held_out, "no validation split") if data.labels.ndim == 1 else (None, "a model of lines or maps is taken as it is")
        harder = recipe.held_out_images(held_out, settings, seed) if held_out and hasattr(recipe, "held_out_images") else held_out
        of_writers = " of other writers" if held_out and held_out.writers is not None else ""
        facts = {
            **{key: plan[key] for key in ("recipe", "settings", "seed")},
            "epochs_done": len(run.history),
            "command": _command(recipe_name, data_name, seed, backend_name, overrides),
            "versions": _versions(),
            "data": [{"name": d.name, "images": len(d.labels), "licence": d.licence, "sha256": d.sha256} for d in (data, *run.added)],
            "calibrated_on": f"{held_out.name}, {len(held_out.labels):,} images held out{of_writers}" if held_out else f"nothing: {why}",
            "threshold_from": f"{harder.name}, {len(harder.labels):,} images held out" if harder else f"nothing: {why}",
        }
        return run, _finish(run, facts, took, data, held_out, harder, test)


def split(data: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset | None]:
    """Part off a share, drawn by the seed: (what is trained on, what is held out or None). Where the writers are known, the images of
    some of them, all of each; elsewhere as much of every class."""
    if share == 0:
        return data, None
    rng = np.random.default_rng((seed, 99))
    held = np.zeros(len(data.labels), bool)
    if data.writers is not None:
        writers, images = np.unique(data.writers, return_counts=True)
        order = rng.permutation(len(writers))
        held = np.isin(data.writers, writers[order[np.cumsum(images[order]) <= share * len(held)]])
    else:
        for label in range(len(data.classes)):
            own = np.flatnonzero(data.labels == label)
            held[rng.permutation(own)[: round(share * len(own))]] = True
    if not held.any() or held.all():
        raise RecipeError(f"validation split {share}: leaves no images on one side of {len(data.labels)}")
    return data.subset(np.flatnonzero(~held)), data.subset(np.flatnonzero(held))


@contextmanager
def _claimed(folder: Path, plan: dict[str, Any], resume: bool, force: bool, sources: Sequence[Path]) -> Iterator[None]:
    """Make the folder ours: refuse what another run would lose, remember the plan for `resume`, and keep others out meanwhile.

    sources: what the run is made from; `force` does not delete it.
    """
    path, text = folder / "plan.json", _json(plan)
    if folder.exists() and not path.exists() and (folder.is_file() or any(folder.iterdir())):
        raise RecipeError(f"{folder}: is there, and is no run's folder; give another --out")
    finished, begun = (folder / "metrics.json").exists(), checkpoint.find(folder)[0] is not None
    if (finished or begun) and not resume and not force:
        remedy = "give another --out, or --force to train it anew" if finished else "--resume goes on with it, --force starts it anew"
        raise RecipeError(f"{folder}: holds {'a finished' if finished else 'an unfinished'} run; {remedy}")
    if force:
        _check_outside(folder, sources)
    folder.mkdir(parents=True, exist_ok=True)
    with files.Appended(path) as file:
        before = file.head(file.size)
        if force:
            _empty(folder, path)
        elif begun and (planned := json.loads(before)) != plan:
            changed = [key for key in plan if planned.get(key) != plan[key]]
            raise RecipeError(f"{folder}: the run there differs in {', '.join(changed)}; resume it with what it was started with")
        if before != text.encode():
            file.cut(0)
            file.write(text)
        yield


def _empty(folder: Path, kept: Path) -> None:
    """Delete a run, but for one file that is locked."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path != kept:
            path.unlink()


def _check_outside(folder: Path, sources: Sequence[Path]) -> None:
    """Raise RecipeError where the folder of a run holds what it is made from."""
    for source in sources:
        if source.exists() and Path(os.path.realpath(source)).is_relative_to(os.path.realpath(folder)):
            raise RecipeError(f"{folder}: holds {source}, which is read and would be deleted; give another --out")


def _finish(
    run: Run, facts: dict[str, Any], took: float, data: Dataset, held_out: Dataset | None, harder: Dataset | None, test: Dataset
) -> AnyEvaluation:
    """Everything a finished run leaves behind, from the weights of its last epoch. facts: what it was trained on, and how. took: seconds
    from the first byte of the data to the last step, in this process."""
    folder = run.folder
    with files.whole(folder / "model.keras") as part:
        run.model.save(part)
    checkpoint.write_history(run.history, folder / "history.csv")
    temperature, threshold = _calibrated(run.model, held_out, harder, facts["settings"]["precision"])
    card = Card(
        name=Path(facts["recipe"]).stem,
        classes=data.classes,
        image_shape=(data.images.shape[1], data.images.shape[2]),
        version=datetime.date.today().strftime("%Y.%m"),
        preprocessing=_contract(facts["settings"]["preprocessing"], data),
        temperature=temperature,
        thresholds={"answer": threshold},
        training=facts,
    )
    card = export_onnx(run.model, folder / "model.onnx", card=card, real_images=np.divide(test.images[:1000], 255, dtype=np.float32))
    card.save(folder / "card.json")
    result: AnyEvaluation
    if data.labels.ndim == 1:
        result = evaluate(Model.load(folder), test)
    elif data.labels.ndim == 2:
        result = evaluate_lines(NumberModel.load(folder), test)
    else:
        result = evaluate_maps(FieldsModel.load(folder), test)
    metrics = {
        **facts,
        "seconds": round(took, 3),
        "seconds_per_epoch": [row["seconds"] for row in run.history],
        "temperature": temperature,
        "threshold": threshold,
        "test": result.to_dict(),
    }
    replace(card, metrics={"test": card_metrics(result)}).save(folder / "card.json")
    if isinstance(result, LineEvaluation):
        report.write_lines(folder, result, run.history, metrics)
    elif isinstance(result, MapEvaluation):
        report.write_maps(folder, result, run.history, metrics)
    else:
        report.write(folder, result, run.history, metrics)
    _write_json(folder / "metrics.json", metrics)
    return result


def _contract(preprocessing: str, data: Dataset) -> Mapping[str, Any]:
    """How the reader must make the images that the model was trained on; version 0 where it cannot."""
    if preprocessing == "strips" and data.labels.ndim < 3 and data.images.shape[1] == strips.HEIGHT:
        return strips.CONTRACT
    if preprocessing == "tiles" and data.labels.ndim == 1 and data.images.shape[1:] == (tiles.SIZE, tiles.SIZE):
        return tiles.CONTRACT
    if preprocessing == "pages" and data.labels.ndim == 3:
        return maps.CONTRACT
    return {"version": 0}


def _calibrated(model: Any, held_out: Dataset | None, harder: Dataset | None, precision: float) -> tuple[float, float]:
    """Temperature from the images held out, threshold from what the recipe made of them; 1 and 0 where there are none."""
    if held_out is None or harder is None:
        return 1.0, 0.0
    temperature = fit_temperature(_logits(model, held_out), held_out.labels)
    probabilities = softmax(_logits(model, harder) / temperature)
    return temperature, min(answer_threshold(probabilities, harder.labels, precision), 0.99)


def _logits(model: Any, data: Dataset) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Logarithms of what a Keras model says: float64 (N, K)."""
    said = np.asarray(model.predict(np.divide(data.images, 255, dtype=np.float32), batch_size=500, verbose=0), np.float64)
    return np.log(np.maximum(said, 1e-12))


def _versions() -> dict[str, str]:
    import keras
    import onnx
    import onnxruntime

    return {
        "inkdigits": __version__,
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": backend.backend_version(),
        "numpy": np.__version__,
        "onnx": onnx.__version__,
        "onnxruntime": onnxruntime.__version__,
    }


def _command(recipe: str, data: str, seed: int, backend_name: str | None, overrides: dict[str, Any]) -> str:
    """What to type to train the same network."""
    words = ["inkdigits", "train", "--recipe", _no_folder(recipe), "--data", _no_folder(data), "--seed", str(seed)]
    for name, value in {**overrides, "backend": backend_name}.items():
        if value is not None:
            words += [f"--{name.replace('_', '-')}", _no_folder(str(value))]
    return shlex.join(words)


def _no_folder(name: str) -> str:
    """An absolute path says more about this machine than about the run: its last part is enough."""
    return Path(name).name if os.path.isabs(name) else name


def _write_json(path: Path, content: dict[str, Any]) -> None:
    files.write(path, _json(content))


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
