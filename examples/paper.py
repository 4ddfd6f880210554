"""Paper for the worked examples: pages with print, fields and the form.json that says what they hold, filled in by a pen and scanned.

Everything follows from a seed; nothing but NumPy and OpenCV is needed. `exam.py` and `cheques.py` use it.
"""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from inkdigits.training.pen import Style, write

HIGH = 34
"""Pixels that digits on these pages are high, of 100 an inch or so."""
PRINT, BOX = 40, 110
"""Grey levels of print and of boxes."""


class Paper:
    """A page that is drawn, with its fields as form.json has them."""

    def __init__(self, name: str, width: int, height: int) -> None:
        self.name, self.fields = name, []
        self.pixels = np.full((height, width), 255, np.uint8)

    def text(self, x: int, y: int, words: str, size: float = 0.7, thick: int = 1) -> None:
        """Print words; x, y: where their base line begins."""
        cv2.putText(self.pixels, words, (x, y), cv2.FONT_HERSHEY_COMPLEX, size, PRINT, thick, cv2.LINE_AA)

    def field(self, name: str, x: int, y: int, width: int, kind: str, *, cells: int = 0, height: int = 56, **keys: object) -> None:
        """A box to write in, with a cell for each digit where `cells` says so."""
        cv2.rectangle(self.pixels, (x, y), (x + width, y + height), BOX, 2)
        for wall in range(1, cells):
            at = x + round(wall * width / cells)
            cv2.line(self.pixels, (at, y), (at, y + height), BOX, 1)
        own = {"name": name, "box": [x, y, width, height], "type": kind, **({"cells": cells} if cells else {}), **keys}
        self.fields.append(own)

    def form(self, folder: Path, checks: list[dict[str, object]]) -> None:
        """Write the blank and form.json into a folder."""
        cv2.imwrite(str(folder / f"{self.name}.png"), self.pixels)
        page = {"name": self.name, "image": f"{self.name}.png", "size": list(self.pixels.shape[::-1]), "fields": self.fields}
        whole = {"version": 1, "name": self.name, "pages": [page], "checks": checks}
        (folder / "form.json").write_text(json.dumps(whole, indent=2) + "\n")

    def filled(self, values: dict[str, str], rng: np.random.Generator) -> np.ndarray:
        """The page with values written into its fields by one hand: uint8 (H, W)."""
        ink, style = np.zeros(self.pixels.shape, np.float32), Style.of_anyone(rng, loose=0.8)
        for own in self.fields:
            x, y, width, height = own["box"]
            said, cells = values.get(own["name"], ""), own.get("cells", 0)
            at = x + 14
            for place, sign in enumerate(said):
                drawn = _sign(sign, style, rng)
                if cells:
                    at = x + (place + 0.5) * width / cells - drawn.shape[1] / 2
                low = sign == "."
                top = y + (height + HIGH) / 2 - len(drawn) if low else y + (height - len(drawn)) / 2
                _lay(ink, drawn, round(at), round(top + rng.normal(0, 1)))
                at += drawn.shape[1] + rng.uniform(5, 9)
        return np.asarray(self.pixels * (1 - 0.8 * ink), np.uint8)


def _sign(sign: str, style: Style, rng: np.random.Generator) -> np.ndarray:
    """A digit, a point or a slash: float32 (h, w) in [0, 1]."""
    if sign == ".":
        return cv2.circle(np.zeros((7, 7), np.float32), (3, 3), 2, 1.0, -1, cv2.LINE_AA)
    if sign == "/":
        return cv2.line(np.zeros((HIGH + 8, 18), np.float32), (16, 1), (1, HIGH + 6), 1.0, 3, cv2.LINE_AA)
    return write(sign, rng, height=HIGH, pen=3.2, style=style)


def _lay(ink: np.ndarray, drawn: np.ndarray, x: int, y: int) -> None:
    window = ink[max(y, 0) : y + len(drawn), max(x, 0) : x + drawn.shape[1]]
    np.maximum(window, drawn[: window.shape[0], : window.shape[1]], out=window)


def scanned(page: np.ndarray, rng: np.random.Generator, *, upside_down: bool = False) -> np.ndarray:
    """The page as a scanner or a phone gives it: turned, a little in perspective, under uneven light: uint8 (H, W)."""
    height, width = page.shape
    margin = 40
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    placed = corners + margin + rng.normal(0, 9, (4, 2)).astype(np.float32)
    way = cv2.getPerspectiveTransform(corners, placed.astype(np.float32))
    size = (width + 2 * margin, height + 2 * margin)
    image = cv2.warpPerspective(page, way, size, flags=cv2.INTER_AREA, borderValue=90).astype(np.float32)
    ys, xs = np.mgrid[0 : size[1], 0 : size[0]] / max(size)
    slope = rng.normal(0, 0.12, 2)
    image *= 0.9 + slope[0] * (xs - 0.5) + slope[1] * (ys - 0.5)
    image = cv2.GaussianBlur(image, (0, 0), 0.7) + rng.normal(0, 3, image.shape)
    grey = np.clip(image, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(grey[::-1, ::-1]) if upside_down else grey


def stack(page: Paper, folder: Path, forms: Iterable[dict[str, str]], rng: np.random.Generator, *, upside_down: int) -> None:
    """Write scans of a page filled in with each of these values, and what they say: truth.csv.

    forms: a `day` is as it is written, D/M/YYYY. upside_down: the number of the scan that is, from 1.
    """
    (folder / "scans").mkdir(parents=True, exist_ok=True)
    with (folder / "truth.csv").open("w", newline="") as file:
        truth = csv.DictWriter(file, ["source", *(own["name"] for own in page.fields)])
        truth.writeheader()
        for number, values in enumerate(forms, start=1):
            name = f"scans/{page.name}-{number}.jpg"
            image = scanned(page.filled(values, rng), rng, upside_down=number == upside_down)
            cv2.imwrite(str(folder / name), image, [cv2.IMWRITE_JPEG_QUALITY, 85])
            day, month, year = values["day"].split("/")
            truth.writerow({"source": name, **values, "day": f"{year}-{month}-{int(day):02d}"})
