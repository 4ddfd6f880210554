"""What people said of a store is what networks learn from, and what may not be what is written is left out, and counted."""

import cv2
import numpy as np
import pytest

pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")

from stored_forms import filled, form, picture, value

from inkdigits.forms.corrected import corrected
from inkdigits.forms.ledger import Reviewer
from inkdigits.forms.reviewing import Reviewing
from inkdigits.forms.store import Store

ANN = Reviewer("Ann", "a")


@pytest.fixture
def said(database):
    """A function that fills a store, lets a person say what its fields are, by name, and gives what can be learned."""

    def of(*forms, undo=False, **texts):
        filled(database, *forms)
        with Store(database) as store:
            work = Reviewing(store)
            while (batch := work.claim(ANN, "field"))["stage"]:
                for number, shown in enumerate(batch["fields"]):
                    token = f"{shown['task']} {number}"
                    work.say_field(ANN, token, shown["task"], shown["sequence"], texts.get(shown["name"], shown["text"]), insist=True)
            if undo:
                work.undo(ANN, "undo")
            return corrected(store)

    return of


def unsure(name, read, **more):
    return value(name, read, "unsure", tiles=False, **more)


def test_what_was_said_goes_with_what_the_network_saw(said):
    found = said(form(1, unsure("a", "71"), value("b", "5")), form(2, unsure("a", "12")), a="77")
    assert [(one.text, one.image.shape) for one in found.known] == [("77", shape("71")), ("77", shape("12"))]
    assert len({one.group for one in found.known}) == 2
    assert not found.left_out


def shape(text):
    return cv2.imdecode(np.frombuffer(picture(text), np.uint8), cv2.IMREAD_GRAYSCALE).shape


def test_a_value_that_was_right_teaches_too(said):
    assert [one.text for one in said(form(1, unsure("a", "71"))).known] == ["71"]


def test_other_signs_than_were_read_are_left_out(said):
    found = said(
        form(1, unsure("day", "2026-11-24", text="24/11/2026")), form(2, unsure("day", "2026-11-24", text="24.11.2026")), day="25/11/2026"
    )
    assert [one.text for one in found.known] == ["25/11/2026"]
    assert found.left_out == {"other signs than were read": 1}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "empty, struck out or unreadable", id="empty"),
        pytest.param("4?", "empty, struck out or unreadable", id="unreadable"),
        pytest.param("struck out", "empty, struck out or unreadable", id="struck out"),
        pytest.param("12A", "no number", id="a letter"),
    ],
)
def test_what_is_no_number_is_left_out(said, text, reason):
    found = said(form(1, unsure("a", "71")), a=text)
    assert not found.known
    assert found.left_out == {reason: 1}


def test_what_fails_its_checks_but_stands_there_teaches(said):
    assert [one.text for one in said(form(1, unsure("a", "71")), a="999").known] == ["999"]


def test_what_was_taken_back_teaches_nothing(said):
    found = said(form(1, unsure("a", "71")), undo=True)
    assert not found.known
    assert not found.left_out


def test_history_teaches_nothing(said, database):
    assert len(said(form(1, unsure("a", "71"))).known) == 1
    filled(database, form(1, unsure("a", "71")), overwrite=True)
    with Store(database) as store:
        assert not corrected(store).known
