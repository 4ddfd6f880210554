"""Forms in a store, without anything being read: values as a reader would give them, with tiles of drawn digits."""

from functools import cache

import cv2
import numpy as np

from inkdigits.forms.reading import FieldValue, FormReading, Shown
from inkdigits.forms.storing import StoredRows
from inkdigits.forms.template import Template
from inkdigits.output.resume import Terms
from inkdigits.training.pen import write

RECORD = {"command": "form read", "form_sha256": "0", "threshold": "", "version": "0"}
FIELDS = [
    {"name": "id", "box": [0, 0, 90, 9], "type": "id", "length": 4, "check": "luhn", "required": True},
    {"name": "a", "box": [0, 10, 90, 9], "type": "integer", "maximum": 500},
    {"name": "b", "box": [0, 20, 90, 9], "type": "integer", "maximum": 500},
    {"name": "t", "box": [0, 30, 90, 9], "type": "integer"},
    {"name": "day", "box": [0, 40, 90, 9], "type": "date"},
    {"name": "agreed", "box": [0, 50, 9, 9], "type": "tick"},
]
CHECKS = [{"check": "sum", "of": ["a", "b"], "is": "t"}]


def template(fields=FIELDS, checks=CHECKS):
    page = {"name": "front", "image": "1.png", "size": [100, 100], "fields": fields}
    return Template.from_dict({"version": 1, "name": "sums", "pages": [page], "checks": checks})


def rows(url, *, sample=0.0, seen=lambda row: None, of=None, record=RECORD, **terms):
    """A run into a store; terms: as of Terms."""
    return StoredRows(
        str(url), Terms(record, **terms), of or template(), command="inkdigits form read scans", models=["digit-1", "number-1"],
        threshold=0.9, sample=sample, seen=seen,
    )  # fmt: skip


def filled(url, *forms, sample=0.0, **terms):
    """Put forms into a store."""
    with rows(url, sample=sample, **terms) as run:
        for one in forms:
            run.write(one)


def form(number, *values, refused=None, error=None):
    """A page of a form."""
    return FormReading(
        (), f"scan{number}.png", 1, layout="" if refused or error else "front", values=values, pages=(1,), model="digit-1", refused=refused,
        error=error, picture=picture("0") if refused else b"",
    )  # fmt: skip


def value(name, value, status="ok", *, written=None, note="", confidence=0.0, text=None, tiles=True):
    """What was read of a field. written: what its picture shows; tiles: whether its digits are all that is in it."""
    text = value if text is None else text
    digits = [sign for sign in text if sign.isdigit()]
    sure = confidence or {"ok": 0.99, "empty": 0.99}.get(status, 0.6)
    shown = Shown(
        picture(written or text),
        tuple(map(tile, written or digits)) if tiles else (),
        (sure,) * len(digits),
        picture(text) if text else b"",
    )
    return FieldValue(name, value, text, sure, status, note, (1, 2, 3, 4), ((value, sure),), shown)


@cache
def picture(text):
    """A PNG of a number."""
    text = "".join(sign for sign in text if sign.isdigit())
    ink = np.pad(write(text, np.random.default_rng(3), height=48), 12) if text else np.zeros((72, 200))
    return cv2.imencode(".png", np.round(235 * (1 - 0.8 * ink)).astype(np.uint8))[1].tobytes()


@cache
def tile(digit):
    """A tile as the bytes that a store has of it."""
    ink = cv2.resize(write(digit, np.random.default_rng(int(digit)), height=64), (18, 20), interpolation=cv2.INTER_AREA)
    return np.round(255 * np.pad(ink, ((4, 4), (5, 5)))).astype(np.uint8).tobytes()
