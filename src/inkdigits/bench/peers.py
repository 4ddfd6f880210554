"""inkdigits beside RapidOCR (PP-OCRv6) and Tesseract on real handwriting: how much is right.

Every image is decoded once and the same pixels are read by everyone, on one thread. Peers get the benefit of the doubt: on TRIAL images of
each set they are tried in several ways, and the best one is measured. A peer that is not installed is left out. What an image costs is
measured by `speed`, on a quiet machine.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inkdigits import Reader
from inkdigits.arrays import Bytes
from inkdigits.recognition.alphabet import DIGITS, SYMBOLS
from inkdigits.training.evaluate_lines import edit_distance
from inkdigits.training.progress import making

from .scoring import digits, number
from .sets import RealSet
from .tables import Table

TRIAL = 20
SEED = 0
TIMEOUT = 120  # seconds; who takes longer has not read the image
HEIGHT = 100  # pixels; Tesseract's network looks at lines 36 pixels high, but finds them better when they are larger
SIDE = 960  # pixels of the longer side at which RapidOCR's detector looks; as it comes it enlarges the shorter side of a crop to 736


@dataclass(frozen=True)
class Way:
    """One setting of one reader. `prepare` puts the pixels, RGB or grey, into the form it takes; `read` gives the text."""

    label: str
    prepare: Callable[[Bytes], Any]
    read: Callable[[Any], str]


Ways = Callable[[RealSet], list[Way]]
"""The ways in which a reader can be tried on a set."""


@dataclass
class Tally:
    """What one reader made of a set. right: of `n` images every digit; with_symbols: the whole number; errors: of `digits` digits."""

    n: int = 0
    right: int = 0
    with_symbols: int = 0
    errors: int = 0
    digits: int = 0
    failed: int = 0

    def add(self, text: str, truth: str, *, lines: bool) -> None:
        """Count one answer."""
        self.n += 1
        self.right += digits(text, lines=lines) == digits(truth, lines=lines)
        self.with_symbols += number(text, lines=lines) == number(truth, lines=lines)
        self.errors += edit_distance(digits(text, lines=False), digits(truth, lines=False))
        self.digits += len(digits(truth, lines=False))


def bgr(image: Bytes) -> Bytes:
    """RGB or grey -> BGR."""
    return np.ascontiguousarray(image[..., ::-1]) if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)


def as_high(image: Bytes, *, enlarge_only: bool) -> Bytes:
    """Scaled to HEIGHT, proportions kept."""
    factor = HEIGHT / image.shape[0]
    if enlarge_only and factor <= 1:
        return image
    size = (max(1, round(image.shape[1] * factor)), HEIGHT)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA))


def with_margin(image: Bytes, share: float = 0.5) -> Bytes:
    """With paper around it, as wide as a share of the image's height: RapidOCR's detector overlooks most of what fills a tight crop."""
    edge = max(1, min(round(share * image.shape[0]), HEIGHT))
    paper = np.median(image.reshape(-1, *image.shape[2:]), axis=0)
    return np.asarray(cv2.copyMakeBorder(image, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=np.broadcast_to(paper, 3).tolist()))


def inkdigits(data: RealSet) -> list[Way]:
    """Nothing to try: as it comes, but that it must always answer, as the peers do."""
    reader = Reader(threshold=0)
    if data.single:
        return [Way("`predict`, threshold 0", lambda image: image, lambda image: str(reader.predict(image).label))]
    return [Way("`read`, threshold 0", lambda image: image, lambda image: reader.read(image).text)]


def rapidocr(data: RealSet) -> list[Way]:
    """Its recognition alone, and after its detection; with paper around the image, and with a less strict detector. On pages as it comes
    too: texts of score 0.5 or more, and those upside down are turned; on a crop that takes seconds. Its wheel holds the small models."""
    from rapidocr import RapidOCR

    def way(label: str, prepare: Callable[[Bytes], Bytes], **settings: Any) -> Way:
        one = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
        chosen = {name.replace("_", ".", 1): value for name, value in settings.items()}
        engine = RapidOCR(params={"Global.log_level": "critical", **one, **chosen})  # it warns of every image without text
        return Way(label, lambda image: prepare(bgr(image)), lambda image: in_reading_order(engine(image)))

    def as_is(image: Bytes) -> Bytes:
        return image

    alone = {"Global_use_det": False, "Global_use_cls": False}
    found = {"Global_text_score": 0.0, "Global_use_cls": False, "Det_limit_type": "max", "Det_limit_side_len": SIDE}
    loose = {**found, "Det_box_thresh": 0.3, "Det_unclip_ratio": 2.0}
    ways = [
        way("recognition alone", as_is, **alone),
        way("recognition alone, thin paper margin", lambda image: with_margin(image, 0.1), **alone),
        way("recognition alone, paper margin", lambda image: with_margin(image, 0.25), **alone),
        way("detection, paper margin", with_margin, **found),
        way("loose detection, paper margin", with_margin, **loose),
    ]
    if data.single:
        return ways
    ways.append(way("detection", as_is, **found))
    return [*ways, way("as it comes", as_is), way("as it comes, paper margin", with_margin)] if data.pages else ways


def in_reading_order(found: Any) -> str:
    """What RapidOCR gives -> text, line by line: its `txts`, each with one of `boxes` of 4 points, or of the whole image without detection.

    Texts whose middle is above the lower edge of the first one in a line are on that line.
    """
    texts, corners = getattr(found, "txts", None) or (), getattr(found, "boxes", None)
    if corners is None:
        return "\n".join(texts)
    boxes = [(np.asarray(box), text) for box, text in zip(corners, texts, strict=True) if any(c.isdecimal() for c in text)]
    rows: list[list[tuple[Bytes, str]]] = []
    for box, text in sorted(boxes, key=lambda pair: float(pair[0][:, 1].mean())):
        if rows and box[:, 1].mean() < rows[-1][0][0][:, 1].max():
            rows[-1].append((box, text))
        else:
            rows.append([(box, text)])
    return "\n".join("".join(text for _, text in sorted(row, key=lambda pair: float(pair[0][:, 0].min()))) for row in rows)


def tesseract(data: RealSet) -> list[Way]:
    """As it is, with paper around it, and scaled to HEIGHT; told that there are digits only, and on strings that there may be symbols."""
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}

    def png(image: Bytes) -> bytes:
        return bytes(cv2.imencode(".png", bgr(image) if image.ndim == 3 else image)[1])

    def way(label: str, prepare: Callable[[Bytes], Bytes], allowed: str) -> Way:
        command = ["tesseract", "stdin", "stdout", "--psm", "10" if data.single else "6", "-c", f"tessedit_char_whitelist={allowed}"]

        def run(data: bytes) -> str:
            return subprocess.run(command, input=data, env=environment, check=True, capture_output=True, timeout=TIMEOUT).stdout.decode()

        return Way(label, lambda image: png(prepare(image)), run)

    scaled = f"{HEIGHT} px high" if data.single else f"at least {HEIGHT} px high"
    prepared: dict[str, Callable[[Bytes], Bytes]] = {
        "as it is": lambda image: image,
        "paper margin": with_margin,
        scaled: lambda image: as_high(image, enlarge_only=not data.single),
    }
    kinds = {"": DIGITS} if data.single else {"": DIGITS, ", symbols": DIGITS + SYMBOLS}
    return [way(label + kind, prepare, allowed) for kind, allowed in kinds.items() for label, prepare in prepared.items()]


def peers() -> dict[str, Ways]:
    """Those that are installed, by name and version; a line for each that is not."""
    found: dict[str, Ways] = {}
    if importlib.util.find_spec("rapidocr"):
        found[f"RapidOCR {importlib.metadata.version('rapidocr')} (PP-OCRv6)"] = rapidocr
    else:
        print("RapidOCR is left out: pip install 'rapidocr>=3.10'", file=sys.stderr)
    if shutil.which("tesseract"):
        said = subprocess.run(["tesseract", "--version"], check=True, capture_output=True, text=True)
        found[f"Tesseract {(said.stdout or said.stderr).split()[1]}"] = tesseract
    else:
        print("Tesseract is left out: apt-get install tesseract-ocr", file=sys.stderr)
    return found


def answer(way: Way, data: RealSet, index: int, image: Bytes, tally: Tally, *, may_fail: bool) -> None:
    """Read one image. A peer that fails has read nothing; an error of ours ends the run."""
    try:
        text = way.read(way.prepare(image))
    except Exception:
        if not may_fail:
            raise
        text = ""
        tally.failed += 1
    tally.add(text, data.rows[index][1], lines=data.lines)


def tried(ways: list[Way], data: RealSet, indices: Sequence[int], doing: str) -> list[Tally]:
    """What each of several ways makes of the images of the trial."""
    tallies = [Tally() for _ in ways]
    for index in watched(indices, doing):
        image = data.pixels(index)
        for way, tally in zip(ways, tallies, strict=True):
            answer(way, data, index, image, tally, may_fail=True)
    return tallies


def best(tallies: Sequence[Tally], symbols: bool) -> int:
    """Which way has most images right, then fewest wrong digits; symbols: with its symbols is how a number is right."""
    return min(range(len(tallies)), key=lambda i: (-(tallies[i].with_symbols if symbols else tallies[i].right), tallies[i].errors))


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


def measure(data: RealSet, limit: int, readers: dict[str, Ways]) -> dict[str, Any]:
    """Everyone on one set."""
    order = np.random.default_rng(SEED).permutation(len(data)).tolist()
    measured, trial = order[:limit], order[-TRIAL:]  # no image is in both where the set is large enough
    results = {}
    for name, ways_of in readers.items():
        ways = ways_of(data)
        trials = tried(ways, data, trial, f"{data.name}: trying settings of {name}") if len(ways) > 1 else [Tally()]
        way, tally = ways[best(trials, data.symbols)], Tally()
        for index in watched(measured, f"{data.name}: reading with {name}"):
            answer(way, data, index, data.pixels(index), tally, may_fail=name != "inkdigits")
        results[name] = {
            "setting": way.label,
            "tried": [
                {"setting": w.label, "n": t.n, "right": t.right, "with_symbols": t.with_symbols} for w, t in zip(ways, trials, strict=True)
            ],
            "right": tally.right,
            "with_symbols": tally.with_symbols if data.symbols else None,
            "digit_error": tally.errors / max(1, tally.digits),
            "failed": tally.failed,
        }
    return {"set": data.name, "n": len(measured), "of": len(data), "readers": results}


HEAD = ("set", "images", "read by", "right [95 % interval]", "right with symbols", "digit error", "setting")
TRIED = ("set", "read by", "setting", f"right, of {TRIAL}", "right with symbols")


def tables(home: Path, sets: Sequence[str], limit: int) -> list[Table]:
    """Everyone on `limit` images of each set, and the ways that each peer was tried in before."""
    cv2.setNumThreads(1)
    readers = {"inkdigits": inkdigits} | peers()
    figures = [measure(RealSet(home / name), limit, readers) for name in sets]
    settings = [row for result in figures for row in settings_rows(result)]
    return [
        Table("peers", HEAD, [row for result in figures for row in rows(result)], figures, NOTE),
        *([Table("peer_settings", TRIED, settings)] if settings else []),
    ]


def rows(result: dict[str, Any]) -> list[list[str]]:
    """A line for each reader of a set; the most that is right is in bold."""
    lines = []
    n, of = result["n"], result["of"]
    right = {name: (r["right"] if r["with_symbols"] is None else r["with_symbols"]) for name, r in result["readers"].items()}
    for name, r in result["readers"].items():
        low, high = interval(r["right"], n)
        lines.append(
            [
                result["set"],
                f"{n:,}" if n == of else f"{n:,} of {of:,}",
                f"**{name}**" if right[name] == max(right.values()) else name,
                f"{r['right'] / n * 100:.1f} % [{low * 100:.1f}, {high * 100:.1f}]",
                "" if r["with_symbols"] is None else f"{r['with_symbols'] / n * 100:.1f} %",
                f"{r['digit_error'] * 100:.1f} %",
                r["setting"] + (f"; failed on {r['failed']}" if r["failed"] else ""),
            ]
        )
    return lines


NOTE = "Bold: who reads most of a set right, with its symbols where it has any."


def settings_rows(result: dict[str, Any]) -> list[list[str]]:
    """A line for each way that a peer was tried in; the one that was measured is in bold."""
    lines = []
    for name, r in result["readers"].items():
        for one in r["tried"] if len(r["tried"]) > 1 else []:
            setting = f"**{one['setting']}**" if one["setting"] == r["setting"] else one["setting"]
            symbols = "" if r["with_symbols"] is None else f"{one['with_symbols']}"
            lines.append([result["set"], name, setting, f"{one['right']}" + (f" of {one['n']}" if one["n"] < TRIAL else ""), symbols])
    return lines
