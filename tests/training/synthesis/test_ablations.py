"""What is left out of the rows that number is trained on is in none of them, and nothing else is missing. The collections are stand-ins."""

import numpy as np
import pytest

from inkdigits.errors import DataError, RecipeError
from inkdigits.training.data.unipen import Sample
from inkdigits.training.datasets import Dataset
from inkdigits.training.settings import Settings
from inkdigits.training.synthesis import sources as module
from inkdigits.training.synthesis.hands import ModelHand, PenHand, PictureHand
from inkdigits.training.synthesis.rows import Shares, row
from inkdigits.training.synthesis.sources import PARTS, WHOLE, Ablation, Picture, sources

STROKE = [np.array([(0, 0), (40, 200)], np.float32)]
MNIST = Dataset("mnist", "train", np.full((80, 28, 28), 90, np.uint8), np.arange(80) % 10, tuple("0123456789"), writers=np.arange(80) // 10)
CROPS = {"registers": 1, "hands33": 2, "handwritten_lines": 3}
"""What the crops of each set say: one character, by its index."""


@pytest.fixture(autouse=True)
def collections(monkeypatch):
    """Eight hands, eight words, eight crops of everything."""
    hands = [f"hand {i}" for i in range(8)]
    signs = {"digits": "0123456789", "symbols": ".,-/:+%$()", "upper": "AB", "lower": "ab", "numbers": ["12", "3.5"], "text": ["no", "42"]}
    pictures = np.tile(np.arange(10, dtype=np.int64), 2), np.full((20, 96, 96), 60, np.uint8)
    picture_hands = [(pictures[1], pictures[0])] * 8
    monkeypatch.setattr(module.unipen, "samples", lambda kind, split: [Sample(c, STROKE, hand) for hand in hands for c in signs[kind]])
    monkeypatch.setattr(module.unipen, "words", lambda sample: [sample])
    monkeypatch.setattr(module.fonts, "hands", lambda: picture_hands)
    monkeypatch.setattr(module, "uci_handwriting", list)
    monkeypatch.setattr(module.crops, "crops", lambda name, split: [])
    monkeypatch.setattr(module, "_cut_hands", lambda tens: {str(i): hand for i, hand in enumerate(picture_hands)})
    grey = np.random.default_rng(0).integers(0, 255, (40, 60), np.uint8)
    monkeypatch.setattr(module, "_pictures", lambda name, split: [Picture(grey, [CROPS[name]], 4, 36) for _ in range(8)])


def kinds_of_hands(found, draws=400):
    """The kinds of the hands that are drawn, each by its share."""
    rng = np.random.default_rng(0)
    shares = np.array([share for share, _ in found.hands])
    return {type(found.hands[int(rng.choice(len(shares), p=shares / shares.sum()))][1](rng)) for _ in range(draws)}


def lengths(found):
    """How many there are of each collection but the hands."""
    return [len(own) for own in (found.numbers, found.words, found.cells, found.tens, found.lines)]


def test_nothing_is_left_out_unless_it_is_asked_for():
    found = sources(MNIST, "trainable")
    assert lengths(found) == [8] * 5
    assert kinds_of_hands(found) == {PenHand, PictureHand, ModelHand}
    assert lengths(sources(MNIST, "trainable", WHOLE)) == lengths(found)


@pytest.mark.parametrize(
    ("part", "left"),
    [
        pytest.param("strokes", [0, 0, 8, 8, 8], id="strokes"),
        pytest.param("registers", [8, 8, 0, 8, 8], id="registers"),
        pytest.param("hands33", [8, 8, 8, 0, 8], id="hands33"),
        pytest.param("lines", [8, 8, 8, 8, 0], id="lines"),
        pytest.param("composition", [0, 0, 8, 8, 8], id="composition"),
    ],
)
def test_a_part_that_is_left_out_is_gone_and_no_other(part, left):
    found = sources(MNIST, "trainable", Ablation((part,)))
    assert lengths(found) == left
    if part == "composition":
        assert found.hands == []
    else:
        assert kinds_of_hands(found) == {PictureHand, ModelHand} | ({PenHand} if part != "strokes" else set())


def test_without_composition_rows_are_photographed_crops():
    found = sources(MNIST, "trainable", Ablation(("composition", "lines")))
    rng = np.random.default_rng(0)
    for easy in (0.0, 1.0):
        rows = [row(found, Shares(easy=easy), rng)[1] for _ in range(40)]
        assert all(len(set(characters)) == 1 for characters in rows), "a row is of one set"
        assert {characters[0] for characters in rows} == {CROPS["registers"], CROPS["hands33"]}
    composed = row(sources(MNIST, "trainable"), Shares(easy=1.0), rng)[1]
    assert set(composed) <= set(range(1, 11))


def test_half_the_data_is_half_of_each_collection_and_always_the_same():
    found, again = (sources(MNIST, "trainable", Ablation(share=0.5)) for _ in range(2))
    assert lengths(found) == [4] * 5
    assert [own[0].text for own in found.numbers] == [own[0].text for own in again.numbers]
    some = Ablation(share=0.5).some(range(100))
    assert len(some) == 50
    assert some == sorted(some) == Ablation(share=0.5).some(range(100))
    assert Ablation().some(range(9)) == list(range(9))
    assert Ablation(share=0.01).some("ab") in (["a"], ["b"])
    assert Ablation(share=0.5).some([]) == []


def test_all_that_there_is_cannot_be_left_out():
    with pytest.raises(DataError, match="nothing is left to train on"):
        sources(MNIST, "trainable", Ablation(PARTS))


@pytest.mark.parametrize(
    ("settings", "parts", "said"),
    [
        pytest.param(
            {"without": "strokes,pencils"}, PARTS, "without 'pencils': number can leave out strokes, registers", id="no such part"
        ),
        pytest.param({"without": "strokes"}, (), "nothing of what it trains on can be left out", id="a recipe that has no parts"),
        pytest.param({"share": 0.5}, (), "nothing of what it trains on can be left out", id="and no share"),
    ],
)
def test_what_cannot_be_left_out_is_said(settings, parts, said):
    with pytest.raises(RecipeError, match=said):
        Settings(**settings).check_parts("number", parts)


def test_settings_of_an_ablation():
    Settings(without="strokes,registers", share=0.5).check_parts("number", PARTS)
    assert "without" not in Settings().to_dict(), "older runs go on"
    told = Settings(without="strokes", share=0.5).to_dict()
    assert (told["without"], told["share"]) == ("strokes", 0.5)
    for share in (0, 1.5):
        with pytest.raises(RecipeError, match="share must be above 0 and at most 1"):
            Settings(share=share)
