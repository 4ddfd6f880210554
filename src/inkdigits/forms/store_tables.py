"""The tables of a store, and the view `ink_table` over them; what they are for is in `store.py`.

`ink_runs`, `ink_forms`, `ink_fields` and `ink_digits` are what was read, `ink_actions` and `ink_corrections` what people did, `ink_tasks`
the work that is left.
"""

from __future__ import annotations

from typing import Any

from ..errors import MissingExtra, OutputError
from .rows import columns_of
from .template import Template

try:
    import sqlalchemy as sql
    from sqlalchemy.engine import Connection
except ImportError:
    raise MissingExtra("store", "a store of forms") from None

VERSION = 2
"""Of the tables; a store of another is refused."""
LONGEST_NAME = 63
"""Bytes of the name of a column in PostgreSQL."""
metadata = sql.MetaData()
_TIME = sql.DateTime(timezone=True)
known = sql.Table("ink_store", metadata, sql.Column("version", sql.Integer, nullable=False))
runs = sql.Table(
    "ink_runs", metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("begun", _TIME, nullable=False),
    sql.Column("ended", _TIME),
    sql.Column("command", sql.Text, nullable=False),
    sql.Column("form", sql.Text, nullable=False),
    sql.Column("record", sql.Text, nullable=False),
    sql.Column("models", sql.Text, nullable=False),
    sql.Column("threshold", sql.Float, nullable=False),
    sql.Column("template", sql.Text, nullable=False),
)  # fmt: skip
forms = sql.Table(
    "ink_forms", metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("run_id", sql.ForeignKey("ink_runs.id"), nullable=False),
    sql.Column("current", sql.Boolean, nullable=False),
    sql.Column("source", sql.Text, nullable=False),
    sql.Column("source_bytes", sql.LargeBinary, nullable=False),
    sql.Column("page", sql.Integer, nullable=False),
    sql.Column("pages", sql.Text, nullable=False),
    sql.Column("layout", sql.Text, nullable=False),
    sql.Column("needs_review", sql.Boolean, nullable=False),
    sql.Column("refused", sql.Text),
    sql.Column("error", sql.Text),
    sql.Column("model", sql.Text, nullable=False),
    sql.Column("picture", sql.LargeBinary),
    sql.Index("ink_forms_current", "current", "id"),
)  # fmt: skip
fields = sql.Table(
    "ink_fields", metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("form_id", sql.ForeignKey("ink_forms.id"), nullable=False, index=True),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("value", sql.Text, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("confidence", sql.Float, nullable=False),
    sql.Column("status", sql.Text, nullable=False),
    sql.Column("note", sql.Text, nullable=False),
    sql.Column("sampled", sql.Boolean, nullable=False),
    sql.Column("box", sql.Text, nullable=False),
    sql.Column("candidates", sql.Text, nullable=False),
    sql.Column("crop", sql.LargeBinary),
    sql.Column("seen", sql.LargeBinary),
    sql.Index("ink_fields_sure", "sampled", "status", "form_id"),
)  # fmt: skip
digits = sql.Table(
    "ink_digits", metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("field_id", sql.ForeignKey("ink_fields.id"), nullable=False, index=True),
    sql.Column("place", sql.Integer, nullable=False),
    sql.Column("label", sql.String(1), nullable=False),
    sql.Column("confidence", sql.Float, nullable=False),
    sql.Column("tile", sql.LargeBinary, nullable=False),
)  # fmt: skip
actions = sql.Table(
    "ink_actions", metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("token", sql.String(64), nullable=False, unique=True),
    sql.Column("at", _TIME, nullable=False),
    sql.Column("reviewer", sql.Text, nullable=False),
    sql.Column("session", sql.String(64), nullable=False, index=True),
    sql.Column("kind", sql.String(8), nullable=False),
    sql.Column("undoes", sql.ForeignKey("ink_actions.id"), index=True),
    sql.Column("tasks", sql.Text, nullable=False),
)  # fmt: skip
corrections = sql.Table(
    "ink_corrections", metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("action_id", sql.ForeignKey("ink_actions.id"), nullable=False, index=True),
    sql.Column("form_id", sql.ForeignKey("ink_forms.id"), nullable=False, index=True),
    sql.Column("field_id", sql.ForeignKey("ink_fields.id"), nullable=False),
    sql.Column("sequence", sql.Integer, nullable=False),
    sql.Column("before_value", sql.Text, nullable=False),
    sql.Column("before_status", sql.Text, nullable=False),
    sql.Column("value", sql.Text, nullable=False),
    sql.Column("text", sql.Text, nullable=False),
    sql.Column("status", sql.Text, nullable=False),
    sql.Column("note", sql.Text, nullable=False),
    sql.UniqueConstraint("field_id", "sequence"),
)  # fmt: skip
tasks = sql.Table(
    "ink_tasks", metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("kind", sql.String(8), nullable=False),
    sql.Column("form_id", sql.ForeignKey("ink_forms.id"), nullable=False, index=True),
    sql.Column("field_id", sql.ForeignKey("ink_fields.id"), index=True),
    sql.Column("digit_id", sql.ForeignKey("ink_digits.id")),
    sql.Column("label", sql.String(1), nullable=False),
    sql.Column("turn", sql.Float, nullable=False),
    sql.Column("sampled", sql.Boolean, nullable=False),
    sql.Column("changed", sql.Boolean, nullable=False),
    sql.Column("done_by", sql.ForeignKey("ink_actions.id"), index=True),
    sql.Column("session", sql.String(64), index=True),
    sql.Column("until", sql.Float),
    sql.Index("ink_tasks_open", "kind", "done_by", "label", "turn"),
    sql.Index("ink_tasks_sampled", "sampled", "done_by", "changed"),
)  # fmt: skip


def make_view(connection: Connection, template: Template) -> None:
    """Make the view `ink_table` anew: a row a form, a column a field, with the corrections in place. Raises OutputError where two of its
    columns would have one name, or one too long a name for PostgreSQL."""
    names = columns_of(template)
    lower = [name.lower() for name in names]
    is_postgres = connection.dialect.name == "postgresql"
    for name in names:
        if lower.count(name.lower()) > 1:
            raise OutputError(f"two columns of the table would be {name!r}; give the field another name in form.json")
        if is_postgres and len(name.encode()) > LONGEST_NAME:
            raise OutputError(f"the column {name!r} is longer than the {LONGEST_NAME} bytes of PostgreSQL; give the field a shorter name")
    last = (
        sql.select(corrections.c.field_id, sql.func.max(corrections.c.sequence).label("sequence"))
        .group_by(corrections.c.field_id)
        .subquery("ink_last")
    )
    said = corrections.alias("ink_said")
    of = forms.c
    columns: list[Any] = [of.source, of.page, of.pages, of.layout]
    for name in template.columns:
        parts = (
            ("", sql.func.coalesce(said.c.value, fields.c.value)),
            (" confidence", fields.c.confidence),
            (" status", sql.func.coalesce(said.c.status, fields.c.status)),
            (" note", sql.func.coalesce(said.c.note, fields.c.note)),
        )
        columns += [sql.func.max(sql.case((fields.c.name == name, part))).label(name + end) for end, part in parts]
    columns += [of.needs_review, of.refused, of.error, of.model]
    joined = forms.outerjoin(fields, fields.c.form_id == of.id).outerjoin(last, last.c.field_id == fields.c.id)
    joined = joined.outerjoin(said, (said.c.field_id == last.c.field_id) & (said.c.sequence == last.c.sequence))
    grouped = sql.select(*columns).select_from(joined).where(of.current == sql.true()).group_by(of.id)
    text = str(grouped.compile(connection, compile_kwargs={"literal_binds": True}))
    connection.exec_driver_sql("DROP VIEW IF EXISTS ink_table")
    connection.exec_driver_sql(f"CREATE VIEW ink_table AS {text}")
