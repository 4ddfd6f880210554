"""Models and their cards: what loads, what is refused and why, and what comes out."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inkdigits import ModelError
from inkdigits.models import BATCH, Card, Model, NumberModel, locate, open_session

onnx = pytest.importorskip("onnx")

SIDE, CLASSES = 4, ("zero", "one", "many")
RNG = np.random.default_rng(0)
KERNEL = RNG.normal(0, 1, (SIDE * SIDE, len(CLASSES))).astype(np.float32)


def linear_onnx(tiles="tiles", logits="logits", shape=("batch", SIDE, SIDE), outputs=3, kind=None) -> bytes:
    """tiles (N, 4, 4) -> logits (N, 3), one matrix."""
    kind = kind or onnx.TensorProto.FLOAT
    nodes = [
        onnx.helper.make_node("Cast", [tiles], ["numbers"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("Flatten", ["numbers"], ["row"]),
        onnx.helper.make_node("MatMul", ["row", "kernel"], [logits]),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "linear",
        [onnx.helper.make_tensor_value_info(tiles, kind, shape)],
        [onnx.helper.make_tensor_value_info(logits, onnx.TensorProto.FLOAT, [shape[0], outputs])],
        [onnx.numpy_helper.from_array(KERNEL[:, :outputs], "kernel")],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    return onnx.helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def card_of(content: bytes, **changes) -> Card:
    sha256 = hashlib.sha256(content).hexdigest()
    return replace(Card("linear", CLASSES, (SIDE, SIDE), "2026.11", temperature=2.0, sha256=sha256), **changes)


@pytest.fixture
def folder(tmp_path) -> Path:
    content = linear_onnx()
    (tmp_path / "model.onnx").write_bytes(content)
    card_of(content).save(tmp_path / "card.json")
    return tmp_path


def tiles(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, SIDE, SIDE), np.float32)


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(0, id="no tile"),
        pytest.param(1, id="one tile"),
        pytest.param(BATCH, id="a full batch"),
        pytest.param(2 * BATCH + 7, id="several batches and a rest"),
    ],
)
def test_logits_and_probabilities_of_any_number_of_tiles(folder, count):
    model = Model.load(folder)
    wanted = tiles(count).reshape(count, SIDE * SIDE) @ KERNEL
    logits, probabilities = model.logits(tiles(count)), model.probabilities(tiles(count))
    assert logits.dtype == probabilities.dtype == np.float32
    assert logits.shape == probabilities.shape == (count, len(CLASSES))
    np.testing.assert_allclose(logits, wanted, atol=1e-5)
    powers = np.exp(wanted / 2.0)  # the card's temperature
    np.testing.assert_allclose(probabilities, powers / powers.sum(axis=1, keepdims=True), atol=1e-6)


def test_a_large_logit_does_not_overflow(folder):
    content = (folder / "model.onnx").read_bytes()
    cold = Model(content, card_of(content, temperature=1e-4))
    assert np.isfinite(cold.probabilities(tiles(5))).all()


def test_a_tile_that_is_cut_from_a_larger_array(folder):
    large = np.random.default_rng(2).random((3, 2 * SIDE, 2 * SIDE), np.float32)
    cut = large[:, ::2, 1::2]
    np.testing.assert_array_equal(Model.load(folder).logits(cut), Model.load(folder).logits(cut.copy()))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param(np.zeros((SIDE, SIDE), np.float32), "shape", id="one tile without the N"),
        pytest.param(np.zeros((2, SIDE, SIDE + 1), np.float32), "shape", id="another size"),
        pytest.param(np.zeros((2, SIDE, SIDE), np.uint8), "floats", id="uint8"),
        pytest.param(np.full((2, SIDE, SIDE), 255, np.float32), "255", id="floats up to 255"),
        pytest.param(np.full((2, SIDE, SIDE), np.nan, np.float32), "nan", id="not a number"),
    ],
)
def test_tiles_that_are_no_tiles(folder, wrong, message):
    with pytest.raises(ValueError, match=message):
        Model.load(folder).logits(wrong)


def test_the_name_says_which_weights_and_which_card(folder):
    first = Model.load(folder).name
    assert first.startswith("linear-2026.11/")
    assert first == Model.load(folder).name
    names = {first}
    for changes in ({"temperature": 3.0}, {"thresholds": {"answer": 0.1}}, {"classes": ["2", "1", "0"]}):
        edit_card(**changes)(folder)
        names.add(Model.load(folder).name)
    content = linear_onnx() + b"\x28\x07"  # model_version: 7
    (folder / "model.onnx").write_bytes(content)
    card_of(content).save(folder / "card.json")
    assert len(names | {Model.load(folder).name}) == 5


@pytest.mark.parametrize("given", [pytest.param(str, id="text"), pytest.param(Path, id="path")])
def test_a_model_is_found_by_its_folder_and_by_its_file(folder, given):
    assert Model.load(given(folder)).name == Model.load(given(folder / "model.onnx")).name


def test_the_shipped_model_is_not_shadowed_by_a_folder_of_its_name(folder, tmp_path_factory, monkeypatch):
    shipped = tmp_path_factory.mktemp("weights")
    (shipped / "digit").mkdir()
    content = linear_onnx()
    (shipped / "digit" / "model.onnx").write_bytes(content)
    card_of(content, name="shipped").save(shipped / "digit" / "card.json")
    (folder / "digit").mkdir()
    for name in ("model.onnx", "card.json"):
        (folder / name).rename(folder / "digit" / name)
    monkeypatch.setattr("inkdigits.models.SHIPPED", shipped)
    monkeypatch.chdir(folder)
    assert Model.load().card.name == "shipped"
    assert Model.load("digit").card.name == "shipped"
    assert Model.load("./digit").card.name == "linear"


def break_graph(**changes):
    """The folder gets another network, with a card that has its hash."""

    def change(folder):
        content = linear_onnx(**changes)
        (folder / "model.onnx").write_bytes(content)
        card_of(content).save(folder / "card.json")

    return change


def not_onnx(folder):
    (folder / "model.onnx").write_bytes(b"no network at all")
    card_of(b"no network at all").save(folder / "card.json")


def keep_weights_elsewhere(folder):
    """As `onnx.save_model(save_as_external_data=True)` does."""
    model = onnx.load_from_string(linear_onnx())
    (kernel,) = model.graph.initializer
    kernel.data_location = onnx.TensorProto.EXTERNAL
    entry = kernel.external_data.add()
    entry.key, entry.value = "location", "card.json"
    replace_graph(folder, model.SerializeToString())


def replace_graph(folder, content):
    (folder / "model.onnx").write_bytes(content)
    card_of(content).save(folder / "card.json")


def edit_card(**changes):
    def change(folder):
        card = json.loads((folder / "card.json").read_text())
        (folder / "card.json").write_text(json.dumps({**card, **changes}))

    return change


def drop_from_card(name):
    def change(folder):
        card = json.loads((folder / "card.json").read_text())
        del card[name]
        (folder / "card.json").write_text(json.dumps(card))

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda f: (f / "model.onnx").unlink(), "holds no model.onnx", id="no ONNX file"),
        pytest.param(lambda f: (f / "card.json").unlink(), "no card beside", id="no card"),
        pytest.param(lambda f: (f / "card.json").write_text('{"name": '), "cannot be read", id="card cut off"),
        pytest.param(lambda f: (f / "card.json").write_bytes(b"\xff\xfe"), "cannot be read", id="card that is no text"),
        pytest.param(lambda f: (f / "card.json").write_text("[]"), "not a card", id="card that is a list"),
        pytest.param(lambda f: (f / "model.onnx").write_bytes(linear_onnx()[:-9]), "hash", id="ONNX file cut off"),
        pytest.param(lambda f: (f / "model.onnx").write_bytes(b""), "hash", id="ONNX file empty"),
        pytest.param(not_onnx, "ONNX Runtime cannot load it", id="no ONNX inside"),
        pytest.param(break_graph(tiles="image"), "image", id="another input name"),
        pytest.param(break_graph(logits="softmax"), "softmax", id="another output name"),
        pytest.param(break_graph(outputs=2), "logits", id="fewer outputs than classes"),
        pytest.param(break_graph(shape=("batch", 2, 8)), "tiles", id="tiles of another shape"),
        pytest.param(break_graph(shape=(1, SIDE, SIDE)), "batch", id="a batch of one only"),
        pytest.param(break_graph(kind=onnx.TensorProto.UINT8), "uint8", id="uint8 input"),
        pytest.param(edit_card(format=2), "format is 2.*update inkdigits", id="card of a newer format"),
        pytest.param(edit_card(format="1"), "format", id="format as text"),
        pytest.param(drop_from_card("classes"), "not a card", id="card without classes"),
        pytest.param(drop_from_card("sha256"), "not a card", id="card without hash"),
        pytest.param(edit_card(name=""), "name must be", id="no name"),
        pytest.param(edit_card(version=2), "version must be", id="version as number"),
        pytest.param(edit_card(classes="0123456789"), "classes must be", id="classes in one text"),
        pytest.param(edit_card(classes=["0"]), "classes must be", id="one class"),
        pytest.param(edit_card(classes=["0", "1", "1"]), "classes must be", id="a class twice"),
        pytest.param(edit_card(image_shape=[28]), "image_shape must be", id="no width"),
        pytest.param(edit_card(image_shape=[28, 0]), "image_shape must be", id="width of 0"),
        pytest.param(edit_card(image_shape=28), "image_shape must be", id="image shape as number"),
        pytest.param(edit_card(preprocessing={}), "preprocessing must be", id="preprocessing without version"),
        pytest.param(edit_card(temperature=0), "temperature must be", id="temperature of 0"),
        pytest.param(edit_card(temperature="1"), "temperature must be", id="temperature as text"),
        pytest.param(edit_card(temperature=float("nan")), "temperature must be", id="temperature not a number"),
        pytest.param(edit_card(thresholds={}), "thresholds must be", id="no threshold"),
        pytest.param(edit_card(promises={"0.9": 1.5}), "promises must be", id="promise kept above 1"),
        pytest.param(edit_card(promises={"often": 0.5}), "promises must be", id="promise of no share"),
        pytest.param(edit_card(thresholds={"answer": 1.5}), "thresholds must be", id="threshold above 1"),
        pytest.param(edit_card(training=[]), "training must be", id="training as list"),
        pytest.param(edit_card(metrics=None), "metrics must be", id="no metrics"),
        pytest.param(edit_card(sha256="9f3a"), "sha256 must be", id="hash too short"),
        pytest.param(edit_card(sha256=""), "hash", id="card of a model not yet exported"),
        pytest.param(keep_weights_elsewhere, "external tensor data", id="weights in another file"),
        pytest.param(lambda f: (f / "card.json").write_text("[" * 100_000), "nested too deeply", id="deep card"),
        pytest.param(lambda f: (f / "card.json").write_bytes(bytes(17 << 20)), "larger than 16 MiB", id="huge card"),
        pytest.param(lambda f: os.truncate(f / "model.onnx", 600 << 20), "larger than 512 MiB", id="huge ONNX file"),
    ],
)
def test_refused_with_the_reason(folder, damage, message):
    damage(folder)
    with pytest.raises(ModelError, match=message) as refusal:
        Model.load(folder)
    assert str(folder) in str(refusal.value)


def make_much_of_little(folder):
    """A small graph that wants 16 TB when it is run."""
    model = onnx.load_from_string(linear_onnx())
    model.graph.initializer.append(onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [2], [1 << 20, 1 << 22]))
    del model.graph.node[:]
    model.graph.node.extend(
        [
            onnx.helper.make_node("ReduceMean", ["tiles"], ["mean"], axes=[1, 2], keepdims=0),
            onnx.helper.make_node("ReduceMean", ["mean"], ["one"], keepdims=0),
            onnx.helper.make_node("Expand", ["one", "shape"], ["much"]),
            onnx.helper.make_node("ReduceSum", ["much"], ["sum"], keepdims=0),
            onnx.helper.make_node("Flatten", ["tiles"], ["row"]),
            onnx.helper.make_node("MatMul", ["row", "kernel"], ["plain"]),
            onnx.helper.make_node("Add", ["plain", "sum"], ["logits"]),
        ]
    )
    replace_graph(folder, model.SerializeToString())


@pytest.mark.parametrize("entry", [pytest.param(b"\n\x08location", id="short"), pytest.param(b"\x8a\x00\x88\x80\x00location", id="long")])
def test_every_spelling_of_external_data_is_found(entry):
    with pytest.raises(ModelError, match="external tensor data"):
        open_session(b"..." + entry + b"...", 1, "model")


def test_a_graph_that_wants_all_memory_is_a_model_error(folder):
    make_much_of_little(folder)
    with pytest.raises(ModelError, match=r"linear-2026\.11/.* cannot be run"):
        Model.load(folder).logits(tiles(1))


def test_a_model_of_digits_is_not_taken_for_one_of_numbers(folder):
    with pytest.raises(ModelError, match=r"reads single digits.*needed here reads whole numbers"):
        NumberModel.load(folder)
    break_graph(tiles="strips")(folder)
    with pytest.raises(ModelError, match=r"reads whole numbers.*needed here reads single digits"):
        Model.load(folder)


def test_a_number_model_whose_width_is_fixed_is_refused(folder):
    break_graph(tiles="strips")(folder)
    with pytest.raises(ModelError, match=r"strips \(batch, 4, width\) and logits \(batch, frames, 3\)"):
        NumberModel.load(folder)


def test_a_model_that_is_not_there():
    with pytest.raises(ModelError, match=r"nowhere: no such model.*run folder"):
        Model.load("nowhere")


def test_a_card_survives_saving_and_loading(tmp_path):
    card = Card(
        "digit",
        ("0", "½"),
        (28, 20),
        "2026.11",
        {"version": 1, "box": 20},
        1.25,
        {"answer": 0.5},
        {"bias": 1.5},
        {"seed": 1},
        {"a": 0.5},
        "0" * 64,
    )
    card.save(tmp_path / "card.json")
    assert Card.load(tmp_path / "card.json") == card == Card.from_dict(card.to_dict())
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


def test_keys_that_we_do_not_know_are_left_alone(folder):
    before = Model.load(folder).card
    edit_card(licence="CC0", notes=["x"])(folder)
    assert Model.load(folder).card == before


def test_the_8_bits_of_digit_overflow_on_no_processor(data_dir):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # each step in floats: nothing overflows
    content = locate("digit").read_bytes()
    exact = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    images = np.load(data_dir / "real/cvl_digits/digits.npz")["images"][:64].astype(np.float32) / np.float32(255)
    difference = Model.load("digit").logits(images) - exact.run(["logits"], {"tiles": images})[0]
    assert np.abs(difference).max() < 0.5  # one step of the 8 bits of the logits is 0.18; signed weights: 5 and more where they overflow
