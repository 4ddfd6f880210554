"""What goes on inside a network of dense layers, beside what NumPy makes of the same weights."""

import numpy as np
import pytest

from inkdigits.errors import ModelError
from inkdigits.models import Card, locate

keras = pytest.importorskip("keras", reason="needs inkdigits[train]")
pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def exported(model, folder):
    """A network with random weights, as a run has it."""
    from inkdigits.training.export import export_onnx

    images = np.random.default_rng(7).random((8, 28, 28), np.float32)
    card = export_onnx(model, folder / "model.onnx", card=Card("some", tuple("0123456789")), real_images=images)
    card.save(folder / "card.json")
    return folder


def test_the_units_of_dense_layers_respond_as_in_numpy(tmp_path):
    from inkdigits.server.inside import Insight
    from inkdigits.server.work import inside_row
    from inkdigits.training.settings import load_recipe

    model = load_recipe("dense").build_model((28, 28), 10)
    tile = np.random.default_rng(3).random((28, 28), np.float32)
    found = Insight(exported(model, tmp_path)).look(tile)
    x, wanted = tile.reshape(-1), []
    for layer in model.layers[1:3]:
        kernel, bias = layer.get_weights()
        x = np.maximum(x @ kernel + bias, 0)
        wanted.append(x / x.max())
    assert [layer.shape for layer in found.layers] == [(128,), (128,)]
    for layer, expected in zip(found.layers, wanted, strict=True):
        np.testing.assert_allclose(layer / 255, expected, atol=0.01)
    rows = inside_row(found)["layers"]
    assert [row["units"] for row in rows] == [128, 128]
    np.testing.assert_allclose(rows[1]["responses"], wanted[1], atol=0.01)


def test_a_dense_layer_after_convolutions_is_one_of_the_layers(tmp_path):
    from inkdigits.server.inside import Insight
    from inkdigits.training.settings import load_recipe

    found = Insight(exported(load_recipe("cnn2").build_model((28, 28), 10), tmp_path)).look(np.eye(28, dtype=np.float32))
    shapes = [layer.shape for layer in found.layers]
    assert shapes[0][0] == 32
    assert shapes[-1] == (128,)
    assert [len(shape) for shape in shapes] == [3] * (len(shapes) - 1) + [1], "what is flattened is no layer"


def test_a_file_of_features_belongs_to_its_network(tmp_path):
    from inkdigits.server.inside import Insight
    from inkdigits.training.settings import load_recipe

    model = load_recipe("dense").build_model((28, 28), 10)
    folder = exported(model, tmp_path)
    (folder / "other").mkdir()
    exported(load_recipe("dense").build_model((28, 28), 10), folder / "other").joinpath("features.onnx").replace(folder / "features.onnx")
    with pytest.raises(ModelError, match="belongs to another model"):
        Insight(folder)
    (folder / "features.onnx").write_bytes(b"no network at all")
    with pytest.raises(ModelError, match="export the model again"):
        Insight(folder)
    (folder / "features.onnx").unlink()
    found = Insight(folder).look(np.eye(28, dtype=np.float32))
    assert found.layers == []
    assert found.saliency.any()


def test_a_network_of_one_layer_has_no_file_of_features(tmp_path):
    (tmp_path / "features.onnx").write_bytes(b"of the network that was there before")
    layers = keras.layers
    exported(keras.Sequential([keras.Input((28, 28)), layers.Flatten(), layers.Dense(10, activation="softmax")]), tmp_path)
    assert not (tmp_path / "features.onnx").exists()


def test_the_features_of_the_shipped_network_are_of_its_very_file():
    import onnx

    from inkdigits.training.features import features_bytes

    path = locate("digit")
    facts = {"name": "digit", "model_sha256": Card.load(path.with_name("card.json")).sha256}
    assert onnx.load(path.with_name("features.onnx")) == onnx.load_from_string(features_bytes(path.read_bytes(), facts))
