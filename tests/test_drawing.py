"""Pictures of readings. They are looked at by eye while being made; here it is held that they show what they must, at any size."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from inkdigits.drawing.canvas import LEFT
from inkdigits.drawing.readings import LARGEST, SMALLEST, SURE, UNSURE, annotate, encode, predict_picture
from inkdigits.errors import Error
from inkdigits.explaining import explain_picture
from inkdigits.layout.flat import as_it_is
from inkdigits.layout.ink import Ink
from inkdigits.lines import Digit, LeftOut, Line
from inkdigits.reading import Reading

ALL = tuple((str(n), 0.91 if n == 3 else 0.01) for n in range(10))


def digit(label: str, box: tuple[int, int, int, int], **facts: object) -> Digit:
    tile = np.zeros((28, 28), np.float32)
    tile[4:24, 12:16] = 1
    return Digit(label, box, 0.91, (("8", 0.01), ("5", 0.01)), **{"probabilities": ALL, "tile": tile, **facts})


def reading(image: np.ndarray, *labels: str, **facts: object) -> Reading:
    height, width = image.shape[:2]
    step = width // max(len(labels), 1)
    digits = tuple(digit(label, (step * i, height // 4, max(1, step // 2), height // 2)) for i, label in enumerate(labels))
    lines = (Line(digits, (0, height // 4, width, height // 2)),) if digits else ()
    return Reading(lines, "a.png", image=image, **facts)


def has(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((picture == colour).all(axis=2).any())


IMAGES = [
    pytest.param(np.full((28, 28), 255, np.uint8), id="28 x 28, grey"),
    pytest.param(np.full((2, 2), 255, np.uint8), id="2 x 2"),
    pytest.param(np.full((480, 640, 3), 90, np.uint8), id="a photo"),
    pytest.param(np.full((3000, 2000, 3), 255, np.uint8), id="a large photo"),
    pytest.param(np.full((20, 900, 3), 255, np.uint8), id="a strip"),
    pytest.param(np.full((900, 20), 0, np.uint8), id="a column"),
]


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("labels", ["", "3", "3?", "314159265"])
def test_every_picture_can_be_made_of_any_image(image: np.ndarray, labels: str) -> None:
    row = reading(image, *labels, refused=None if labels else "no ink: nothing stands out from the paper")
    before = image.copy()
    shape = max(1, round(image.shape[0] / 18.75)), max(1, round(image.shape[1] / 18.75))
    trace = SimpleNamespace(
        image=image, sheet=as_it_is(image), ink=Ink(np.zeros(shape, np.float32), np.zeros(shape, bool), 2.0, 18.75), reading=row
    )
    for picture in (annotate(row), predict_picture(row), explain_picture(trace)):
        assert picture.dtype == np.uint8
        assert picture.ndim == 3
        assert picture.shape[2] == 3
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(("long", "expected"), [(28, SMALLEST), (1000, 1000), (4000, LARGEST)])
def test_annotated_pictures_have_a_size_to_look_at(long: int, expected: int) -> None:
    assert annotate(reading(np.full((long // 2, long), 255, np.uint8), "3")).shape[1] == expected


@pytest.mark.parametrize("image", [np.full((300, 400, 3), level, np.uint8) for level in (0, 128, 255)])
def test_answers_are_blue_and_question_marks_orange(image: np.ndarray) -> None:
    for labels, colours in (("33", {SURE}), ("??", {UNSURE}), ("3?", {SURE, UNSURE})):
        picture = annotate(reading(image, *labels))[:400]
        assert {colour for colour in (SURE, UNSURE) if has(picture[:440], colour)} >= colours
    assert not has(annotate(reading(image, *"33")), UNSURE)


def test_boxes_are_where_the_digits_are() -> None:
    image = np.full((800, 1000, 3), 255, np.uint8)
    row = Reading((Line((digit("3", (400, 300, 100, 200)),), (400, 300, 100, 200)),), image=image)
    blue = (annotate(row)[:800] == SURE).all(axis=2)
    _, xs = np.nonzero(blue[302:498])
    assert 394 <= xs.min() <= 400
    assert 500 <= xs.max() <= 506


def test_what_was_left_out_is_drawn_on_the_picture_and_in_explain() -> None:
    image = np.full((300, 400), 255, np.uint8)
    row = reading(image, "3", left_out=(LeftOut((300, 100, 60, 120), "letter"),), doubts=("unread",))
    trace = SimpleNamespace(
        image=image, sheet=as_it_is(image), ink=Ink(np.zeros((150, 200), np.uint8), np.zeros((150, 200), bool), 2.0, 2.0), reading=row
    )
    for picture in (annotate(row), explain_picture(trace)):
        assert has(picture, LEFT)
    assert not has(annotate(reading(image, "3")), LEFT)


def test_a_sign_that_was_read_without_a_tile_is_drawn_too() -> None:
    """A comma, which the digit model was not asked about, and of which nothing else is likely."""
    image = np.full((300, 400), 255, np.uint8)
    digits = (digit("3", (20, 60, 60, 150)), Digit(",", (90, 60, 40, 150), 0.9), digit("5", (150, 60, 60, 150)))
    row = Reading((Line(digits, (20, 60, 190, 150), 0.8, (("3,5", 0.8),), 3.5),), image=image)
    trace = SimpleNamespace(
        image=image, sheet=as_it_is(image), ink=Ink(np.zeros((150, 200), np.uint8), np.zeros((150, 200), bool), 2.0, 2.0), reading=row
    )
    for picture in (annotate(row), explain_picture(trace)):
        assert has(picture, SURE)
        assert not has(picture, UNSURE)


def test_a_refusal_shows_no_box_and_its_reason() -> None:
    image = np.full((300, 400), 255, np.uint8)
    assert not has(annotate(reading(image, refused="no ink")), SURE)
    assert has(annotate(reading(image, refused="no ink")), UNSURE)


def test_an_image_that_was_not_kept_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="keep=True"):
        annotate(Reading(()))


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_encode_keeps_the_colours(suffix: str) -> None:
    picture = np.full((20, 20, 3), SURE, np.uint8)
    back = cv2.imdecode(np.frombuffer(encode(picture, suffix), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_allclose(back[10, 10], SURE, atol=6)


@pytest.mark.parametrize("suffix", [".docx", ""])
def test_encode_names_a_suffix_that_it_cannot_write(suffix: str) -> None:
    with pytest.raises(Error, match=r"\.png or \.jpg"):
        encode(np.zeros((4, 4, 3), np.uint8), suffix)
