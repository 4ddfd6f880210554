"""The whole way, with the model that ships: what is written is read, and what is not is refused with a reason."""

import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inkdigits import Digit, InputError, Line, ModelError, Reader, Reading, images, read
from inkdigits.models import NOT_A_DIGIT, SHIPPED
from inkdigits.training.evaluate_lines import edit_distance
from inkdigits.training.pen import write
from standins import DigitNetwork, NumberNetwork, row_of_signs

EXAMPLES = Path(__file__).parent.parent / "examples"
TRUTH = {row["file"]: row["truth"].replace("\\n", "\n") for row in csv.DictReader((EXAMPLES / "truth.csv").read_text().splitlines())}

pytestmark = pytest.mark.skipif(not (SHIPPED / "number" / "model.onnx").exists(), reason="no number model ships yet")


@pytest.fixture(scope="module")
def reader():
    return Reader(threshold=0)


def note(text, seed=0, margin=40, **pen):
    """Black ink on light paper: uint8 (h, w)."""
    ink = np.pad(write(text, np.random.default_rng(seed), **pen), margin)
    return np.round(235 * (1 - 0.8 * ink)).astype(np.uint8)


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_the_examples(reader, name):
    assert reader.read(EXAMPLES / name).text == TRUTH[name]


def test_written_digits_are_read(reader):
    rng = np.random.default_rng(5)
    wrong = total = 0
    for seed in range(20):
        text = "".join(str(d) for d in rng.integers(0, 10, 6))
        wrong += edit_distance(reader.read(note(text, seed)).text, text)
        total += len(text)
    assert wrong <= 0.06 * total


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda image: 255 - image, id="light on dark"),
        pytest.param(lambda image: np.dstack([image] * 3), id="colour"),
        pytest.param(lambda image: image.astype(np.uint16) * 257, id="16 bits"),
        pytest.param(lambda image: image / 255, id="floats"),
        pytest.param(lambda image: np.kron(image, np.ones((3, 3), np.uint8)), id="three times as large"),
        pytest.param(lambda image: (image * np.linspace(0.4, 1, image.shape[1])).astype(np.uint8), id="light falls off"),
    ],
)
def test_the_same_whatever_the_image_is_like(reader, change):
    image = note("27", seed=3)
    assert reader.read(change(image)).text == reader.read(image).text == "27"


def test_a_reading_says_where_and_how_sure(reader):
    image = note("27", seed=3)
    reading = reader.read(image, source="note", keep=True)
    assert isinstance(reading, Reading)
    assert reading.source == "note"
    assert reading.model.startswith("digit-")
    assert set(reading.ms) == {"load", "sheet", "ink", "layout", "classify", "read", "account"}
    line = reading.lines[0]
    assert isinstance(line, Line)
    first, second = line.digits
    x, y, width, height = first.box
    assert image[y : y + height, x : x + width].min() < 100, "the box holds ink"
    assert x + width <= second.box[0] + 3
    assert 0 < reading.confidence <= min(first.confidence, second.confidence)
    assert line.confidence == line.certainty
    assert line.candidates[0][0] == "27"
    assert line.value == 27
    assert not reading.needs_review


def test_the_cards_are_those_of_the_models_that_have_a_say(reader):
    assert [card.name for card in reader.cards] == ["digit", "number", "fields", "upright"]
    assert reader.card == reader.cards[0]


def test_predict_gives_one_digit_with_all_probabilities(reader):
    digit = reader.predict(note("8", seed=1))
    assert isinstance(digit, Digit)
    assert digit.label == "8"
    assert [name for name, _ in digit.probabilities] == [*"0123456789", NOT_A_DIGIT]
    assert digit.tile.shape == (28, 28)


def test_one_large_digit_is_read_as_it_is_predicted(reader):
    image = note("4", seed=2, margin=20)
    (line,) = reader.read(image).lines
    (digit,) = line.digits
    assert (digit.label, digit.box) == ("4", reader.predict(image).box)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_blank_paper_is_refused_not_read(reader, level):
    blank = np.full((120, 160), level, np.uint8)
    reading = reader.read(blank)
    assert (reading.text, reading.lines) == ("", ())
    assert "no ink" in reading.refused
    assert reading.needs_review
    digit = reader.predict(blank)
    assert digit.label == "?"
    assert "no ink" in digit.refused


def test_a_threshold_nobody_reaches_answers_nothing():
    reading = Reader(threshold=1.0).read(note("27", seed=0))
    assert reading.text == "??"
    assert reading.needs_review
    assert all(digit.refused for line in reading.lines for digit in line.digits)


def test_many_come_as_they_are_read(reader):
    assert [r.text for r in reader.read_many(note(t, seed=3) for t in ("27", "4"))] == ["27", "4"]


@pytest.fixture
def document(tmp_path):
    """A TIFF of three pages: 27, blank, 4."""
    path = tmp_path / "pages.tiff"
    pages = [note("27", seed=3), np.full((90, 120), 255, np.uint8), note("4", seed=3)]
    path.write_bytes(cv2.imencodemulti(".tiff", pages)[1].tobytes())
    return path


def test_reading_the_first_of_more_pages_warns(reader, document):
    with pytest.warns(UserWarning, match=r"pages\.tiff: only the first of 3 pages is read; Reader\.read_document reads all") as warned:
        assert reader.read(document).text == "27"
    assert warned[0].filename == __file__, "it names the caller's line"
    with pytest.warns(UserWarning, match="^only the first of 3 pages"):
        reader.predict(document.read_bytes())


def test_a_document_is_read_whole(reader, document):
    first, blank, last = reader.read_document(document, keep=True)
    assert [page.page for page in (first, blank, last)] == [1, 2, 3]
    assert {page.source for page in (first, blank, last)} == {str(document)}
    assert (first.text, blank.text, last.text) == ("27", "", "4")
    assert "no ink" in blank.refused
    assert first.image is not None
    (image,) = reader.read_document(EXAMPLES / "number_314159.jpg")
    assert (image.text, image.page) == ("314159", 1)


def test_a_damaged_page_costs_the_others_nothing(reader, document, monkeypatch):
    load = images.load

    def damaged(source, *name):
        opened = load(source, *name)

        def decode(number, side):
            if number == 2:
                raise InputError("pages.tiff", "the TIFF data are damaged", "copy it again")
            return opened.decode(number, side)

        return images.Document(opened.pages, decode)

    monkeypatch.setattr(images, "load", damaged)
    pages = reader.read_document(document)
    assert [page.text for page in pages] == ["27", "", "4"]
    assert pages[1].error == "the TIFF data are damaged; copy it again"
    with pytest.raises(InputError, match="no such file"):
        reader.read_document("nowhere.tiff")


def test_tiles_are_classified(reader):
    found = reader.classify(np.zeros((3, 28, 28), np.float32))
    assert found.shape == (3, 11)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_read_is_a_reader_in_one_call():
    assert read(EXAMPLES / "number_2026_ruled.jpg", threshold=0).text == "2026"


def test_no_such_model():
    with pytest.raises(ModelError, match="digit"):
        Reader(model="nothing").read(note("1"))


def test_a_number_model_for_other_strips_is_refused(monkeypatch):
    network = NumberNetwork("1")
    network.card = replace(network.card, preprocessing={"version": 2})
    monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", network)
    with pytest.raises(ModelError, match=r"made for images of contract .*'version': 2.*train it again"):
        Reader().read(note("27"))


def test_a_number_model_of_other_signs_is_refused(monkeypatch):
    """With a sign more, all that follow would be taken for their neighbours."""
    network = NumberNetwork("1")
    network.card = replace(network.card, classes=(*network.card.classes[:-1], "#", network.card.classes[-1]))
    monkeypatch.setattr("inkdigits.recognition.networks.NumberModel", network)
    with pytest.raises(ModelError, match=r"it knows .* # .*this reader needs .*train it again"):
        Reader().read(note("27"))


def test_a_model_of_other_classes_reads_region_by_region_and_alone(monkeypatch):
    class Signs(DigitNetwork):
        def __init__(self, *names, **odds):
            super().__init__(**odds)
            self.card = replace(self.card, classes=(*"a-cdefghij"[: 11 - len(names)], *names))

    def missed(*_, **__):
        raise AssertionError("the number network is not asked")

    monkeypatch.setattr("inkdigits.recognition.networks.Model", Signs("k", d1=0.9))
    monkeypatch.setattr("inkdigits.recognition.networks.NumberModel.load", missed)
    reader = Reader(digits_only=True, alphabet="digits")
    (line,) = reader.read(row_of_signs("127")).lines
    assert (line.text, line.value, line.candidates) == ("---", None, ()), "a class of that name, and no symbol"
    assert line.confidence == pytest.approx(0.9**3)
    assert reader.predict(row_of_signs("1")).label == "-"
    assert len(reader.cards) == 1
    monkeypatch.setattr("inkdigits.recognition.networks.Model", Signs(NOT_A_DIGIT, none=0.6, d3=0.3))
    texts = [Reader(threshold=threshold).read(row_of_signs("127")).text for threshold in (0, 0.2)]
    assert texts == ["ddd", "???"], "0 always answers"


def test_the_row_says_how_long_each_stage_took(reader, tmp_path):
    path = tmp_path / "note.png"
    cv2.imwrite(str(path), note("31"))
    stages = reader.read(path).ms
    assert set(stages) == {"load", "sheet", "ink", "layout", "classify", "read", "account"}
    assert all(ms > 0 for ms in stages.values())


def test_a_photo_that_is_decoded_smaller_gives_boxes_of_its_own_size(reader, tmp_path):
    photo = cv2.resize(note("31415", height=60, pen=6), None, fx=12, fy=12, interpolation=cv2.INTER_CUBIC)
    path = tmp_path / "photo.jpg"
    cv2.imwrite(str(path), photo)
    small, whole = reader.read(path), reader.read(path, keep=True)
    assert small.text == whole.text == "31415"
    assert whole.image.shape == photo.shape
    np.testing.assert_allclose([d.box for d in small.lines[0].digits], [d.box for d in whole.lines[0].digits], atol=8)


def test_a_tilted_page_gives_boxes_where_its_digits_are(reader):
    level = note("7314205", height=60, pen=6, margin=120)
    height, width = level.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 12, 1)
    tilted = cv2.warpAffine(level, turn, (width, height), borderValue=235)
    before, after = (reader.read(image).lines[0].digits for image in (level, tilted))
    assert [d.label for d in after] == [d.label for d in before] == list("7314205")
    for old, new in zip(before, after, strict=True):
        (x, y), (u, v) = ((box[0] + box[2] / 2, box[1] + box[3] / 2) for box in (old.box, new.box))
        np.testing.assert_allclose((u, v), turn @ (x, y, 1), atol=6)


def test_fine_grain_with_holes_in_it_does_not_break():
    """Found by fuzzing: a mask taken from a smoothed image had strokes without any ink."""
    rng = np.random.default_rng(3)
    for _ in range(12):
        grain = np.where(rng.random((100, 80)) < rng.uniform(0.3, 0.7), 255, rng.integers(0, 255)).astype(np.uint8)
        assert isinstance(Reader(threshold=0).read(np.repeat(grain, rng.integers(1, 3), axis=1)).text, str)


@pytest.mark.parametrize("shape", [(1200, 2), (2, 1200), (2, 2), (3, 900)])
def test_a_strip_that_is_hardly_an_image_is_answered(shape):
    image = np.full(shape, 230, np.uint8)
    image[shape[0] // 3 : 2 * shape[0] // 3 + 1, shape[1] // 3 : 2 * shape[1] // 3 + 1] = 20
    for look in (Reader().read, Reader().predict):
        look(image)
    assert Reader().read(image).needs_review


def test_an_unsure_digit_is_checked_by_the_number_network(monkeypatch):
    """Blurred until the digit model doubts: then both have a word, and what is no digit to the first one stays as likely."""
    rng = np.random.default_rng(0)
    alone, both = Reader(threshold=0), Reader(threshold=0)
    with monkeypatch.context() as patch:  # one that knows nothing says the same of every digit
        patch.setattr("inkdigits.recognition.networks.NumberModel", NumberNetwork([dict.fromkeys("0123456789", 0.1)]))
        alone.predict(cv2.GaussianBlur(note("4", 4, margin=20), (0, 0), 5))
        assert alone.cards[1].name == "number"
    changed = 0
    for seed in range(40):
        image = cv2.GaussianBlur(note(str(seed % 10), seed, margin=20), (0, 0), rng.uniform(4, 7))
        first, second = (dict(reader.predict(image).probabilities) for reader in (alone, both))
        assert second[NOT_A_DIGIT] == pytest.approx(first[NOT_A_DIGIT], abs=1e-5)
        assert sum(second.values()) == pytest.approx(1, abs=1e-4)
        sure = max(p for name, p in first.items() if name != NOT_A_DIGIT) >= 0.95
        assert not sure or second == first
        changed += second != pytest.approx(first, abs=1e-4)
    assert changed > 3


def test_what_a_decoder_warned_of_is_a_reason_to_look() -> None:
    """A JPEG whose middle is missing: libjpeg fills the rest with grey, and says so to nobody but who asks."""
    page = np.full((120, 160), 230, np.uint8)
    cv2.putText(page, "7", (40, 90), cv2.FONT_HERSHEY_SIMPLEX, 3, 30, 7)
    whole = cv2.imencode(".jpg", page)[1].tobytes()
    torn = whole[:-60] + whole[-2:]
    reader = Reader(threshold=0)
    assert not reader.read(whole).needs_review
    reading = reader.read(torn)
    assert (reading.text, reading.needs_review, reading.review_reasons) == ("7", True, ("damaged",))
    assert reading.to_dict()["review_reasons"] == ["damaged"]
    with pytest.warns(UserWarning, match="the image: the file may be damaged"):
        assert reader.predict(torn).label == "7"
