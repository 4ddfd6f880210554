"""`inkdigits evaluate`: the same figures as text and as JSON, the pictures, and what it refuses."""

import hashlib
import json

import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.commands.evaluate import command
from inkdigits.errors import DataError, ModelError
from inkdigits.models import Card
from inkdigits.training.datasets import load

onnx = pytest.importorskip("onnx", reason="needs inkdigits[train]")
pytest.importorskip("sklearn", reason="the digits to measure on come with it")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A linear model of the digits: the mean image of each class, and minus half its square, so that the nearest mean wins."""
    folder = tmp_path_factory.mktemp("means")
    train = load("digits", "train")
    flat = train.images.reshape(len(train.images), -1) / 255
    means = np.stack([flat[train.labels == k].mean(axis=0) for k in range(10)])  # (10, 784)
    nodes = [
        onnx.helper.make_node("Flatten", ["tiles"], ["row"]),
        onnx.helper.make_node("Gemm", ["row", "kernel", "bias"], ["logits"]),
    ]
    arrays = {"kernel": means.T, "bias": -(means**2).sum(axis=1) / 2}
    ends = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in (("tiles", ("n", 28, 28)), ("logits", ("n", 10)))]
    weights = [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in arrays.items()]
    graph = onnx.helper.make_graph(nodes, "means", ends[:1], ends[1:], weights)
    content = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    (folder / "model.onnx").write_bytes(content)
    Card("means", train.classes, sha256=hashlib.sha256(content).hexdigest()).save(folder / "card.json")
    return folder


def run(*arguments):
    return CliRunner().invoke(command, [str(a) for a in arguments])


def test_text_and_json_say_the_same(model):
    text, figures = run(model, "--data", "digits"), json.loads(run(model, "--data", "digits", "--format", "json").stdout)
    assert 0.8 < figures["accuracy"] < 1
    assert f"accuracy  {figures['accuracy']:.4f}" in text.stdout
    for part in ("precision", "calibration", "answered", "confusion matrix"):
        assert part in text.stdout
    assert np.sum(figures["confusion"]) == figures["images"] == 355


def test_a_model_file_and_another_split(model):
    figures = json.loads(run(model / "model.onnx", "--data", "digits", "--split", "train", "--format", "json").stdout)
    assert (figures["split"], figures["images"]) == ("train", 1442)


def test_pictures_and_figures_go_into_a_folder(model, tmp_path):
    pytest.importorskip("matplotlib")
    result = run(model, "--data", "digits", "--format", "json", "--out", tmp_path / "new")
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"confusion.png", "mistakes.png", "metrics.json"}
    assert json.loads((tmp_path / "new" / "metrics.json").read_text()) == json.loads(result.stdout)


def test_what_is_not_there(model, tmp_path):
    assert isinstance(run(tmp_path / "none", "--data", "digits").exception, ModelError)
    assert isinstance(run(model, "--data", "no-such-data").exception, DataError)


def test_figures_are_not_written_over_those_of_a_run(model, tmp_path):
    for out, said in ((model, "which is read"), (model / "new", "which is read"), (tmp_path / "run", "the folder of a run")):
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "run" / "plan.json").write_text("{}")
        result = run(model, "--data", "digits", "--out", out)
        assert result.exit_code == 2
        assert said in " ".join(result.output.split())
    assert {path.name for path in model.iterdir()} == {"model.onnx", "card.json"}
