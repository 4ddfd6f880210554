"""Several seeds of one recipe: each in a folder of its own, and what they come to."""

import json

import pytest
from click.testing import CliRunner

from inkdigits.commands.train import command
from inkdigits.training.seeds import spreads, train_seeds

RECIPE = """
import keras
from keras import layers
from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=1, batch_size=256, validation_split=0)

def build_model(shape, classes):
    return keras.Sequential([keras.Input(shape), layers.Flatten(), layers.Dense(classes, activation="softmax")])

def compile_model(model, settings, steps):
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
"""


def write_metrics(folder, seed, **figures):
    (folder / f"seed-{seed}").mkdir(parents=True)
    (folder / f"seed-{seed}" / "metrics.json").write_text(json.dumps({"test": figures}))


def test_mean_standard_deviation_and_n(tmp_path):
    for seed, accuracy in enumerate((0.98, 0.99, 1.0)):
        write_metrics(tmp_path, seed, accuracy=accuracy, loss=0.1, images=10)
    found = spreads(tmp_path, range(4))  # seed 3 is not there
    assert set(found) == {"accuracy", "loss"}
    assert (found["accuracy"].mean, found["accuracy"].sd, found["accuracy"].n) == pytest.approx((0.99, 0.01, 3))
    assert found["loss"].sd == 0
    assert spreads(tmp_path, [2])["accuracy"].sd == 0
    assert spreads(tmp_path / "nowhere", range(3)) == {}


@pytest.mark.slow
def test_two_seeds_side_by_side(tmp_path):
    pytest.importorskip("keras", reason="needs inkdigits[train]")
    (tmp_path / "flat.py").write_text(RECIPE)
    options = ["--recipe", str(tmp_path / "flat.py"), "--data", "digits", "--out", str(tmp_path / "runs"), "--seeds", "2", "--jobs", "2"]
    result = CliRunner().invoke(command, options, standalone_mode=False)
    assert result.return_value == 0, result.output
    assert "accuracy" in result.output
    assert "(n = 2)" in result.output
    assert "together, by the mean of their probabilities: digits test: accuracy" in result.output
    first, second = (json.loads((tmp_path / "runs" / f"seed-{s}" / "metrics.json").read_text()) for s in (0, 1))
    assert (first["seed"], second["seed"]) == (0, 1)
    again = CliRunner().invoke(command, options, standalone_mode=False)
    assert again.return_value == 1, "finished runs are not overwritten"
    assert "not finished: seed 0, 1" in again.output
    said = []
    assert train_seeds(["--recipe", "none"], tmp_path / "runs", range(2), jobs=1, resume=True, say=said.append) == {0: 0, 1: 0}
    assert said == ["seed 0: finished before", "seed 1: finished before"]


@pytest.mark.slow
def test_a_seed_that_fails_is_named(tmp_path):
    pytest.importorskip("keras", reason="needs inkdigits[train]")
    said = []
    ends = train_seeds(["--recipe", "no_such_recipe"], tmp_path, [7], jobs=1, say=said.append)
    assert ends == {7: 1}
    assert said[0].startswith("seed 7: inkdigits: no_such_recipe: no such recipe")
