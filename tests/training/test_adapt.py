"""Learning hands: the last layers change and nothing else does, what is held out is of other sheets, and a folder of it is read by."""

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("keras", reason="needs inkdigits[train]")
pytest.importorskip("onnx", reason="needs inkdigits[train]")

from inkdigits import Reader, models
from inkdigits.errors import DataError, ModelError
from inkdigits.models import Card, Model, NumberModel, locate
from inkdigits.recognition.known import Known
from inkdigits.training import adapt
from inkdigits.training.adapt import Adapted, Errors, adapted, check_enough, errors_of, fitted, held_out, last_layers, save
from inkdigits.training.backend import use_backend
from inkdigits.training.cards import metadata
from inkdigits.training.graph import graph_of
from inkdigits.training.imported import keras_network
from inkdigits.training.onnxwriter import onnx_bytes
from inkdigits.training.pen import write
from inkdigits.training.settings import load_recipe
from inkdigits.training.synthesis.familiar import familiar_rows

# TensorFlow's tensors do not know NumPy 2's `copy` yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def upside_down(count, seed=0, sheets=5):
    """A hand that no network knows: it writes every number on its head."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        text = "".join(rng.choice(list("23457"), 3))
        ink = np.pad(write(text, rng, height=40), ((12, 12), (20, 20)))
        image = np.round(230 * (1 - 0.8 * ink)).astype(np.uint8)
        made.append(Known(np.ascontiguousarray(image[::-1]), text, f"sheet {number % sheets}"))
    return made


@pytest.fixture(scope="module")
def hand():
    use_backend()
    return upside_down(20)


@pytest.fixture(scope="module")
def learned(hand):
    """The adaptation of the hand, with the steps that it told of."""
    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapt, "PARTS", 2)
        return adapted(hand, report=lambda done, total: told.append((done, total))), told


def test_a_network_comes_back_from_its_file():
    """Also from 8 bits, which what flows through the layers of the file has too: what the recipe builds gets the weights that the file
    stands for. From 32 bits it says the same."""
    use_backend()
    rng = np.random.default_rng(0)
    for name, kind, count in (("number", NumberModel, 2), ("digit", Model, 8)):
        model = kind.load(name)
        recipe = load_recipe(model.card.training["recipe"])
        network = keras_network(recipe, locate(name).read_bytes(), model.card)
        images = rng.random((count, *model.card.image_shape), np.float32)
        said, wanted = np.asarray(network(images, training=False)), model.logits(images)
        powers = np.exp(wanted - wanted.max(-1, keepdims=True))
        assert np.abs(said - powers / powers.sum(-1, keepdims=True)).max() < 0.1
        again = keras_network(recipe, onnx_bytes(graph_of(network), metadata(model.card)), model.card)
        assert np.abs(np.asarray(again(images, training=False)) - said).max() < 1e-4


def test_a_file_of_another_network_is_refused():
    use_backend()
    card = replace(NumberModel.load().card, training={"recipe": "number"})
    with pytest.raises(ModelError, match="builds another network by now"):
        keras_network(load_recipe("number"), locate("digit").read_bytes(), card)


def test_only_the_last_layers_learn(hand, monkeypatch):
    """Two short passes: which layers change does not depend on how long they learn."""
    few = familiar_rows(8, 0)
    for name, value in (("EPOCHS", 2), ("ROWS", 8), ("FAMILIAR", 8), ("_others", lambda: few)):
        monkeypatch.setattr(adapt, name, value)
    path = locate("number")
    card = Card.load(path.with_name("card.json"))
    before = keras_network(load_recipe("number"), path.read_bytes(), card)
    after = fitted(hand[:4], path)
    steps = {"before": graph_of(before), "after": graph_of(after)}
    trained = {id(layer) for layer in last_layers(steps["before"])}
    changed = []
    for one, other in zip(steps["before"].steps, steps["after"].steps, strict=True):
        if one.layer is not None and one.layer.weights:
            same = all(np.array_equal(a, b) for a, b in zip(one.layer.get_weights(), other.layer.get_weights(), strict=True))
            assert same or (id(one.layer) in trained and one.kind == "Conv2D"), one.name
            changed.append(not same)
    assert not changed[0]
    assert changed[-1]


def test_a_part_and_the_rest_share_no_sheet(hand):
    parts = held_out(hand)
    assert sorted(i for one in parts for i in one) == list(range(20))
    assert len(parts) == 4
    for one in parts:
        assert not {hand[i].group for i in one} & {hand[i].group for i in range(20) if i not in one}
    assert held_out(hand) == parts


def test_too_few_are_refused(hand):
    with pytest.raises(DataError, match=r"15 corrections .* 16 are needed"):
        check_enough(hand[:15])
    with pytest.raises(DataError, match="of one form"):
        check_enough([replace(one, group="1") for one in hand])


def test_edits_are_counted():
    found = Errors.between(["123", "4", "5"], ["23", "4", "56"])
    assert found == Errors(2, 3, 2, 5)
    assert found.rate == 0.4
    assert found + Errors(1, 1, 1, 1) == Errors(3, 4, 3, 6)


@pytest.mark.parametrize(
    ("held", "familiar", "wanted"),
    [
        pytest.param((10, 4), (100, 100), True, id="better, and nothing forgotten"),
        pytest.param((10, 10), (100, 50), False, id="as before"),
        pytest.param((0, 0), (100, 100), False, id="nothing to learn"),
        pytest.param((10, 4), (100, 101), False, id="forgotten"),
    ],
)
def test_what_is_kept(held, familiar, wanted):
    before, after = (Errors(one, 20, one, 60) for one in held)
    known, still = (Errors(one, 300, one, 3000) for one in familiar)
    assert Adapted(None, NumberModel.load().card, 20, 5, (before, after), (known, still)).improved is wanted


def test_familiar_rows_are_always_the_same():
    images, labels = familiar_rows(3, 0)
    again, _ = familiar_rows(3, 0)
    assert np.array_equal(images, again)
    assert images.shape == (3, *NumberModel.load().card.image_shape)
    assert labels.min() == -1
    assert (labels >= 0).any(axis=1).all()
    assert not np.array_equal(images, familiar_rows(3, 1)[0])


@pytest.mark.slow
def test_a_hand_is_learned(learned, hand, tmp_path):
    made, told = learned
    before, after = made.held_out
    assert before.of == after.of == 20
    assert before.rate > 0.5
    assert after.edits < 0.7 * before.edits
    assert told[-1] == (adapt.EPOCHS * 3, adapt.EPOCHS * 3)
    card = save(made, tmp_path / "number", "inkdigits adapt")
    assert card.training["adapted"]["from"] == NumberModel.load().card.id
    assert card.training["adapted"]["corrections"] == 20
    assert card.promises == NumberModel.load().card.promises
    others = upside_down(12, seed=9)
    assert errors_of(NumberModel.load(tmp_path / "number"), others).edits < 0.7 * errors_of(NumberModel.load(), others).edits


def folder_with(tmp_path, **changes):
    """A folder of `inkdigits adapt` whose number network is the one that ships, with another card."""
    own = tmp_path / "model" / "number"
    own.mkdir(parents=True)
    (own / "model.onnx").write_bytes(locate("number").read_bytes())
    card = json.loads(locate("number").with_name("card.json").read_text())
    (own / "card.json").write_text(json.dumps({**card, **changes}))
    return tmp_path / "model"


def test_a_reader_reads_by_a_folder(tmp_path):
    reader = Reader(model=folder_with(tmp_path, version="2030.01"))
    shipped = Reader()
    assert [card.version for card in reader.cards] == [shipped.cards[0].version, "2030.01", *(card.version for card in shipped.cards[2:])]
    page = np.full((90, 260), 240, np.uint8)
    ink = write("4711", np.random.default_rng(1), height=40)
    page[20 : 20 + ink.shape[0], 20 : 20 + ink.shape[1]] = np.round(240 * (1 - 0.8 * ink))
    assert reader.read(page).text == shipped.read(page).text
    assert Reader(model=str(tmp_path / "model")).cards[1].version == "2030.01"


def test_a_folder_is_checked_as_any_model(tmp_path):
    path = folder_with(tmp_path, preprocessing={"version": 1})
    with pytest.raises(ModelError, match="made for images of contract"):
        _ = Reader(model=path).cards
    (path / "number" / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="hash"):
        _ = Reader(model=path).cards


def test_the_files_of_a_folder_are_known(tmp_path):
    path = folder_with(tmp_path)
    files = {str(file) for file in models.model_files(path)}
    assert {str(path / "number" / "model.onnx"), str(path / "number" / "card.json"), str(locate("digit"))} <= files
