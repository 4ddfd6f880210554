"""How far a run is: a line on a terminal while it goes on, and one that says what came of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..reading import Reading

EVERY = 0.1
"""Seconds between two changes of the line."""


class Tally:
    """What came of the pages so far. files: those of which the first page was read, also in the run that this one goes on with."""

    def __init__(self) -> None:
        self.files = self.read = self.earlier = self.review = self.refused = self.errors = 0
        self.start = monotonic()

    def count(self, reading: Reading) -> None:
        """A page was read."""
        self._add(reading.page, reading.needs_review, bool(reading.refused), bool(reading.error))

    def row(self, row: dict[str, Any], *, earlier: bool = False) -> None:
        """A page was read, perhaps in an earlier run, and is known by its row."""
        self.earlier += earlier
        self._add(row["page"], row["needs_review"], bool(row["refused"]), bool(row["error"]))

    def table(self, table: Any, *, earlier: bool = False) -> None:
        """Pages were read, and are known by a pyarrow.Table of their rows: there may be a hundred million of them."""
        self.earlier += len(table) * earlier
        self.read += len(table)
        self.files += int((table["page"].to_numpy() == 1).sum())
        self.review += int(table["needs_review"].to_numpy().sum())
        self.refused += len(table) - table["refused"].null_count
        self.errors += len(table) - table["error"].null_count

    def _add(self, page: int, review: bool, refused: bool, error: bool) -> None:
        self.files += page == 1
        self.read += 1
        self.review += review
        self.refused += refused
        self.errors += error

    @property
    def rate(self) -> float:
        """Pages a second in this run."""
        return (self.read - self.earlier) / max(monotonic() - self.start, 1e-9)

    @property
    def text(self) -> str:
        """What came of them, in a line."""
        earlier = f" ({self.earlier:,} of them before)" if self.earlier else ""
        parts = [f"read {self.read:,}{earlier}", f"to review {self.review:,}", f"refused {self.refused:,}", f"errors {self.errors:,}"]
        return ", ".join([*parts, f"{self.rate:,.0f}/s"])


class Progress:
    """A line on a terminal's stderr while the rows go elsewhere: how many of how many, rate, time left, the file at hand.

    total: counts the files, which may take long and is done beside the reading; None where they come as they are listed.
    """

    def __init__(self, total: Callable[[], int] | None, tally: Tally, *, shown: bool) -> None:
        self.tally, self.shown, self.total, self.due = tally, shown and sys.stderr.isatty(), 0, 0.0
        if self.shown and total is not None:
            threading.Thread(target=self._count, args=(total,), daemon=True).start()

    def __enter__(self) -> Progress:
        """Nothing is shown before the first page."""
        return self

    def __exit__(self, *_: object) -> None:
        """The line goes away."""
        self._line("")

    def show(self, name: str) -> None:
        """A page has been read, of this name."""
        if not self.shown or monotonic() < self.due:
            return
        self.due = monotonic() + EVERY
        done, rate = self.tally.files, self.tally.rate
        of = f" of {self.total:,}" if self.total else ""
        left = (self.total - done) / rate if rate and self.total > done else 0.0
        self._line(f"{done:,}{of}, {rate:,.0f}/s, {f'{left // 60:.0f}:{left % 60:02.0f} left, ' if self.total else ''}{name}"[:78])

    def say(self, text: str) -> None:
        """A line that stays."""
        self._line("")
        click.echo(text, err=True)

    def _count(self, total: Callable[[], int]) -> None:
        self.total = total()

    def _line(self, text: str) -> None:
        if self.shown:
            click.echo(f"\r\033[K{text}", err=True, nl=False)
