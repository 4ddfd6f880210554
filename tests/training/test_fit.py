"""Training: runs are repeatable, go on after a kill with the same weights, and leave everything a run folder promises."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from inkdigits.errors import RecipeError
from inkdigits.models import Model
from inkdigits.training.settings import Settings, load_recipe, recipe_names

pytest.importorskip("keras", reason="needs inkdigits[train]")

RECIPE = '''
"""own: a tiny network with everything that has a state: dropout, batch normalization, Adam."""
import keras
from keras import layers
from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=4, batch_size=64, validation_split=0.2, augment="light")

def build_model(image_shape, classes):
    return keras.Sequential([
        keras.Input(image_shape), layers.Reshape((*image_shape, 1)), layers.Conv2D(4, 5, strides=4), layers.BatchNormalization(),
        layers.ReLU(), layers.Flatten(), layers.Dropout(0.2), layers.Dense(classes, activation="softmax")])

def compile_model(model, settings, steps_per_epoch):
    model.compile(keras.optimizers.Adam(settings.learning_rate), "categorical_crossentropy", metrics=["accuracy"])
'''


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(RECIPE)
    return path


def inkdigits(*arguments, cwd, wait=True):
    command = [sys.executable, "-m", "inkdigits", *map(str, arguments)]
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if not wait:
        return process
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def weights(folder):
    with np.load(folder / "checkpoint" / "state.npz") as saved:
        return [saved[name] for name in saved.files]


def test_the_recipes_that_come_with_it():
    assert set(recipe_names()) >= {"dense", "cnn2", "cnn3", "digit"}
    for name in recipe_names():
        assert load_recipe(name).__doc__.startswith(f"{name}: ")


@pytest.mark.parametrize(("name", "parameters"), [("dense", 118_282), ("cnn2", 225_034), ("cnn3", 904_522), ("digit", 107_650)])
def test_the_networks_are_the_textbooks(name, parameters):
    assert load_recipe(name).build_model((28, 28), 10).count_params() == parameters
    assert load_recipe(name).build_model((32, 24), 3).output_shape == (None, 3)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch size"),
        ({"learning_rate": 0.0}, "learning rate"),
        ({"validation_split": 1.0}, "validation split"),
        ({"augment": "much"}, "augment"),
    ],
)
def test_settings_that_make_no_sense(change, reason):
    with pytest.raises(RecipeError, match=reason):
        Settings().changed(**change)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("x = 1", "missing: SETTINGS, build_model, compile_model", id="incomplete"),
        pytest.param("import nothing_of_that_name", "ModuleNotFoundError", id="import fails"),
        pytest.param("def", "SyntaxError", id="no Python"),
    ],
)
def test_a_recipe_that_does_not_work(tmp_path, text, reason):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(RecipeError, match=reason):
        load_recipe(str(tmp_path / "bad.py"))


def test_there_is_no_such_recipe():
    with pytest.raises(RecipeError, match="dense"):
        load_recipe("resnet9000")


@pytest.mark.slow
def test_a_run_killed_and_resumed_ends_as_one_that_was_not(tmp_path, recipe):
    arguments = ("train", "--recipe", recipe, "--data", "digits", "--seed", 3)
    assert inkdigits(*arguments, "--out", "whole", cwd=tmp_path)[0] == 0
    process = inkdigits(*arguments, "--out", "cut", cwd=tmp_path, wait=False)
    history = tmp_path / "cut" / "checkpoint" / "history.csv"
    deadline = time.monotonic() + 60
    while not (history.exists() and len(history.read_text().splitlines()) >= 2) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "cut" / "metrics.json").exists(), "it was killed before its end"
    code, _, err = inkdigits(*arguments, "--out", "cut", cwd=tmp_path)
    assert code == 1
    assert "--resume" in err
    code, _, err = inkdigits(*arguments, "--out", "cut", "--resume", cwd=tmp_path)
    assert code == 0
    assert "epoch 1/4" not in err
    for a, b in zip(weights(tmp_path / "whole"), weights(tmp_path / "cut"), strict=True):
        np.testing.assert_array_equal(a, b)
    assert Model.load(tmp_path / "whole").card.sha256 == Model.load(tmp_path / "cut").card.sha256


@pytest.mark.slow
def test_the_run_folder(tmp_path, recipe):
    code, out, err = inkdigits("train", "--recipe", recipe, "--data", "digits", "--epochs", 2, "--out", "run", cwd=tmp_path)
    assert code == 0, err
    assert "accuracy" in out
    assert err.count("epoch ") == 2, "in a pipe one line an epoch"
    run = tmp_path / "run"
    for name in (
        "model.keras", "model.onnx", "card.json", "history.csv", "metrics.json", "curves.png", "confusion.png", "mistakes.png",
        "report.html", "classification_report.txt",
    ):  # fmt: skip
        assert (run / name).stat().st_size > 100, name
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["seed"] == 0
    assert metrics["settings"]["epochs"] == 2
    assert metrics["command"].startswith("inkdigits train --recipe")
    assert metrics["data"][0]["sha256"]
    assert "keras" in metrics["versions"]
    page = (run / "report.html").read_text()
    assert page.count("data:image/png") == 3
    assert "http://" not in page
    assert "https://" not in page
    code, out, err = inkdigits("evaluate", "run", "--data", "digits", "--format", "json", cwd=tmp_path)
    assert json.loads(out)["accuracy"] == metrics["test"]["accuracy"]
    code, _, err = inkdigits("train", "--recipe", recipe, "--data", "digits", "--out", "run", cwd=tmp_path)
    assert code == 1
    assert "--force" in err


@pytest.mark.slow
def test_a_network_that_does_not_fit_the_data(tmp_path):
    np.savez(tmp_path / "tiny.npz", images=np.zeros((50, 5, 5), np.uint8), labels=np.arange(50) % 2)
    code, _, err = inkdigits("train", "--recipe", "cnn2", "--data", "tiny.npz", cwd=tmp_path)
    assert code == 1
    assert "5 x 5" in err
    assert "Traceback" not in err
