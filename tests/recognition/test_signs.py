"""The two readers of a field check each other: agreement makes surer, disagreement changes the answer or makes it less sure."""

from dataclasses import replace

import numpy as np
import pytest

from inkdigits.models import NOT_A_DIGIT
from inkdigits.recognition.alphabet import CLASSES, OTHER
from inkdigits.recognition.decode import Candidate
from inkdigits.recognition.numbers import Character, Written
from inkdigits.recognition.signs import held, overlooked, signs

WIDE = 20
SPANS = [(20, 36), (40, 56), (60, 76), (80, 96)]
"""The regions of four signs, each 16 columns wide."""


def written(*texts, middles=None):
    """A field that says the first of the texts, each with its probability; its characters are in the middle of the regions in turn."""
    best = texts[0][0]
    middles = middles or [WIDE * (i + 1) + 8.0 for i in range(len(best))]
    of_length = [(text, p) for text, p in texts if len(text) == len(best)]
    characters = tuple(
        Character(name, middle - 8, middle, middle + 8, sum(p for text, p in of_length if text[i] == name))
        for i, (name, middle) in enumerate(zip(best, middles, strict=True))
    )
    return Written(tuple(Candidate(tuple(CLASSES.index(name) for name in text), p) for text, p in texts), characters)


def opinion(**odds):
    """Of the digit model on one region, as `d7=0.9` or `none=0.9`; what is left is shared by the other classes."""
    given = {10 if name == "none" else int(name[1:]): p for name, p in odds.items()}
    rest = (1 - sum(given.values())) / (11 - len(given))
    return np.array([given.get(k, rest) for k in range(11)], np.float32)


def test_agreement_makes_surer():
    (sign,) = signs(written(("4", 0.9), ("9", 0.08)), SPANS[:1], opinion(d4=0.95)[None])
    assert sign.label == "4"
    assert sign.probability > 0.9
    assert sum(p for _, p in sign.ranked) == pytest.approx(1, abs=0.01)
    assert (sign.left, sign.right, sign.regions, sign.sole) == (20, 36, (0,), True)


def test_disagreement_makes_less_sure():
    (sign,) = signs(written(("4", 0.9), ("9", 0.08)), SPANS[:1], opinion(d9=0.95)[None])
    assert sign.probability < 0.9
    assert {label for label, _ in sign.ranked[:2]} == {"4", "9"}


def test_whoever_is_surer_is_followed():
    doubtful = written(("4", 0.5), ("9", 0.48))
    (sign,) = signs(doubtful, SPANS[:1], opinion(d9=0.95)[None])
    assert sign.label == "9"
    assert sign.probability > 0.48
    (unheard,) = signs(written(("4", 0.995)), SPANS[:1], opinion(d7=0.999)[None])
    assert unheard.probability < 0.995, "no reader rules out alone what the other says"
    assert "7" in dict(unheard.ranked)


def test_what_is_no_digit_to_both_is_none():
    ranked = signs(written(((OTHER,), 0.7), ("4", 0.25)), SPANS[:1], opinion(none=0.9)[None])[0].ranked
    assert ranked[0][0] == NOT_A_DIGIT
    (doubted,) = signs(written(("4", 0.7), ((OTHER,), 0.25)), SPANS[:1], opinion(none=0.9)[None])
    assert doubted.label == NOT_A_DIGIT
    assert "4" in dict(doubted.ranked)


def test_the_digit_model_has_no_word_on_symbols_nor_on_what_shares_a_region():
    spans = [(20, 56), (60, 76)]  # 1 and 2 touch
    found = signs(written(("12,", 0.8), ("13,", 0.1), ("17,", 0.1)), spans, np.stack([opinion(d8=0.99), opinion(d1=0.99)]))
    assert [sign.label for sign in found] == ["1", "2", ","]
    assert [sign.probability for sign in found] == pytest.approx([1.0, 0.8, 1.0])
    assert [(sign.regions, sign.sole) for sign in found] == [((0,), False), ((0,), False), ((1,), True)]


def test_a_sign_without_ink_of_its_own_has_the_word_of_the_number_network():
    (sign,) = signs(written(("7", 0.6), ("1", 0.3), middles=[12.0]), SPANS[:1], opinion(d2=0.99)[None])
    assert (sign.ranked, sign.regions, sign.sole) == ((("7", 0.6), ("1", 0.3)), (), True)


def test_texts_of_other_lengths_have_no_word_on_a_position():
    (first, second) = signs(written(("12", 0.5), ("1", 0.4), ("72", 0.1)), [(0, 100)], opinion()[None])
    assert first.ranked == (("1", 0.5), ("7", 0.1))
    assert second.ranked == (("2", pytest.approx(0.6)),)


def test_every_region_holds_the_characters_in_its_columns():
    assert held(written(("123", 1.0), middles=[28.0, 33.0, 68.0]), SPANS) == [[0, 1], [], [2], []]
    assert held(written(("1", 1.0), middles=[36.5]), SPANS[:2]) == [[0], []], "a column beside it may still be in it"


def test_a_thin_stroke_holds_the_character_that_the_network_sees_a_little_before_it_or_behind_it():
    thin = [(30, 33), (50, 53), (90, 93)]

    def seen(text, *middles, frame=8.0):
        return held(replace(written((text, 1.0), middles=list(middles)), frame=frame), thin)

    assert seen("11", 24.0, 57.0) == [[0], [1], []]
    assert seen("11", 40.0, 42.0) == [[0], [1], []], "each has one, the nearest first"
    assert seen("1", 70.0) == [[], [], []], "more than two frames beside any"
    assert seen("1", 40.0, frame=2.0) == [[], [], []]
    assert seen("12", 31.0, 36.0) == [[0], [1], []], "one that holds another is not free"
    assert seen(".1", 40.0, 91.0) == [[], [], [1]], "a point has no region: what is nearest to it is another sign"


@pytest.mark.parametrize(
    ("text", "opinions", "probability"),
    [
        pytest.param("1234", [opinion(d1=0.9)] * 4, 0.0, id="nothing is left"),
        pytest.param("123", [opinion(none=0.9)] * 4, 0.1, id="it is no digit"),
        pytest.param("123", [opinion(none=0.2)] * 4, 0.8, id="it is a digit"),
        pytest.param("12", [opinion(none=0.9)] * 4, 0.19, id="two, neither of them likely"),
    ],
)
def test_a_region_without_a_character_is_overlooked_as_likely_as_it_is_a_digit(text, opinions, probability):
    assert overlooked(written((text, 1.0)), SPANS, np.stack(opinions)) == pytest.approx(probability, abs=1e-6)


def test_nothing_was_written():
    nothing = Written((), ())
    assert signs(nothing, SPANS[:1], opinion()[None]) == []
    assert overlooked(nothing, SPANS[:1], opinion(none=0.3)[None]) == pytest.approx(0.7)


def test_what_is_not_allowed_does_not_come_back_by_the_digit_model():
    """A field that may hold 1 and 2 alone: the digit model, which does not know that, is sure of a 7."""
    allowed = [CLASSES.index("1"), CLASSES.index("2")]
    (sign,) = signs(written(("1", 1e-4), ("2", 1e-5)), SPANS[:1], opinion(d7=0.99)[None], allowed=allowed)
    assert sign.label == "1"
    assert {label for label, _ in sign.ranked} == {"1", "2"}
