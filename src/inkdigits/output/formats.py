"""Rows -> text, json, jsonl or csv on a stream, each written out as soon as it is there: an interruption loses no finished row."""

from __future__ import annotations

from typing import Protocol

from ..reading import Reading

FORMATS = ("text", "json", "jsonl", "csv", "cells", "parquet")


def format_of(out: str) -> str | None:
    """The format that the suffix of a file's name means; None if none."""
    suffix = out.rpartition(".")[2].lower()
    return suffix if suffix in FORMATS[1:] else None


class Stream(Protocol):
    """Where text goes."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> object:
        """Let others see it."""

    def isatty(self) -> bool:
        """Whether a person looks at it."""


class RowWriter:
    """Writes Readings to a stream; a context manager, so that a JSON array is closed after an interruption too.

    format: one of FORMATS, but not parquet, see `results`. several: text lines begin with their source. single: Readings are of one digit
    each, text adds its confidence.
    begun: csv or cells that have their head already.
    """

    def __init__(self, out: Stream, format: str, *, several: bool = False, single: bool = False, begun: bool = False) -> None:
        self.out, self.format, self.several, self.single = out, format, several, single
        self.count = int(begun)

    def __enter__(self) -> RowWriter:
        """Open the array of `json`."""
        if self.format == "json":
            self.out.write("[")
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, also after an interruption."""
        if self.format == "json":
            self.out.write("\n]\n")
            self.out.flush()

    def write(self, reading: Reading) -> None:
        """Write one row."""
        self.out.write(self._row(reading))
        self.out.flush()
        self.count += 1

    def _row(self, reading: Reading) -> str:
        if self.format == "jsonl":
            return reading.to_json() + "\n"
        if self.format == "json":
            return ("," if self.count else "") + "\n  " + reading.to_json()
        if self.format == "csv":
            return reading.to_csv(header=self.count == 0)
        if self.format == "cells":
            return reading.to_cells(header=self.count == 0)
        if reading.error:
            return ""  # said on stderr; a script that wants to see it in place reads another format
        text = reading.text
        if self.single:
            text = f"{text}  ({100 * reading.confidence:.0f} %)" if text else "?"
        prefix = f"{place(reading)}: " if self.several else ""
        return "".join(f"{prefix}{line}\n" for line in text.split("\n"))


def place(reading: Reading) -> str:
    """The source of a Reading, with its page from the second on."""
    return reading.source + (f", page {reading.page}" if reading.page > 1 else "")
