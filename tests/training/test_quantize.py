"""8 bits: smaller, and the same answers."""

import numpy as np
import pytest

from inkdigits.errors import ExportError
from inkdigits.models import Card, Model
from inkdigits.training.backend import use_backend
from inkdigits.training.datasets import load

pytest.importorskip("onnx", reason="needs inkdigits[train]")
pytest.importorskip("keras", reason="needs inkdigits[train]")
use_backend()

import keras  # noqa: E402
from keras import layers as kl  # noqa: E402

from inkdigits.training.export import export_onnx, export_run, real_digits  # noqa: E402


@pytest.fixture(scope="module")
def digits():
    return load("digits", "train")


def run_folder(folder, model):
    """What a run on scikit-learn's digits leaves behind."""
    card = Card(
        "small", tuple("0123456789"), training={"data": [{"name": "digits", "licence": "BSD"}]}, metrics={"test": {"accuracy": 0.5}}
    )
    export_onnx(model, folder / "model.onnx", card=card, real_images=real_digits((28, 28))).save(folder / "card.json")
    return folder


def network():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((28, 28)),
            kl.Reshape((28, 28, 1)),
            kl.Conv2D(16, 5, strides=4, activation="relu"),
            kl.Flatten(),
            kl.Dense(64, activation="relu"),
            kl.Dense(10),
        ]
    )


@pytest.fixture(scope="module")
def trained(digits):
    model = network()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(digits.images.astype(np.float32) / 255, digits.labels, batch_size=32, epochs=6, verbose=0)
    return model


def test_it_is_smaller_and_answers_the_same(trained, tmp_path):
    run = run_folder(tmp_path, trained)
    path = export_run(run, "int8")
    assert path == run / "int8/model.onnx"
    assert path.stat().st_size < 0.4 * (run / "model.onnx").stat().st_size
    small, large = Model.load(path.parent), Model.load(run)
    images = load("digits", "test").images.astype(np.float32) / np.float32(255)
    assert np.mean(small.logits(images).argmax(1) == large.logits(images).argmax(1)) > 0.98
    assert small.card.classes == large.card.classes
    assert small.card.metrics["test"]["accuracy"] > 0.9
    assert small.card.metrics["before"] == {"accuracy": 0.5}
    assert small.card.training["exported"]["command"].endswith("--to int8")


def test_it_is_not_written_where_answers_change(tmp_path):
    model = network()
    *rest, kernel, bias = model.get_weights()
    model.set_weights([*rest, kernel * 1e-3 + kernel[:, :1], bias])  # all classes but for a hair alike
    run = run_folder(tmp_path, model)
    with pytest.raises(ExportError, match="in 8 bits only"):
        export_run(run, "int8")
    assert not (run / "int8").exists()
