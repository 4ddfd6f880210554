"""What a person should look at: the rows that need it, worst first, as rows or as a sheet of crops beside the answers."""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Sequence
from html import escape
from itertools import count
from pathlib import Path
from typing import Any

from .. import files
from ..errors import InputError, MissingExtra
from ..lines import NO_REASON_TO_LOOK
from ..spreadsheet import CSV_COLUMNS, csv_cells, csv_text

MOST_ROWS, MOST_CROPS = 10_000, 500
"""The worst that are kept, and those of them that a sheet shows: a person looks at no more in a day."""
SUFFIXES = (".jsonl", ".csv", ".html")
CROP = (480, 140)
"""Width and height of a crop on the sheet, in pixels, at most."""
STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
td, th { padding: .5rem; border-bottom: 1px solid #8886; text-align: left; vertical-align: top }
img { max-width: 100%; background: #fff } .text { font: 1.4rem ui-monospace, monospace; white-space: pre } .why { color: GrayText }
.left-out { display: inline-block; width: 1.2em; height: .8em; border: 2px solid rgb(148 62 118); background: rgb(148 62 118 / 25%) }
"""


class Review:
    """Gathers rows that need a person, the worst of them if there are too many. Only these are held."""

    def __init__(self) -> None:
        self._worst: list[tuple[float, int, dict[str, Any]]] = []
        self._order = count()

    def add(self, row: dict[str, Any]) -> None:
        """Take a row, as `Reading.to_dict` gives it, if it needs review."""
        if not row["needs_review"]:
            return
        entry = (-float(row["confidence"]), -next(self._order), row)  # the most confident of the last ones is first, and goes first
        if len(self._worst) < MOST_ROWS:
            heapq.heappush(self._worst, entry)
        else:
            heapq.heappushpop(self._worst, entry)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What could not be read at all, then what was refused, then the others, the least confident first."""
        ranked = sorted(self._worst, key=lambda e: (e[2]["error"] is None, e[2]["refused"] is None, -e[0], -e[1]))
        return [row for *_, row in ranked]

    @staticmethod
    def writes(path: Path) -> bool:
        """Whether the suffix is one that `write` knows."""
        return path.suffix.lower() in SUFFIXES

    def write(self, path: Path) -> None:
        """Write them as .jsonl, .csv or .html. Raises OutputError where the file cannot be written."""
        kind = path.suffix.lower()
        if kind == ".html":
            content = sheet(self.rows)
        elif kind == ".csv":
            content = csv_text([CSV_COLUMNS, *map(csv_cells, self.rows)])
        else:
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows)
        files.write(path, content)


def sheet(rows: Sequence[dict[str, Any]]) -> str:
    """A page of HTML that needs nothing else: the writing beside what was read of it. The images are opened once more."""
    shown = rows[:MOST_CROPS]
    rest = f"<p>The worst {len(shown):,} of {len(rows):,}.</p>" if len(rows) > len(shown) else ""
    if any(row.get("left_out") for row in shown):
        rest += '<p><span class="left-out"></span> framed: what was left out of the answer</p>'
    body = "\n".join(map(_line, shown))
    head = "<tr><th>image</th><th>read as</th><th>sure</th><th>where, and why</th></tr>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>To review</title><style>{STYLE}</style>"
        f"<h1>To review: {len(rows):,}</h1>{rest}<table>{head}\n{body}\n</table></html>\n"
    )


def _line(row: dict[str, Any]) -> str:
    page = f", page {row['page']}" if row["page"] > 1 else ""
    why = row["error"] or row["refused"] or "; ".join(filter(None, [_damage(row), _doubt(row), _left(row)]))
    return (
        f'<tr><td>{_crop(row)}</td><td class="text">{escape(row["text"])}</td><td>{row["confidence"]:.0%}</td>'
        f'<td>{escape(row["source"] + page)}<br><span class="why">{escape(why)}</span></td></tr>'
    )


def _damage(row: dict[str, Any]) -> str:
    return "the file may be damaged" if "damaged" in row.get("review_reasons", ()) else ""


def _doubt(row: dict[str, Any]) -> str:
    """Why the first digit that is not answered is not, or that the confidence of all of it is low."""
    refused = [digit["refused"] for line in row.get("lines", ()) for digit in line["digits"] if digit.get("refused")]
    return str(refused[0]) if refused else "an answer is not sure" if "unsure" in row.get("review_reasons", ()) else ""


def _left(row: dict[str, Any]) -> str:
    """What was left out, in words, and whether it is of the size of writing; "" where nothing was. Rows of CSV do not say."""
    reasons = sorted({left["reason"] for left in row.get("left_out", ())})
    if not reasons:
        return ""
    size = " (ink of the size of writing)" if "unread" in row["review_reasons"] else ""
    return f"left out: {', '.join(reasons)}{size}"


def _crop(row: dict[str, Any]) -> str:
    """The part of the image that was read or left out, or all of it, as an <img>, what was left out in a frame; nothing where it cannot
    be opened."""
    import cv2

    from .. import images
    from ..drawing.canvas import LEFT
    from ..drawing.readings import encode
    from ..layout.ink import shrink

    try:
        image = images.load(row["source"]).page(row["page"])
    except (InputError, MissingExtra):
        return ""
    lines = [line["box"] for line in row.get("lines", ())]
    boxes = [*lines, *(left["box"] for left in row.get("left_out", ()) if left["reason"] not in NO_REASON_TO_LOOK)]
    left = top = 0
    if lines:
        border = max(box[3] for box in lines) // 3
        left, top = max(min(box[0] for box in boxes) - border, 0), max(min(box[1] for box in boxes) - border, 0)
        right, bottom = max(box[0] + box[2] for box in boxes) + border, max(box[1] + box[3] for box in boxes) + border
        image = image[top:bottom, left:right]
    width, height = CROP
    scale = max(image.shape[1] / width, image.shape[0] / height, 1.0)
    small, _ = shrink(image, max(1, round(max(image.shape[:2]) / scale)))
    colour = small.copy() if small.ndim == 3 else cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)
    share = small.shape[1] / image.shape[1]
    for x, y, w, h in (one["box"] for one in row.get("left_out", ())):
        begin, end = ((round((across - left) * share), round((down - top) * share)) for across, down in ((x, y), (x + w, y + h)))
        cv2.rectangle(colour, begin, end, LEFT, 1 + round(share))
    data = base64.b64encode(encode(colour, ".jpg")).decode()
    return f'<img alt="" src="data:image/jpeg;base64,{data}">'
