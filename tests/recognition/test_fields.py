"""Fields cut out of images, and what is read of them. The network is a stand-in that sees which columns are dark."""

import cv2
import numpy as np
import pytest

from inkdigits.layout.grouping import lines
from inkdigits.layout.ink import Ink
from inkdigits.layout.regions import regions
from inkdigits.recognition.alphabet import CLASSES
from inkdigits.recognition.fields import Field, cropped, field_of, strip_width
from inkdigits.recognition.numbers import look
from inkdigits.recognition.strips import HEIGHT, strip


def page(*boxes, turn=0.0, size=(120, 400)):
    """Filled boxes (x, y, width, height) on paper, turned about the middle by so many degrees: uint8 (h, w), 230 = paper."""
    image = np.full(size, 230, np.uint8)
    for x, y, w, h in boxes:
        cv2.rectangle(image, (x, y), (x + w - 1, y + h - 1), 30, -1)
    way = cv2.getRotationMatrix2D((size[1] / 2, size[0] / 2), turn, 1.0)
    return cv2.warpAffine(image, way, size[::-1], borderValue=230)


def row_of(image):
    return sorted(regions(image < 128), key=lambda r: r.x)


def ones_of(strips):
    """A 1 in the middle of every dark stretch, with some doubt whether it is a 7: float32 (1, W / 2, K)."""
    frames = np.full((strips.shape[2] // 2, len(CLASSES)), 1e-5, np.float32)
    dark = strips[0, HEIGHT // 2, ::2] > 0.5
    frames[:, 0] = 1
    begins, ends = (np.flatnonzero(np.diff(dark.astype(int), prepend=0, append=0) == step) for step in (1, -1))
    for begin, end in zip(begins, ends, strict=True):
        frames[(begin + end) // 2] = 1e-5
        frames[(begin + end) // 2, [CLASSES.index("1"), CLASSES.index("7")]] = 0.9, 0.1
    return (frames / frames.sum(axis=1, keepdims=True))[None]


BOXES = [(60, 40, 8, 40), (120, 40, 8, 40), (200, 40, 8, 40), (300, 40, 8, 40)]


@pytest.mark.parametrize("turn", [0, 3, 8, -8])
def test_a_field_is_level_and_has_room_around(turn):
    image = page(*BOXES, turn=turn)
    crop = cropped(image, field_of(row_of(image), 1.0, image.shape))
    assert 50 <= len(crop) <= 75
    ys = [np.flatnonzero((crop[:, part] < 128).any(axis=1)) for part in np.array_split(np.arange(crop.shape[1]), 2)]
    assert abs(ys[0].mean() - ys[1].mean()) <= 2
    assert (crop[[0, -1]] > 128).all()


def test_a_field_ends_with_the_image():
    image = page((2, 2, 8, 40), (385, 4, 8, 40), size=(48, 400))
    field = field_of(row_of(image), 1.0, image.shape)
    assert (field.left, field.right) == (0, 400)
    assert cropped(image, field).shape == (48, 400)


def test_a_field_of_a_page_looked_at_in_small_is_one_of_the_page():
    image = page(*BOXES)
    small = cv2.resize(image, (200, 60), interpolation=cv2.INTER_AREA)
    a, b = field_of(row_of(image), 1.0, image.shape), field_of(row_of(small), 2.0, image.shape)
    for name in ("left", "right", "top", "bottom", "level"):
        assert getattr(a, name) == pytest.approx(getattr(b, name), abs=4)


def test_what_reaches_into_another_line_makes_no_field_higher():
    image = page(*BOXES, (340, 0, 8, 120))
    assert field_of(row_of(image), 1.0, image.shape).height < 140  # not 180, as with all of it


@pytest.mark.parametrize("turn", [0, 6])
def test_every_character_is_read_where_it_stands(turn):
    image = page(*BOXES, turn=turn)
    row = row_of(image)
    seen = look(image, field_of(row, 1.0, image.shape), ones_of)
    best = seen.candidates()[0]
    (characters,) = seen.characters([best.text])
    assert [c.label for c in characters] == ["1"] * 4
    for character, region in zip(characters, row, strict=True):
        assert character.middle == pytest.approx(region.x + region.width / 2, abs=6)  # a frame is 4 pixels wide
        assert character.left < region.x + region.width / 2 < character.right
    assert best.probability == pytest.approx(0.9**4, abs=0.03)
    assert seen.probabilities([best.text, (1,)]) == pytest.approx([best.probability, 0.0], abs=0.01)


def test_an_alphabet_constrains_the_search():
    image = page(*BOXES)
    seen = look(image, field_of(row_of(image), 1.0, image.shape), ones_of, allowed=[CLASSES.index("7")])
    assert seen.candidates()[0].text == (CLASSES.index("7"),) * 4


def test_a_field_where_nothing_is_seen():
    image = page((60, 40, 8, 40))
    field = field_of(row_of(image), 1.0, image.shape)
    seen = look(np.full_like(image, 230), field, ones_of)
    assert seen.candidates()[0].text == ()
    assert seen.characters([()]) == [()]


def test_a_text_with_more_characters_than_frames_has_no_places():
    image = page((60, 40, 8, 40))
    assert look(image, field_of(row_of(image), 1.0, image.shape), ones_of).characters([(1,) * 500]) == [()]


def test_lines_of_the_layout_are_fields():
    image = page(*BOXES)
    ink = Ink(255 - image, image < 128, 8.0, 1.0)
    (row,) = lines(ink)
    field = field_of(row, ink.scale, image.shape)
    assert strip(cropped(image, field), strip_width(cropped(image, field), 1.0)).shape[0] == HEIGHT


def test_a_field_that_hardly_leans_is_cut_out_level_around_its_middle():
    """It falls by 4 pixels over its 200, less than 0.08 of its height of 60: its middle is in row 50 + 0.02 x 200 = 54."""
    grey = np.repeat(np.arange(120, dtype=np.uint8)[:, None], 400, axis=1)
    crop = cropped(grey, Field(left=100, right=300, level=50, slope=0.02, top=-30, bottom=30))
    assert crop.shape == (60, 200)
    assert (crop == np.arange(24, 84)[:, None]).all()


@pytest.mark.parametrize(
    ("level", "left", "shape", "row"),
    [
        pytest.param(500.0, 100.0, (1, 200), 119, id="below it: its last row"),
        pytest.param(-500.0, 100.0, (1, 200), 0, id="above it: its first row"),
        pytest.param(500.0, 900.0, (1, 1), 119, id="below and right of it: its last pixel"),
    ],
)
def test_a_field_outside_of_the_image_is_never_empty(level, left, shape, row):
    grey = np.repeat(np.arange(120, dtype=np.uint8)[:, None], 400, axis=1)
    crop = cropped(grey, Field(left=left, right=left + 200, level=level, slope=0.0, top=-30, bottom=30))
    assert crop.shape == shape
    assert (crop == row).all()
