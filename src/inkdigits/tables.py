"""Tables of what was read: rows of cells, and the place of a field in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from .spreadsheet import csv_text


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table. fields: the numbers of those that stand in it, in reading order; none in an empty cell. text: what they say."""

    fields: tuple[int, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: rows of cells from top to bottom, each with a cell for every column. ruled: whether its cells are those of printed rules."""

    rows: tuple[tuple[Cell, ...], ...]
    ruled: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns it has."""
        return len(self.rows), len(self.rows[0]) if self.rows else 0

    def renumbered(self, order: Sequence[int]) -> Table:
        """The same table where a field's number is its place in an order of all."""
        new = {number: place for place, number in enumerate(order)}
        return replace(self, rows=tuple(tuple(replace(c, fields=tuple(new[f] for f in c.fields)) for c in row) for row in self.rows))

    def with_texts(self, texts: Sequence[str]) -> Table:
        """The same table with what its fields say, apart by a space in each cell. texts: of all fields of the page, by their numbers."""
        rows = ((replace(cell, text=" ".join(texts[field] for field in cell.fields)) for cell in row) for row in self.rows)
        return replace(self, rows=tuple(map(tuple, rows)))

    def to_csv(self) -> str:
        """The texts as CSV (RFC 4180, lines end with \\n), an empty field for an empty cell."""
        return csv_text([cell.text for cell in row] for row in self.rows)


class Place(NamedTuple):
    """Where a field stands, all from 0. row, column: in its table; where table is None, its line on the page and its place in that line."""

    table: int | None
    row: int
    column: int
