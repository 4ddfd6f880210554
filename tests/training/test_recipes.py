"""Recipes: those that come with inkdigits are the textbooks', the user's own are refused before the training, with the reason."""

from pathlib import Path

import numpy as np
import pytest

from inkdigits.errors import ExportError, RecipeError
from inkdigits.training.settings import Settings, load_recipe, recipe_names

pytest.importorskip("keras", reason="needs inkdigits[train]")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

START = """
import keras
from keras import layers
from inkdigits.training.settings import Settings

SETTINGS = Settings(epochs=1, validation_split=0.0)
"""
LINEAR = """
def build_model(image_shape, classes):
    return keras.Sequential([keras.Input(image_shape), layers.Flatten(), layers.Dense(classes, activation="softmax")])
"""
ADAM = """
def compile_model(model, settings, steps_per_epoch):
    model.compile(keras.optimizers.Adam(settings.learning_rate), "categorical_crossentropy", metrics=["accuracy"])
"""


def test_the_recipes_that_come_with_it():
    assert set(recipe_names()) >= {"dense", "cnn2", "cnn3", "digit", "fast", "number", "record", "small", "tiny"}
    for name in recipe_names():
        assert load_recipe(name).__doc__.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("dense", 118_282),
        ("cnn2", 225_034),
        ("cnn3", 904_522),
        ("digit", 205_674),
        ("fast", 31_074),
        ("record", 1_307_498),
        ("small", 9_422),
        ("tiny", 990),
    ],
)
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


def test_there_is_no_such_recipe():
    with pytest.raises(RecipeError, match="dense"):
        load_recipe("resnet9000")


@pytest.fixture
def undrawn(monkeypatch):
    """Runs draw no pictures for their reports, which are most of the time of a short one."""
    monkeypatch.setattr("inkdigits.training.report.write", lambda *_: None)


def train(tmp_path, text, data="digits", **overrides):
    from inkdigits.training import runs

    (tmp_path / "own.py").write_text(text)
    return runs.train(str(tmp_path / "own.py"), data, tmp_path / "run", quiet=True, **overrides)


@pytest.mark.usefixtures("undrawn")
def test_dense_holds_out_a_tenth_for_the_second_line_of_its_curves(tmp_path):
    from inkdigits.training import runs

    runs.train("dense", "digits", tmp_path / "run", quiet=True, epochs=1)
    assert {"accuracy", "val_accuracy"} <= set((tmp_path / "run" / "history.csv").read_text().splitlines()[0].split(","))
    assert load_recipe("dense").SETTINGS.validation_split == 0.1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("x = 1", "missing: SETTINGS, build_model, compile_model", id="incomplete"),
        pytest.param("x = 1\nimport nothing_of_that_name", "line 2: ModuleNotFoundError", id="import fails"),
        pytest.param("def", "SyntaxError", id="no Python"),
        pytest.param("SETTINGS = {}\nbuild_model = compile_model = print", "SETTINGS must be", id="settings of another kind"),
        pytest.param(START + "def build_model(shape): ...\n" + ADAM, "build_model fails", id="other arguments"),
        pytest.param(START + "def build_model(shape, classes): ...\n" + ADAM, "must return a keras.Model", id="returns nothing"),
        pytest.param(START + LINEAR.replace("Dense(classes", "Dense(7") + ADAM, r"from \(N, 28, 28\) to \(N, 10\)", id="wrong outputs"),
        pytest.param(START + LINEAR.replace(', activation="softmax"', "") + ADAM, "must end in a softmax", id="logits"),
        pytest.param(START + LINEAR + "def compile_model(*_): ...\n", "must call model.compile", id="not compiled"),
        pytest.param(START + LINEAR + ADAM.replace('["accuracy"]', "[]"), "metrics=", id="no accuracy"),
    ],
)
def test_a_recipe_that_does_not_work(tmp_path, text, reason):
    with pytest.raises(RecipeError, match=reason):
        train(tmp_path, text)
    assert not (tmp_path / "run" / "metrics.json").exists()


def test_a_layer_that_cannot_be_exported_is_refused_before_the_training(tmp_path):
    with pytest.raises(ExportError, match="LSTM"):
        train(tmp_path, START + LINEAR.replace("layers.Flatten()", "layers.LSTM(3)") + ADAM)


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path):
    with pytest.raises(RecipeError, match="lower the learning rate"):
        train(tmp_path, START + LINEAR + ADAM.replace("Adam", "SGD"), learning_rate=1e38)


@pytest.mark.usefixtures("undrawn")
def test_a_repaired_recipe_may_use_the_folder_of_the_broken_one(tmp_path):
    with pytest.raises(RecipeError, match="must end in a softmax"):
        train(tmp_path, START + LINEAR.replace(', activation="softmax"', "") + ADAM)
    run, result = train(tmp_path, START + LINEAR + ADAM)
    assert len(run.history) == 1
    assert result.accuracy > 0.3


def test_images_that_are_too_small_for_the_network(tmp_path):
    from inkdigits.training import runs

    np.savez(tmp_path / "tiny.npz", images=np.zeros((50, 5, 5), np.uint8), labels=np.arange(50) % 2)
    with pytest.raises(RecipeError, match=r"cnn2.py: build_model fails for images of 5 x 5 in 2 classes"):
        runs.train("cnn2", str(tmp_path / "tiny.npz"), tmp_path / "run")


@pytest.mark.slow
def test_its_own_training_images_and_sparse_labels(tmp_path):
    """`training_images` takes the place of the data set's; what it adds is on record."""
    own = """
from pathlib import Path

import numpy as np
from dataclasses import replace

def training_images(train, settings, seed):
    def epoch_images(epoch):
        rng = np.random.default_rng((seed, epoch))
        some = rng.permutation(len(train.labels))[:500]
        return train.images[some].astype(np.float32) / 255, train.labels[some]
    return epoch_images, [replace(train, name="mine", licence="CC0")]
"""
    text = START.replace("epochs=1", "epochs=2, one_hot=False") + LINEAR + ADAM.replace("cat", "sparse_cat") + own
    run, result = train(tmp_path, text)
    assert [dataset.name for dataset in run.added] == ["mine"]
    assert result.accuracy > 0.3
    assert '"mine"' in (tmp_path / "run" / "metrics.json").read_text()


@pytest.mark.slow
def test_the_recipe_in_the_documentation(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    run, result = train(tmp_path, page.partition("```python\n")[2].partition("```")[0])
    assert len(run.history) == 4
    assert result.accuracy > 0.7


def test_few_training_images_get_few_that_are_drawn(monkeypatch):
    from inkdigits.training.datasets import DIGITS, Dataset
    from inkdigits.training.recipes import digit

    asked = {}

    def drawn(name):
        def make(count, seed):
            asked[name] = count
            return np.zeros((count, 28, 28), np.uint8), np.zeros(count, np.int64)

        return make

    monkeypatch.setattr(digit.pen, "digits", drawn("pen"))
    monkeypatch.setattr(digit.fonts, "digits", drawn("fonts"))
    classes = (*DIGITS, *digit.added_classes(DIGITS))
    few = Dataset("own", "train", np.full((500, 28, 28), 200, np.uint8), np.arange(500) % 10, classes)
    _, added = digit.training_images(few, digit.SETTINGS, 0)
    assert asked == {"pen": 600, "fonts": 150}
    assert [len(data.labels) for data in added if data.name == "not digits"] == [250]
