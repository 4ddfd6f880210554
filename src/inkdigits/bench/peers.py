"""inkdigits beside RapidOCR (PP-OCRv4) and Tesseract on real handwriting: how much is right, and what an image costs.

Every image is decoded once and the same pixels are read by everyone in turn, on one thread, so that a busy moment meets all of them; a
ratio of times is taken within an image, and its median is reported with the range of its middle half. Peers get the benefit of the doubt:
on TRIAL images of each set they are tried in several ways, and the best one is measured. A peer that is not installed is left out.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inkdigits import Reader
from inkdigits.training.evaluate_lines import edit_distance
from inkdigits.training.progress import making

from .real import SINGLE, Image, RealSet, digit_lines
from .tables import Table, quartiles

TRIAL = 20
SEED = 0
TIMEOUT = 120  # seconds; who takes longer has not read the image
HEIGHT = 100  # pixels; Tesseract's network looks at lines 36 pixels high, but finds them better when they are larger


@dataclass(frozen=True)
class Way:
    """One setting of one reader. `prepare` puts the pixels, RGB or grey, into the form it takes and is not timed; `read` gives the text."""

    label: str
    prepare: Callable[[Image], Any]
    read: Callable[[Any], str]


@dataclass
class Tally:
    """What one reader made of a set."""

    right: int = 0
    errors: int = 0
    digits: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, text: str, truth: str, seconds: float) -> None:
        """Count one answer."""
        got, want = digit_lines(text), digit_lines(truth)
        self.right += got == want
        self.errors += edit_distance("".join(got), "".join(want))
        self.digits += len("".join(want))
        self.seconds.append(seconds)


def bgr(image: Image) -> Image:
    """RGB or grey -> BGR."""
    return np.ascontiguousarray(image[..., ::-1]) if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)


def as_high(image: Image, *, enlarge_only: bool) -> Image:
    """Scaled to HEIGHT, proportions kept."""
    factor = HEIGHT / image.shape[0]
    if enlarge_only and factor <= 1:
        return image
    size = (max(1, round(image.shape[1] * factor)), HEIGHT)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA))


def with_margin(image: Image) -> Image:
    """With paper around it, half as wide as the image is high: RapidOCR's detector overlooks most of what fills a tight crop."""
    edge = min(image.shape[0] // 2, HEIGHT)
    paper = np.median(image.reshape(-1, *image.shape[2:]), axis=0)
    return np.asarray(cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=np.broadcast_to(paper, 3).tolist()))


def inkdigits(single: bool) -> list[Way]:
    """Nothing to try: as it comes, but that it must always answer, as the peers do."""
    reader = Reader(threshold=0)
    if single:
        return [Way("`predict`, threshold 0", lambda image: image, lambda image: str(reader.predict(image).label))]
    reader.read(np.full((64, 64), 255, np.uint8))
    return [Way("`read`, threshold 0", lambda image: image, lambda image: reader.read(image).text)]


def rapidocr(single: bool) -> list[Way]:
    """With and without looking for text first; as it comes: texts of score 0.5 or more, and those upside down are turned."""
    from rapidocr_onnxruntime import RapidOCR

    def way(label: str, prepare: Callable[[Image], Image], **settings: Any) -> Way:
        engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1, **settings)
        for name in [name for name in logging.root.manager.loggerDict if "ocr" in name.lower()]:
            logging.getLogger(name).setLevel(logging.ERROR)  # it warns of every image without text
        return Way(label, lambda image: prepare(bgr(image)), lambda image: in_reading_order(engine(image)[0] or []))

    def enlarged(image: Image) -> Image:
        return as_high(image, enlarge_only=False)

    def as_is(image: Image) -> Image:
        return image

    ways = [
        way("no detection", as_is, use_det=False, use_cls=False),
        way("detection, score 0, paper margin", with_margin, text_score=0.0, use_cls=False),
    ]
    if single:
        return [*ways, way(f"detection, score 0, {HEIGHT} px high", enlarged, text_score=0.0, use_cls=False)]
    return [*ways, way("detection, score 0.5, paper margin", with_margin), way("as it comes", as_is)]


def in_reading_order(found: list[list[Any]]) -> str:
    """[[box of 4 points, text, score], ...] or, without detection, [[text, score], ...] -> text, line by line.

    Texts whose middle is above the lower edge of the first one in a line are on that line.
    """
    if not found or isinstance(found[0][0], str):
        return "\n".join(text for text, _ in found)
    boxes = [(np.asarray(box), text) for box, text, _ in found if any(c.isdecimal() for c in text)]
    rows: list[list[tuple[Image, str]]] = []
    for box, text in sorted(boxes, key=lambda pair: float(pair[0][:, 1].mean())):
        if rows and box[:, 1].mean() < rows[-1][0][0][:, 1].max():
            rows[-1].append((box, text))
        else:
            rows.append([(box, text)])
    return "\n".join("".join(text for _, text in sorted(row, key=lambda pair: float(pair[0][:, 0].min()))) for row in rows)


def tesseract(single: bool) -> list[Way]:
    """As it is, with paper around it, and scaled to HEIGHT."""
    command = ["tesseract", "stdin", "stdout", "--psm", "10" if single else "6", "-c", "tessedit_char_whitelist=0123456789"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def png(image: Image) -> bytes:
        return bytes(cv2.imencode(".png", bgr(image) if image.ndim == 3 else image)[1])

    def run(data: bytes) -> str:
        return subprocess.run(command, input=data, env=environment, check=True, capture_output=True, timeout=TIMEOUT).stdout.decode()

    scaled = f"{HEIGHT} px high" if single else f"at least {HEIGHT} px high"
    return [
        Way("as it is", png, run),
        Way("paper margin", lambda image: png(with_margin(image)), run),
        Way(scaled, lambda image: png(as_high(image, enlarge_only=not single)), run),
    ]


def peers() -> dict[str, Callable[[bool], list[Way]]]:
    """Those that are installed; a line for each that is not."""
    found: dict[str, Callable[[bool], list[Way]]] = {}
    if importlib.util.find_spec("rapidocr_onnxruntime"):
        found["RapidOCR"] = rapidocr
    else:
        print("RapidOCR is left out: pip install rapidocr-onnxruntime", file=sys.stderr)
    if shutil.which("tesseract"):
        found["Tesseract"] = tesseract
    else:
        print("Tesseract is left out: apt-get install tesseract-ocr", file=sys.stderr)
    return found


def answer(way: Way, image: Image, truth: str, tally: Tally, *, may_fail: bool) -> None:
    """Read one image. A peer that fails has read nothing; an error of ours ends the run."""
    ready = way.prepare(image)
    start = time.perf_counter()
    try:
        text = way.read(ready)
    except Exception:
        if not may_fail:
            raise
        text = ""
        tally.failed += 1
    tally.add(text, truth, time.perf_counter() - start)


def best(ways: list[Way], data: RealSet, indices: Iterable[int], doing: str) -> tuple[Way, list[dict[str, Any]]]:
    """The way that has most images right on the images of the trial, then fewest wrong digits; and what each had."""
    tallies = [Tally() for _ in ways]
    if len(ways) > 1:
        for index in watched(indices, doing):
            image = data.pixels(index)
            for way, tally in zip(ways, tallies, strict=True):
                answer(way, image, data.rows[index][1], tally, may_fail=True)
    tried = [
        {"setting": w.label, "n": len(t.seconds), "right": t.right, "wrong_digits": t.errors} for w, t in zip(ways, tallies, strict=True)
    ]
    first = min(range(len(ways)), key=lambda i: (-tallies[i].right, tallies[i].errors))
    return ways[first], tried


def watched(indices: Iterable[int], what: str) -> Iterator[int]:
    """The same, with progress on standard error."""
    report, every = making(False), list(indices)
    for done, index in enumerate(every):
        report(what, done, len(every))
        yield index
    report(what, len(every), len(every))


def interval(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, right / n
    middle, half = share + z * z / (2 * n), z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def measure(data: RealSet, limit: int, readers: dict[str, Callable[[bool], list[Way]]]) -> dict[str, Any]:
    """Everyone on one set."""
    order = np.random.default_rng(SEED).permutation(len(data)).tolist()
    measured, trial = order[:limit], order[-TRIAL:]  # no image is in both where the set is large enough
    chosen: dict[str, Way] = {}
    tried: dict[str, list[dict[str, Any]]] = {}
    for name, ways in readers.items():
        chosen[name], tried[name] = best(ways(data.name in SINGLE), data, trial, f"{data.name}: trying settings of {name}")
    tallies = {name: Tally() for name in chosen}
    for name, way in chosen.items():
        answer(way, data.pixels(trial[0]), "", Tally(), may_fail=name != "inkdigits")  # models are loaded from here on
    for index in watched(measured, f"{data.name}: reading"):
        image = data.pixels(index)
        for name, way in chosen.items():
            answer(way, image, data.rows[index][1], tallies[name], may_fail=name != "inkdigits")
    ours = tallies["inkdigits"].seconds
    results = {}
    for name, tally in tallies.items():
        ratios = [a / b for a, b in zip(tally.seconds, ours, strict=True)] if name != "inkdigits" else None
        results[name] = {
            "setting": chosen[name].label,
            "tried": tried[name],
            "right": tally.right,
            "digit_error": tally.errors / max(1, tally.digits),
            "failed": tally.failed,
            "seconds": quartiles(tally.seconds),
            "times_inkdigits": quartiles(ratios) if ratios else None,
        }
    return {"set": data.name, "n": len(measured), "of": len(data), "readers": results}


HEAD = ("set", "images", "read by", "right [95 % interval]", "digit error", "ms an image", "times inkdigits' time", "setting")


def table(home: Path, sets: Sequence[str], limit: int) -> Table:
    """Everyone on `limit` images of each set."""
    cv2.setNumThreads(1)
    readers = {"inkdigits": inkdigits} | peers()
    figures = [measure(RealSet(home / name), limit, readers) for name in sets]
    return Table("peers", HEAD, [row for result in figures for row in rows(result)], figures, _note(readers))


def rows(result: dict[str, Any]) -> list[list[str]]:
    """A line for each reader of a set."""
    lines = []
    n, of = result["n"], result["of"]
    for name, r in result["readers"].items():
        low, high = interval(r["right"], n)
        ratio = "{1:.1f} [{0:.1f}, {2:.1f}]".format(*r["times_inkdigits"]) if r["times_inkdigits"] else ""
        lines.append(
            [
                result["set"],
                f"{n:,}" if n == of else f"{n:,} of {of:,}",
                name,
                f"{r['right'] / n * 100:.1f} % [{low * 100:.1f}, {high * 100:.1f}]",
                f"{r['digit_error'] * 100:.1f} %",
                f"{r['seconds'][1] * 1000:.1f}",
                ratio,
                r["setting"] + (f"; failed on {r['failed']}" if r["failed"] else ""),
            ]
        )
    return lines


def _note(readers: Iterable[str]) -> str:
    if "Tesseract" not in readers:
        return ""
    version = subprocess.run(["tesseract", "--version"], check=True, capture_output=True, text=True)
    way, blank = tesseract(True)[0], np.full((32, 32), 255, np.uint8)
    tally = Tally()
    for _ in range(7):
        answer(way, blank, "", tally, may_fail=True)
    took = statistics.median(tally.seconds) * 1000
    name = (version.stdout or version.stderr).split()[1]
    return f"Tesseract {name}: starting it and reading a blank 32x32 image takes {took:.0f} ms, part of its times."
