"""An image -> the sheet in it, flat and upright, with its maps, and the way back into the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from ..arrays import Bytes, Double, Float
from ..images.conversions import grey_of
from ..lines import Box
from .fields import Field, fields
from .maps import DESK, SIDE, STEP, WHOLE_SIDE, page_of
from .perspective import flatten, scaled, unflatten
from .sheet import outline

Maps = Callable[[Float], Float]
"""A page float32 (1, H, W) -> its maps, float32 (1, H / 4, W / 4, K)."""
Upright = Callable[[Bytes], float]
"""The grey crop of a field, uint8 (h, w) -> the log odds that its writing stands upright."""

TILTED, LEANING = 8.0, 45.0
"""A page whose writing leans by more degrees than the first is turned level; what leans less, the readers follow. By more than the second
it stands on its side or head."""
ELONGATED = 2.0
"""Fields that are so many times as long as wide show how a page is turned."""
TRIED, MOST = 8, 3.0
"""Fields by which the way up is decided: those that are largest; and the log odds, at most, that one of them may give."""
SURE_UPRIGHT, SURER = 1.0, 5.5
"""A page that stands upright by the first, as `_upright` weighs its fields, is not tried otherwise. One that stands on its side or head
must be so much likelier to stand upright when it is turned. All chosen on photos_multi."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A sheet, flat and upright. image: uint8 (H, W) or (H, W, 3); grey: uint8 (H, W). maps: float32 (h, w, K), None where nobody looked;
    scale: pixels of the image for one of the maps. homography: float64 (3, 3), from the pixels of the image it was found in to its own;
    None where it is that image."""

    image: Bytes
    grey: Bytes
    maps: Float | None
    scale: float
    homography: Double | None = None


def as_it_is(image: Bytes) -> Flat:
    """An image that is taken as the sheet that it shows."""
    return Flat(image, grey_of(image), None, 1.0)


def flat(image: Bytes, maps_of: Maps, upright: Upright) -> Flat:
    """Find the sheet in an image, undo its perspective, and turn it upright.

    image: uint8 (H, W) or (H, W, 3) RGB. An image without a sheet on something else, whose writing is level, stays as it is.
    """
    sheet, maps = _mapped(image, maps_of, None, WHOLE_SIDE)
    quad = outline(1 - maps[..., DESK])
    homography = None
    if quad is not None:
        image, homography = flatten(image, scaled(quad, sheet.scale))
    sheet, maps = _mapped(image, maps_of, homography)
    numbers = fields(maps, sheet.scale)
    as_it_stands = _upright(sheet, numbers, upright)
    level, tilt = sheet, _tilt(numbers)
    if abs(tilt) > TILTED:
        level, its_maps = _turned(sheet, tilt, maps_of)
        its_numbers = fields(its_maps, level.scale)
        odds = {tilt + 90 * quarters: _upright(level, its_numbers, upright, quarters) for quarters in (0, 2)}
    elif as_it_stands < SURE_UPRIGHT:
        odds = {90.0 * quarters: _upright(sheet, numbers, upright, quarters) for quarters in (1, 2, 3)}
    else:
        return sheet
    best = max(odds, key=lambda degrees: odds[degrees])
    if odds[best] < as_it_stands + (SURER if abs(best) > LEANING else 0):
        return sheet
    return level if best == tilt else _turned(sheet, best, maps_of)[0]


def unflattened(box: Box, *, homography: Double, factor: float, size: tuple[int, int]) -> Box:
    """The upright box around a box on the flat sheet where it lies in the source, which has this height and width.

    factor: pixels of the source for one of the image that the sheet was found in; the box is in as many for one of the sheet.
    """
    x, y, w, h = (side / factor for side in box)
    quad = np.array([[(x, y), (x + w, y), (x + w, y + h), (x, y + h)]], np.float32)
    corners = unflatten(quad, homography)[0] * factor
    left, top = (int(np.clip(np.floor(low), 0, side - 1)) for low, side in zip(corners.min(axis=0), size[::-1], strict=True))
    right, bottom = (int(np.clip(np.ceil(high), 1, side)) for high, side in zip(corners.max(axis=0), size[::-1], strict=True))
    return left, top, max(right - left, 1), max(bottom - top, 1)


def _mapped(image: Bytes, maps_of: Maps, homography: Double | None, side: int = SIDE) -> tuple[Flat, Float]:
    """An image with its maps, which are returned beside it."""
    grey = grey_of(image)
    page, shrunk = page_of(grey, side)
    maps = maps_of(page[np.newaxis])[0]
    rows, columns = (max(-(-int(np.ceil(side / shrunk)) // STEP), 1) for side in grey.shape)
    maps = maps[:rows, :columns]
    return Flat(image, grey, maps, shrunk * STEP, homography), maps


def _tilt(numbers: list[Field]) -> float:
    """The degrees by which a page's writing is turned clockwise, in (-90, 90]; 0 where no field is long enough to tell."""
    long = [field for field in numbers if field.sides[0] >= ELONGATED * field.sides[1]]
    vectors = sum(field.sides[0] * np.exp(2j * np.deg2rad(field.degrees)) for field in long)
    return float(np.rad2deg(np.angle(vectors)) / 2) if abs(vectors) else 0.0


def _turned(sheet: Flat, degrees: float, maps_of: Maps) -> tuple[Flat, Float]:
    """The sheet turned back by some degrees, with room for all of it."""
    height, width = sheet.grey.shape
    turn = np.vstack([cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0), (0, 0, 1)])
    corners = np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)])
    placed = corners @ turn[:2, :2].T + turn[:2, 2]
    low, high = placed.min(axis=0), placed.max(axis=0)
    move = np.eye(3)
    move[:2, 2] = -0.5 - low
    homography = move @ turn
    size = (max(round(high[0] - low[0]), 1), max(round(high[1] - low[1]), 1))
    turned = cv2.warpPerspective(sheet.image, homography, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    before = np.eye(3) if sheet.homography is None else sheet.homography
    return _mapped(np.asarray(turned, np.uint8), maps_of, homography @ before)


def _upright(sheet: Flat, numbers: list[Field], upright: Upright, quarters: int = 0) -> float:
    """How likely a sheet stands upright when it is turned back by some quarters: the log odds of its largest fields, of which n count as
    much as the root of n that know nothing of each other: they are in one hand, and often of one text. 0 where there are none."""
    largest = sorted(numbers, key=lambda field: -field.sides[0] * field.sides[1])[:TRIED]
    odds = [upright(np.ascontiguousarray(np.rot90(_crop(sheet.grey, field), quarters))) for field in largest]
    return float(np.clip(odds, -MOST, MOST).sum() / np.sqrt(len(odds))) if odds else 0.0


def _crop(grey: Bytes, field: Field) -> Bytes:
    x, y, w, h = field.box
    room = 0.15 * min(w, h)
    top, left = max(round(y - room), 0), max(round(x - room), 0)
    return grey[top : max(round(y + h + room), top + 1), left : max(round(x + w + room), left + 1)]
