"""What reading an image costs beside decoding it, on one thread.

    python bench/speed.py [ROUNDS]          # beside RapidOCR as it comes, where rapidocr-onnxruntime is installed

The images are written by `inkdigits.training.pen` and coded as JPEG. Every round decodes and reads each of them once, in turn, so that a
busy moment meets all of them; a ratio and a difference are taken within a round, and the median of the rounds is reported with the range
of their middle half. Run it on a quiet machine.
"""

import importlib.util
import logging
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

import cv2
import numpy as np

from inkdigits import Reader
from inkdigits.training.pen import write
from real_sets import models

Image = np.ndarray[Any, np.dtype[np.uint8]]


def note(height: int, width: int, lines: list[str], tall: int, *, colour: bool = False) -> bytes:
    """Lines of digits `tall` pixels high in dark ink on grainy paper, as the bytes of a JPEG."""
    rng = np.random.default_rng(0)
    page = np.full((height, width), 225, np.float32)
    for k, text in enumerate(lines, 1):
        ink = write(text, rng, height=tall, pen=0.1 * tall)[:height, :width]
        top, left = (height * k // (len(lines) + 1)) - len(ink) // 2, (width - ink.shape[1]) // 2
        page[top : top + len(ink), left : left + ink.shape[1]] *= 1 - 0.8 * ink
    grey = np.clip(page + rng.normal(0, 4, page.shape), 0, 255).astype(np.uint8)
    image = cv2.merge([grey, grey, np.minimum(grey, 235) + 20]) if colour else grey
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])


def cases(reader: Reader) -> dict[str, tuple[bytes, Callable[[Any], Any]]]:
    """Name -> the coded image, and what reads it."""
    page = ["31415", "92653", "58979", "32384"]
    found: dict[str, tuple[bytes, Callable[[Any], Any]]] = {
        f"{side}x{side}, one digit, `predict`": (note(side, side, ["7"], round(0.7 * side)), reader.predict) for side in (28, 60, 100)
    }
    found["1,000x1,000, ten digits, `read`"] = note(1000, 1000, ["3141592653"], 90), reader.read
    found["12 megapixels, grey, 20 digits, `read`"] = note(4000, 3000, page, 250), reader.read
    found["12 megapixels, colour, 20 digits, `read`"] = note(4000, 3000, page, 250, colour=True), reader.read
    return found


def seconds(what: Callable[[Any], Any], given: Any) -> float:
    start = time.perf_counter()
    what(given)
    return time.perf_counter() - start


def middle(values: Iterable[float], digits: int) -> str:
    """median [first quartile, third quartile]."""
    low, median, high = statistics.quantiles(values, n=4)
    return f"{median:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def rapidocr() -> Callable[[Any], Any] | None:
    """What reads a coded image with RapidOCR's own settings, on one thread; None where it is not installed."""
    if not importlib.util.find_spec("rapidocr_onnxruntime"):
        return None
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)
    logging.disable(logging.WARNING)  # it warns of every image without text
    return lambda coded: engine(cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR))


def main(rounds: int) -> None:
    cv2.setNumThreads(1)
    every, other = cases(Reader(threshold=0)), rapidocr()
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in every}
    for i in range(rounds + 1):
        for name, (coded, read) in every.items():
            flag = cv2.IMREAD_COLOR if "colour" in name else cv2.IMREAD_GRAYSCALE
            decoding = seconds(lambda data, flag=flag: cv2.imdecode(np.frombuffer(data, np.uint8), flag), coded)
            reading = seconds(read, coded)
            if i:  # the first round loads the models
                times[name].append((decoding, reading, seconds(other, coded) if other else 0.0))
    print("Models: " + ", ".join(f"{name} ({digest})" for name, digest in models().items()) + f"; {rounds} rounds.\n")
    print("| image | decoding, ms | reading, decoding included, ms | beyond decoding, ms | reading / decoding | RapidOCR / reading |")
    print("|---|---|---|---|---|---|")
    for name, rows in times.items():
        cells = [middle((1000 * d for d, _, _ in rows), 2), middle((1000 * r for _, r, _ in rows), 2)]
        cells += [middle((1000 * (r - d) for d, r, _ in rows), 2), middle((r / d for d, r, _ in rows), 2)]
        cells += [middle((o / r for _, r, o in rows), 0) if other else "–"]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
