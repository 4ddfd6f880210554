"""Training: runs are repeatable, go on after a kill with the same weights, and leave everything a run folder promises."""

import gc
import importlib.util
import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from inkdigits.errors import OutputError, RecipeError
from inkdigits.files import Appended
from inkdigits.models import Model
from inkdigits.training import backend
from inkdigits.training.datasets import Dataset, load
from inkdigits.training.fit import train_model
from inkdigits.training.runs import split, train
from inkdigits.training.settings import load_recipe

pytest.importorskip("keras", reason="needs inkdigits[train]")

RECIPE = '''
"""own: a tiny network with everything that has a state: dropout (nested too), batch normalization, Adam."""
import keras
from keras import layers
from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=4, batch_size=64, validation_split=0.2, augment="light")

def build_model(image_shape, classes):
    return keras.Sequential([
        keras.Input(image_shape), layers.Reshape((*image_shape, 1)), layers.Conv2D(4, 5, strides=4), layers.BatchNormalization(),
        layers.ReLU(), layers.Flatten(), keras.Sequential([layers.Dropout(0.2)]), layers.Dense(classes, activation="softmax")])

def compile_model(model, settings, steps_per_epoch):
    model.compile(keras.optimizers.Adam(settings.learning_rate), "categorical_crossentropy", metrics=["accuracy"])
'''


WATCHED = """
import weakref
made = []

def training_images(train, settings, seed):
    def images(epoch):
        x = train.images.astype("float32") / 255
        made.append(weakref.ref(x))
        return x, train.labels
    return images, []
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(RECIPE)
    return path


def start(*arguments, cwd):
    command = [sys.executable, "-m", "inkdigits", *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def inkdigits(*arguments, cwd):
    process = start(*arguments, cwd=cwd)
    out, err = process.communicate(timeout=240)
    return process.returncode, out, err


def stop_after_an_epoch(process, folder, how):
    """Send a signal as soon as the first checkpoint is there; returns what the process wrote."""
    history = folder / "checkpoint" / "history.csv"
    deadline = time.monotonic() + 120
    while not history.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(how)
    return process.communicate(timeout=120)


def weights(folder):
    with np.load(folder / "checkpoint" / "state.npz") as saved:
        return [saved[name] for name in saved.files]


def installed(name):
    missing = importlib.util.find_spec(name) is None
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason=f"{name} is not installed"))


@pytest.mark.slow
@pytest.mark.parametrize("backend", [installed("tensorflow"), installed("jax"), installed("torch")])
def test_a_run_killed_and_resumed_ends_as_one_that_was_not(tmp_path, recipe, backend):
    arguments = ("train", "--recipe", recipe, "--data", "digits", "--seed", 3, "--epochs", 9, "--backend", backend)
    code, _, err = inkdigits(*arguments, "--out", "whole", cwd=tmp_path)
    assert code == 0, err
    stop_after_an_epoch(start(*arguments, "--out", "cut", cwd=tmp_path), tmp_path / "cut", signal.SIGKILL)
    assert not (tmp_path / "cut" / "metrics.json").exists(), "it was killed before its end"
    code, _, err = inkdigits(*arguments, "--out", "cut", cwd=tmp_path)
    assert (code, "--resume" in err) == (1, True)
    code, _, err = inkdigits(*arguments, "--out", "cut", "--resume", "--seed", 4, cwd=tmp_path)
    assert (code, "differs in seed" in err) == (1, True)
    code, _, err = inkdigits(*arguments, "--out", "cut", "--resume", cwd=tmp_path)
    assert code == 0, err
    assert "epoch 1/9" not in err
    for a, b in zip(weights(tmp_path / "whole"), weights(tmp_path / "cut"), strict=True):
        np.testing.assert_array_equal(a, b)
    assert Model.load(tmp_path / "whole").card.sha256 == Model.load(tmp_path / "cut").card.sha256


@pytest.mark.slow
def test_an_interrupted_run_is_kept_as_far_as_it_went(tmp_path, recipe):
    process = start("train", "--recipe", recipe, "--data", "digits", "--epochs", 2000, "--out", "run", cwd=tmp_path)
    out, err = stop_after_an_epoch(process, tmp_path / "run", signal.SIGINT)
    assert process.returncode == 130, err
    assert "--resume goes on" in err
    assert "accuracy" in out
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert 1 <= metrics["epochs_done"] < 2000
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == metrics["epochs_done"] + 1
    assert Model.load(tmp_path / "run").card.training["epochs_done"] == metrics["epochs_done"]


@pytest.mark.slow
def test_the_run_folder(tmp_path, recipe):
    arguments = ("train", "--recipe", recipe, "--data", "digits", "--epochs", 2)
    code, out, err = inkdigits(*arguments, "--out", "run", cwd=tmp_path)
    assert code == 0, err
    assert "accuracy" in out
    assert [line.split("  ")[0] for line in err.splitlines()] == ["epoch 1/2", "epoch 2/2"], "in a pipe one line an epoch, and no more"
    run = tmp_path / "run"
    for name in (
        "model.keras", "model.onnx", "card.json", "history.csv", "metrics.json", "curves.png", "confusion.png", "mistakes.png",
        "report.html", "classification_report.txt",
    ):  # fmt: skip
        assert (run / name).stat().st_size > 100, name
    metrics = json.loads((run / "metrics.json").read_text())
    assert (metrics["seed"], metrics["settings"]["epochs"]) == (0, 2)
    assert metrics["command"] == "inkdigits train --recipe own.py --data digits --seed 0 --epochs 2"
    assert metrics["data"][0]["sha256"]
    assert "keras" in metrics["versions"]
    assert str(tmp_path) not in "".join(path.read_text() for path in run.glob("*.json")), "no path of this machine"
    code, out, err = inkdigits("evaluate", "run", "--data", "digits", "--format", "json", cwd=tmp_path)
    assert json.loads(out)["accuracy"] == metrics["test"]["accuracy"]
    code, _, err = inkdigits(*arguments, "--out", "run", cwd=tmp_path)
    assert (code, "--force" in err) == (1, True)


@pytest.mark.parametrize("force", [False, True])
def test_files_that_are_no_run_are_left_alone(tmp_path, recipe, force):
    with pytest.raises(RecipeError, match="no run's folder"):
        train(str(recipe), "digits", tmp_path, force=force)
    assert recipe.exists()


def test_force_does_not_delete_what_is_read(tmp_path, recipe):
    (tmp_path / "plan.json").write_text("{}")  # as in the folder of a run
    with pytest.raises(RecipeError, match=r"holds .*own.py, which is read and would be deleted; give another --out"):
        train(str(recipe), "digits", tmp_path, force=True)
    assert recipe.exists()


@pytest.mark.parametrize("options", [{}, {"resume": True}, {"force": True}])
def test_one_training_at_a_time_has_a_folder(tmp_path, recipe, options):
    run = tmp_path / "run"
    run.mkdir()
    with Appended(run / "plan.json") as other:
        other.write("{}")
        with pytest.raises(OutputError, match=r"plan\.json is being written by another run"):
            train(str(recipe), "digits", run, **options)
        other.write("")  # it is still there
    assert (run / "plan.json").read_text() == "{}"


def numbered(labels):
    return Dataset("own", "train", np.arange(len(labels), dtype=np.uint8)[:, None, None], np.asarray(labels), ("a", "b"))


def test_the_validation_part_is_drawn_from_every_class_by_the_seed():
    data = numbered([0] * 40 + [1] * 60)
    fitting, held_out = split(data, 0.1, seed=1)
    assert np.bincount(held_out.labels).tolist() == [4, 6]
    together = np.concatenate([fitting.images, held_out.images]).ravel()
    assert sorted(together) == list(range(100))
    np.testing.assert_array_equal(held_out.images, split(data, 0.1, seed=1)[1].images)
    assert not np.array_equal(held_out.images, split(data, 0.1, seed=2)[1].images)


def test_the_validation_part_has_writers_of_its_own_where_they_are_known():
    writers = np.arange(200) // 4 % 25  # eight images each
    data = replace(numbered([0, 1] * 100), writers=writers)
    fitting, held_out = split(data, 0.1, seed=1)
    assert not set(fitting.writers) & set(held_out.writers)
    assert (len(fitting.labels), len(held_out.labels)) == (184, 16)
    assert set(held_out.writers) != set(split(data, 0.1, seed=2)[1].writers)


@pytest.mark.slow
def test_a_network_trained_in_half_precision_computes_in_full_afterwards(tmp_path):
    import keras

    half = RECIPE.replace('augment="light"', 'dtype="mixed_bfloat16"').replace('"softmax")', '"softmax", dtype="float32")')
    (tmp_path / "half.py").write_text(half)
    status, _, errors = inkdigits("train", "--recipe", "half.py", "--data", "digits", "--out", "run", cwd=tmp_path)
    assert status == 0, errors
    model = keras.models.load_model(tmp_path / "run" / "model.keras")
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    images = load("digits", "test").images[:50] / np.float32(255)
    said = np.log(model.predict(images, verbose=0))
    logits = Model.load(tmp_path / "run").logits(images)
    np.testing.assert_allclose(said - said[:, :1], logits - logits[:, :1], atol=1e-3)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["test"]["accuracy"] > 0.5


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_the_images_of_an_epoch_are_let_go(tmp_path):
    (tmp_path / "own.py").write_text(RECIPE + WATCHED)
    backend.use_backend()
    recipe, data = load_recipe(str(tmp_path / "own.py")), load("digits", "train")
    run = train_model(recipe, recipe.SETTINGS.changed(epochs=3), data, None, tmp_path / "run", seed=0, quiet=True)
    gc.collect()
    assert [image() is None for image in recipe.made] == [True] * 3
    assert run.history[-1]["accuracy"] > run.history[0]["accuracy"]


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_a_run_starts_from_the_weights_of_another(tmp_path, recipe):
    backend.use_backend()
    loaded, data = load_recipe(str(recipe)), load("digits", "train")
    settings = loaded.SETTINGS.changed(epochs=1)
    first = train_model(loaded, settings, data, None, tmp_path / "first", seed=0, quiet=True)
    begun = settings.changed(start=str(tmp_path / "first"), learning_rate=1e-9)
    second = train_model(loaded, begun, data, None, tmp_path / "second", seed=1, quiet=True)
    for variable, before in zip(second.model.trainable_variables, first.model.trainable_variables, strict=True):
        np.testing.assert_allclose(np.asarray(variable), np.asarray(before), atol=1e-5)
    assert second.history[0]["accuracy"] > first.history[0]["accuracy"]
    resumed = train_model(loaded, begun.changed(epochs=2, start="gone"), data, None, tmp_path / "second", seed=1, resume=True, quiet=True)
    assert len(resumed.history) == 2, "a run that goes on needs no longer what it began with"
    with pytest.raises(RecipeError, match="no run to start from"):
        train_model(loaded, settings.changed(start=str(tmp_path)), data, None, tmp_path / "third", seed=0, quiet=True)


def test_no_validation_part():
    assert split(numbered([0, 1]), 0.0, seed=0)[1] is None
    with pytest.raises(RecipeError, match="leaves no images"):
        split(numbered([0, 1]), 0.1, seed=0)


@pytest.mark.slow
def test_eight_steps_in_one_call_are_the_same_steps(tmp_path, recipe):
    (tmp_path / "eight.py").write_text(RECIPE.replace('metrics=["accuracy"])', 'metrics=["accuracy"], steps_per_execution=8)'))
    for own in (recipe, "eight.py"):
        status, _, errors = inkdigits("train", "--recipe", own, "--data", "digits", "--epochs", 2, "--out", f"{own}-run", cwd=tmp_path)
        assert status == 0, errors
    for a, b in zip(weights(tmp_path / f"{recipe}-run"), weights(tmp_path / "eight.py-run"), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4, err_msg="the last, shorter call of an epoch is made too")
