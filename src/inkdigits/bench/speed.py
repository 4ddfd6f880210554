"""What reading costs: an image beside decoding it and beside RapidOCR, and the command as a whole process.

Every round does each thing once, in turn, so that a busy moment meets all of them; a ratio and a difference are taken within a round, and
the median of the rounds is reported with the range of their middle half. One thread. Run it on a quiet machine.
"""

from __future__ import annotations

import compileall
import importlib.metadata
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import inkdigits
from inkdigits import Reader
from inkdigits.training.pen import write

from .tables import Table, middle, quartiles, seconds

CROPS = 20
"""Crops come in numbers, and one takes a millisecond: so many are timed at once."""
READING = ("image", "decoding, ms", "reading, decoding included, ms", "beyond decoding, ms", "reading / decoding")
PROCESSES = ("process", "s", "beside")


def reading(rounds: int) -> Table:
    """Images from a crop of 28 pixels to 12 megapixels, written by `inkdigits.training.pen` and coded as JPEG.

    Where RapidOCR is installed it is a table of its own: what comes with it may be another OpenCV, which decodes in another time.
    """
    cv2.setNumThreads(1)
    every, other = cases(Reader(threshold=0)), rapidocr()
    times: dict[str, list[tuple[float, float, float]]] = {name: [] for name in every}
    for i in range(rounds + 1):
        for name, (coded, read) in every.items():
            flag = cv2.IMREAD_COLOR if "colour" in name else cv2.IMREAD_GRAYSCALE
            decoding = seconds(cv2.imdecode, np.frombuffer(coded, np.uint8), flag)
            many = CROPS if "predict" in name else 1
            took = seconds(_several, read, coded, many) / many
            if i:  # the first round loads the models
                times[name].append((decoding, took, seconds(other, coded) if other else 0.0))
    rows, figures = [], []
    for name, timed in times.items():
        columns = {
            "decoding_ms": [1000 * d for d, _, _ in timed],
            "reading_ms": [1000 * r for _, r, _ in timed],
            "beyond_ms": [1000 * (r - d) for d, r, _ in timed],
            "reading_by_decoding": [r / d for d, r, _ in timed],
        }
        cells = [middle(values, 2) for values in columns.values()]
        if other:
            columns["rapidocr_by_reading"] = [o / r for _, r, o in timed]
            cells.append(middle(columns["rapidocr_by_reading"], 0))
        rows.append([name, *cells])
        figures.append({"image": name, **{key: quartiles(values) for key, values in columns.items()}})
    head = (*READING, f"RapidOCR {importlib.metadata.version('rapidocr')} / reading") if other else READING
    return Table("beside_rapidocr" if other else "reading", head, rows, figures, f"{rounds} rounds.")


def processes(rounds: int) -> Table:
    """`inkdigits read` and `--help` as whole processes, beside what Python and the libraries cost by themselves."""
    with tempfile.TemporaryDirectory() as folder:
        example = Path(folder) / "number.jpg"
        example.write_bytes(note(600, 900, ["314159"], 90))
        commands = {
            "`pass`": ["-c", "pass"],
            "`import numpy, cv2, onnxruntime`": ["-c", "import numpy, cv2, onnxruntime"],
            "`inkdigits --help`": ["-m", "inkdigits", "--help"],
            "`inkdigits read`": ["-m", "inkdigits", "read", str(example)],
        }
        compileall.compile_dir(Path(inkdigits.__file__).parent, quiet=1)  # as an installation does
        for arguments in commands.values():
            _run(arguments)  # what is on disk is in memory from here on
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, arguments in commands.items():
                times[name].append(seconds(_run, arguments))
    bare, imports, helping, reads = times.values()
    more = [b - a for a, b in zip(bare, helping, strict=True)]
    ratio = [b / a for a, b in zip(imports, reads, strict=True)]
    beside = ["", "", f"{middle(more, 3)} s more than `pass`", f"{middle(ratio, 2)} of the imports"]
    rows = [[name, middle(values, 3), said] for (name, values), said in zip(times.items(), beside, strict=True)]
    figures: list[dict[str, Any]] = [{"process": name, "seconds": quartiles(values)} for name, values in times.items()]
    figures += [{"help_minus_pass": quartiles(more)}, {"read_by_imports": quartiles(ratio)}]
    return Table("processes", PROCESSES, rows, figures, f"{rounds} rounds.")


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


def _several(read: Callable[[Any], Any], coded: bytes, many: int) -> None:
    for _ in range(many):
        read(coded)


def rapidocr() -> Callable[[Any], Any] | None:
    """What reads a coded image with RapidOCR's own settings, on one thread; None where it is not installed."""
    if not importlib.util.find_spec("rapidocr"):
        return None
    from rapidocr import RapidOCR

    one = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    engine = RapidOCR(params={"Global.log_level": "critical", **one})  # it warns of every image without text
    return lambda coded: engine(cv2.imdecode(np.frombuffer(coded, np.uint8), cv2.IMREAD_COLOR))


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
