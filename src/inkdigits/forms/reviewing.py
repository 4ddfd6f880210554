"""The work of reviewers on a store: who looks at what, what they say of it, and taking it back. Several may be at it.

Look-alike digits of one class come first, many at once; then single values; then whole forms that are still not right. Work that is given
out is somebody's for a while (`LEASE`), and so is given to nobody else; what comes too late is refused, not written over.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql
from sqlalchemy.engine import Connection

from .across import failing
from .estimate import Estimate, wilson
from .ledger import ClashError, Reviewer, append_correction, begin_action, is_done, lock_forms, locked_task, open_digits, state_before
from .reading import EMPTY, INVALID, NO_PAGE, OK, STRUCK_OUT, UNSURE
from .store import State, Store, states
from .store_tables import actions, corrections, digits, fields, forms, runs, tasks
from .template import FormField, Template
from .typed import UNREADABLE, Typed, as_typed, typed

LEASE = 300.0
"""Seconds for which work that is given out is somebody's."""
STAGES = ("digit", "field", "form")
"""The kinds of work, in their order."""
AT_ONCE = {"digit": 48, "field": 12, "form": 1}
"""How much of each is given out at once."""
COUNTED = 60.0
"""Seconds for which the number of values that nobody looks at is not counted again."""
ODD = "?"
"""Of a digit: it is none of its class."""


class ProblemError(Exception):
    """What was typed cannot be so. problems: why, by the id of the field."""

    def __init__(self, problems: Mapping[int, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(dict.fromkeys(problems.values())))


@dataclass(slots=True)
class _Said:
    """An action that is being written."""

    id: int
    form: int
    reviewer: Reviewer


class Reviewing:
    """The work of reviewers on a store. template: the form that is reviewed; own: its fields, by layout and name. Its methods raise
    OutputError where the store cannot be used or has no forms yet."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._unseen, self._count_again = 0, 0.0
        self._run = 0
        self.template: Template
        self.own: dict[tuple[str, str], FormField]
        with store.reading() as connection:
            self._look_up(connection)

    # What there is to do

    def progress(self) -> dict[str, Any]:
        """How much of each kind of work is left, and the error rate of what nobody looks at, as JSON."""
        with self.store.reading() as connection:
            return self._progress(connection)

    def estimate(self) -> Estimate:
        """The error rate of the values that nobody looks at."""
        with self.store.reading() as connection:
            return self._estimate(connection)

    def claim(self, reviewer: Reviewer, stage: str | None = None, *, more: bool = False) -> dict[str, Any]:
        """Give out work: of a stage, or of the first that has some. What the reviewer has already comes first, or, for more, not again.
        Returns it as JSON: `stage`, None where there is none; `label` and `digits`, or `fields`, or `form`; and `progress`."""
        with self.store.writing() as connection:
            self._look_up(connection)
            for one in STAGES if stage is None else (stage,):
                if found := self._claimed(connection, reviewer, one, more):
                    return {**self._shown(connection, one, found), **self._progress(connection)}
            return {"stage": None, **self._progress(connection)}

    # What people say

    def say_digits(self, reviewer: Reviewer, token: str, said: Mapping[int, str]) -> dict[str, Any]:
        """Digits were looked at. said: by the ids of their tasks the class that each is of: as it was, another, or ODD for none of these.
        token: of this very action; said twice, it is done once. What others have said meanwhile stays; `late` counts it."""
        with self.store.writing() as connection:
            if is_done(connection, token):
                return self._progress(connection)
            found = open_digits(connection, said)
            action = begin_action(connection, reviewer, token, "digits", [task for task, *_ in found])
            by_field: dict[int, list[Any]] = {}
            for one in found:
                by_field.setdefault(one.field_id, []).append(one)
            for is_odd in (True, False):
                change = tasks.update().where(tasks.c.id.in_([one.id for one in found if (said[one.id] == ODD) == is_odd]))
                connection.execute(change.values(done_by=action, changed=is_odd, session=None, until=None))
            self._settle_digits(connection, action, reviewer, by_field, said)
            return {**self._progress(connection), "late": len(said) - len(found)}

    def say_field(self, reviewer: Reviewer, token: str, task: int, sequence: int, text: str, *, insist: bool = False) -> dict[str, Any]:
        """A value was looked at. sequence: the corrections of its field that were there when it was shown; text: what it is; insist: though
        it cannot be. Raises ClashError, and ProblemError with the reason."""
        with self.store.writing() as connection:
            if is_done(connection, token):
                return self._progress(connection)
            row = locked_task(connection, task, "field")
            state = states(connection, fields.c.id == row.field_id)[row.field_id]
            if row.done_by is not None or state.sequence != sequence:
                raise ClashError(f"{state.reviewer or 'somebody'} has looked at it meanwhile: it is {state.value or state.status}")
            meant = typed(self._field_of(connection, row.field_id), text)
            if meant.problem and not insist:
                raise ProblemError({row.field_id: meant.problem})
            action = _Said(begin_action(connection, reviewer, token, "field", [task]), row.form_id, reviewer)
            self._correct(connection, action, row.field_id, state, meant)
            self._across(connection, action)
            return self._progress(connection)

    def say_form(
        self, reviewer: Reviewer, token: str, task: int, said: Mapping[int, tuple[int, str]], *, insist: bool = False
    ) -> dict[str, Any]:
        """A form was looked at. said: by the ids of its fields the corrections that were there, and the text. Raises ClashError where
        somebody has corrected one meanwhile, and ProblemError, which also names checks across fields."""
        with self.store.writing() as connection:
            if is_done(connection, token):
                return self._progress(connection)
            row = locked_task(connection, task, "form")
            if row.done_by is not None:
                raise ClashError("somebody has looked at this form meanwhile")
            found, rows = states(connection, fields.c.form_id == row.form_id), self._fields(connection, row.form_id)
            names, shown = {one.id: one.name for one in rows}, {one.id: self._field(one, found)["text"] for one in rows}
            if late := [id_ for id_, (sequence, _) in said.items() if id_ not in found or found[id_].sequence != sequence]:
                who = found[late[0]].reviewer if late[0] in found else ""
                raise ClashError(f"{who or 'somebody'} has corrected {names.get(late[0], 'a field')} meanwhile")
            open_ = sql.select(tasks.c.field_id).where(tasks.c.form_id == row.form_id, tasks.c.kind == "field", tasks.c.done_by.is_(None))
            doubted = set(connection.execute(open_).scalars())
            meant = {
                id_: typed(self._own(rows[0].layout, names[id_]), text)
                for id_, (_, text) in said.items()
                if text != shown[id_] or id_ in doubted
            }
            problems = {id_: one.problem for id_, one in meant.items() if one.problem}
            values = {names[id_]: meant[id_].value if id_ in meant else state.value for id_, state in found.items()}
            by_name = {name: id_ for id_, name in names.items()}
            for check in failing(self.template.checks, values):
                problems[by_name[check.fields[-1]]] = f"not {check.said}"
            if problems and not insist:
                raise ProblemError(problems)
            action = _Said(begin_action(connection, reviewer, token, "form", [task]), row.form_id, reviewer)
            for id_, one in meant.items():
                self._correct(connection, action, id_, found[id_], one)
            self._across(connection, action)
            done = tasks.update().where(tasks.c.form_id == row.form_id, tasks.c.done_by.is_(None))
            connection.execute(done.values(done_by=action.id, session=None, until=None))
            return self._progress(connection)

    def undo(self, reviewer: Reviewer, token: str) -> dict[str, Any]:
        """Take back the last thing that was said in this session and is not taken back yet; nothing is deleted. Returns the work that it
        was, given out again, as `claim` does. Raises ClashError where there is none, or somebody has gone on from it."""
        with self.store.writing() as connection:
            undone = sql.select(actions.c.undoes).where(actions.c.undoes.is_not(None))
            mine = actions.c.session == reviewer.session
            query = sql.select(actions).where(mine, actions.c.kind != "undo", actions.c.id.not_in(undone))
            last = connection.execute(query.order_by(actions.c.id.desc()).limit(1)).one_or_none()
            if is_done(connection, token) or last is None:
                raise ClashError("there is nothing to take back")
            lock_forms(connection, sql.select(tasks.c.form_id).where(tasks.c.done_by == last.id))
            changed: dict[int, list[Any]] = {}
            for one in connection.execute(
                sql.select(corrections).where(corrections.c.action_id == last.id).order_by(corrections.c.sequence)
            ):
                changed.setdefault(one.field_id, []).append(one)
            current = {id_: states(connection, fields.c.id == id_)[id_] for id_ in changed}
            for id_, some in changed.items():
                if current[id_].sequence != some[-1].sequence:
                    raise ClashError(f"{current[id_].reviewer} has corrected it since: it is {current[id_].value or current[id_].status}")
            action = begin_action(connection, reviewer, token, "undo", json.loads(last.tasks), undoes=last.id)
            for id_, some in changed.items():
                append_correction(connection, action, some[0].form_id, id_, current[id_], state_before(connection, id_, some[0].sequence))
            again = tasks.update().where(tasks.c.done_by == last.id)
            held = {"session": reviewer.session, "until": time.time() + LEASE}
            opened = connection.execute(sql.select(tasks).where(tasks.c.done_by == last.id, tasks.c.kind == _kind(last.kind))).all()
            connection.execute(again.values(done_by=None, changed=False, **held))
            if not opened:
                return {"stage": None, **self._progress(connection)}
            return {**self._shown(connection, _kind(last.kind), opened), **self._progress(connection)}

    # How

    def _look_up(self, connection: Connection) -> None:
        """Take the form of the last run, and its fields by layout and name, where it is another than before."""
        if (run := connection.execute(sql.select(sql.func.max(runs.c.id))).scalar()) != self._run:
            self.template = self.store.template()
            self.own = {(layout.name, own.name): own for layout in self.template.pages for own in layout.fields}
            self._run = run or 0

    def _progress(self, connection: Connection) -> dict[str, Any]:
        count = sql.select(tasks.c.kind, sql.func.count()).where(tasks.c.done_by.is_(None)).group_by(tasks.c.kind)
        left = {str(kind): int(number) for kind, number in connection.execute(count)}
        return {"progress": {"left": {one: left.get(one, 0) for one in STAGES}, "estimate": self._estimate(connection).to_dict()}}

    def _estimate(self, connection: Connection) -> Estimate:
        looked = sql.select(sql.func.count(), sql.func.sum(sql.case((tasks.c.changed, 1), else_=0)))
        count, wrong = connection.execute(looked.where(tasks.c.sampled, tasks.c.done_by.is_not(None))).one()
        if time.monotonic() >= self._count_again:  # a hundred thousand of them take their time
            sure = sql.select(sql.func.count()).select_from(fields).join(forms, forms.c.id == fields.c.form_id)
            sure = sure.where(forms.c.current, fields.c.status.in_((OK, EMPTY)), ~fields.c.sampled)
            self._unseen = int(connection.execute(sure).scalar() or 0)
            self._count_again = time.monotonic() + COUNTED
        low, high = wilson(int(wrong or 0), count)
        return Estimate(count, int(wrong or 0), self._unseen, (wrong or 0) / count if count else None, low, high)

    def _claimed(self, connection: Connection, reviewer: Reviewer, stage: str, more: bool) -> Sequence[Any]:
        """Work of a stage, which is the reviewer's from now on."""
        clock = time.time()
        query = sql.select(tasks).where(tasks.c.kind == stage, tasks.c.done_by.is_(None))
        held = query.where(tasks.c.session == reviewer.session, tasks.c.until >= clock).order_by(tasks.c.label, tasks.c.turn)
        found = [] if more else connection.execute(held.limit(AT_ONCE[stage])).all()
        if found:
            found = [one for one in found if one.label == found[0].label]
        else:
            free = query.where(sql.or_(tasks.c.until.is_(None), tasks.c.until < clock))
            label = connection.execute(free.with_only_columns(tasks.c.label).order_by(tasks.c.label).limit(1)).scalar()
            free = free.where(tasks.c.label == (label or "")).order_by(tasks.c.turn).limit(AT_ONCE[stage])
            found = connection.execute(free.with_for_update(skip_locked=True)).all()
        if found:
            taken = tasks.update().where(tasks.c.id.in_([one.id for one in found]))
            connection.execute(taken.values(session=reviewer.session, until=clock + LEASE))
        return found

    def _shown(self, connection: Connection, stage: str, found: Sequence[Any]) -> dict[str, Any]:
        """Work as JSON, with pictures in base64."""
        if stage == "digit":
            every = sql.select(digits).where(digits.c.id.in_([one.digit_id for one in found]))
            by_id = {row.id: row for row in connection.execute(every)}
            cells = [{"task": one.id, "tile": _base64(by_id[one.digit_id].tile)} for one in found]
            return {"stage": stage, "label": found[0].label, "digits": cells}
        if stage == "field":
            ids = [one.field_id for one in found]
            rows = {row.id: row for row in self._fields(connection, fields.c.id.in_(ids))}
            current = states(connection, fields.c.id.in_(ids))
            return {"stage": stage, "fields": [{"task": one.id, **self._field(rows[one.field_id], current)} for one in found]}
        (one,) = found
        form = connection.execute(sql.select(forms).where(forms.c.id == one.form_id)).one()
        rows_ = self._fields(connection, form.id)
        current = states(connection, fields.c.form_id == form.id)
        shown = [self._field(row, current) for row in rows_]
        values = {row.name: current[row.id].value for row in rows_}
        problems = [f"not {check.said}" for check in failing(self.template.checks, values)]
        said = form.error or form.refused or "; ".join(problems)
        place = {"source": form.source, "page": form.page, "picture": _base64(form.picture) if form.picture else None}
        return {"stage": stage, "form": {"task": one.id, "said": said, "fields": shown, **place}}

    def _field(self, row: Any, current: Mapping[int, State]) -> dict[str, Any]:
        """A field as JSON."""
        state, own = current[row.id], self._own(row.layout, row.name)
        text = state.status if state.status == STRUCK_OUT else as_typed(own, state.value, state.text)
        note = "" if row.sampled and not state.reviewer else state.note
        return {
            "field": row.id, "name": row.name, "type": own.type, "keyed": bool(own.kind and own.kind.keyed), "text": text, "note": note,
            "sequence": state.sequence, "options": [option.name for option in own.options], "many": own.many,
            "source": row.source, "page": row.page,
            "missing": row.status == NO_PAGE, "crop": _base64(row.crop) if row.crop else None,
        }  # fmt: skip

    def _fields(self, connection: Connection, which: int | sql.ColumnElement[bool]) -> Sequence[Any]:
        """Rows of fields with the source, the page and the layout of their form. which: a form, or a condition."""
        condition = fields.c.form_id == which if isinstance(which, int) else which
        query = sql.select(fields, forms.c.source, forms.c.page, forms.c.layout).join(forms, forms.c.id == fields.c.form_id)
        return connection.execute(query.where(condition).order_by(fields.c.id)).all()

    def _named(self, connection: Connection, condition: sql.ColumnElement[bool]) -> Sequence[Any]:
        """The same without their pictures: id, name, confidence and layout."""
        query = sql.select(fields.c.id, fields.c.name, fields.c.confidence, forms.c.layout).join(forms, forms.c.id == fields.c.form_id)
        return connection.execute(query.where(condition).order_by(fields.c.id)).all()

    def _field_of(self, connection: Connection, id_: int) -> FormField:
        (row,) = self._named(connection, fields.c.id == id_)
        return self._own(row.layout, row.name)

    def _own(self, layout: str, name: str) -> FormField:
        """What form.json says of a field; of a page that fits no layout, by its name alone."""
        for part in layout.split(" + "):
            if (part, name) in self.own:
                return self.own[part, name]
        return next(own for (_, other), own in self.own.items() if other == name)

    def _settle_digits(
        self, connection: Connection, action: int, reviewer: Reviewer, by_field: Mapping[int, Sequence[Any]], said: Mapping[int, str]
    ) -> None:
        """What comes of fields some of whose digits were looked at: another value; that it is sure, where all of its digits are; or
        nothing, and it is looked at as a whole. by_field: the tasks of each."""
        some = fields.c.id.in_(list(by_field))
        current = states(connection, some)
        own = {row.id: self._own(row.layout, row.name) for row in self._named(connection, some)}
        left = tasks.c.field_id.in_(list(by_field)) & (tasks.c.kind == "digit") & (tasks.c.done_by.is_(None) | tasks.c.changed)
        open_ = set(connection.execute(sql.select(tasks.c.field_id).where(left)).scalars())
        settled: dict[int, _Said] = {}
        for id_, own_tasks in by_field.items():
            state, by = current[id_], _Said(action, own_tasks[0].form_id, reviewer)
            others = {one.place: said[one.id] for one in own_tasks if said[one.id] not in (ODD, one.label)}
            if others and max(others) < len(state.text):
                text = "".join(others.get(place, sign) for place, sign in enumerate(state.text))
                meant = typed(own[id_], text)
                change = meant if meant.problem else Typed(meant.value, text, UNSURE)
                after = State(change.value, change.text, change.status, change.problem, state.sequence + 1, reviewer.name)
                append_correction(connection, action, by.form, id_, state, after)
                state = after
            meant = typed(own[id_], state.text)
            if id_ not in open_ and meant.status == OK and state.status == UNSURE:
                self._correct(connection, by, id_, state, meant)
                settled[by.form] = by
        for by in settled.values():
            self._across(connection, by)

    def _correct(self, connection: Connection, action: _Said, id_: int, state: State, meant: Typed) -> None:
        """Write what a person says of a field, and that it and its digits are looked at."""
        note = UNREADABLE if meant.status == UNSURE else meant.problem
        append_correction(connection, action.id, action.form, id_, state, State(meant.value, meant.text, meant.status, note))
        read = connection.execute(sql.select(fields.c.value).where(fields.c.id == id_)).scalar()
        done = tasks.update().where(tasks.c.field_id == id_, tasks.c.done_by.is_(None))
        values = {"done_by": action.id, "session": None, "until": None}
        connection.execute(done.where(tasks.c.kind == "digit").values(**values))
        connection.execute(done.where(tasks.c.kind == "field").values(changed=meant.value != read, **values))

    def _across(self, connection: Connection, action: _Said) -> None:
        """What a correction means for the other fields of its form: those that failed a check across fields alone are not in doubt any more
        where it holds now; and where one does not hold, and all single values are looked at, the form is looked at as a whole."""
        if not self.template.checks:
            return
        rows = self._named(connection, fields.c.form_id == action.form)
        current = states(connection, fields.c.form_id == action.form)
        values = {row.name: current[row.id].value for row in rows}
        failed = {f"not {check.said}" for check in failing(self.template.checks, values)}
        every = {f"not {check.said}" for check in self.template.checks}
        threshold = connection.execute(
            sql.select(runs.c.threshold).join(forms, forms.c.run_id == runs.c.id).where(forms.c.id == action.form)
        )
        least = float(threshold.scalar() or 0)
        for row in rows:
            state = current[row.id]
            if state.reviewer or state.status != INVALID or state.note not in every - failed or row.confidence < least:
                continue
            said = state.note.removeprefix("not ")
            append_correction(
                connection,
                action.id,
                action.form,
                row.id,
                state,
                State(state.value, state.text, OK if state.value else EMPTY, f"{said} holds"),
            )
            done = tasks.update().where(tasks.c.field_id == row.id, tasks.c.done_by.is_(None))
            connection.execute(done.values(done_by=action.id, session=None, until=None))
        left = sql.select(tasks.c.kind).where(tasks.c.form_id == action.form, tasks.c.done_by.is_(None), tasks.c.kind != "digit")
        if failed and not connection.execute(left).all():
            fresh = {"label": "", "sampled": False, "changed": False, "turn": float(action.form)}
            connection.execute(tasks.insert().values(kind="form", form_id=action.form, **fresh))


def _kind(action: str) -> str:
    """The kind of work that an action does."""
    return action.rstrip("s")


def _base64(content: bytes) -> str:
    return base64.b64encode(bytes(content)).decode()
