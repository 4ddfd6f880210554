"""A store: the forms of a run in a database, SQLite or PostgreSQL, with all that people said of them. Nothing in it is written over.

`ink_runs`, `ink_forms`, `ink_fields` and `ink_digits` are what was read, `ink_actions` and `ink_corrections` what people did, one row after
the other: what holds of a field is its last correction, else its reading, and undoing is one more row. `ink_tasks` is the work that is
left, which follows from the others. The view `ink_table` is the table of `form read`, with the corrections in place.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

from ..errors import MissingExtra, OutputError
from ..files import lock
from .across import Check, failing
from .reading import EMPTY, INVALID, OK
from .store_tables import VERSION, actions, corrections, fields, known, metadata, runs
from .template import Template

try:
    import sqlalchemy as sql
    from sqlalchemy.engine import URL, Connection, Engine, make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
except ImportError:
    raise MissingExtra("store", "a store of forms") from None

PATIENCE = 20
"""Seconds that a writer waits for another, and a connection for its server."""


@dataclass(frozen=True, slots=True)
class State:
    """What holds of a field: its last correction, or its reading. sequence: corrections so far. reviewer, at: who said so and when; "" and
    None where it is the reading, also where a correction was taken back."""

    value: str
    text: str
    status: str
    note: str
    sequence: int = 0
    reviewer: str = ""
    at: datetime | None = None


class Store:
    """A database of forms.

    A context manager. url: `sqlite:///rows.db`, `postgresql://name@host/database`, or the path of an SQLite file. make: make it where it
    is missing. Raises OutputError where it cannot be reached, is missing, or holds something else; MissingExtra for a driver that is not
    installed.
    """

    def __init__(self, url: str, *, make: bool = False) -> None:
        self.url = _url(url)
        self.name = shown_url(url)
        self.is_file = self.url.get_backend_name() == "sqlite"
        if self.is_file and not make and not os.path.isfile(self.url.database or ""):
            raise OutputError(f"{self.name}: there is no such file; make one with `inkdigits form read SCANS --form form.json --out {url}`")
        try:
            self.engine = _engine(self.url)
        except ImportError:
            raise MissingExtra("store", f"a store at {self.url.get_backend_name()}://") from None
        try:
            self._open(url, make)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Store:
        """It is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """See `close`."""
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self.engine.dispose()

    @contextmanager
    def said(self) -> Iterator[None]:
        """What the database says, as an OutputError that names it and hides its password."""
        try:
            yield
        except IntegrityError:
            raise
        except DBAPIError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            remedy = "make room, or choose another" if "full" in reason else "start it, or check its address; what it holds is whole"
            raise OutputError(f"{self.name} cannot be used: {reason}; {remedy}") from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only looks. Raises OutputError."""
        with self.said(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: all of it is there in the end, or nothing. Raises OutputError."""
        with self.said(), self.engine.execution_options(writes=True).begin() as connection:
            yield connection

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep other runs from writing forms, until the block ends or the process does. Raises OutputError where one is at it."""
        busy = OutputError(f"{self.name} is being written by another run; wait for its end, or choose another")
        if self.is_file:
            with _lock_file(f"{os.path.realpath(self.url.database or '')}.lock") as file:
                if not lock(file, wait=False):
                    raise busy
                yield
            return
        with self.said(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            place = str(connection.execute(sql.text("SELECT current_schema()")).scalar())
            number = int.from_bytes(hashlib.sha256(f"inkdigits {place}".encode()).digest()[:7], "big")
            if not connection.execute(sql.text("SELECT pg_try_advisory_lock(:number)"), {"number": number}).scalar():
                raise busy
            try:
                yield
            finally:
                with suppress(DBAPIError):  # a connection that is lost has no lock
                    connection.execute(sql.text("SELECT pg_advisory_unlock(:number)"), {"number": number})

    def template(self) -> Template:
        """The form that its rows are of. Raises OutputError where it has no rows yet."""
        with self.reading() as connection:
            text = connection.execute(sql.select(runs.c.template).order_by(runs.c.id.desc()).limit(1)).scalar()
        if text is None:
            raise OutputError(f"{self.name} holds no forms yet; wait for a run of `inkdigits form read` to begin")
        return Template.from_dict(json.loads(text), self.name)

    def _open(self, url: str, make: bool) -> None:
        """Look at what is there, and make the tables where there are none."""
        with self.said(), self.engine.connect() as connection:
            names = set(sql.inspect(connection).get_table_names())
        if "ink_store" not in names:
            if not make:
                raise OutputError(f"{self.name} holds no forms; `inkdigits form read SCANS --form form.json --out {url}` puts them there")
            if taken := sorted(names & set(metadata.tables)):
                raise OutputError(f"{self.name} has a table {taken[0]} that is not ours; choose another database")
            with self.writing() as connection:
                metadata.create_all(connection)
                connection.execute(known.insert().values(version=VERSION))
        with self.reading() as connection:
            version = connection.execute(sql.select(known.c.version)).scalar()
        if version != VERSION:
            raise OutputError(f"{self.name} is a store of version {version}, and this inkdigits knows {VERSION}; use the one that made it")


def states(connection: Connection, condition: sql.ColumnElement[bool]) -> dict[int, State]:
    """What holds of the fields that a condition on `fields` picks, by their ids."""
    columns = (fields.c.id, fields.c.value, fields.c.text, fields.c.status, fields.c.note)
    history: dict[int, list[tuple[int, State]]] = {}
    for id_, *rest in connection.execute(sql.select(*columns).where(condition).order_by(fields.c.id)):
        history[id_] = [(0, State(*rest))]
    said = (
        sql.select(corrections, actions.c.reviewer, actions.c.at, actions.c.undoes)
        .join(actions, actions.c.id == corrections.c.action_id)
        .join(fields, fields.c.id == corrections.c.field_id)
        .where(condition)
        .order_by(corrections.c.field_id, corrections.c.sequence)
    )
    for row in connection.execute(said):
        so_far, who = history[row.field_id], row.reviewer
        at: datetime | None = utc(row.at)
        if row.undoes is not None:  # what holds again is whose it was before
            before = next(place for place, (action, _) in enumerate(so_far) if action == row.undoes) - 1
            who, at = so_far[before][1].reviewer, so_far[before][1].at
        so_far.append((row.action_id, State(row.value, row.text, row.status, row.note, row.sequence, who, at)))
    return {id_: so_far[-1][1] for id_, so_far in history.items()}


def settled(checks: Sequence[Check], found: Mapping[str, State]) -> dict[str, State]:
    """What holds of the fields of a form, by name, held against the checks across them as they are after the corrections."""
    failed = failing(checks, {name: state.value for name, state in found.items()})
    settled_ = dict(found)
    for one in failed:
        for name in one.fields:
            state = settled_[name]
            if state.status in (OK, EMPTY) and state.value:
                note = "; ".join(filter(None, (state.note, f"not {one.said}")))
                settled_[name] = State(state.value, state.text, INVALID, note, state.sequence, state.reviewer, state.at)
    return settled_


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def utc(time: datetime) -> datetime:
    """A time of a database: SQLite forgets the zone."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def with_rosters(template: Template) -> dict[str, Any]:
    """What form.json holds, the lists that it names as files in their place."""
    made = template.to_dict()
    for page, layout in zip(made["pages"], template.pages, strict=True):
        for given, own in zip(page["fields"], layout.fields, strict=True):
            if isinstance(given.get("values"), str) and own.kind:
                given["values"] = list(own.kind.values)
    return made


def shown_url(url: str) -> str:
    """The address of a store as it may be shown: without its password. Raises OutputError for what is none."""
    return _url(url).render_as_string(hide_password=True).replace("postgresql+psycopg:", "postgresql:", 1)


def in_groups(ids: Iterable[int], size: int = 500) -> Iterator[list[int]]:
    """Some ids at a time: databases take only so many in one statement."""
    every = list(ids)
    yield from (every[at : at + size] for at in range(0, len(every), size))


def _url(text: str) -> URL:
    """Where a store is. Raises OutputError for what is no such place."""
    remedy = "give sqlite:///FILE, postgresql://NAME@HOST/DATABASE, or the path of an SQLite file"
    try:
        url = make_url(text) if "://" in text else URL.create("sqlite", database=text)
        kind = "postgresql" if url.drivername == "postgres" else url.get_backend_name()
    except (ArgumentError, ValueError):
        raise OutputError(f"{text.partition(':')[0]}://... is no address of a database; {remedy}") from None
    if kind not in ("sqlite", "postgresql") or (kind == "sqlite" and (url.host or url.database in (None, "", ":memory:"))):
        raise OutputError(f"{url.render_as_string(hide_password=True)}: no store can be there; {remedy}")
    return url.set(drivername="sqlite" if kind == "sqlite" else "postgresql+psycopg")


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            asked = {} if "connect_timeout" in url.query else {"connect_timeout": PATIENCE}
            return sql.create_engine(url, pool_pre_ping=True, connect_args=asked)
        engine = sql.create_engine(url, connect_args={"timeout": PATIENCE, "check_same_thread": False})
    except NoSuchModuleError as error:
        raise ImportError(str(error)) from None

    @sql.event.listens_for(engine, "connect")
    def ready(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say where a transaction begins
        cursor = connection.cursor()
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sql.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # What writes says so at once: a transaction that looked first could not write after another one has.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine


def _lock_file(path: str) -> IO[Any]:
    try:
        return open(path, "ab+", buffering=0)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}; choose another place") from None
