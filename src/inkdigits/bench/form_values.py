"""From a stack of forms to a table: right layout, fields in place, values right of all and of ok, with and without constraints.

    inkdigits bench forms --count 40      # 40 forms of each of the five layouts of `blanks`, composed as `stacks` says

Constraints are types, rosters, check digits and checks across fields.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from inkdigits.forms.read import FormModel, FormReader
from inkdigits.forms.reading import EMPTY, OK, STRUCK_OUT, FormReading
from inkdigits.forms.register import moved

from .blanks import DPI, NAMES, blanks, template
from .stacks import Filled, stack
from .tables import Table

AT = 100
"""The resolution in which the error of fields is told, in dots per inch."""
NEAR = 2.0
"""Pixels, at this resolution, within which a field is in place."""
LISTED = ("student", "slip", "account", "person", "meter", "meter again")
"""Fields with a check digit or a roster."""


@dataclass(frozen=True, slots=True)
class Value:
    """One field of a page as it was read. kind: its type, and "listed" where it has a check digit or a roster. right: whether value and
    status are those of the truth; sure: whether nobody is asked to look."""

    page: str
    kind: str
    listed: bool
    constrained: bool
    right: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it was read. kind: how it became an image. off: pixels, at AT, by which the corners of its fields are off, each; none
    where the layout is wrong."""

    kind: str
    right_layout: bool
    off: tuple[float, ...]
    values: tuple[Value, ...]


_readers: tuple[FormReader, FormReader]


def measured(count: int, seed: int) -> list[Page]:
    """Compose a stack, and read it on all cores. Raises DataError where a collection is missing."""
    with TemporaryDirectory() as folder:
        form = Path(folder) / "form.json"
        form.write_text(json.dumps(template()), encoding="utf-8")
        for blank in blanks():
            cv2.imwrite(str(form.with_name(f"{blank.name}.png")), blank.pixels)
        with multiprocessing.get_context("spawn").Pool(len(os.sched_getaffinity(0)), _prepare, (form,)) as pool:
            return list(pool.imap(_read, stack(count, seed), chunksize=2))


def forms_table(pages: Sequence[Page]) -> list[Table]:
    """The pages by how they became images, and their fields by type, with constraints and without."""
    return [_pages_table(pages), _fields_table([value for page in pages for value in page.values])]


def _prepare(form: Path) -> None:
    global _readers
    cv2.setNumThreads(1)
    _readers = FormReader(FormModel(form)), FormReader(FormModel(form, constrained=False))


def _read(filled: Filled) -> Page:
    first, second = (reader.read(filled.image) for reader in _readers)
    values = [*_values(filled, first, True), *_values(filled, second, False)]
    return Page(filled.kind, first.layout == filled.layout, _off(filled, first), tuple(values))


def _off(filled: Filled, found: FormReading) -> tuple[float, ...]:
    """By how many pixels, at AT, the corners of the fields lie beside where they are, seen in the blank."""
    if found.registered is None or found.layout != filled.layout:
        return ()
    fields = _readers[0].template.pages[found.registered.layout].fields
    corners = [(x + right * w, y + low * h) for x, y, w, h in (own.box for own in fields) for right in (0, 1) for low in (0, 1)]
    back = moved(moved(corners, filled.way), np.asarray(np.linalg.inv(found.registered.way), np.float64))
    return tuple((np.hypot(*(back - corners).T) * AT / DPI).tolist())


def _values(filled: Filled, found: FormReading, constrained: bool) -> Iterator[Value]:
    """The fields of a page against what was written in them; of a page that was not recognised all are wrong and nobody is misled."""
    by_name = {own.name: own for own in found.values} if found.layout == filled.layout else {}
    for own in next(page for page in _readers[0].template.pages if page.name == filled.layout).fields:
        truth, value = filled.truth[own.name], by_name.get(own.name)
        says = "" if value is None else STRUCK_OUT if value.status == STRUCK_OUT else value.value
        right = value is not None and says == truth and (truth != "" or value.status == EMPTY)
        sure = value is not None and value.status in (OK, EMPTY)
        yield Value(filled.layout, own.type, own.name in LISTED, constrained, right, sure)


def _pages_table(pages: Sequence[Page]) -> Table:
    rows, figures = [], []
    for kind in (*dict.fromkeys(page.kind for page in pages), "all"):
        some = [page for page in pages if kind in (page.kind, "all")]
        off = np.array([value for page in some for value in page.off] or [np.inf])
        figure = {
            "pages": kind,
            "n": len(some),
            "right_layout": _share(page.right_layout for page in some),
            "mean_off": float(off.mean()),
            "most_off": float(off.max()),
            "in_place": float(np.mean(off <= NEAR)),
        }
        figures.append(figure)
        rows.append(
            [kind, f"{len(some):,}", f"{figure['right_layout']:.1%}", f"{off.mean():.2f}", f"{off.max():.2f}", f"{figure['in_place']:.2%}"]
        )
    head = ("pages", "n", "right layout", "corners off, mean px", "most", f"within {NEAR:g} px")
    return Table("forms_pages", head, rows, figures, f"Pixels at {AT} dpi. Layouts: {', '.join(NAMES)}.")


def _fields_table(values: Sequence[Value]) -> Table:
    rows, figures = [], []
    kinds = [*sorted({value.kind for value in values}), "check digit or list", "all"]
    for kind in kinds:
        of_kind = [value for value in values if kind in (value.kind, "all") or (kind == "check digit or list" and value.listed)]
        cells: list[str] = []
        figure: dict[str, Any] = {"fields": kind}
        for constrained in (True, False):
            some = [value for value in of_kind if value.constrained == constrained]
            sure = [value for value in some if value.sure]
            own = {
                "right": _share(v.right for v in some),
                "ok": len(sure) / max(len(some), 1),
                "right_of_ok": _share(v.right for v in sure),
            }
            figure |= {"n": len(some), "constrained" if constrained else "unconstrained": own}
            cells += [f"{own['right']:.1%}", f"{own['ok']:.1%}", f"{own['right_of_ok']:.2%}"]
        figures.append(figure)
        rows.append([kind, f"{figure['n']:,}", *cells])
    head = ("fields", "n", "right", "ok", "right of ok", "right, no constraints", "ok", "right of ok")
    return Table("forms_fields", head, rows, figures, "Ok: sure, or surely empty; the others are put before a person.")


def _share(of: Iterable[bool]) -> float:
    every = list(of)
    return sum(every) / max(len(every), 1)
