"""What the texts of a field come to, against numbers that were worked out by hand."""

import pytest

from inkdigits.forms.decide import decided
from inkdigits.forms.fieldtypes import Integer
from inkdigits.forms.reading import FieldValue
from inkdigits.recognition.alphabet import CLASSES
from inkdigits.recognition.decode import Candidate
from inkdigits.recognition.signs import Checked

WEIGHTS = {"bias": 0.0, "rivals": 1.0, "path": 1.0, "unread": -2.0}
SEVERAL = (("1,200", 0.5), ("1200", 0.3), ("1700", 0.15))
"""Two ways to write one number, and another."""


def text(of):
    """A text as indices of CLASSES."""
    return tuple(CLASSES.index(character) for character in of)


def field(texts=SEVERAL, kind=None, *, path=-1.0, unread=0, prior=None, least=0.5, weights=None):
    """What a field comes to whose texts have these probabilities; path: the network's logarithm of the first one's."""
    checked = Checked(tuple(Candidate(text(one), p) for one, p in texts), (), 0.0, {"path": path})
    priors = {text(one): much for one, much in (prior or {}).items()}
    return decided(FieldValue("total"), kind or Integer(), checked, unread, priors, least, weights or WEIGHTS)


def test_the_texts_of_one_value_count_together():
    """Its odds are 0.8 to 0.2, and the path of both texts is 0.8 / 0.5 as likely as that of the first: ln 4 - 1 + ln 1.6 = 0.8563."""
    found = field()
    assert (found.value, found.text, found.status, found.note) == ("1200", "1,200", "ok", "")
    assert found.candidates == (("1200", pytest.approx(0.8)), ("1700", 0.15))
    assert found.confidence == pytest.approx(0.70188, abs=1e-5)


def test_the_likeliest_value_counts_and_not_the_likeliest_text():
    found = field((("1700", 0.4), ("1,200", 0.35), ("1200", 0.2)))
    assert (found.value, found.text) == ("1200", "1,200")


def test_a_mark_that_was_not_read_makes_it_less_sure():
    """0.8563 - 2."""
    assert field(unread=1).confidence == pytest.approx(0.24164, abs=1e-5)


@pytest.mark.parametrize(("path", "sure"), [(-0.1, 0.5), (-0.47, 0.5), (-1.47, 0.26895)])
def test_no_path_is_likelier_than_certain(path, sure):
    assert field(path=path, weights={"path": 1.0}).confidence == pytest.approx(sure, abs=1e-4)


@pytest.mark.parametrize(("least", "status"), [(0.7018, "ok"), (0.7019, "unsure")])
def test_what_is_less_sure_than_is_asked_for_is_unsure(least, status):
    assert field(least=least).status == status


def test_nothing_is_surer_than_the_surest():
    assert field(weights={"bias": 20.0}).confidence == 0.9999


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        pytest.param(Integer(), "picked by the type", id="the type alone"),
        pytest.param(Integer(values=("1200", "1700")), "picked by the list", id="a list"),
    ],
)
@pytest.mark.parametrize(("much", "picked"), [(5.0, False), (6.0, True)])
def test_what_only_a_constraint_makes_likeliest_says_so(kind, note, much, picked):
    """Without what is known of it 1200 has 0.8 / 5 = 0.16, or 0.8 / 6 = 0.133; 1700 has 0.15."""
    found = field(kind=kind, prior={"1,200": much, "1200": much})
    assert (found.value, found.note) == ("1200", note if picked else "")


def test_a_value_that_fails_a_check_is_invalid_and_says_which():
    found = field(kind=Integer(maximum=1000))
    assert (found.value, found.text, found.status) == ("1200", "1,200", "invalid")
    assert found.note == Integer(maximum=1000).problem("1,200")
    assert found.note


def test_a_text_that_is_none_of_the_type_has_no_value():
    found = field((("12.5", 0.9), ("125", 0.05)))
    assert (found.value, found.text, found.status, found.note) == ("", "12.5", "invalid", "not an integer")
    assert found.candidates == (("125", 0.05),)


def test_where_nothing_fits_nobody_is_sure():
    found = field(())
    assert (found.value, found.confidence, found.status, found.note) == ("", 0.0, "unsure", "nothing that is allowed fits")
