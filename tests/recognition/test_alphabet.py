"""A written text as the characters of the number network."""

import pytest

from inkdigits.recognition.alphabet import BLANK, CLASSES, OTHER, STRUCK, classes_of, text_of


def named(text):
    return [CLASSES[index] for index in classes_of(text)]


def test_the_blank_comes_first_and_no_name_twice():
    assert CLASSES[0] == BLANK
    assert len(set(CLASSES)) == len(CLASSES) == 22


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        pytest.param("$1,250.50", list("$1,250.50"), id="what is ours stays"),
        pytest.param("(408) 974-3145", list("(408)974-3145"), id="a space is a gap"),
        pytest.param("42A", ["4", "2", OTHER], id="a letter beside digits"),
        pytest.param("30th", ["3", "0", OTHER], id="letters that follow each other are one other"),
        pytest.param("Mr. Smith, 12", [OTHER, "1", "2"], id="a word takes its punctuation along"),
        pytest.param("400.\u2014", list("400.-"), id="a long dash is a dash"),
        pytest.param(f"17{STRUCK}5", ["1", OTHER, "5"], id="struck out is other"),
        pytest.param(f"17{STRUCK}56", ["1", OTHER, "5", "6"], id="and no more than that"),
        pytest.param("3*4=12", ["3", OTHER, "4", OTHER, "1", "2"], id="signs that are not ours"),
        pytest.param("- -", ["-", "-"], id="signs alone"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_classes_of(text, characters):
    assert named(text) == characters


def test_there_and_back():
    assert text_of(classes_of("+12.5%:(3)/7,0$")) == "+12.5%:(3)/7,0$"
    assert text_of(classes_of("4x2")) == "4?2"
