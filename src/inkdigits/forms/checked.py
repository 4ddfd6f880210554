"""The table of a store with the corrections in place, who made them and when: as CSV, Parquet or XLSX."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sql

from .. import files
from ..errors import MissingExtra, OutputError
from ..spreadsheet import csv_text, plain
from .rows import AFTER, BEFORE, OF_FIELD
from .store import State, Store, settled, states
from .store_tables import fields, forms, tasks
from .template import Template

SUFFIXES = (".csv", ".parquet", ".xlsx")
PERSON = (" by", " at")
"""What ends the names of two more columns of a field: who looked at it last, and when, in UTC; empty where nobody did."""
AT_ONCE = 500
"""Forms that are held in memory at a time."""
MOST_ROWS = 1_048_575
"""Rows of a sheet of XLSX under its head."""


def columns_of(template: Template) -> tuple[str, ...]:
    """The names of the columns: those of `form read`, and who and when."""
    return (*BEFORE, *(name + end for name in template.columns for end in (*OF_FIELD, *PERSON)), *AFTER)


def checked_rows(store: Store, template: Template) -> Iterator[dict[str, Any]]:
    """The rows of a store, by column: what holds of each field now, against checks across fields as they are now. The confidence is that
    of the reading; what a person has looked at has none. `needs_review` says whether there is something left to look at. Raises
    OutputError."""
    after = 0
    with store.reading() as connection:  # all of it as it was at one moment
        while True:
            query = sql.select(forms).where(forms.c.current, forms.c.id > after).order_by(forms.c.id).limit(AT_ONCE)
            some = connection.execute(
                query.with_only_columns(*(one for one in forms.c if one.name not in ("picture", "source_bytes")))
            ).all()
            if not some:
                return
            after, ids = some[-1].id, [one.id for one in some]
            which = fields.c.form_id.in_(ids)
            found = states(connection, which)
            named: dict[int, dict[str, tuple[State, float]]] = {}
            columns = (fields.c.id, fields.c.form_id, fields.c.name, fields.c.confidence)
            for id_, form, name, confidence in connection.execute(sql.select(*columns).where(which).order_by(fields.c.id)):
                named.setdefault(form, {})[name] = (found[id_], confidence)
            left = sql.select(tasks.c.form_id).where(tasks.c.form_id.in_(ids), tasks.c.done_by.is_(None), ~tasks.c.sampled)
            to_review = set(connection.execute(left).scalars())
            for form in some:
                yield _row(form, named.get(form.id, {}), template, form.id in to_review)


def export(store: Store, out: str) -> int:
    """Write the table to a file, whole or not at all, by its suffix; returns how many forms there are. What a spreadsheet would run as a
    formula has an apostrophe before it in CSV and XLSX. Raises OutputError for another suffix and where a file cannot be written, and
    MissingExtra."""
    template, suffix = store.template(), Path(out).suffix.lower()
    names, rows = columns_of(template), checked_rows(store, template)
    if suffix not in SUFFIXES:
        raise OutputError(f"{out}: a table is written as {', '.join(SUFFIXES)}; give a name that ends so")
    write = {".csv": _csv, ".parquet": _parquet, ".xlsx": _xlsx}[suffix]
    with files.whole(out) as part:
        return write(part, names, rows, template)


def _row(form: Any, named: dict[str, tuple[State, float]], template: Template, needs_review: bool) -> dict[str, Any]:
    held = settled(template.checks, {name: state for name, (state, _) in named.items()})
    row: dict[str, Any] = {
        "source": form.source,
        "page": form.page,
        "pages": " ".join(map(str, json.loads(form.pages))),
        "layout": form.layout,
    }
    for name in template.columns:
        state = held.get(name)
        by_hand = state is not None and bool(state.reviewer)
        row |= {name: state.value if state else None, f"{name} status": state.status if state else None}
        row |= {f"{name} note": state.note if state else None, f"{name} confidence": named[name][1] if state and not by_hand else None}
        row |= {f"{name} by": state.reviewer if state and by_hand else None, f"{name} at": state.at if state and by_hand else None}
    last = {"needs_review": needs_review, "refused": form.refused, "error": form.error, "model": form.model}
    return row | last


def _csv(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]], _: Template) -> int:
    count = 0
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(csv_text([names]))
        for count, row in enumerate(rows, start=1):  # noqa: B007  # the last one counts
            file.write(csv_text([[_cell(row[name]) for name in names]]))
    return count


def _parquet(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]], template: Template) -> int:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("parquet", "writing Parquet") from None
    kinds = {"page": pyarrow.int32(), "needs_review": pyarrow.bool_()}
    kinds |= {f"{name} confidence": pyarrow.float32() for name in template.columns}
    kinds |= {f"{name} at": pyarrow.timestamp("us", tz="UTC") for name in template.columns}
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in names])
    count = 0
    with parquet.ParquetWriter(path, schema) as writer:
        while some := [row for _, row in zip(range(AT_ONCE), rows, strict=False)]:
            writer.write_table(pyarrow.Table.from_pylist(some, schema=schema))
            count += len(some)
    return count


def _xlsx(path: Path, names: tuple[str, ...], rows: Iterator[dict[str, Any]], _: Template) -> int:
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise MissingExtra("store", "writing XLSX") from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet("forms")
    sheet.freeze_panes = "A2"

    def cell(value: Any) -> Any:
        made = WriteOnlyCell(sheet, _sheet_text(_cell(value)))
        if isinstance(value, str):
            made.data_type = "s"  # else what begins with = would be a formula
        return made

    sheet.append([cell(name) for name in names])
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > MOST_ROWS:
            raise OutputError(f"a sheet of XLSX has {MOST_ROWS:,} rows at most; export to .csv or .parquet")
        sheet.append([cell(row[name]) for name in names])
    book.save(path)
    return count


def _cell(value: Any) -> Any:
    """A value as a spreadsheet is to have it: texts harmless, times as texts."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return plain(value) if isinstance(value, str) else value


def _sheet_text(value: Any) -> Any:
    """What XML can hold: no control characters."""
    return "".join(c if c >= " " or c in "\t\n" else "\ufffd" for c in value) if isinstance(value, str) else value
