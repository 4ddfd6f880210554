"""What a run of `form read` writes: a row a form, and beside each field's value its confidence, its status and a note."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import MissingExtra
from ..output.resume import Columns, Record
from ..reading import Reading
from ..spreadsheet import FORMULA, csv_text, plain
from .decide import checked_across, failed_across
from .read import FormReader
from .reading import NO_PAGE, FieldValue, FormReading
from .template import Template

BEFORE = ("source", "page", "pages", "layout")
AFTER = ("needs_review", "refused", "error", "model")
"""The columns before and after those of the fields."""
OF_FIELD = ("", " confidence", " status", " note")
"""What ends the names of a field's columns."""


class TableReading(FormReading):
    """A FormReading as a row of the table of its template."""

    template: Template

    @classmethod
    def of(cls, reading: Reading, template: Template) -> TableReading:
        """A reading, or what says why there is none, as a row."""
        if isinstance(reading, FormReading):
            made = cls(**{name: getattr(reading, name) for name in reading.__dataclass_fields__})
        else:
            made = cls((), reading.source, reading.page, error=reading.error, pages=(reading.page,))
        object.__setattr__(made, "template", template)
        return made

    def to_csv(self, *, header: bool = True) -> str:
        """The row as CSV, under a line of column names; what a spreadsheet would run as a formula has an apostrophe before it."""
        names = columns_of(self.template)
        flat = flattened(self.to_dict(), self.template)
        return csv_text([*([names] if header else []), [_cell(flat[name]) for name in names]])


def columns_of(template: Template) -> tuple[str, ...]:
    """The names of the columns of a template's table."""
    return (*BEFORE, *(name + end for name in template.columns for end in OF_FIELD), *AFTER)


def flattened(row: Mapping[str, Any], template: Template) -> dict[str, Any]:
    """A row of `FormReading.to_dict` -> its columns; the fields of other layouts are None."""
    flat: dict[str, Any] = {name: row[name] for name in (*BEFORE, *AFTER)} | {"pages": " ".join(map(str, row["pages"]))}
    for name in template.columns:
        own = row["fields"].get(name)
        keys = ("value", "confidence", "status", "note")
        flat |= {name + end: own[key] if own else None for end, key in zip(OF_FIELD, keys, strict=True)}
    return flat


def columns(template: Template) -> Columns:
    """What the rows of a template are as CSV, for who goes on with them."""
    return Columns(columns_of(template), partial(_parsed, columns_of(template)))


def _parsed(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """What a run that goes on needs of a row."""
    row: dict[str, Any] = dict(zip(names, cells, strict=True))
    source = row["source"][1:] if row["source"][:1] == "'" and FORMULA.match(row["source"]) else row["source"]
    found = {"source": source, "page": int(row["page"]), "pages": [int(page) for page in row["pages"].split()]}
    return {**found, "needs_review": row["needs_review"] == "True", "refused": row["refused"] or None, "error": row["error"] or None}


def table_of(template: Template) -> Callable[[list[dict[str, Any]]], Any]:
    """What makes a pyarrow.Table of rows of a template."""

    def table(rows: list[dict[str, Any]]) -> Any:
        try:
            import pyarrow
        except ImportError:
            raise MissingExtra("parquet", "writing Parquet") from None
        kinds = {"page": pyarrow.int32(), "needs_review": pyarrow.bool_()}
        kinds |= {name + OF_FIELD[1]: pyarrow.float32() for name in template.columns}
        schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in columns_of(template)])
        flat = [flattened(row, template) for row in rows]
        for one in flat:
            one["source"] = one["source"].encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return pyarrow.Table.from_pylist(flat, schema=schema)

    return table


def row_table(readings: Iterable[Reading], *, template: Template, constrained: bool) -> Any:
    """The rows of pages, as `forms` gives them, as a pyarrow.Table."""
    return table_of(template)([row.to_dict() for row in forms(readings, template, constrained=constrained)])


def record_of(reader: FormReader) -> Record:
    """What makes the rows of a run: the form, the networks, the threshold."""
    from .. import __version__

    form = json.dumps(reader.template.to_dict(), sort_keys=True).encode()
    values = [own.kind.values for page in reader.template.pages for own in page.fields if own.kind]
    cards = json.dumps([card.to_dict() for card in reader.cards], sort_keys=True).encode()
    return {
        "command": "form read",
        "form_sha256": hashlib.sha256(form + repr(values).encode()).hexdigest(),
        "threshold": "" if reader.options.threshold is None else reader.options.threshold,
        "constrained": reader.model.constrained,
        "card_sha256": hashlib.sha256(cards).hexdigest(),
        "version": __version__,
    }


def forms(readings: Iterable[Reading], template: Template, *, constrained: bool = True) -> Iterator[TableReading]:
    """The rows of pages, in the order in which they come: a row a page, or a row a form where the pages of a document are one (`group`).

    Of these a layout that comes again begins the next form, and so does another document; a page that fits none, or could not be read, is a
    row of its own. Checks across fields then see all pages of a form; the fields of a page that is not there have that status.
    """
    if template.group == "page":
        yield from (TableReading.of(reading, template) for reading in readings)
        return
    so_far: list[FormReading] = []
    for reading in readings:
        known = isinstance(reading, FormReading) and bool(reading.layout)
        if so_far and (reading.source != so_far[0].source or (known and reading.layout in {one.layout for one in so_far})):  # type: ignore[attr-defined]
            yield _joined(so_far, template, constrained)
            so_far = []
        if known:
            so_far.append(reading)  # type: ignore[arg-type]
        else:
            yield TableReading.of(reading, template)
    if so_far:
        yield _joined(so_far, template, constrained)


def _joined(pages: Sequence[FormReading], template: Template, constrained: bool) -> TableReading:
    """The pages of one form as one row."""
    found = {own.name: own for page in pages for own in page.values}
    values = [found.get(name, FieldValue(name, status=NO_PAGE)) for name in template.columns]
    across = checked_across if constrained else failed_across
    values = across(values, template.checks)
    layouts = " + ".join(page.layout for page in pages)
    return TableReading.of(
        replace(pages[0], values=tuple(values), layout=layouts, pages=tuple(n for page in pages for n in page.pages)), template
    )


def _cell(value: Any) -> Any:
    return plain(value) if isinstance(value, str) else value
