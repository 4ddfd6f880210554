"""`--sure`: the thresholds that keep a promise, what they came to, and the card that holds them."""

import numpy as np
import pytest

from inkdigits.bench.confidence import FITTED, Lines, keep, promises_table
from inkdigits.bench.promises import Held, lower_bound, table, thresholds
from inkdigits.bench.real import line_answers
from inkdigits.lines import Digit, Line
from inkdigits.models import Card, locate
from inkdigits.reading import Reading
from inkdigits.recognition.confidence import EVIDENCE, certainty, promised


def held(kind, *steps):
    """Lines of one kind: of each confidence, how many are right and how many wrong."""
    confidence = np.concatenate([np.full(right + wrong, level) for level, right, wrong in steps])
    right = np.concatenate([np.arange(right + wrong) < right for _, right, wrong in steps])
    return Held(kind, confidence.astype(float), right)


def test_the_lowest_confidence_that_keeps_a_promise():
    found = thresholds([held("a", (0.9, 1000, 0), (0.7, 900, 100), (0.5, 500, 500))])
    assert found[0.99] == found[0.995] == 0.9
    assert found[0.94] == 0.7, "1,900 of 2,000 are right"


def test_what_is_likelier_wrong_is_not_answered():
    assert thresholds([held("a", (0.9, 1000, 0), (0.4, 1000, 0))])[0.9] == 0.9


def test_too_few_lines_promise_nothing():
    assert 0.98 not in thresholds([held("a", (0.9, 50, 0))])
    assert 0.98 in thresholds([held("a", (0.9, 500, 0))])
    assert thresholds([held("a", (0.9, 1, 0), (0.2, 0, 9))]) == {}


def test_what_is_not_answered_is_above_no_threshold():
    assert thresholds([held("a", (0.0, 10_000, 0))]) == {}


def test_every_kind_counts_as_much_as_the_others():
    large, small = held("large", (0.9, 10_000, 0)), held("small", (0.9, 150, 50))
    assert 0.995 in thresholds([large])
    assert thresholds([large, small]) == {}, "99.5 % of the lines are right, and 87.5 % where each kind is one half"


def test_the_bound_is_wilsons():
    right, alike = np.arange(100) < 90, np.ones(100)
    z = 1.6448536
    expected = (0.9 + z**2 / 200 - z * np.sqrt(0.9 * 0.1 / 100 + z**2 / 40_000)) / (1 + z**2 / 100)
    assert lower_bound(right, alike)[-1] == pytest.approx(expected)
    assert lower_bound(right, 7 * alike)[-1] == pytest.approx(expected), "the unit of the weights is nothing"
    assert lower_bound(right, np.where(right, 1, 5))[-1] < expected


def test_what_the_promises_came_to():
    made = table([(held("a", (0.9, 9, 1), (0.5, 0, 10)), {0.9: 0.8}), (held("b", (0.2, 5, 0)), {0.9: 0.8})])
    figures = {(f["kind"], f["promise"]): f for f in made.figures}
    assert figures["a", 0.9] == {"kind": "a", "promise": 0.9, "threshold": 0.8, "answered": 0.5, "right_of_answered": 0.9}
    assert figures["a", 0.99]["answered"] is None
    assert (figures["b", 0.9]["answered"], figures["b", 0.9]["right_of_answered"]) == (0.0, None)
    place = made.head.index("--sure 0.9")
    assert [row[place] for row in made.rows] == ["90.0% of 50%", "none"]
    assert made.rows[0][-1] == "-"


@pytest.fixture
def kinds():
    """Lines of all kinds: the more `rivals` says for one, the oftener it is right; of one kind nothing is whole."""

    def some(kind, seed):
        rng = np.random.default_rng(seed)
        evidence = [dict.fromkeys(EVIDENCE, 0.0) | {"rivals": value} for value in rng.uniform(-5, 5, 600)]
        right = np.array([rng.random() < certainty(own, {"rivals": 2.0}) for own in evidence])
        return Lines(kind, evidence, right, np.full(600, kind != "hands33"))

    return [some(kind, seed) for seed, kind in enumerate((*FITTED, "photos_multi"))]


def test_a_kind_is_measured_with_what_was_found_without_it(kinds):
    before = {(f["kind"], f["promise"]): f for f in promises_table(kinds).figures}
    assert before["hands33", 0.9]["answered"] == 0, "nothing of it is whole"
    assert before["photos_multi", 0.95]["right_of_answered"] == pytest.approx(0.95, abs=0.02)
    spoilt = [Lines(k.kind, k.evidence, k.right & (k.kind != "registers"), k.whole) for k in kinds]
    after = {(f["kind"], f["promise"]): f for f in promises_table(spoilt).figures}
    assert after["registers", 0.9]["threshold"] == before["registers", 0.9]["threshold"]
    assert after["photos_multi", 0.9]["threshold"] != before["photos_multi", 0.9]["threshold"]


def test_a_card_holds_what_is_promised(kinds, tmp_path):
    Card("number", ("blank", "0"), sha256="0" * 64).save(tmp_path / "card.json")
    keep(kinds, tmp_path)
    card = Card.load(tmp_path / "card.json")
    assert set(card.confidence) == {"bias", *EVIDENCE}
    assert 0 < promised(0.9, card.promises) < promised(0.95, card.promises) < 1
    unmeasured = [Lines(k.kind, k.evidence, k.right & (k.kind != "photos_multi"), k.whole) for k in kinds]
    keep(unmeasured, tmp_path)
    assert Card.load(tmp_path / "card.json") == card, "photos_multi is kept out of all choices"


def test_a_line_counts_where_all_of_it_is_answered():
    def line(text, unread=0.0):
        return Line(tuple(Digit(label, (0, 0, 9, 9), 0.9) for label in text), (0, 0, 9, 9), evidence={"unread": unread})

    always, sure = Reading((line("12"), line("34"), line("56", 2.0))), Reading((line("1?"), line("34"), line("56", 2.0)))
    assert [(one.text, one.whole) for one in line_answers(always, sure)] == [("12", False), ("34", True), ("56", False)]
    assert not any(one.whole for one in line_answers(always, Reading((), refused="no digits"))), "the page is refused"


def test_the_promises_of_the_network_that_ships_rise():
    promises = Card.load(locate("number").with_name("card.json")).promises
    assert promises, "inkdigits bench confidence --into was not run on it"
    values = [threshold for _, threshold in sorted(promises.items(), key=lambda item: float(item[0]))]
    assert values == sorted(values)
