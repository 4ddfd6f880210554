"""Rows of what people did, one after the other: actions are begun once, corrections only added, and two people never write of one form.

The functions are given a connection inside a transaction that writes. What is said, and what follows from it, is in `reviewing.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from .store import State, now
from .store_tables import actions, corrections, digits, fields, forms, tasks


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who says something. session: of the window in which it is said, for one person may have two."""

    name: str
    session: str


class ClashError(Exception):
    """What was said comes too late: somebody has said something meanwhile. The message says who and what."""


def locked_task(connection: Connection, task: int, kind: str) -> Any:
    """A task, whose form is this transaction's alone. Raises ClashError where there is none."""
    form = connection.execute(sql.select(tasks.c.form_id).where(tasks.c.id == task, tasks.c.kind == kind)).scalar()
    if form is None:
        raise ClashError("it is no work any more: the run was begun anew")
    lock_forms(connection, [form])
    return connection.execute(sql.select(tasks).where(tasks.c.id == task)).one()


def lock_forms(connection: Connection, ids: Sequence[int] | sql.Select[tuple[int]]) -> None:
    """Let nobody else write of these forms until the transaction ends; SQLite has one writer anyway."""
    connection.execute(sql.select(forms.c.id).where(forms.c.id.in_(ids)).order_by(forms.c.id).with_for_update()).all()


def open_digits(connection: Connection, said: Mapping[int, str]) -> Sequence[Any]:
    """Those tasks that nobody has done, with their digits."""
    some = tasks.c.id.in_(list(said)) & (tasks.c.kind == "digit")
    lock_forms(connection, sql.select(tasks.c.form_id).where(some))
    query = sql.select(tasks, digits.c.place).join(digits, digits.c.id == tasks.c.digit_id)
    return connection.execute(query.where(some, tasks.c.done_by.is_(None))).all()


def is_done(connection: Connection, token: str) -> bool:
    """Whether an action was written already, and its answer was lost on the way."""
    return connection.execute(sql.select(actions.c.id).where(actions.c.token == token)).first() is not None


def begin_action(connection: Connection, reviewer: Reviewer, token: str, kind: str, some: Iterable[int], undoes: int | None = None) -> int:
    """Write a new action, which does some tasks; returns its id. Raises ClashError where one of this token is being written."""
    made = actions.insert().values(
        token=token, at=now(), reviewer=reviewer.name, session=reviewer.session, kind=kind, undoes=undoes, tasks=json.dumps(list(some))
    )
    try:
        key = connection.execute(made).inserted_primary_key
    except IntegrityError:
        raise ClashError("it is being written already") from None
    assert key is not None
    return int(key[0])


def append_correction(connection: Connection, action: int, form: int, id_: int, before: State, after: State) -> None:
    """One more row about a field. Raises ClashError where another one came first."""
    try:
        connection.execute(
            corrections.insert().values(
                action_id=action, form_id=form, field_id=id_, sequence=before.sequence + 1, before_value=before.value,
                before_status=before.status, value=after.value, text=after.text, status=after.status, note=after.note,
            )
        )  # fmt: skip
    except IntegrityError:
        raise ClashError("somebody has corrected it meanwhile") from None


def state_before(connection: Connection, id_: int, sequence: int) -> State:
    """What held of a field before a correction."""
    if sequence == 1:
        row = connection.execute(sql.select(fields).where(fields.c.id == id_)).one()
    else:
        which = (corrections.c.field_id == id_) & (corrections.c.sequence == sequence - 1)
        row = connection.execute(sql.select(corrections).where(which)).one()
    return State(row.value, row.text, row.status, row.note)
