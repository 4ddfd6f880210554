"""8 bits: smaller, and the same answers, of single digits and of strips."""

from dataclasses import replace

import numpy as np
import pytest

from inkdigits.errors import ExportError
from inkdigits.models import Card, Model, NumberModel
from inkdigits.recognition.alphabet import CLASSES
from inkdigits.recognition.strips import HEIGHT
from inkdigits.training.backend import use_backend
from inkdigits.training.datasets import load

onnx = pytest.importorskip("onnx", reason="needs inkdigits[train]")
pytest.importorskip("keras", reason="needs inkdigits[train]")
use_backend()

import keras  # noqa: E402
from keras import layers as kl  # noqa: E402

from inkdigits.training import quantize  # noqa: E402
from inkdigits.training.export import export_onnx, export_run, real_digits, real_strips  # noqa: E402
from inkdigits.training.recipes import number  # noqa: E402


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


WIDTH, WRITERS = 64, 20


def bars(count):
    """Rows of bars, high and low: uint8 (count, H, 64), and labels, of which the last is "other"."""
    images, labels = np.zeros((count, HEIGHT, WIDTH), np.uint8), np.full((count, 5), -1, np.int64)
    for i, image in enumerate(images):
        for k in range(i % 4 + 1):
            image[HEIGHT // 2 if (i + k) % 3 else 0 :, 12 * k + 4 : 12 * k + 12] = 255
        labels[i, : i % 4 + 2] = [*range(i % 4 + 1), len(CLASSES) - 2]
    return images, labels


@pytest.fixture
def composed(monkeypatch):
    """Composing rows of bars in place of numbers, and scikit-learn's digits in place of MNIST; what was asked for, as it comes."""
    asked = []

    def rows(mnist, split, count, seed, *, shares=None, ablation=None, progress=None):
        asked.append((mnist, split, count, seed))
        return bars(count)

    def mnist(name, split):
        found = load("digits", split)
        return replace(found, name=name, writers=np.arange(len(found.labels)) % WRITERS)

    monkeypatch.setattr(number, "rows", rows)
    monkeypatch.setattr(quantize, "load", mnist)
    return asked


@pytest.fixture
def strips_run(tmp_path):
    """What a run of recipe number leaves behind, of a tiny network that was not trained."""
    keras.utils.set_random_seed(0)
    strips = keras.Input((HEIGHT, WIDTH))
    x = kl.Reshape((HEIGHT, WIDTH, 1))(strips)
    x = kl.Conv2D(32, (HEIGHT, 4), strides=(1, 4), activation="relu")(x)
    x = kl.Conv2D(64, (1, 3), padding="same", activation="relu")(x)
    x = kl.Conv2D(2 * len(CLASSES), 1)(x)
    model = keras.Model(strips, kl.Softmax()(kl.Reshape((WIDTH // 2, len(CLASSES)))(x)))
    card = Card(
        "number", CLASSES, (HEIGHT, WIDTH),
        training={"recipe": "number", "settings": {"validation_split": 0.25}, "seed": 7, "data": [{"name": "numbers", "licence": "MIT"}]},
        metrics={"test": {"exact": 0.5}},
    )  # fmt: skip
    export_onnx(model, tmp_path / "model.onnx", card=card, real_images=real_strips(card.image_shape)).save(tmp_path / "card.json")
    return tmp_path


def test_a_network_of_strips_gives_the_same_texts(strips_run, composed):
    path = export_run(strips_run, "int8")
    assert path.stat().st_size < 0.6 * (strips_run / "model.onnx").stat().st_size
    small, large = NumberModel.load(path.parent), NumberModel.load(strips_run)
    images = bars(16)[0].astype(np.float32) / np.float32(255)
    np.testing.assert_allclose(small.frames(images), large.frames(images), atol=0.02)
    assert small.frames(images[:2, :, :8]).shape == (2, 4, len(CLASSES)), "of any width"
    exported = small.card.training["exported"]
    assert exported["same_answers"] >= quantize.SAME_STRIPS
    assert exported["ranges_from"].startswith("128 rows")
    assert set(small.card.metrics["test"]) == {"exact", "digit_error", "strips", "data"}
    assert small.card.metrics["test"]["strips"] == number.TEST
    assert small.card.metrics["before"] == {"exact": 0.5}


def test_ranges_are_of_the_writers_trained_on_and_metrics_of_the_test(strips_run, composed):
    export_run(strips_run, "int8")
    (own, *ranges), (test, *measured) = composed
    assert ranges == ["trainable", 128, (0, 4)]
    assert measured == ["dev", number.TEST, (0, 3)]
    assert (own.split, len(np.unique(own.writers)), test.split) == ("train", WRITERS * 3 // 4, "test")


@pytest.mark.usefixtures("composed")
def test_weights_are_unsigned_and_the_last_layer_is_as_it_was(strips_run):
    graphs = [onnx.load(path).graph for path in (export_run(strips_run, "int8"), strips_run / "model.onnx")]
    small, large = ({array.name: onnx.numpy_helper.to_array(array) for array in graph.initializer} for graph in graphs)
    assert not any(array.dtype == np.int8 for array in small.values())
    assert sum(array.dtype == np.uint8 and array.ndim == 4 for array in small.values()) == 2
    kept = [name for name in large if large[name].shape == (2 * len(CLASSES), 64, 1, 1)]
    assert len(kept) == 1
    np.testing.assert_array_equal(small[kept[0]], large[kept[0]])


@pytest.mark.usefixtures("composed")
def test_a_network_of_strips_is_not_written_where_texts_change(strips_run, monkeypatch):
    def rows(*given, **options):
        return np.random.default_rng(0).integers(0, 256, (128, HEIGHT, WIDTH), np.uint8), np.zeros((128, 5), np.int64)

    monkeypatch.setattr(number, "rows", rows)
    with pytest.raises(ExportError, match="in 8 bits only"):
        export_run(strips_run, "int8")
    assert not (strips_run / "int8").exists()


@pytest.mark.usefixtures("composed")
def test_a_network_of_other_strips_than_are_composed_now_is_refused(strips_run, monkeypatch):
    monkeypatch.setattr(number, "rows", lambda *given, **options: (np.zeros((2, HEIGHT + 8, WIDTH), np.uint8), np.zeros((2, 5), np.int64)))
    with pytest.raises(ExportError, match=f"reads strips {HEIGHT} pixels high.* now composes {HEIGHT + 8}.*train it again"):
        export_run(strips_run, "int8")
