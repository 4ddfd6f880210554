"""Where the rows of a run go: standard output, or a file that a kill at any moment leaves with whole rows, and that can be gone on with."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, cast

from .. import files
from ..errors import MissingExtra, OutputError
from ..files import Appended
from ..images.header import kind_of
from ..reading import Reading
from .formats import RowWriter, Stream
from .resume import READINGS, RECORD, RESUMABLE, Columns, Terms, check_record, finished_rows, record_text, whole_size, without_errors

BATCH = 10_000
"""Rows of a group in a Parquet file: what is held in memory."""
AS_TEXT = ("lines", "ms", "left_out", "fields", "tables")
"""Keys of a row that are JSON within a table."""


class Results:
    """The rows of a run, each on its way to the disk as soon as it is there. A context manager.

    out: a file, None for standard output. format: one of FORMATS; rows of Parquet wait as JSON lines in FILE.rows.jsonl until the run is
    over. terms: what to do about rows that are there already; those that are gone on with are given to `seen`. several, single: as for
    RowWriter. columns, table: what rows are as CSV, and as a pyarrow.Table, where they are no Readings. Raises OutputError where a file
    cannot be written or gone on with, holds what must not be lost, or is another run's;
    MissingExtra for Parquet without `inkdigits[parquet]`.
    """

    def __init__(
        self,
        out: str | None,
        format: str,
        terms: Terms,
        *,
        several: bool,
        single: bool,
        seen: Callable[[dict[str, Any]], None] = lambda row: None,
        columns: Columns = READINGS,
        table: Callable[[list[dict[str, Any]]], Any] | None = None,
    ) -> None:
        self.out, self.parquet, self._table = out, format == "parquet", table or to_table
        _check_terms(out, format, terms)
        rows_format = "jsonl" if self.parquet else format
        self.done: dict[str, list[int]] = {}
        self._file: Appended | None = None
        if out is None or (os.path.exists(out) and not os.path.isfile(out)):  # a pipe or a device, which is nobody's alone
            self.stream: Stream = _Passing(_stdout() if out is None else _device(out))
        else:
            self.stream = self._file = _claimed(_led_to(out), out, rows_format, self.parquet, terms, self._take(seen), columns)
        begun = self._file is not None and self._file.size > 0
        self._writer = RowWriter(self.stream, rows_format, several=several, single=single, begun=begun)

    def __enter__(self) -> Results:
        """Open the array of `json`."""
        self._writer.__enter__()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Close the file; what was to become Parquet does so where nothing went wrong."""
        try:
            self._writer.__exit__()
            if self.parquet and self._file is not None and kind is None:
                to_parquet(Path(self._file.path), Path(str(self.out)), self._table)
                self._file.remove()
        except OutputError:
            if kind is None:  # else it is on its way already
                raise
        finally:
            if self._file is not None:
                self._file.close()

    def write(self, reading: Reading) -> None:
        """Write one row. Raises OutputError where it cannot be written; then what is there is whole."""
        self._writer.write(reading)

    def _take(self, seen: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
        """What notes a row as done."""

        def take(row: dict[str, Any]) -> None:
            self.done.setdefault(row["source"], []).extend(row.get("pages") or [row["page"]])
            seen(row)

        return take


def _check_terms(out: str | None, format: str, terms: Terms) -> None:
    """Raise OutputError or MissingExtra where a format, a file and the terms do not go together, before anything is opened."""
    if format == "parquet":
        if out is None:
            raise OutputError("Parquet cannot be written to standard output; give --out FILE.parquet")
        _pyarrow()  # what is missing is missed now
    if terms.resume and (out is None or format not in (*RESUMABLE, "parquet")):
        raise OutputError(f"--resume goes on with a file of {', '.join((*RESUMABLE, 'parquet'))}, not with {format}")
    if terms.overwrite and out is None:
        raise OutputError("--overwrite needs a file that it may replace; give --out FILE")


def _claimed(
    out: str, name: str, format: str, parquet: bool, terms: Terms, take: Callable[[dict[str, Any]], None], columns: Columns
) -> Appended:
    """The file of rows for `out`, ours alone, with those rows in it that are gone on with, each of which is given to `take`. name: what
    errors call it. format: of the file. Where it is refused it is left as it was."""
    path = f"{out}.rows.jsonl" if parquet else out
    before = os.path.exists(path)
    file = Appended(path)
    try:
        finished = parquet and os.path.exists(out)
        if terms.overwrite:
            _check_no_image(out if finished else path, name)
            file.cut(0)
        elif terms.resume:
            _take_up(file, Path(out), name, format, finished, terms, take, columns)
        elif file.size or finished:
            goes_on = "--resume goes on with its rows, " if parquet or format in RESUMABLE else ""
            raise OutputError(f"{name} is there already: {goes_on}--overwrite begins anew")
        if file.size == 0 and format in RESUMABLE:
            files.write(out + RECORD, record_text(terms.record))
    except BaseException:
        if before:
            file.close()
        else:
            file.remove()
        raise
    return file


def _take_up(
    file: Appended,
    out: Path,
    name: str,
    format: str,
    finished: bool,
    terms: Terms,
    take: Callable[[dict[str, Any]], None],
    columns: Columns,
) -> None:
    """Go on with the rows in a file, or in a Parquet file that is finished."""
    path, record = Path(file.path), Path(f"{out}{RECORD}")
    if finished and not file.size and not terms.retry_errors:
        raise OutputError(f"{name}: is finished; --retry-errors reads those rows again that have an error, --overwrite begins anew")
    whole = whole_size(path, format, columns)
    if whole or finished:
        check_record(record.read_text(encoding="utf-8", errors="replace") if record.exists() else None, terms.record, name)
    if finished and not file.size:
        file.replace(_lines(out))
    else:
        file.cut(whole)  # what is torn behind it
    if terms.retry_errors and (pieces := without_errors(path, format, columns)):
        file.replace(pieces)
    for row in finished_rows(path, format, columns):
        take(row)


def _led_to(path: str) -> str:
    """What a link leads to, so that all that lies beside the rows lies there."""
    return os.path.realpath(path) if os.path.islink(path) else path


def _check_no_image(path: str, name: str) -> None:
    """Raise OutputError where a file that is to be replaced is what people read, and not what is read of it."""
    with open(path, "rb") as file:
        if kind := kind_of(file.read(1024)):
            raise OutputError(f"{name} is a {kind} file, and holds no rows that could be replaced; choose another file")


def _lines(path: Path) -> Iterator[bytes]:
    """The rows of a Parquet file as JSON lines."""
    _, parquet = _pyarrow()
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            yield from ((json.dumps(row, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape") for row in from_table(batch))


class _Passing:
    """A stream on its way to somebody else: what goes wrong there is an OutputError, but for a reader that has gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with self._said():
            self._stream.write(text)

    def flush(self) -> None:
        with self._said():
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    @contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            with suppress(OSError, ValueError):  # what waits in it must not be tried again as Python ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            raise OutputError(f"the rows cannot be written: {error.strerror}") from None


def to_parquet(rows: Path, out: Path, table: Callable[[list[dict[str, Any]]], Any] | None = None) -> None:
    """Rows as JSON lines -> a Parquet file, whole or not at all. table: makes a pyarrow.Table of rows; None: `to_table`."""
    table = table or to_table
    _, parquet = _pyarrow()
    with (
        files.whole(out) as part,
        open(rows, encoding="utf-8", errors="surrogateescape") as file,
        parquet.ParquetWriter(part, table([]).schema) as writer,
    ):
        while group := [json.loads(line) for line in islice(file, BATCH)]:
            writer.write_table(table(group))


def to_table(rows: Iterable[dict[str, Any]]) -> Any:
    """Rows, as `Reading.to_dict` gives them -> a pyarrow.Table. What AS_TEXT names stays JSON, as text; a source that is not valid
    UTF-8 has U+FFFD where it is not."""
    pyarrow, _ = _pyarrow()
    schema = pyarrow.schema(
        [("source", pyarrow.string()), ("page", pyarrow.int32()), ("text", pyarrow.string()), ("confidence", pyarrow.float32()),
         ("needs_review", pyarrow.bool_()), ("refused", pyarrow.string()), ("error", pyarrow.string()), ("lines", pyarrow.string()),
         ("ms", pyarrow.string()), ("model", pyarrow.string()), ("left_out", pyarrow.string()),
         ("review_reasons", pyarrow.list_(pyarrow.string())), ("value", pyarrow.float64()),
         ("fields", pyarrow.string()), ("tables", pyarrow.string())]
    )  # fmt: skip
    texts = [
        {**row, "source": replaced(row["source"]), **{key: json.dumps(row[key], ensure_ascii=False) for key in AS_TEXT}} for row in rows
    ]
    return pyarrow.Table.from_pylist(texts, schema=schema)


def from_table(table: Any) -> list[dict[str, Any]]:
    """The rows of such a table, with the columns that it has."""
    return [{key: json.loads(value) if key in AS_TEXT else value for key, value in row.items()} for row in table.to_pylist()]


def replaced(source: str) -> str:
    """A source as Parquet has it."""
    return source.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("parquet", "writing Parquet") from None
    return pyarrow, pyarrow.parquet


def _device(path: str) -> TextIO:
    try:
        return cast(TextIO, open(path, "w", encoding="utf-8", errors="surrogateescape", newline=""))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}") from None


def _stdout() -> TextIO:
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="surrogateescape")
    return sys.stdout
