"""A blank with a comb, boxes, a line and small boxes, and what somebody writes on it."""

import cv2
import numpy as np

from inkdigits.training import pen

SIZE = (700, 990)
"""Width and height of the blank."""
FIELDS = [
    {"name": "id", "box": [200, 120, 360, 44], "type": "id", "cells": 9, "length": 9, "check": "luhn", "required": True},
    {"name": "first", "box": [200, 220, 160, 54], "type": "integer", "maximum": 500},
    {"name": "second", "box": [200, 310, 160, 54], "type": "integer", "maximum": 500},
    {"name": "total", "box": [200, 400, 160, 54], "type": "integer"},
    {"name": "day", "box": [200, 490, 300, 54], "type": "date"},
    {"name": "agreed", "box": [200, 590, 26, 26], "type": "tick"},
]
PROSE = "Every field that does not concern you may be left empty. Return this page before the last day of the month"


def blank_page(title="Application"):
    """A page of print, uint8 (990, 700)."""
    page = np.full(SIZE[::-1], 255, np.uint8)
    cv2.putText(page, title, (60, 70), cv2.FONT_HERSHEY_DUPLEX, 1.3, 20, 2, cv2.LINE_AA)
    for own in FIELDS:
        x, y, w, h = own["box"]
        cv2.putText(page, own["name"], (60, y + h - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 20, 1, cv2.LINE_AA)
        if own["type"] == "date":
            cv2.line(page, (x, y + h - 6), (x + w, y + h - 6), 60, 2)
            continue
        cv2.rectangle(page, (x, y), (x + w, y + h), 60, 2)
        for wall in range(1, own.get("cells", 1)):
            cv2.line(page, (x + wall * w // own["cells"], y), (x + wall * w // own["cells"], y + h), 60, 2)
    words, shift = PROSE.split(), len(title)
    for number in range(9):
        line = " ".join(words[(5 * number + k + shift) % len(words)] for k in range(9))
        cv2.putText(page, line, (60, 680 + 32 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 20, 1, cv2.LINE_AA)
    return page


def filled_page(page, **texts):
    """The page with digits written into fields; of a date with slashes, of a tick anything."""
    rng = np.random.default_rng(5)
    style = pen.Style.of_anyone(np.random.default_rng(2), 0.6)
    ink = np.zeros(page.shape, np.float32)

    def put(drawn, x, y):
        window = ink[y : y + drawn.shape[0], x : x + drawn.shape[1]]
        np.maximum(window, drawn[: window.shape[0], : window.shape[1]], out=window)

    for own in FIELDS:
        x, y, w, h = own["box"]
        text = texts.get(own["name"], "")
        if text and own["type"] == "tick":
            cv2.line(ink, (x + 4, y + 4), (x + w - 4, y + h - 4), 1.0, 3, cv2.LINE_AA)
            cv2.line(ink, (x + w - 4, y + 4), (x + 4, y + h - 4), 1.0, 3, cv2.LINE_AA)
        elif text:
            step = w // own["cells"] if "cells" in own else 22
            for place, sign in enumerate(text):
                left = x + (step - 16) // 2 + place * step
                if sign == "/":
                    cv2.line(ink, (left + 2, y + h - 8), (left + 12, y + 10), 1.0, 3, cv2.LINE_AA)
                else:
                    put(pen.write(sign, rng, height=28, pen=2.8, style=style), left, y + (h - 28) // 2 - 2)
    return np.round(page * (1 - 0.8 * ink)).astype(np.uint8)
