"""The two readers of a field check each other: agreement makes surer, disagreement changes the answer or makes it less sure."""

import numpy as np
import pytest

from inkdigits.models import NOT_A_DIGIT
from inkdigits.recognition.alphabet import CLASSES, OTHER, text_of
from inkdigits.recognition.fields import Field
from inkdigits.recognition.numbers import Character, Seen, View
from inkdigits.recognition.signs import check, held

WIDE = 20
SPANS = [(20, 36), (40, 56), (60, 76), (80, 96)]
"""The regions of four signs, each 16 columns wide."""
FRAME = 4


def seen(*places, allowed=None, columns=120):
    """A field in which the network sees characters: for each its middle column, and the labels it may be with their probabilities; what is
    left is nothing."""
    frames = np.zeros((columns // FRAME, len(CLASSES)))
    frames[:, 0] = 1
    for middle, labels in places:
        row = frames[middle // FRAME]
        for label, p in labels.items():
            row[CLASSES.index(label)] = p
        row[0] = 1 - sum(labels.values())
    view = View(frames, np.arange(len(frames)), len(frames))
    return Seen(Field(0, columns, 20, 0.0, -10, 10), allowed).also(view)


def opinion(**odds):
    """Of the digit model on one region, as `d7=0.9` or `none=0.9`; what is left is shared by the other classes."""
    given = {10 if name == "none" else int(name[1:]): p for name, p in odds.items()}
    rest = (1 - sum(given.values())) / (11 - len(given))
    return np.array([given.get(k, rest) for k in range(11)], np.float32)


def said(checked):
    return [(text_of(list(candidate.text)), candidate.probability) for candidate in checked.candidates]


def test_agreement_makes_surer():
    field = seen((28, {"4": 0.9, "9": 0.08}))
    agreed = check(field, SPANS[:1], opinion(d4=0.95)[None])
    assert said(agreed)[0] == ("4", pytest.approx(1, abs=0.02))
    assert agreed.candidates[0].probability > 0.9
    (sign,) = agreed.signs
    assert (sign.label, sign.regions, sign.sole) == ("4", (0,), True)
    assert sign.left < 28 < sign.right
    doubted = check(field, SPANS[:1], opinion(d9=0.95)[None])
    assert doubted.candidates[0].probability < 0.9
    assert doubted.evidence["rivals"] < agreed.evidence["rivals"]
    assert {label for label, _ in doubted.signs[0].ranked[:2]} == {"4", "9"}


def test_whoever_is_surer_is_followed():
    torn = check(seen((28, {"4": 0.5, "9": 0.48})), SPANS[:1], opinion(d9=0.95)[None])
    assert said(torn)[0][0] == "9"
    sure = check(seen((28, {"4": 0.9999})), SPANS[:1], opinion(d9=0.9)[None])
    assert said(sure)[0][0] == "4"


def test_a_digit_that_the_number_network_overlooked_is_suggested():
    """It sees 1 and 3; between them is ink that the digit model knows to be a 2."""
    field = seen((28, {"1": 0.98}), (48, {"2": 0.2}), (68, {"3": 0.98}))
    opinions = np.stack([opinion(d1=0.95), opinion(d2=0.99), opinion(d3=0.95)])
    assert said(check(field, SPANS[:3], opinions))[0][0] == "123"
    opinions[1] = opinion(none=0.99)
    without = check(field, SPANS[:3], opinions)
    assert said(without)[0][0] == "13"
    assert without.overlooked == pytest.approx(0.01, abs=0.001)


SIX = {"4": 0.18, "9": 0.15, "1": 0.15, "7": 0.14, "2": 0.13, "3": 0.13}
"""What the network sees rather: as many texts as it lists."""


@pytest.mark.parametrize(
    ("places", "opinions", "text"),
    [
        pytest.param([(28, {"5": 0.99}), (48, {**SIX, "8": 0.1})], [opinion(d5=0.97), opinion(d8=0.97)], "58", id="another digit"),
        pytest.param([(28, SIX), (48, {"8": 0.03})], [opinion(d4=0.97), opinion(d8=0.97)], "48", id="one that was overlooked"),
        pytest.param(
            [(28, {"5": 0.99}), (48, {**SIX, "8": 0.1}), (68, {"6": 0.99})],
            [opinion(d5=0.97), opinion(d8=0.97), opinion(d6=0.97)], "586", id="between others",
        ),
    ],
)  # fmt: skip
def test_a_digit_that_only_the_digit_model_sees_is_weighed_though_the_network_lists_others(places, opinions, text):
    field = seen(*places)
    assert text not in [text_of(found) for found in field.texts]
    assert said(check(field, SPANS[: len(places)], np.stack(opinions)))[0][0] == text


def test_what_the_digit_model_sees_in_several_places_is_weighed_together():
    field = seen((28, {"4": 0.75, "9": 0.15}), (48, {"1": 0.75, "7": 0.15}))
    opinions = np.stack([opinion(d9=0.98), opinion(d7=0.98)])
    assert said(check(field, SPANS[:2], opinions))[0][0] == "97"


def test_the_digit_model_has_no_word_on_what_shares_a_region():
    field = seen((26, {"1": 0.97}), (44, {"2": 0.97}))
    (one, two) = check(field, [(20, 56)], opinion(d8=0.6, none=0.3)[None]).signs
    assert (one.label, two.label) == ("1", "2")
    assert (one.regions, two.regions) == ((0,), (0,))
    assert not one.sole
    assert not two.sole


def test_symbols_are_no_digits_to_the_digit_model():
    field = seen((28, {"/": 0.8, "1": 0.15}))
    assert said(check(field, SPANS[:1], opinion(none=0.98)[None]))[0][0] == "/"
    assert said(check(field, SPANS[:1], opinion(d1=0.98)[None]))[0][0] == "1"


def test_what_is_no_number_to_both_is_none():
    checked = check(seen((28, {OTHER: 0.7, "4": 0.25})), SPANS[:1], opinion(none=0.9)[None])
    assert checked.signs[0].label == NOT_A_DIGIT
    assert checked.overlooked == 0
    assert "4" in dict(checked.signs[0].ranked)


def test_a_point_needs_no_region():
    field = seen((28, {"1": 0.97}), (40, {".": 0.97}), (48, {"5": 0.97}))
    opinions = np.stack([opinion(d1=0.95), opinion(d5=0.95)])
    checked = check(field, [(20, 36), (44, 56)], opinions)
    assert [(sign.label, sign.regions) for sign in checked.signs] == [("1", (0,)), (".", ()), ("5", (1,))]


def test_a_digit_without_ink_is_a_doubt():
    field = seen((28, {"1": 0.97}), (108, {"7": 0.7}))
    with_ink = check(field, [SPANS[0], (100, 116)], np.stack([opinion(d1=0.95), opinion(d7=0.95)]))
    without = check(field, SPANS[:1], opinion(d1=0.95)[None])
    assert dict(said(with_ink))["17"] > dict(said(without))["17"]


def test_nothing_that_is_allowed_fits():
    nothing = check(seen((28, {"4": 1.0}), allowed=[CLASSES.index("7")]), SPANS[:1], opinion(none=0.3)[None])
    assert (nothing.candidates, nothing.signs, nothing.evidence) == ((), (), {})
    assert nothing.overlooked == pytest.approx(0.7)


def test_nothing_was_seen_where_the_digit_model_sees_a_digit():
    blind = check(seen(), SPANS[:1], opinion(d3=0.99)[None])
    assert (said(blind)[0][0], blind.overlooked) == ("", pytest.approx(0.99, abs=0.01))
    assert np.exp(blind.evidence["complete"]) == pytest.approx(0.01, abs=0.01)
    assert said(check(seen((28, {"3": 0.1})), SPANS[:1], opinion(d3=0.99)[None]))[0][0] == "3"


def test_what_is_not_allowed_does_not_come_back_by_the_digit_model():
    """A field that may hold 1 and 2 alone: the digit model, which does not know that, is sure of a 7."""
    allowed = [CLASSES.index("1"), CLASSES.index("2")]
    checked = check(seen((28, {"1": 0.6, "2": 0.3}), allowed=allowed), SPANS[:1], opinion(d7=0.99)[None])
    assert said(checked)[0][0] == "1"
    assert not set("".join(text for text, _ in said(checked))) - set("12")


def characters(text, *middles):
    middles = middles or [WIDE * (i + 1) + 8.0 for i in range(len(text))]
    return [Character(name, middle - 8, middle, middle + 8) for name, middle in zip(text, middles, strict=True)]


def test_every_region_holds_the_characters_in_its_columns():
    assert held(characters("123", 28.0, 33.0, 68.0), SPANS, 0.0) == [[0, 1], [], [2], []]
    assert held(characters("1", 36.5), SPANS[:2], 0.0) == [[0], []], "a column beside it may still be in it"


def test_a_thin_stroke_holds_the_character_that_the_network_sees_a_little_before_it_or_behind_it():
    thin = [(30, 33), (50, 53), (90, 93)]

    def found(text, *middles, frame=8.0):
        return held(characters(text, *middles), thin, frame)

    assert found("11", 24.0, 57.0) == [[0], [1], []]
    assert found("11", 40.0, 42.0) == [[0], [1], []], "each has one, the nearest first"
    assert found("1", 70.0) == [[], [], []], "more than two frames beside any"
    assert found("1", 40.0, frame=2.0) == [[], [], []]
    assert found("12", 31.0, 36.0) == [[0], [1], []], "one that holds another is not free"
    assert found(".1", 40.0, 91.0) == [[], [], [1]], "a point has no region: what is nearest to it is another sign"


def test_a_position_is_as_sure_as_the_texts_that_have_its_sign_whatever_their_length():
    field = seen((28, {"4": 0.999}), (60, {"-": 0.6}), (108, {"7": 0.999}))
    signs = check(field, [SPANS[0], (100, 116)], np.stack([opinion(d4=0.95), opinion(d7=0.95)])).signs
    assert [sign.label for sign in signs] == ["4", "-", "7"]
    assert min(signs[0].probability, signs[2].probability) > 0.99
    assert signs[1].probability == pytest.approx(0.6, abs=0.02)
