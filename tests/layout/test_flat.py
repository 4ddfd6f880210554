"""From maps to fields; strokes that are none; a page flat and upright."""

import cv2
import numpy as np
import pytest

from inkdigits.layout import clean, fields, flat, maps
from inkdigits.layout.ink import Ink
from inkdigits.layout.maps import CLASSES, CORE, DESK, MARGIN, PAPER, RULE, STEP

SIZE = 80


def maps_of(boxes, size=(SIZE, SIZE)):
    """Maps with numbers in these boxes, x, y, w, h in pixels of the maps: float32 (h, w, 6)."""
    found = np.zeros((*size, len(CLASSES)), np.float32)
    found[..., PAPER] = 1
    for share, kind in ((0.0, MARGIN), (0.25, CORE)):
        for x, y, w, h in boxes:
            inset = round(share * min(w, h))
            window = found[y + inset : y + h - inset, x + inset : x + w - inset]
            window[:] = 0
            window[..., kind] = 1
    return found


def ink_of(strokes, size=(SIZE * STEP, SIZE * STEP)):
    """Ink with upright strokes in these boxes, in pixels of the ink."""
    mask = np.zeros(size, bool)
    for x, y, w, h in strokes:
        mask[y : y + h, x : x + w] = True
    return Ink(np.where(mask, 200, 0).astype(np.uint8), mask, 3.0, 1.0)


def test_a_field_is_as_large_as_its_core_says():
    (field,) = fields.fields(maps_of([(10, 20, 40, 8)]), STEP)
    assert field.box == (40, 80, 160, 32)
    assert field.score == 1


def test_an_empty_page_has_no_fields():
    assert fields.fields(maps_of([]), STEP) == []


@pytest.mark.parametrize("degrees", [0, 20, -35, 89])
def test_a_field_shows_how_it_is_turned(degrees):
    core = np.zeros((SIZE, SIZE), np.float32)
    cv2.fillPoly(core, [cv2.boxPoints(((40, 40), (40, 6), degrees)).astype(np.int32)], 1.0)
    found = np.zeros((SIZE, SIZE, len(CLASSES)), np.float32)
    found[..., CORE], found[..., PAPER] = core, 1 - core
    (field,) = fields.fields(found, 1)
    assert field.degrees == pytest.approx(degrees, abs=4)
    assert field.sides == pytest.approx((46, 13), abs=5)


def test_strokes_stay_or_go_whole():
    ruled = maps_of([(4, 10, 20, 8)])
    ruled[30:33] = 0
    ruled[30:33, :, RULE] = 1
    strokes = ink_of([(20, 45, 4, 20), (0, 123, 320, 4), (100, 80, 4, 50)]).mask  # a digit, a rule, a digit that crosses the rule
    strokes[123:127, 90:110] = False
    strokes[80:130, 100:104] = True
    kept = clean.without(strokes, ruled, STEP, RULE)
    assert kept[45:65, 20:24].all()
    assert kept[80:130, 100:104].all()
    assert not kept[123:127, :90].any()
    assert np.array_equal(clean.without(strokes, ruled, STEP, DESK), strokes)


def test_a_page_is_made_no_larger_than_it_is_looked_at():
    page, scale = maps.page_of(np.full((1000, 1280), 255, np.uint8))
    assert (page.shape, page.dtype, scale) == ((512, 640), np.float32, 2.0)
    assert page[:500].min() == 1
    assert page[500:].max() == 0, "black beyond the edge"
    page, scale = maps.page_of(np.full((100, 150), 128, np.uint8))
    assert (page.shape, scale) == ((128, 160), 1.0)


def test_a_small_image_is_blown_up_but_no_larger_than_a_page():
    page, scale = maps.page_of(np.full((32, 100), 128, np.uint8))
    assert (page.shape, scale) == ((64, 224), 0.5)
    page, scale = maps.page_of(np.full((8, 640), 128, np.uint8))
    assert (page.shape, scale) == ((32, 640), 1.0)


def seen(page):
    """What a perfect network says of dark bars on white paper on a black desk: float32 (1, H, W) -> (1, H / 4, W / 4, K)."""
    small = cv2.resize(page[0], (page.shape[2] // STEP, page.shape[1] // STEP), interpolation=cv2.INTER_AREA)
    found = np.zeros((*small.shape, len(CLASSES)), np.float32)
    desk, bar = small < 0.25, (small >= 0.25) & (small < 0.7)
    bar = cv2.morphologyEx(bar.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0  # the edge of the sheet is none
    found[..., DESK], found[..., CORE], found[..., PAPER] = desk, bar, ~(desk | bar)
    return found[None]


def sheet_with_bars(size=(400, 300)):
    sheet = np.full(size, 250, np.uint8)
    for y in (80, 160, 240):
        sheet[y : y + 16, 60:220] = 120
    return sheet


def on_a_desk(sheet, degrees, side=640):
    height, width = sheet.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    turn[:, 2] += (side / 2 - width / 2, side / 2 - height / 2)
    return cv2.warpAffine(sheet, turn, (side, side), flags=cv2.INTER_AREA, borderValue=5)


@pytest.mark.parametrize("degrees", [0, 12, -25])
def test_a_sheet_on_a_desk_is_taken_off_it_level(degrees):
    found = flat.flat(on_a_desk(sheet_with_bars(), degrees), seen, lambda crop: 3.0)
    assert found.homography is not None
    assert found.grey.shape == pytest.approx((400, 300), rel=0.06)
    some = fields.fields(found.maps, found.scale)
    assert sorted(field.box[1] for field in some) == pytest.approx([72, 152, 232], abs=14)
    place = flat.unflattened((60, 80, 160, 16), homography=found.homography, factor=1.0, size=(640, 640))
    window = on_a_desk(sheet_with_bars(), degrees)[place[1] : place[1] + place[3], place[0] : place[0] + place[2]]
    assert (np.abs(window.astype(int) - 120) < 20).sum() == pytest.approx(160 * 16, rel=0.15), "the box holds its bar"


def test_a_flat_page_stays_as_it_is():
    sheet = sheet_with_bars()
    found = flat.flat(sheet, seen, lambda crop: 3.0)
    assert found.homography is None
    assert found.image is sheet


def test_a_page_that_leans_is_turned_level_and_one_on_its_side_too():
    for degrees in (15, 90):
        turned = cv2.warpAffine(
            sheet_with_bars((400, 400)), cv2.getRotationMatrix2D((200, 200), -degrees, 1.0), (400, 400), borderValue=250
        )  # fmt: skip
        found = flat.flat(turned, seen, lambda crop: 3.0 if crop.shape[1] > 3 * crop.shape[0] else -3.0)
        some = fields.fields(found.maps, found.scale)
        assert len(some) == 3
        assert all(field.box[2] > 5 * field.box[3] for field in some), degrees


def test_a_page_stays_where_turning_it_is_hardly_likelier():
    found = flat.flat(np.rot90(sheet_with_bars()), seen, lambda crop: 1.0 if crop.shape[1] > crop.shape[0] else 0.0)
    assert found.homography is None


def test_a_page_on_its_head_is_turned_where_its_fields_stand_upright_then():
    sheet = np.full((400, 300), 250, np.uint8)
    for y in range(40, 340, 60):
        sheet[y : y + 16, 60:220] = 120
        sheet[y : y + 2, 60:220] = 90  # the upper edge of its bars shows which way is up

    def upright(crop):
        rows = crop.mean(axis=1)
        return 3.0 if crop.shape[1] > crop.shape[0] and np.argmin(rows) < len(rows) / 2 else -3.0

    assert flat.flat(sheet, seen, upright).homography is None
    found = flat.flat(np.ascontiguousarray(sheet[::-1, ::-1]), seen, upright)
    assert found.homography is not None
    assert np.abs(found.grey.astype(int) - sheet).mean() < 3
