"""The rows of `form read` on their way into a store: each form is there as soon as it is read, whole, and a run can be gone on with."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from ..errors import OutputError
from ..output.resume import Terms, check_record, record_text
from ..recognition.alphabet import DIGITS
from .reading import EMPTY, INVALID, NO_PAGE, OK, STRUCK_OUT, UNSURE, FieldValue, FormReading
from .store import Store, in_groups, now, with_rosters
from .store_tables import digits, fields, forms, make_view, runs, tasks
from .template import FormField, Template

SAMPLE = 0.05
"""The share of sure values that a person looks at all the same, by default."""


class StoredRows:
    """The rows of a run in a store; a context manager, as `results.Results` is for files.

    url: see Store. terms: what to do about rows that are there already; those that are gone on with are given to `seen`; those that are
    begun anew, or read again, stay as history. sample: the share in [0, 1] of sure values that a person is to look at. command: how the run
    was started; models: what reads. threshold: below which a value is unsure. Raises OutputError where the store cannot be used or gone on
    with, where another run writes it, or holds what must not be lost; MissingExtra.
    """

    def __init__(
        self,
        url: str,
        terms: Terms,
        template: Template,
        *,
        command: str,
        models: Sequence[str],
        threshold: float,
        sample: float = SAMPLE,
        seen: Callable[[dict[str, Any]], None] = lambda row: None,
    ) -> None:
        self.store = Store(url, make=True)
        self.template, self.sample = template, sample
        self.done: dict[str, list[int]] = {}
        self._open = ExitStack()
        self._open.callback(self.store.close)
        try:
            self._open.enter_context(self.store.claimed())
            with self.store.writing() as connection:
                self._take_up(connection, terms, seen)
                begun = runs.insert().values(
                    begun=now(), command=command, form=template.name, record=record_text(terms.record), models=" ".join(models),
                    threshold=threshold, template=json.dumps(with_rosters(template), ensure_ascii=False),
                )  # fmt: skip
                self._run = _made(connection, begun)
                make_view(connection, template)
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> StoredRows:
        """It is open already."""
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Say that the run is over where nothing went wrong, and let others have the store."""
        with self._open:
            if kind is None:
                with self.store.writing() as connection:
                    connection.execute(runs.update().where(runs.c.id == self._run).values(ended=now()))

    def write(self, row: FormReading) -> None:
        """Write one form, whole or not at all, with the work that it makes. Raises OutputError."""
        with self.store.writing() as connection:
            self._write(connection, row)

    def _take_up(self, connection: Connection, terms: Terms, seen: Callable[[dict[str, Any]], None]) -> None:
        """Go on with the forms that are there, or put them aside, as the terms are."""
        there = connection.execute(sql.select(sql.func.count()).select_from(forms).where(forms.c.current)).scalar() or 0
        if not there:
            return
        if terms.overwrite:
            _put_aside(connection, forms.c.current)
            return
        if not terms.resume:
            keeps = "--overwrite begins anew, and keeps them as history"
            raise OutputError(f"{self.store.name} holds {there:,} forms already: --resume goes on with them, {keeps}")
        record = connection.execute(sql.select(runs.c.record).order_by(runs.c.id.desc()).limit(1)).scalar()
        check_record(record, terms.record, self.store.name)
        if terms.retry_errors:
            _put_aside(connection, forms.c.current & forms.c.error.is_not(None))
        columns = (forms.c.source_bytes, forms.c.page, forms.c.pages, forms.c.needs_review, forms.c.refused, forms.c.error)
        for source, page, pages, needs_review, refused, error in connection.execute(
            sql.select(*columns).where(forms.c.current).order_by(forms.c.id)
        ):
            row = {"source": bytes(source).decode("utf-8", "surrogateescape"), "page": page, "pages": json.loads(pages)}
            self.done.setdefault(row["source"], []).extend(row["pages"])
            seen({**row, "needs_review": needs_review, "refused": refused, "error": error})

    def _write(self, connection: Connection, row: FormReading) -> None:
        raw = row.source.encode("utf-8", "surrogateescape")
        made = forms.insert().values(
            run_id=self._run, current=True, source=raw.decode("utf-8", "replace"), source_bytes=raw, page=row.page,
            pages=json.dumps(list(row.pages or (row.page,))), layout=row.layout, needs_review=row.needs_review, refused=row.refused,
            error=row.error, model=row.model, picture=row.picture or None,
        )  # fmt: skip
        form = _made(connection, made)
        values = row.values or tuple(FieldValue(name, status=NO_PAGE) for name in self.template.columns)
        layouts = row.layout.split(" + ")
        kinds = {
            own.name: own for page in self.template.pages if page.name in layouts or len(self.template.pages) == 1 for own in page.fields
        }
        if any(own.status == NO_PAGE for own in values) or row.refused or row.error:
            connection.execute(tasks.insert(), [_task("form", form, turn=float(form))])
        for own in values:
            self._write_field(connection, form, own, kinds.get(own.name))

    def _write_field(self, connection: Connection, form: int, own: FieldValue, kind: FormField | None) -> None:
        sure = own.status in (OK, EMPTY)
        sampled = sure and random.random() < self.sample
        made = fields.insert().values(
            form_id=form, name=own.name, value=own.value, text=own.text, confidence=round(own.confidence, 4), status=own.status,
            note=own.note, sampled=sampled, box=json.dumps(list(own.box)),
            candidates=json.dumps([[value, round(p, 4)] for value, p in own.candidates]), crop=own.shown.crop if own.shown else None,
            seen=(own.shown.seen or None) if own.shown else None,
        )  # fmt: skip
        field = _made(connection, made)
        if sampled or own.status in (UNSURE, INVALID, STRUCK_OUT):
            connection.execute(tasks.insert(), [_task("field", form, field, turn=random.random(), sampled=sampled)])
        if own.status != UNSURE or kind is None or kind.kind is None or own.shown is None or not own.shown.tiles:
            return
        if not kind.kind.fixed or kind.kind.value(own.text) != own.value:  # what a check picked is not what is written
            return
        places = [place for place, sign in enumerate(own.text) if sign in DIGITS]
        for place, tile, p in zip(places, own.shown.tiles, own.shown.sure, strict=True):
            label = own.text[place]
            seen = digits.insert().values(field_id=field, place=place, label=label, confidence=round(p, 4), tile=tile)
            digit = _made(connection, seen)
            connection.execute(tasks.insert(), [_task("digit", form, field, digit, label=label, turn=p)])


def _made(connection: Connection, row: sql.Insert) -> int:
    """The id of a row that is put in."""
    key = connection.execute(row).inserted_primary_key
    assert key is not None
    return int(key[0])


def _task(kind: str, form: int, field: int | None = None, digit: int | None = None, **others: Any) -> dict[str, Any]:
    """A row of `tasks` that nobody has begun."""
    nobody = {"label": "", "sampled": False, "changed": False, "done_by": None, "session": None, "until": None}
    return {"kind": kind, "form_id": form, "field_id": field, "digit_id": digit, **nobody, **others}


def _put_aside(connection: Connection, condition: sql.ColumnElement[bool]) -> None:
    """Let forms be history: they stay, and are no work any more."""
    ids = connection.execute(sql.select(forms.c.id).where(condition)).scalars().all()
    for some in in_groups(ids):
        connection.execute(tasks.delete().where(tasks.c.form_id.in_(some)))
        connection.execute(forms.update().where(forms.c.id.in_(some)).values(current=False))
