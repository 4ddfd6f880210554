"""What a user of the page does: writes, chooses files, looks at what is read, downloads it."""

import csv
import io
from pathlib import Path

import cv2
import numpy as np
import pytest

from inkdigits.training.pen import write

expect = pytest.importorskip("playwright.sync_api", reason="needs inkdigits[dev]: playwright").expect

expect.set_options(timeout=30_000)  # where other tests run beside

LETTER = [[(0.0, 1.0), (0.4, 0.0), (0.8, 1.0)], [(0.15, 0.62), (0.65, 0.62)]]
"""An A."""


def strokes(form, left, top, height):
    """The points of a glyph in a box of 1 x 1, in pixels of the pad, close enough for a hand's line."""
    for stroke in form:
        points = np.array(stroke) * height + (left, top)
        steps = np.linspace(0, len(points) - 1, 2 * len(points))
        yield [tuple(np.round([np.interp(steps[i], range(len(points)), points[:, k]) for k in (0, 1)], 1)) for i in range(len(steps))]


def draw(page, form, left=200, top=100, height=200, pad="pad"):
    """Write a glyph with the mouse."""
    pad = page.locator(f"#{pad}").bounding_box()
    for stroke in strokes(form, pad["x"] + left, pad["y"] + top, height):
        page.mouse.move(*stroke[0])
        page.mouse.down()
        for point in stroke[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def draw_by_touch(page, form, left, top, height):
    """Write a glyph with a finger."""
    pad = page.locator("#pad").bounding_box()
    touches = page.context.new_cdp_session(page)

    def send(kind, *points):
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": float(x), "y": float(y)} for x, y in points]})

    for stroke in strokes(form, pad["x"] + left, pad["y"] + top, height):
        send("touchStart", stroke[0])
        for point in stroke[1:]:
            send("touchMove", point)
        send("touchEnd")


def note(text, seed=3):
    """Black ink on light paper: uint8 (h, w)."""
    ink = np.pad(write(text, np.random.default_rng(seed)), 40)
    return np.round(235 * (1 - 0.8 * ink)).astype(np.uint8)


def reads(page, view, *lines):
    """Wait until a view says so: the views Image and Files in a field for each line."""
    if view in ("image", "files"):
        fields = page.locator(f"#{view} textarea")
        expect(fields).to_have_count(len(lines))
        for number, line in enumerate(lines):
            expect(fields.nth(number)).to_have_value(line)
    else:
        expect(page.locator(f"#{view}-text")).to_have_text(*lines, use_inner_text=False)


def dialogs(page, accept=True):
    """A list that fills with what the page asks before something is lost; the answer is always the same."""
    asked = []

    def answer(dialog):
        asked.append(dialog.type)
        dialog.accept() if accept else dialog.dismiss()

    page.on("dialog", answer)
    return asked


def sheet(*lines):
    """Notes below one another."""
    notes = [note(line) for line in lines]
    width = max(one.shape[1] for one in notes)
    return np.vstack([np.pad(one, ((0, 0), (0, width - one.shape[1])), constant_values=235) for one in notes])


def png(image, name="note.png"):
    """An image as a file to choose."""
    return {"name": name, "mimeType": "image/png", "buffer": cv2.imencode(".png", image)[1].tobytes()}


def downloaded(page, button):
    """The rows of the CSV that a button gives."""
    with page.expect_download() as download:
        page.click(button)
    content = Path(download.value.path()).read_bytes().decode()
    assert content.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(content, newline="")))
