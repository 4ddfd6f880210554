"""Sheets flat, and in the conditions in which people photograph them: on desks, tilted, in perspective, turned, scanned, small, compressed.

The sheets are every developers' photograph of photos_multi, and the developers' cells of the registers on pages. Everything follows from
seeds. How much less is read right of them is measured in `wild.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from inkdigits import images
from inkdigits.arrays import Bytes, Float

from .camera import Camera, photograph
from .desks import KINDS, VARIANTS, desk
from .sets import RealSet

Rng = np.random.Generator
PHOTOS, PAGES = "photos_multi", "registers"
ROWS = 6
"""Cells of the registers on a page, one below the other."""
FADE = 8
"""Pixels over which a cell fades out at its cut."""
LONGEST, SHORTEST = 1000, 480
"""The longer side of a flat sheet, in pixels: larger photographs are averaged down, smaller ones enlarged."""
CROP = 130
"""What is no higher or no wider than this, in pixels, is a crop of a page, and gets paper around it."""
ENLARGED = 1.5
"""Pages of registers: by how much, as the cells come 72 pixels high."""
PICTURES: dict[str, tuple[tuple[float, float], ...]] = {
    "jscanify_test": ((0.356, 0.125), (0.735, 0.151), (0.740, 0.900), (0.173, 0.802)),
    "jscanify_test10": ((0.036, 0.223), (0.748, 0.140), (0.951, 0.842), (0.171, 0.963)),
    "jscanify_test2": ((0.166, 0.112), (0.808, 0.118), (0.956, 0.849), (0.049, 0.859)),
    "omrchecker_IMG_20201116_143512": ((0.107, 0.081), (0.711, 0.018), (0.800, 0.897), (0.172, 0.948)),
    "omrchecker_IMG_20201116_150717658": ((0.307, 0.336), (0.725, 0.348), (0.712, 0.808), (0.263, 0.793)),
    "omrchecker_IMG_20201116_150750830": ((0.289, 0.390), (0.667, 0.344), (0.784, 0.762), (0.349, 0.811)),
    "omrchecker_angle-2": ((0.222, 0.159), (0.949, 0.211), (0.798, 0.683), (0.048, 0.630)),
    "omrchecker_angle-3": ((0.036, 0.212), (0.747, 0.141), (0.955, 0.599), (0.249, 0.666)),
    "omrchecker_sheet1": ((0.209, 0.263), (0.724, 0.263), (0.805, 0.812), (0.224, 0.857)),
}
"""Photographs of a sheet on a desk, and where its corners are, as shares of width and height: ours is laid over it."""
PHOTOGRAPHED = "photographed desks"
FLAT = "flat"
DESKS = tuple(KINDS)
TILTS = {"tilted 10": 10, "tilted 20": 20, "tilted 30": 30}
LEANS = {"perspective 15": 15, "perspective 30": 30}
TURNS = {"turned 90": 1, "turned 180": 2, "turned 270": 3}
OTHERS = ("scan's black edge", "half size", "quarter size", "JPEG 30")
CONDITIONS = (FLAT, *DESKS, PHOTOGRAPHED, *TILTS, *LEANS, *TURNS, *OTHERS)


class Sheets:
    """The sheets of one set, flat. home: the folder real/ with the sets. Raises DataError where it is missing."""

    def __init__(self, home: Path, name: str) -> None:
        self.name = name
        self.data = RealSet(home / name)
        count = len(self.data)
        order = np.random.default_rng((42, 0)).permutation(count).tolist() if name == PAGES else list(range(count))
        size = ROWS if name == PAGES else 1
        self.groups = [order[k : k + size] for k in range(0, count, size)]

    def __len__(self) -> int:
        """The number of sheets."""
        return len(self.groups)

    def truth(self, index: int) -> str:
        """What is written on a sheet, line by line."""
        return "\n".join(self.data.rows[k][1] for k in self.groups[index])

    def flat(self, index: int) -> Bytes:
        """A sheet alone: uint8 (H, W, 3), RGB, its longer side from SHORTEST to LONGEST pixels."""
        pictures = [_coloured(self.data.pixels(k)) for k in self.groups[index]]
        rng = np.random.default_rng((43, index))
        return _page(pictures, rng) if self.name == PAGES else _sized(_with_paper(pictures[0]))


def picture(sheets: Sheets, index: int, condition: str, home: Path) -> Bytes:
    """A sheet in a condition: uint8 (H, W, 3), RGB. home: the folder of the data, with photos/ in it."""
    flat = sheets.flat(index)
    rng = np.random.default_rng((44, index, CONDITIONS.index(condition), sheets.name == PAGES))
    if condition == FLAT:
        return flat
    if condition in KINDS:
        return _on_desk(flat, condition, rng)
    if condition in TILTS:
        return _on_desk(flat, _any_desk(index), rng, roll=TILTS[condition] * float(rng.choice([-1, 1])), lean=8)
    if condition in LEANS:
        return _on_desk(flat, _any_desk(index), rng, lean=LEANS[condition])
    if condition == PHOTOGRAPHED:
        names = sorted(PICTURES)
        return _on_photograph(flat, names[index % len(names)], home / "photos", rng)
    if condition in TURNS:
        return np.ascontiguousarray(np.rot90(flat, TURNS[condition]))
    if condition == "scan's black edge":
        return scanned(flat, rng)
    if condition == "JPEG 30":
        return compressed(flat, 30)
    share = 0.5 if condition == "half size" else 0.25
    return np.asarray(cv2.resize(flat, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def scanned(flat: Bytes, rng: Rng) -> Bytes:
    """The sheet in a scanner: a little turned, and beyond one to three of its sides the black of the lid."""
    sides = rng.permutation(4)[: int(rng.integers(1, 4))]
    wide = [round(float(rng.uniform(0.015, 0.06)) * max(flat.shape)) if side in sides else 0 for side in range(4)]
    dark = int(rng.integers(2, 40))
    framed = cv2.copyMakeBorder(flat, wide[0], wide[1], wide[2], wide[3], cv2.BORDER_CONSTANT, value=(dark, dark, dark))
    middle = (framed.shape[1] / 2, framed.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, float(rng.uniform(-1.5, 1.5)), 1)
    turned = cv2.warpAffine(framed, matrix, framed.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(cv2.GaussianBlur(turned, (0, 0), 0.6) + rng.normal(0, 2, framed.shape), 0, 255), np.uint8)


def compressed(image: Bytes, quality: int) -> Bytes:
    """What JPEG of a quality from 1 to 100 leaves of a picture, uint8 (H, W, 3)."""
    _, coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])


def _any_desk(index: int) -> str:
    return DESKS[index % len(DESKS)]


def _on_desk(flat: Bytes, kind: str, rng: Rng, roll: float | None = None, lean: float = 8.0) -> Bytes:
    """The sheet on a desk. roll: its tilt in degrees, else a few; lean: of the camera in degrees, to any side."""
    way = rng.uniform(0, 2 * np.pi)
    camera = Camera(
        roll=float(rng.uniform(-5, 5)) if roll is None else roll,
        pitch=lean * float(np.sin(way)),
        yaw=lean * float(np.cos(way)),
        fill=float(rng.uniform(0.6, 0.8)),
    )
    return photograph(flat, desk(kind, int(rng.integers(VARIANTS))), camera, rng)


def _on_photograph(flat: Bytes, name: str, folder: Path, rng: Rng) -> Bytes:
    """The sheet, with more paper around it where its shape needs that, over the one in a photograph."""
    photo = _coloured(images.first(folder / f"{name}.jpg"))
    height, width = photo.shape[:2]
    quad = np.array(PICTURES[name], np.float64) * (width, height)
    quad = quad.mean(axis=0) + (quad - quad.mean(axis=0)) * 1.06  # none of the other sheet looks out
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    ratio = float((sides[0] + sides[2]) / (sides[1] + sides[3]))
    sheet = _as_wide(flat, ratio)
    grown = max(1.0, sheet.shape[1] / max(sides[0], sides[2]))  # the photograph holds the pixels of the sheet
    photo = np.asarray(cv2.resize(photo, None, fx=grown, fy=grown, interpolation=cv2.INTER_CUBIC), np.uint8)
    return compressed(_laid(sheet, photo, (quad * grown).astype(np.float32), rng), 85)


def _laid(sheet: Bytes, photo: Bytes, quad: Float, rng: Rng) -> Bytes:
    """A sheet in a photograph, in its light: as bright as it is around, with a soft shadow."""
    height, width = sheet.shape[:2]
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(corners, quad)
    size = photo.shape[1::-1]
    own = cv2.warpPerspective(sheet, matrix, size, flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    shadow = cv2.GaussianBlur(np.roll(mask, (6, 4), (0, 1)), (0, 0), 7)
    rim = max(3, int(0.1 * np.linalg.norm(quad[1] - quad[0])))
    inside = cv2.erode(mask, np.ones((rim, rim), np.uint8))  # of the sheet before, without its edges
    light = photo.astype(np.float32).max(axis=-1)
    light = cv2.GaussianBlur(light * inside, (0, 0), 60) / np.maximum(cv2.GaussianBlur(inside, (0, 0), 60), 0.02)
    light = np.clip(light / 235, 0.45, 1)[..., None]
    noise = rng.normal(0, 2.5, (*photo.shape[:2], 1))
    under = photo * (1 - 0.3 * shadow * (1 - mask))[..., None]
    return np.asarray(np.clip(under * (1 - mask[..., None]) + (own * light + noise) * mask[..., None], 0, 255), np.uint8)


def _as_wide(flat: Bytes, ratio: float) -> Bytes:
    """A sheet with paper around it so that its width is `ratio` of its height."""
    height, width = flat.shape[:2]
    down, across = max(0, round(width / ratio) - height), max(0, round(height * ratio) - width)
    colour = np.median(np.concatenate([flat[0], flat[-1]]), axis=0).tolist()
    top, left = down // 3, across // 2
    return np.asarray(cv2.copyMakeBorder(flat, top, down - top, left, across - left, cv2.BORDER_CONSTANT, value=colour), np.uint8)


def _coloured(image: Bytes) -> Bytes:
    return np.repeat(image[..., None], 3, axis=-1) if image.ndim == 2 else image


def _with_paper(image: Bytes) -> Bytes:
    """A crop with paper around it, as wide as a third of its height; a photograph as it is."""
    if min(image.shape[:2]) > CROP:
        return image
    edge = max(4, image.shape[0] // 3)
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    return np.asarray(
        cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=np.median(rim, axis=0).tolist()), np.uint8
    )


def _sized(image: Bytes) -> Bytes:
    """With the longer side from SHORTEST to LONGEST pixels."""
    longest = max(image.shape[:2])
    share = min(max(longest, SHORTEST), LONGEST) / longest
    if share == 1:
        return image
    kind = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=share, fy=share, interpolation=kind), np.uint8)


def _page(cells: Sequence[Bytes], rng: Rng) -> Bytes:
    """Cells of registers on one sheet of paper, one below the other, the paper's colour and rules as in a book: uint8 (H, W, 3)."""
    pitch, edge = 112, 70
    wide = max(cell.shape[1] for cell in cells)
    page = np.ones((pitch * len(cells) + 2 * edge, wide + 4 * edge, 3), np.float32)
    left = int(rng.integers(edge, 2 * edge))
    for number, cell in enumerate(cells):
        top = edge + number * pitch + int(rng.integers(0, 20))
        own, feather = _ink(cell)
        x = left + int(rng.integers(0, wide - cell.shape[1] + 1))
        window = page[top : top + cell.shape[0], x : x + cell.shape[1]]
        window *= 1 - feather * (1 - own)
    if rng.random() < 0.5:
        for number in range(len(cells) + 1):
            y = edge - 8 + number * pitch
            cv2.line(page, (0, y), (page.shape[1], y), (0.8, 0.84, 0.9), 1, cv2.LINE_AA)
    colour = np.array([(236, 230, 214), (226, 222, 212), (240, 238, 232)][int(rng.integers(3))], np.float32)
    large = cv2.resize(page * colour, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(large + rng.normal(0, 2, (*large.shape[:2], 1)), 0, 255), np.uint8)


def _ink(cell: Bytes) -> tuple[Float, Float]:
    """The light that a cell leaves of its paper's, float32 (h, w, 3), and how far it shows, (h, w, 1): it fades out at the cut."""
    bright = cv2.morphologyEx(cell, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8)).astype(np.float32)
    share = cell / np.maximum(cv2.GaussianBlur(bright, (0, 0), 6), 1)
    share = np.clip(share / np.median(share, axis=(0, 1)), 0, 1).astype(np.float32)  # most of a cell is paper
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in cell.shape[:2])
    away = np.minimum(rows[:, None], columns[None])[..., None]
    return share, np.clip(away / FADE, 0, 1).astype(np.float32)
