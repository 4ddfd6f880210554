"""How a reader is asked to answer, with networks that stand in: they see in each sign what the test says."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from inkdigits import Reader
from inkdigits.errors import ModelError
from inkdigits.layout.maps import CORE, PAPER, WRITING
from inkdigits.models import NOT_A_DIGIT
from inkdigits.options import Options
from inkdigits.recognition.alphabet import OTHER
from standins import BlankPage, DigitNetwork, NumberNetwork, row_of_signs

SURE = {"threshold": 0.5}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param({"threshold": 1.5}, r"threshold must be in \[0, 1\], not 1.5", id="above 1"),
        pytest.param({"threshold": -0.1}, "threshold", id="below 0"),
        pytest.param({"threshold": float("nan")}, "threshold", id="not a number"),
        pytest.param({"sure": 1.0}, "sure must be above 0 and below 1, not 1.0", id="nobody is that sure"),
        pytest.param({"sure": 0.0}, "sure", id="sure of nothing"),
        pytest.param({"sure": 0.9, "threshold": 0.9}, "sure and threshold are two answers", id="a promise and a threshold"),
        pytest.param({"alphabet": ""}, "alphabet must be digits, or some of 0123456789", id="no sign"),
        pytest.param({"alphabet": "0123x"}, "x is not known", id="a sign that is not ours"),
        pytest.param({"alphabet": "letters"}, "alphabet", id="a name that is none"),
        pytest.param({"decimal": ","}, "decimal must be point or comma, not ','", id="the mark itself"),
        pytest.param({"decimal": ""}, "decimal", id="no decimal"),
    ],
)
def test_what_cannot_be(options, reason):
    for make in (Options, Reader):
        with pytest.raises(ValueError, match=reason):
            make(**options)


def test_what_may_be_written():
    assert Options().allowed is None
    assert Options(alphabet="digits").allowed == Options(alphabet="9876543210").allowed == list(range(1, 11))
    assert len(Options(alphabet="0123456789.,").allowed) == 12
    assert Options(0.0) == Options(threshold=0) != Options()


@pytest.fixture
def reads(monkeypatch):
    """Reads a row of signs in which the number network sees these signs, and the digit model what is said of it: nothing in particular."""

    def read(text, seen=None, *, digit=None, **options):
        monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", NumberNetwork(seen or text))
        monkeypatch.setattr("inkdigits.recognition.networks.Model", digit or DigitNetwork())
        monkeypatch.setattr("inkdigits.recognition.networks.FieldsModel", BlankPage())
        return Reader(**options).read(row_of_signs(text))

    return read


def test_a_number_is_read_with_its_signs_each_in_its_place(reads):
    reading = reads("1,250", **SURE)
    (line,) = reading.lines
    assert (reading.text, reading.needs_review, reading.left_out) == ("1,250", False, ())
    for place, digit in enumerate(line.digits, start=1):  # of 60 pixels each
        left, top, width, height = digit.box
        rows, columns = np.nonzero(row_of_signs("1,250")[:, 60 * place : 60 * (place + 1)] < 100)
        assert left <= 60 * place + columns.min() + 2 <= 60 * place + columns.max() - 2 <= left + width
        assert rows.min() < top + height
        assert top < rows.max()
    first, comma, *_ = line.digits
    assert (first.tile.shape, comma.tile) == ((28, 28), None), "the digit model was asked about digits"
    assert line.confidence == line.certainty > 0.8
    assert line.candidates[0] == ("1,250", pytest.approx(1, abs=0.01))


@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        pytest.param({}, "1,250", None, id="it may be either"),
        pytest.param({"decimal": "comma"}, "1,250", 1.25, id="decimals after a comma"),
        pytest.param({"decimal": "point"}, "1,250", 1250, id="thousands before a comma"),
        pytest.param({"digits_only": True}, "1250", None, id="the text alone has digits only"),
        pytest.param({"digits_only": True, "decimal": "comma"}, "1250", 1.25, id="the value is of what is written"),
    ],
)
def test_how_decimals_are_written_and_whether_symbols_are_told(reads, options, text, value):
    reading = reads("1,250", **SURE, **options)
    assert (reading.text, reading.lines[0].value) == (text, value)
    assert reading.lines[0].candidates[0][0] == "1,250"


def test_a_number_in_doubt_has_no_value(reads):
    seen = ["1", {"2": 0.6, "7": 0.4}, "5"]
    assert reads("125", seen, **SURE).lines[0].value == 125
    doubtful = reads("125", seen, threshold=0.9).lines[0]
    assert (doubtful.text, doubtful.value) == ("1?5", None)
    assert dict(doubtful.candidates[:2]) == {"125": pytest.approx(0.6, abs=0.01), "175": pytest.approx(0.4, abs=0.01)}
    whole = reads("125", seen)
    assert (whole.text, whole.lines[0].value, whole.review_reasons) == ("125", None, ("unsure",)), "each sign is sure enough, the line not"


@pytest.mark.parametrize(
    ("alphabet", "text"),
    [
        pytest.param(None, "1-5", id="all"),
        pytest.param("digits", "175", id="digits"),
        pytest.param("0123456789.,", "175", id="digits and marks"),
        pytest.param("15-", "1-5", id="few"),
    ],
)
def test_only_what_may_be_written_is_searched_for(reads, alphabet, text):
    seen = ["1", {"-": 0.7, "7": 0.2, "1": 0.1}, "5"]
    assert reads("175", seen, threshold=0, alphabet=alphabet).text == text


def test_the_digit_model_brings_nothing_back_that_may_not_be_written(reads):
    seen = [{"1": 0.9, "7": 0.1}, {"7": 0.9, "2": 0.1}]
    assert reads("12", seen, threshold=0, alphabet="123", digit=DigitNetwork(d7=0.98)).text == "12"


def test_what_is_no_number_is_a_question_and_named(reads):
    reading = reads("42A", ["4", "2", OTHER], **SURE)
    assert (reading.text, reading.review_reasons) == ("42?", ("unread", "unsure"))
    assert [mark.reason for mark in reading.left_out] == ["letter"]
    assert reading.lines[0].candidates[0][0] == "42?"
    assert reads("42A", ["4", "2", OTHER], threshold=0).text == "42", "what is answered is numbers"
    assert reads("A", [OTHER], **SURE).text == ""


def test_what_neither_network_takes_for_a_digit_is_refused_though_it_may_be_one(reads):
    seen = ["4", {"7": 0.5, OTHER: 0.4, "1": 0.1}, "2"]
    line = reads("472", seen, digit=DigitNetwork(none=0.9), threshold=0.3).lines[0]
    assert line.text == "4?2"
    assert NOT_A_DIGIT in dict(line.digits[1].alternatives)


def test_a_digit_that_the_network_overlooked_is_a_doubt(reads):
    whole, dropped = reads("142", threshold=0), reads("142", ["", "4", "2"], threshold=0)
    assert (whole.text, dropped.text) == ("142", "42")
    assert "unread" in dropped.review_reasons
    assert dropped.confidence < 0.2 < whole.confidence
    spot = reads("142", ["", "4", "2"], threshold=0, digit=DigitNetwork(none=0.95))
    assert spot.confidence > 0.8, "what is no digit may be overlooked"


@pytest.mark.parametrize(
    ("digit", "reasons"),
    [
        pytest.param(DigitNetwork(d4=0.9), ("unread",), id="digits"),
        pytest.param(DigitNetwork(none=0.97), (), id="a word"),
    ],
)
def test_a_line_of_which_nothing_was_read_is_a_doubt_where_it_may_be_digits(monkeypatch, digit, reasons):
    monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", NumberNetwork("12", blind=True))
    monkeypatch.setattr("inkdigits.recognition.networks.Model", digit)
    upper, lower = row_of_signs("12"), row_of_signs("4589")
    page = np.vstack([np.pad(upper, ((0, 0), (0, lower.shape[1] - upper.shape[1])), constant_values=230), lower])
    reading = Reader(threshold=0).read(page)
    assert (reading.text, reading.review_reasons) == ("12", reasons)
    assert len(reading.left_out) == 4


def test_signs_beside_all_ink_are_told_and_the_ink_is_a_doubt(reads, monkeypatch):
    """The network sees a digit where there is paper, and none where there is ink."""

    class Beside(NumberNetwork):
        def frames(self, images):
            frames = super().frames(images)
            empty = np.zeros_like(frames[0, 0])
            empty[self.card.classes.index("7")] = 1
            frames[0, 1] = empty
            return frames

    monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", Beside([""] * 2))
    monkeypatch.setattr("inkdigits.recognition.networks.Model", DigitNetwork())
    reading = Reader(threshold=0).read(row_of_signs("12"))
    assert reading.text == "7"
    assert len(reading.left_out) == 2
    assert "unread" in reading.review_reasons


@pytest.mark.parametrize(("threshold", "label"), [(0, "7"), (0.3, "?")])
def test_one_digit_that_is_likelier_none_is_told_with_all_its_probabilities(monkeypatch, threshold, label):
    monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", NumberNetwork("7"))
    monkeypatch.setattr("inkdigits.recognition.networks.Model", DigitNetwork(none=0.6, d7=0.35))
    digit = Reader(threshold=threshold).predict(row_of_signs("7"))
    assert (digit.label, digit.confidence > 0.3) == (label, True)
    assert dict(digit.probabilities)[NOT_A_DIGIT] == pytest.approx(0.6, abs=1e-5)
    assert digit.tile.shape == (28, 28)


def test_one_digit_is_asked_of_both_networks_where_the_digit_model_is_unsure(monkeypatch):
    seven = row_of_signs("7")
    unsure, sure = DigitNetwork(d1=0.5, d7=0.4), DigitNetwork(d1=0.97)
    said = {}
    for name, digit, sign in (("neither", unsure, {"1": 0.5, "7": 0.5}), ("both", unsure, {"7": 1.0}), ("one", sure, {"7": 1.0})):
        monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", NumberNetwork([sign]))
        monkeypatch.setattr("inkdigits.recognition.networks.Model", digit)
        said[name] = Reader(threshold=0).predict(seven)
    assert {name: digit.label for name, digit in said.items()} == {"neither": "1", "both": "7", "one": "1"}
    assert dict(said["one"].probabilities) == pytest.approx(dict(zip(sure.card.classes, sure.odds.tolist(), strict=True)))
    for name in ("neither", "both"):
        odds = dict(said[name].probabilities)
        assert odds[NOT_A_DIGIT] == pytest.approx(unsure.odds[-1], abs=1e-5), "what is no digit to the digit model stays as likely"
        assert sum(odds.values()) == pytest.approx(1, abs=1e-4)


def promising(signs, **promises):
    """A number network whose card promises."""
    network = NumberNetwork(signs)
    network.card = replace(network.card, promises={f"0.{share[1:]}": threshold for share, threshold in promises.items()})
    return network


@pytest.fixture
def reader(monkeypatch):
    """A Reader that sees a 1, a 5, and between them more likely a 2 than a 7; 0.9 is promised from 0.5 on, 0.95 from 0.99."""
    monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", promising(["1", {"2": 0.6, "7": 0.4}, "5"], p9=0.5, p95=0.99))
    monkeypatch.setattr("inkdigits.recognition.networks.Model", DigitNetwork())
    return lambda **options: Reader(**options)


def test_a_promise_decides_which_line_is_sure(reader):
    line = row_of_signs("125")
    usual, kept, broken = (reader(**options).read(line) for options in ({}, {"sure": 0.9}, {"sure": 0.93}))
    assert 0.5 < usual.confidence < 0.95
    assert usual.text == kept.text == broken.text == "125", "positions are answered as without it"
    assert (usual.review_reasons, kept.review_reasons, broken.review_reasons) == (("unsure",), (), ("unsure",))
    assert (usual.value, kept.value, broken.value) == (None, 125, None)


def test_what_is_not_promised_is_an_error(reader):
    with pytest.raises(ModelError, match=r"sure 0.99: no more than 0.95 is promised.*; ask for less, or give a threshold"):
        reader(sure=0.99).read(row_of_signs("125"))
    with pytest.raises(ModelError, match="nothing is promised of a single digit"):
        reader(sure=0.9).predict(row_of_signs("1"))


def test_a_model_of_other_classes_promises_nothing(monkeypatch, reader):
    letters = DigitNetwork()
    letters.card = replace(letters.card, classes=tuple("abcdefghijk"))
    monkeypatch.setattr("inkdigits.recognition.networks.Model", letters)
    with pytest.raises(ModelError, match="nothing is promised of a model of other classes"):
        reader(sure=0.9).promised(0.9)


def test_agreement_does_not_stretch_a_promise(monkeypatch, reader):
    for said, review in (("125", ("unsure",)), ("175", ("unsure",))):
        monkeypatch.setattr("inkdigits.recognition.networks.SecondOpinion", lambda said=said: SimpleNamespace(read=lambda crop: said))
        alone, both = reader(sure=0.95).read(row_of_signs("125")), reader(sure=0.95, second_opinion=True).read(row_of_signs("125"))
        assert both.confidence <= alone.confidence
        assert both.review_reasons == review
    monkeypatch.setattr("inkdigits.recognition.networks.SecondOpinion", lambda: SimpleNamespace(read=lambda crop: "175"))
    assert reader(sure=0.9, second_opinion=True).read(row_of_signs("125")).needs_review, "0.9 would be promised without it"


class HalfByHand(BlankPage):
    """To it the upper half of a page is the core of a number, and the lower half rather print."""

    def load(self, *_, **__):
        return self

    def maps(self, pages):
        maps = super().maps(pages)
        half = maps.shape[1] // 2
        maps[:, :half, :, CORE], maps[:, half:, :, CORE], maps[:, half:, :, WRITING] = 0.95, 0.4, 0.5
        maps[..., PAPER] = 1 - maps[..., CORE] - maps[..., WRITING]
        return maps


def test_printed_numbers_are_read_where_they_are_asked_for(reads, monkeypatch):
    reads("12")
    monkeypatch.setattr("inkdigits.recognition.networks.FieldsModel", HalfByHand())
    sheet = np.vstack([row_of_signs("12"), row_of_signs("12")])
    handwritten, both = Reader(**SURE).read(sheet), Reader(printed=True, **SURE).read(sheet)
    assert [(one.text, one.kind) for one in handwritten.fields] == [("12", "handwritten")]
    assert [(one.text, one.kind) for one in both.fields] == [("12", "handwritten"), ("12", "print")]
    assert [one.field()["kind"] for one in both.fields] == ["handwritten", "print"]
    assert handwritten.fields[0].box == both.fields[0].box
    (left,) = handwritten.left_out
    ys, xs = np.nonzero(sheet[180:] < 100)
    x, y, width, height = left.box
    assert left.reason == "print"
    assert x <= xs.min() <= xs.max() < x + width
    assert y <= 180 + ys.min() <= 180 + ys.max() < y + height, "one box round all of the row"
    assert not handwritten.needs_review


def test_words_in_which_no_number_was_read_are_print_too(reads, monkeypatch):
    """Print is read where it is asked for, and what is read may be nothing."""
    reads("AB", (OTHER, OTHER))
    monkeypatch.setattr("inkdigits.recognition.networks.FieldsModel", HalfByHand())
    words = Reader(printed=True, **SURE).read(np.vstack([np.full((180, 240), 230, np.uint8), row_of_signs("AB")]))
    assert words.refused
    assert [left.reason for left in words.left_out] == ["print"]
