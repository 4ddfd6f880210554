"""Exports answer as Keras does, layer by layer; what they cannot do, they refuse by name.

`export_onnx` itself compares Keras, ONNX Runtime and NumPy; here the file is loaded again and compared once more.
"""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkdigits.errors import ExportError
from inkdigits.models import Card, Model
from inkdigits.training.backend import use_backend

onnx = pytest.importorskip("onnx", reason="needs inkdigits[train]")
pytest.importorskip("keras", reason="needs inkdigits[train]")
use_backend()

import keras  # noqa: E402
from keras import layers as kl  # noqa: E402

from inkdigits.training import forward as numpy_pass  # noqa: E402
from inkdigits.training import graph as keras_graph  # noqa: E402
from inkdigits.training import onnxwriter  # noqa: E402
from inkdigits.training.export import export_onnx, export_savedmodel, export_tflite, run_keras  # noqa: E402

# TensorFlow's tensors do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

HEIGHT, WIDTH = 11, 8  # not square, one odd and one even: a swapped axis or a wrong padding shows
CARD = Card("tiny", ("a", "b", "c"), (HEIGHT, WIDTH), "2026.11", temperature=1.5)
IMAGES = np.random.default_rng(7).random((40, HEIGHT, WIDTH), np.float32)


def with_random_weights(model):
    """Every weight drawn anew: fresh biases are zero and fresh norms do nothing, which would hide errors.

    Kernels are scaled to their inputs, so that the logits stay small: where softmax is saturated, no difference shows.
    """
    rng = np.random.default_rng(3)
    weights = [rng.normal(0, 1 / np.sqrt(max(1, np.prod(w.shape[:-1]))), w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    for layer in model.layers:
        if isinstance(layer, kl.BatchNormalization):
            layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
    return model


def network(*middle, end=None):
    """Image layers, then Flatten where it is needed, and scores for three classes."""
    tail = [kl.Dense(3, activation="softmax")] if end is None else end
    head = [keras.Input((HEIGHT, WIDTH)), kl.Reshape((HEIGHT, WIDTH, 1))]
    model = keras.Sequential([*head, *middle])
    for layer in [*([kl.Flatten()] if len(model.output_shape) > 2 else []), *tail]:
        model.add(layer)
    return with_random_weights(model)


def functional(build, shape=(HEIGHT, WIDTH)):
    """`build` takes the image tensor (N, H, W, C=2) and gives any tensor; a Dense with softmax follows."""
    start = keras.Input(shape)
    image = kl.Conv2D(2, 1)(start if len(shape) == 3 else kl.Reshape((*shape, 1))(start))
    end = build(image)
    end = kl.Flatten()(end) if len(end.shape) > 2 else end
    return with_random_weights(keras.Model(start, kl.Dense(3, activation="softmax")(end)))


def residual(x):
    y = kl.BatchNormalization()(kl.Conv2D(2, 3, padding="same", use_bias=False)(x))
    return kl.ReLU()(kl.Add()([x, y]))


def norm_of_a_branch(x):
    y = kl.Conv2D(2, 3, padding="same")(x)  # used twice: the norm must not be folded into it
    return kl.Add()([kl.BatchNormalization()(y), y])


def shared_layer(x):
    twice = kl.Conv2D(2, 3, padding="same")
    return kl.BatchNormalization()(twice(twice(x)))


def flattened_twice(x):
    return kl.Concatenate()([kl.Flatten()(x), kl.GlobalMaxPooling2D()(x), kl.Flatten()(kl.MaxPooling2D(2)(x))])


def nested(x):
    block = keras.Sequential([keras.Input((HEIGHT, WIDTH, 2)), kl.Conv2D(3, 3, activation="relu"), kl.MaxPooling2D(2)])
    return block(x)


NETWORKS = [
    pytest.param(lambda: network(), id="dense, softmax"),
    pytest.param(lambda: network(end=[kl.Dense(3)]), id="logits, no softmax"),
    pytest.param(lambda: network(end=[kl.Dense(3, use_bias=False), kl.Softmax()]), id="softmax as a layer, no bias"),
    pytest.param(lambda: network(end=[kl.Dense(3), kl.Activation("softmax"), kl.Dropout(0.5)]), id="dropout after the softmax"),
    pytest.param(lambda: network(kl.Conv2D(3, 3)), id="conv valid"),
    pytest.param(lambda: network(kl.Conv2D(3, 3, padding="same", use_bias=False)), id="conv same, no bias"),
    pytest.param(lambda: network(kl.Conv2D(3, (4, 3), strides=2, padding="same")), id="conv same, strides 2"),
    pytest.param(lambda: network(kl.Conv2D(3, (2, 5), strides=(3, 1))), id="conv, strides 3 and 1"),
    pytest.param(lambda: network(kl.Conv2D(3, 3, dilation_rate=(2, 1), padding="same")), id="conv, dilated"),
    pytest.param(lambda: network(kl.Conv2D(4, 1), kl.Conv2D(6, 3, groups=2)), id="conv, two groups"),
    pytest.param(lambda: network(kl.Conv2D(2, 1), kl.DepthwiseConv2D(3, depth_multiplier=3, padding="same")), id="depthwise"),
    pytest.param(lambda: network(kl.Conv2D(3, 1), kl.SeparableConv2D(4, 3, strides=2, padding="same")), id="separable"),
    pytest.param(lambda: network(kl.Conv2D(2, 1), kl.MaxPooling2D(2)), id="max pooling"),
    pytest.param(lambda: network(kl.Conv2D(2, 1), kl.MaxPooling2D(3, strides=2, padding="same")), id="max pooling same"),
    pytest.param(lambda: network(kl.Conv2D(2, 1), kl.AveragePooling2D((2, 3))), id="average pooling"),
    pytest.param(lambda: network(kl.Conv2D(2, 1), kl.AveragePooling2D(3, strides=2, padding="same")), id="average pooling same"),
    pytest.param(lambda: network(kl.Conv2D(2, 3), kl.GlobalAveragePooling2D()), id="global average pooling"),
    pytest.param(lambda: network(kl.Conv2D(2, 3), kl.GlobalMaxPooling2D(keepdims=True)), id="global max pooling, kept"),
    pytest.param(lambda: network(kl.Conv2D(3, 3), kl.BatchNormalization()), id="norm after conv"),
    pytest.param(lambda: network(kl.Conv2D(3, 3, use_bias=False), kl.BatchNormalization(scale=False)), id="norm without scale"),
    pytest.param(lambda: network(kl.Conv2D(3, 3, activation="relu"), kl.BatchNormalization()), id="norm after relu"),
    pytest.param(lambda: network(kl.BatchNormalization(center=False)), id="norm of the image"),
    pytest.param(lambda: network(kl.SeparableConv2D(2, 3), kl.BatchNormalization()), id="norm after separable"),
    pytest.param(lambda: network(kl.Conv2D(2, 3), kl.Flatten(), kl.BatchNormalization()), id="norm after flatten"),
    pytest.param(lambda: network(kl.Flatten(), kl.Dense(5), kl.BatchNormalization(), kl.ReLU()), id="norm after dense"),
    pytest.param(lambda: network(kl.Conv2D(2, 3), kl.Flatten(), kl.ReLU(), kl.Dropout(0.5)), id="relu between flatten and dense"),
    pytest.param(lambda: network(kl.ZeroPadding2D(((1, 0), (2, 3))), kl.Conv2D(2, 3)), id="zero padding"),
    pytest.param(lambda: network(kl.Conv2D(2, 1), kl.UpSampling2D((2, 3)), kl.Conv2D(2, 3)), id="up sampling"),
    pytest.param(lambda: network(kl.Rescaling(2.0, offset=-1.0)), id="rescaling"),
    pytest.param(lambda: network(kl.Conv2D(6, 1), kl.Reshape((WIDTH, HEIGHT, 6)), kl.Conv2D(2, 3)), id="reshape of channels"),
    pytest.param(lambda: network(kl.Reshape((HEIGHT * WIDTH,)), kl.Reshape((4, 11, 2)), kl.Conv2D(2, 3)), id="reshape to and fro"),
    pytest.param(lambda: network(kl.RandomTranslation(0.1, 0.1), kl.GaussianNoise(0.5)), id="augmentation layers do nothing"),
    *(
        pytest.param(lambda name=name: network(kl.Rescaling(8, -4), kl.Conv2D(2, 1), kl.Activation(name)), id=name)
        for name in sorted(keras_graph.ACTIVATIONS)
    ),
    pytest.param(lambda: network(kl.Conv2D(2, 3, activation="gelu")), id="activation inside a layer"),
    pytest.param(lambda: network(kl.Rescaling(8, -4), kl.ReLU(3.0, negative_slope=0.1)), id="relu, bounded and leaky"),
    pytest.param(lambda: network(kl.Rescaling(8, -4), kl.LeakyReLU(negative_slope=0.3)), id="leaky relu as a layer"),
    pytest.param(lambda: network(kl.Rescaling(8, -4), kl.ELU(alpha=0.5)), id="elu as a layer"),
    pytest.param(lambda: functional(residual), id="residual"),
    pytest.param(lambda: functional(norm_of_a_branch), id="norm of one of two branches"),
    pytest.param(lambda: functional(shared_layer), id="a layer used twice"),
    pytest.param(lambda: functional(flattened_twice), id="concatenated rows"),
    pytest.param(lambda: functional(lambda x: kl.Concatenate()([x, kl.Conv2D(3, 1)(x)])), id="concatenated channels"),
    pytest.param(lambda: functional(lambda x: kl.Concatenate(axis=1)([x, x])), id="concatenated heights"),
    pytest.param(lambda: functional(lambda x: kl.Add()([kl.Flatten()(x), kl.Flatten()(x), kl.Flatten()(x)])), id="three rows added"),
    pytest.param(lambda: functional(nested), id="a model inside the model"),
    pytest.param(lambda: functional(residual, shape=(HEIGHT, WIDTH, 1)), id="input with a channel axis"),
]


def exported(model, folder, card=CARD) -> Model:
    export_onnx(model, folder / "model.onnx", card=card, real_images=IMAGES).save(folder / "card.json")
    return Model.load(folder)


@pytest.mark.slow
@pytest.mark.parametrize("build", NETWORKS)
def test_onnx_answers_as_keras_does(build, tmp_path):
    model = build()
    said = run_keras(model, IMAGES)
    wanted = said if np.allclose(said.sum(axis=1), 1) and (said >= 0).all() else numpy_pass.softmax(said)
    np.testing.assert_allclose(numpy_pass.softmax(exported(model, tmp_path).logits(IMAGES)), wanted, atol=1e-5)


def test_the_three_know_the_same_layers():
    assert set(onnxwriter.LAYERS) == set(numpy_pass.LAYERS) == keras_graph.KINDS
    assert set(onnxwriter.ACTIVATIONS) == set(numpy_pass.ACTIVATIONS) == keras_graph.ACTIVATIONS


@pytest.fixture(scope="module")
def small():
    """The layers of the recipe `digit`, small."""
    norm = [kl.BatchNormalization(), kl.ReLU()]
    return network(kl.Conv2D(4, 3, 2, padding="same", use_bias=False), *norm, kl.Conv2D(3, 3), kl.Flatten(), kl.Dropout(0.4))


def test_any_number_of_images(small, tmp_path):
    model = exported(small, tmp_path)
    wanted = run_keras(small, IMAGES)
    for count in (0, 1, 33, 40):
        powers = numpy_pass.softmax(model.logits(IMAGES[:count])) if count else np.zeros((0, 3))
        np.testing.assert_allclose(powers, wanted[:count], atol=1e-5)


def test_what_is_in_the_file(small, tmp_path):
    data = {"data": [{"name": "mnist", "licence": "CC BY-SA 3.0"}, {"name": "pen", "licence": "MIT"}]}
    exported(small, tmp_path, replace(CARD, training=data))
    model = onnx.load(tmp_path / "model.onnx")
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert [node.op_type for node in model.graph.node] == ["Reshape", "Conv", "Relu", "Conv", "Flatten", "Gemm"]
    assert {entry.key: entry.value for entry in model.metadata_props} == {
        "name": "tiny",
        "version": "2026.11",
        "classes": '["a", "b", "c"]',
        "image_shape": "[11, 8]",
        "preprocessing": '{"version": 0}',
        "temperature": "1.5",
        "thresholds": '{"answer": 0.0}',
        "training_data_licences": '{"mnist": "CC BY-SA 3.0", "pen": "MIT"}',
    }


def test_the_documented_use_without_inkdigits(small, tmp_path, monkeypatch):
    wanted = exported(small, tmp_path).probabilities(IMAGES)
    blocks = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8"), re.DOTALL)
    (snippet,) = [block for block in blocks if "import onnxruntime" in block]
    snippet, count = re.subn(r"^tiles = .*$", "", snippet, flags=re.MULTILINE)
    assert count == 1
    names = {"tiles": IMAGES}
    monkeypatch.chdir(tmp_path)
    exec(snippet, names)
    np.testing.assert_allclose(names["probabilities"], wanted, atol=1e-6)
    assert names["labels"] == [CARD.classes[k] for k in wanted.argmax(axis=1)]


def test_the_same_weights_give_the_same_file(tmp_path):
    hashes = {export_onnx(network(kl.Conv2D(2, 3)), tmp_path / "m", card=CARD, real_images=IMAGES).sha256 for _ in range(2)}
    assert len(hashes) == 1


class Custom(keras.layers.Layer):
    def call(self, x):
        return x


def two_ended():
    start = keras.Input((HEIGHT, WIDTH))
    row = kl.Flatten()(start)
    return keras.Model(start, [kl.Dense(3)(row), kl.Dense(3)(row)])


def subclassed():
    class Own(keras.Model):
        def call(self, x):
            return x

    return Own(name="own")


REFUSED = [
    pytest.param(lambda: network(kl.Conv2DTranspose(2, 3, name="up")), "layer up: Conv2DTranspose.*use Add", id="a layer we do not know"),
    pytest.param(lambda: network(Custom(name="mine")), "mine: Custom is no layer of keras", id="a layer of the user's own"),
    pytest.param(
        lambda: network(kl.Activation("mish", name="m")), "layer m: the activation mish.*use elu", id="an activation we do not know"
    ),
    pytest.param(lambda: network(kl.Conv2D(2, 3, activation=abs, name="c")), "layer c", id="an activation of the user's own"),
    pytest.param(lambda: network(kl.Softmax(name="s")), "layer s: the activation softmax", id="softmax in the middle"),
    pytest.param(lambda: network(end=[kl.Dense(3, activation="sigmoid")]), "ends in sigmoid", id="sigmoid at the end"),
    pytest.param(lambda: network(kl.ReLU(threshold=0.5)), "threshold", id="relu with a threshold"),
    pytest.param(lambda: network(kl.BatchNormalization(axis=1)), "axis=-1", id="norm of another axis"),
    pytest.param(lambda: network(kl.Dense(4)), "Flatten", id="dense on an image"),
    pytest.param(lambda: network(end=[kl.Dense(4)]), "4 scores.*3 classes", id="more scores than classes"),
    pytest.param(lambda: functional(lambda x: kl.Flatten()(x) * 2.0), "Multiply", id="arithmetic outside layers"),
    pytest.param(lambda: functional(lambda x: x, shape=(WIDTH, HEIGHT)), r"images of \(8, 11\)", id="images of another shape"),
    pytest.param(lambda: keras.Sequential([keras.Input((HEIGHT, WIDTH, 3)), kl.Flatten(), kl.Dense(3)]), "grey", id="colour images"),
    pytest.param(
        lambda: keras.Sequential([keras.Input((None, None, 1)), kl.Conv2D(3, 3), kl.GlobalMaxPooling2D()]), "not fixed", id="no fixed size"
    ),
    pytest.param(lambda: keras.Sequential([keras.Input((HEIGHT, WIDTH)), kl.ReLU()]), "one row of scores", id="an image comes out"),
    pytest.param(lambda: keras.Sequential([kl.Flatten(), kl.Dense(3)]), "Input", id="never built"),
    pytest.param(subclassed, "own: its graph is not known", id="a subclassed model"),
    pytest.param(two_ended, "2 outputs", id="two outputs"),
    pytest.param(lambda: network(kl.Conv2D(3, 3, dtype="float16")), "differ by", id="computed in half precision"),
]


@pytest.mark.parametrize(("build", "message"), REFUSED)
def test_refused_by_name_and_nothing_written(build, message, tmp_path):
    with pytest.raises(ExportError, match=message):
        export_onnx(build(), tmp_path / "model.onnx", card=CARD, real_images=IMAGES)
    assert not list(tmp_path.iterdir())


def test_a_disagreement_leaves_the_older_file(small, tmp_path, monkeypatch):
    before = exported(small, tmp_path).name
    monkeypatch.setattr("inkdigits.training.export.forward", lambda *given: np.add(numpy_pass.forward(*given), [0, 3e-4, 0]))
    with pytest.raises(ExportError, match="and the NumPy forward pass differ"):
        exported(network(), tmp_path)
    assert Model.load(tmp_path).name == before


@pytest.mark.parametrize(
    "images",
    [
        pytest.param(IMAGES[:0], id="none"),
        pytest.param(IMAGES.astype(np.float64), id="float64"),
        pytest.param(IMAGES[:, :5], id="another shape"),
    ],
)
def test_images_to_compare_on_are_needed(small, tmp_path, images):
    with pytest.raises(ExportError, match="images to compare on"):
        export_onnx(small, tmp_path / "model.onnx", card=CARD, real_images=images)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("export", "shape"),
    [
        pytest.param(export_savedmodel, (HEIGHT, WIDTH), id="SavedModel"),
        pytest.param(export_tflite, (HEIGHT, WIDTH), id="TFLite"),
        pytest.param(export_savedmodel, (HEIGHT, WIDTH, 1), id="SavedModel, channel axis"),
        pytest.param(export_tflite, (HEIGHT, WIDTH, 1), id="TFLite, channel axis"),
    ],
)
def test_tensorflow_formats(export, shape, tmp_path):
    pytest.importorskip("tensorflow", reason="SavedModel and TFLite need TensorFlow")
    path = tmp_path / "exported"
    export(functional(residual, shape), path, real_images=IMAGES)
    assert [found.name for found in tmp_path.iterdir()] == ["exported"]


def test_a_savedmodel_is_not_written_over(small, tmp_path):
    pytest.importorskip("tensorflow", reason="SavedModel needs TensorFlow")
    with pytest.raises(ExportError, match="exists already"):
        export_savedmodel(small, tmp_path, real_images=IMAGES)
