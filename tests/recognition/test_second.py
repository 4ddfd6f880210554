"""A second opinion: what it makes of the engine's text, and what agreement is worth. The engine is a stand-in."""

import sys
import types

import numpy as np
import pytest

from inkdigits.errors import MissingExtra
from inkdigits.recognition.second import SecondOpinion, agree, weighed


def engine(*texts):
    """A module `rapidocr` whose engine reads these texts, and keeps what it was shown."""
    module = types.ModuleType("rapidocr")
    module.shown = []

    def made(params):
        def run(image):
            module.shown.append(image)
            return types.SimpleNamespace(txts=texts)

        return run

    module.RapidOCR = made
    return module


def test_what_is_no_character_of_ours_is_a_question_mark(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr", engine("12 A", "·5−%"))
    assert SecondOpinion().read(np.full((20, 50), 200, np.uint8)) == "12?.5-%"


def test_it_is_shown_the_field_with_paper_around(monkeypatch):
    module = engine()
    monkeypatch.setitem(sys.modules, "rapidocr", module)
    assert SecondOpinion().read(np.full((20, 50), 200, np.uint8)) == ""
    (image,) = module.shown
    assert image.shape == (24, 54, 3)
    assert (image == 200).all()


def test_without_the_engine_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    with pytest.raises(MissingExtra, match=r"inkdigits\[second\]"):
        SecondOpinion()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("12", "12", True),
        ("1.250", "1,250", True),
        ("12.", "12", True),
        ("12,", "12.", True),
        (".12", "12", False),
        ("12", "1.2", False),
        ("12", "", False),
    ],
)
def test_two_readings_agree(one, other, same):
    assert agree(one, other) is agree(other, one) is same


def test_agreement_raises_and_disagreement_lowers_the_confidence():
    for confidence in (0.0, 0.3, 0.9, 1.0):
        assert 0 <= weighed(confidence, False) <= confidence <= weighed(confidence, True) <= 1
    assert weighed(0.9, False) < 0.9 < weighed(0.9, True)
