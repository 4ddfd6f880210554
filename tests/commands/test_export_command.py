"""`inkdigits export`: what it writes where, and what it says when there is nothing to export."""

import shutil

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.errors import Error, ModelError
from inkdigits.models import Card, Model
from inkdigits.training.backend import use_backend

pytest.importorskip("onnx", reason="needs inkdigits[train]")
pytest.importorskip("keras", reason="needs inkdigits[train]")
pytest.importorskip("sklearn", reason="the real digits to compare on come with it")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """What export needs of a run folder: model.keras, and the card that says what the network is."""
    use_backend()
    import keras
    from keras import layers

    folder = tmp_path_factory.mktemp("finished")
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((28, 28)), layers.Flatten(), layers.Dense(10, activation="softmax")])
    network.save(folder / "model.keras")
    Card("linear", tuple("0123456789"), version="2026.11", temperature=1.25).save(folder / "card.json")
    return folder


@pytest.fixture
def run(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "run")


def export(*arguments):
    from inkdigits.commands.export import command

    return CliRunner().invoke(command, [str(a) for a in arguments])


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_onnx_goes_into_the_run(run):
    result = export(run)
    assert (result.exit_code, result.output) == (0, f"{run / 'model.onnx'}\n")
    assert names(run) == {"model.keras", "model.onnx", "card.json"}
    model = Model.load(run)
    assert (model.card.temperature, model.card.name) == (1.25, "linear")
    assert model.probabilities(np.zeros((2, 28, 28), np.float32)).shape == (2, 10)


def test_onnx_goes_into_a_folder_of_its_own(run, tmp_path):
    out = tmp_path / "new" / "model"
    assert export(run, "--to", "onnx", "--out", out).exit_code == 0
    assert names(out) == {"model.onnx", "card.json"}
    assert names(run) == {"model.keras", "card.json"}
    assert Model.load(out).card.name == "linear"


@pytest.mark.parametrize(("to", "name"), [("savedmodel", "savedmodel"), ("tflite", "model.tflite")])
def test_tensorflow_formats_go_into_the_run(run, to, name):
    pytest.importorskip("tensorflow", reason=f"{to} needs TensorFlow")
    result = export(run, "--to", to)
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, str(run / name))
    assert names(run) == {"model.keras", "card.json", name}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(shutil.rmtree, "give the folder of an `inkdigits train`", id="no folder"),
        pytest.param(lambda run: (run / "model.keras").rename(run / "model.onnx"), "exported already", id="an ONNX file only"),
        pytest.param(lambda run: (run / "card.json").unlink(), "no card", id="no card"),
        pytest.param(lambda run: (run / "model.keras").write_bytes(b"PK\x03\x04 cut off"), "cannot load it", id="damaged network"),
    ],
)
def test_nothing_to_export(run, damage, message):
    damage(run)
    error = export(run).exception
    assert isinstance(error, ModelError)
    assert isinstance(error, Error)
    assert message in str(error)


def test_an_unknown_format_is_wrong_usage(run):
    assert export(run, "--to", "coreml").exit_code == 2


@pytest.mark.parametrize(
    ("to", "place", "message"),
    [
        pytest.param("int8", "run", "from which it is made, would be written over", id="8 bits onto the network they are made from"),
        pytest.param("int8", "other", "of another run, would be written over", id="8 bits onto another run"),
        pytest.param("onnx", "other", "of another run, would be written over", id="ONNX onto another run"),
        pytest.param("tflite", "run/card.json", "is no .tflite file", id="TFLite onto the card"),
        pytest.param("tflite", "run/model.keras", "is no .tflite file", id="TFLite onto the network"),
        pytest.param("savedmodel", "other", "exists already", id="SavedModel onto another run"),
    ],
)
def test_no_export_is_written_over_a_network(run, tmp_path, to, place, message):
    shutil.copytree(run, tmp_path / "other")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    error = export(run, "--to", to, "--out", tmp_path / place).exception
    assert isinstance(error, Error)
    assert message in str(error)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
