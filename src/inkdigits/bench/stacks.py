"""Stacks of filled-in forms: blanks of `blanks`, filled with the digits of hands that no network was trained on, scanned or photographed.

The hands are those of `composed`: the developers' pens and crops, and MNIST's test writers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np

from inkdigits.arrays import Bytes, Double, Float
from inkdigits.recognition.alphabet import STRUCK
from inkdigits.training.datasets import load
from inkdigits.training.synthesis.hands import Hand, Style
from inkdigits.training.synthesis.numbers import written
from inkdigits.training.synthesis.sources import Sources, sources

from .blanks import DPI, NAMES, Blank, blanks, checked, roster

Rng = np.random.Generator

KINDS = ("scanned", "photographed", "upside down")
"""How the pages of a stack became images: of a mixed one each of these ways has its part."""
COFFEE = 20
"""Of so many pages one has a stain of coffee."""
EMPTY, STRUCK_OUT = 0.08, 0.01
"""The shares of the fields, but required ones, that are left empty, and that are struck out."""
PX = 25.4 / DPI
"""Millimetres of a pixel of a blank."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled-in page as an image. image: uint8 (h, w). layout: which of NAMES. kind: one of KINDS. way: float64 (3, 3), from the blank's
    pixels to the image's. truth: by field its value, and "struck out" where it is."""

    image: Bytes
    layout: str
    kind: str
    way: Double
    truth: Mapping[str, str]


def stack(count: int, seed: int) -> Iterator[Filled]:
    """So many pages of every layout, shuffled."""
    made = {blank.name: blank for blank in blanks()}
    order = np.random.default_rng((seed, 0)).permutation(count * len(NAMES)).tolist()
    for place in order:
        yield filled(made[NAMES[place % len(NAMES)]], place, np.random.default_rng((seed, 1, place)))


@cache
def _sources() -> Sources:
    return sources(load("mnist", "test"), "dev")


def filled(blank: Blank, place: int, rng: Rng) -> Filled:
    """One page, filled by one hand. place: in the stack, from 0."""
    hands = _sources().hands
    shares = np.array([share for share, _ in hands])
    hand = hands[int(rng.choice(len(shares), p=shares / shares.sum()))][1](rng)
    truth = _truth(blank.name, rng)
    ink = np.zeros(blank.pixels.shape, np.float32)
    pen = rng.uniform(0.25, 0.7) / PX  # of a quarter to two thirds of a millimetre
    style = Style.of_anyone(rng.uniform(3.2, 6.0) / PX, rng)
    style = Style(style.height, max(pen, 1.3), style.slant, style.stretch, style.turn, style.uneven)
    said = dict[str, str]()
    for own in blank.fields:
        name, kind = own["name"], own["type"]
        value = truth[name]
        if not own.get("required") and not _bound(name) and rng.random() < EMPTY:
            value = ""
        said[name] = value
        if kind == "tick" and value == "yes":
            _tick(ink, own["box"], pen, rng)
        elif kind == "choice" and value:
            _tick(ink, next(o["box"] for o in own["options"] if o["name"] == value), pen, rng)
        elif value and kind not in ("tick", "choice"):
            text = _as_people_write(value, own, rng)
            if not own.get("required") and not _bound(name) and rng.random() < STRUCK_OUT:
                text, said[name] = "".join(c + STRUCK for c in text if c != " "), "struck out"
            _write(ink, text, own, hand, style, rng)
        if kind == "tick":
            said[name] = value or "no"
    page = blank.pixels.astype(np.float32) / 255 * (1 - rng.uniform(0.6, 0.95) * ink)
    if place % COFFEE == COFFEE - 1:
        page = _stained(page, rng)
    kind = KINDS[int(rng.choice(3, p=(0.4, 0.4, 0.2)))]
    image, way = _photographed(page, rng) if kind == "photographed" else _scanned(page, kind == "upside down", rng)
    return Filled(image, blank.name, kind, way, said)


def _bound(name: str) -> bool:
    """Whether a field has its part in a check across fields, and is therefore always filled."""
    return name.startswith(("points", "meter", "reading", "from", "to "))


# What is written


def _truth(layout: str, rng: Rng) -> dict[str, str]:
    """The value of every field of a layout; those that are ticked and not are "yes" and ""."""
    makers: dict[str, Callable[[Rng], dict[str, str]]] = {
        "exam": _of_exam, "slip": _of_slip, "application": _of_application, "hours": _of_hours, "meter": _of_meter,
    }  # fmt: skip
    return makers[layout](rng)


def _of_exam(rng: Rng) -> dict[str, str]:
    points = [int(n) for n in np.clip(rng.normal(12, 5, 6).round(), 0, 20)]
    return {
        "student": str(rng.choice(roster())),
        "day": _day(rng, 2021, 2029),
        **{f"points {k}": str(n) for k, n in enumerate(points, start=1)},
        "points": str(sum(points)),
    }


def _of_slip(rng: Rng) -> dict[str, str]:
    amount = int(np.exp(rng.uniform(np.log(200), np.log(900_000))))
    amount = amount // 100 * 100 if rng.random() < 0.4 else amount
    return {
        "slip": checked(rng, 8, "luhn"),
        "paid on": _day(rng, 2015, 2030),
        "account": checked(rng, 12, "mod97"),
        "amount": f"{amount // 100}.{amount % 100:02d}",
    }


def _of_application(rng: Rng) -> dict[str, str]:
    return {
        "born": _day(rng, 1935, 2018),
        "post code": _digits(rng, 5),
        "telephone": ("+" if rng.random() < 0.2 else "") + _digits(rng, int(rng.integers(7, 11))),
        "persons": str(int(rng.integers(1, 9))),
        "card": str(rng.choice(["adult", "child", "family", "school"])),
        **{name: "yes" if rng.random() < 0.5 else "" for name in ("newsletter", "rules", "renewal")},
        "old card": _digits(rng, 7),
    }


def _of_hours(rng: Rng) -> dict[str, str]:
    found = {"week": str(int(rng.integers(1, 54))), "year": str(int(rng.integers(2015, 2031))), "person": checked(rng, 6, "mod11")}
    for day in range(1, 6):
        begin, long = int(rng.integers(24, 44)) * 15, int(rng.integers(16, 40)) * 15
        end = begin + long
        found |= {f"from {day}": f"{begin // 60:02d}:{begin % 60:02d}", f"to {day}": f"{end // 60:02d}:{end % 60:02d}"}
        found |= {f"break {day}": str(int(rng.choice([0, 15, 30, 45, 60]))), f"hours {day}": f"{long / 60:.2f}"}
    return found


def _of_meter(rng: Rng) -> dict[str, str]:
    meter, before = checked(rng, 10, "mod11"), int(rng.integers(100, 60_000))
    return {
        "meter": meter,
        "meter again": meter,
        "reading before": str(before),
        "reading now": str(before + int(rng.integers(20, 900))),
        "price": f"{rng.integers(80, 990) / 100:.2f}",
        "read on": _day(rng, 2018, 2030),
        "read by": str(rng.choice(["owner", "tenant", "works"])),
    }


def _digits(rng: Rng, count: int) -> str:
    return "".join(rng.choice(list("0123456789"), count))


def _day(rng: Rng, first: int, last: int) -> str:
    return f"{rng.integers(first, last + 1)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"


def _as_people_write(value: str, own: Mapping[str, Any], rng: Rng) -> str:
    """A value as somebody writes it into its field."""
    kind, cells = own["type"], own.get("cells", 0)
    if kind == "date":
        year, month, day = value.split("-")
        if cells:
            return day + month + year
        mark = str(rng.choice(list("//.-")))
        parts = [day if rng.random() < 0.6 else str(int(day)), month if rng.random() < 0.6 else str(int(month))]
        return mark.join([*parts, year if rng.random() < 0.6 else year[2:]])
    if kind == "time":
        hour, minute = value.split(":")
        return f"{hour if rng.random() < 0.5 else int(hour)}{rng.choice([':', ':', '.'])}{minute}"
    if kind in ("decimal", "money"):
        whole, cents = value.split(".")
        if kind == "money" and len(whole) > 3 and rng.random() < 0.4:
            whole = f"{int(whole):,}"
        if kind == "money" and cents == "00" and rng.random() < 0.4:
            return whole + str(rng.choice([".-", "", "--"]))
        return whole + ("." if "," in whole or rng.random() < 0.7 else ",") + cents
    if kind == "phone" and value[0] != "+" and rng.random() < 0.5:
        return f"{value[:3]}{rng.choice(['-', '/', ' '])}{value[3:]}"
    if kind == "integer" and cells:
        return value.rjust(cells)
    return value


def _write(ink: Float, text: str, own: Mapping[str, Any], hand: Hand, style: Style, rng: Rng) -> None:
    """Write a text into its field. In place."""
    x, y, w, h = own["box"]
    if own.get("cells"):
        cell = w / own["cells"]
        signs = [sign + (STRUCK if text[k + 1 : k + 2] == STRUCK else "") for k, sign in enumerate(text) if sign != STRUCK]
        small = _sized(style, min(style.height, 0.74 * h, 1.35 * cell))
        for number, sign in enumerate(signs):
            if sign != " ":
                drawn, _ = written(sign, hand, small, rng)
                drawn = _fitting(drawn, 0.96 * cell, 1.05 * h)
                left = x + (number + 0.5) * cell - drawn.shape[1] / 2 + rng.normal(0, 0.06) * cell
                _put(ink, drawn, left, y + h / 2 - drawn.shape[0] / 2 + rng.normal(0, 0.06) * h)
        return
    drawn, top = written(text, hand, _sized(style, min(style.height, 0.72 * h)), rng)
    whole = drawn.shape[0]
    drawn = _fitting(drawn, 0.95 * w, 1.3 * h)
    room = w - drawn.shape[1]
    left = x + min(rng.uniform(0.03, 0.35) * w, max(room, 0))
    base = y + rng.uniform(0.78, 0.92) * h  # of the digits
    _put(ink, drawn, left, base - (top + min(style.height, 0.72 * h)) * drawn.shape[0] / whole)


def _sized(style: Style, height: float) -> Style:
    return Style(height, style.pen, style.slant, style.stretch, style.turn, style.uneven)


def _fitting(drawn: Float, wide: float, high: float) -> Float:
    """A drawing made smaller where there is too little room for it."""
    share = min(wide / drawn.shape[1], high / drawn.shape[0], 1.0)
    if share == 1:
        return drawn
    size = (max(2, round(drawn.shape[1] * share)), max(2, round(drawn.shape[0] * share)))
    return np.asarray(cv2.resize(drawn, size, interpolation=cv2.INTER_AREA), np.float32)


def _put(ink: Float, drawn: Float, left: float, top: float) -> None:
    """Lay a drawing onto the ink of a page. In place."""
    x, y = max(round(left), 0), max(round(top), 0)
    window = ink[y : y + drawn.shape[0], x : x + drawn.shape[1]]
    np.maximum(window, drawn[: window.shape[0], : window.shape[1]], out=window)


def _tick(ink: Float, box: list[int], pen: float, rng: Rng) -> None:
    """Tick a small box: a hook, a cross, or a scribble. In place."""
    x, y, w, h = box
    kind = rng.random()
    if kind < 0.45:
        points = [[(0.15, 0.5), (0.42, 0.9), (1.15, -0.1)]]
    elif kind < 0.85:
        points = [[(0.1, 0.1), (0.9, 0.95)], [(0.92, 0.05), (0.05, 0.9)]]
    else:
        points = [[(0.1, 0.2 + 0.12 * k) if k % 2 else (0.9, 0.15 + 0.12 * k) for k in range(6)]]
    for stroke in points:
        every = np.array([(x + px * w, y + py * h) for px, py in stroke]) + rng.normal(0, 0.07 * w, (len(stroke), 2))
        cv2.polylines(ink, [np.round(every * 8).astype(np.int32)], False, 1.0, max(1, round(pen)), cv2.LINE_AA, 3)


# What becomes of a page


def _stained(page: Float, rng: Rng) -> Float:
    """A page on which a cup of coffee stood: a ring, and some of it full."""
    mark = np.zeros(page.shape, np.float32)
    centre = (int(rng.uniform(0.15, 0.85) * page.shape[1]), int(rng.uniform(0.1, 0.8) * page.shape[0]))
    radius = int(rng.uniform(32, 45) / PX)
    cv2.circle(mark, centre, radius, float(rng.uniform(0.03, 0.12)), -1, cv2.LINE_AA)
    cv2.circle(mark, centre, radius, float(rng.uniform(0.2, 0.45)), int(rng.uniform(1, 4) / PX), cv2.LINE_AA)
    return np.asarray(page * (1 - cv2.GaussianBlur(mark, (0, 0), 3)), np.float32)


def _scanned(page: Float, over: bool, rng: Rng) -> tuple[Bytes, Double]:
    """A page out of a scanner: somewhat tilted and scaled, on white or on black. over: upside down, or on its side."""
    high, wide = page.shape
    scale = float(rng.choice([1.0, 4 / 3, 0.8])) * rng.uniform(0.98, 1.02)
    angle = rng.normal(0, 1.2) + (float(rng.choice([180, 180, 90, 270])) if over else 0)
    turned = round(angle / 90) % 2 == 1
    size = np.array([high, wide] if turned else [wide, high]) * scale
    way = _turned(wide, high, angle, scale)
    way[:2, 2] += size / 2 + rng.normal(0, 0.008, 2) * size
    beside = 1.0 if rng.random() < 0.6 else rng.uniform(0.0, 0.2)
    image = _warped(page, way, size, beside)
    image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.8)) * rng.uniform(0.85, 1.0)
    return _coded(image, rng.uniform(0.004, 0.03), rng), way


def _photographed(page: Float, rng: Rng) -> tuple[Bytes, Double]:
    """A page on a desk, seen from somewhat beside, in uneven light."""
    high, wide = page.shape
    angle = rng.normal(0, 4) + float(rng.choice([0, 0, 0, 90, 270, 180]))
    scale = rng.uniform(0.85, 1.25)
    turned = round(angle / 90) % 2 == 1
    size = np.array([high, wide] if turned else [wide, high]) * scale * rng.uniform(1.08, 1.3)
    way = _turned(wide, high, angle, scale)
    lean = np.eye(3)
    lean[2, :2] = rng.normal(0, 0.06, 2) / (size / 2)
    way = lean @ way
    moved = np.eye(3)
    moved[:2, 2] = size / 2 + rng.normal(0, 0.01, 2) * size
    way = moved @ way
    desk = cv2.resize(rng.uniform(0.15, 0.7) + 0.05 * rng.normal(0, 1, (60, 40)).astype(np.float32), (int(size[0]), int(size[1])))
    image = _warped(page, way, size, -1.0)
    image = np.where(image < 0, desk, image)
    down, across = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32) / max(image.shape) - 0.5
    direction = rng.uniform(0, 2 * np.pi)
    light = 0.85 + rng.uniform(0.05, 0.35) * (np.cos(direction) * across + np.sin(direction) * down)
    if rng.random() < 0.4:  # the soft shadow of a hand or a head
        edge = np.cos(direction + 1) * across + np.sin(direction + 1) * down - rng.uniform(-0.2, 0.3)
        light = light * (1 - rng.uniform(0.1, 0.4) / (1 + np.exp(-edge * rng.uniform(15, 60))))
    image = cv2.GaussianBlur(image * light, (0, 0), rng.uniform(0.5, 1.1))
    return _coded(image, rng.uniform(0.008, 0.03), rng), way


def _turned(wide: int, high: int, angle: float, scale: float) -> Double:
    """Turn by degrees and scale about the middle of a page, which comes to lie at 0, 0."""
    turn = np.deg2rad(angle)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    found: Double = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]]) @ np.array([[1, 0, -wide / 2], [0, 1, -high / 2], [0, 0, 1.0]])
    return found


def _warped(page: Float, way: Double, size: Double, beside: float) -> Float:
    flags = cv2.INTER_AREA if abs(np.linalg.det(way[:2, :2])) < 0.5 else cv2.INTER_LINEAR
    shape = (int(size[0]), int(size[1]))
    return np.asarray(cv2.warpPerspective(page, way, shape, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=beside), np.float32)


def _coded(image: Float, noise: float, rng: Rng) -> Bytes:
    """The pixels that a camera or a scanner keeps: with noise, and as JPEG."""
    grain = rng.standard_normal(image.shape, np.float32) * np.float32(noise)
    grey = np.clip((image + grain) * 255, 0, 255).astype(np.uint8)
    _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(55, 95))])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
