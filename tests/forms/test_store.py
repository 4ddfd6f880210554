"""Forms in a database: SQLite, and a real PostgreSQL where Debian's is installed. Nothing in it is lost or written over."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")

import sqlalchemy as sql
from stored_forms import RECORD, filled, form, rows, template, value

from inkdigits.errors import OutputError
from inkdigits.forms.store import Store
from inkdigits.forms.store_tables import make_view

THREE = [
    form(1, value("id", "18"), value("a", "120"), value("t", "120")),
    form(2, refused="it fits no page of the form"),
    form(3, error="not an image"),
]


def table(url):
    """The view of a store, as dictionaries."""
    with Store(url) as store, store.reading() as connection:
        return [dict(row._mapping) for row in connection.execute(sql.text("SELECT * FROM ink_table ORDER BY source"))]


def test_forms_are_rows_of_a_table(database):
    filled(database, *THREE)
    first, second, third = table(database)
    assert list(first)[:8] == ["source", "page", "pages", "layout", "id", "id confidence", "id status", "id note"]
    assert (first["source"], first["id"], first["id status"], first["id confidence"]) == ("scan1.png", "18", "ok", 0.99)
    assert first["day"] is None
    assert (second["refused"], second["id status"]) == ("it fits no page of the form", "no such page")
    assert third["error"] == "not an image"


def test_a_run_is_gone_on_with_by_who_made_it(database):
    filled(database, *THREE[:2])
    with pytest.raises(OutputError, match="holds 2 forms already: --resume goes on with them, --overwrite"):
        rows(database)
    with pytest.raises(OutputError, match="form_sha256"):
        rows(database, record={**RECORD, "form_sha256": "1"}, resume=True)
    seen = []
    with rows(database, resume=True, seen=seen.append) as run:
        assert run.done == {"scan1.png": [1], "scan2.png": [1]}
        run.write(THREE[2])
    assert [(row["source"], row["refused"]) for row in seen] == [("scan1.png", None), ("scan2.png", "it fits no page of the form")]
    assert len(table(database)) == 3


def test_what_is_read_again_stays_as_history(database):
    filled(database, *THREE)
    with rows(database, resume=True, retry_errors=True) as run:
        assert set(run.done) == {"scan1.png", "scan2.png"}
        run.write(form(3, value("id", "26")))
    assert [row["id"] for row in table(database)] == ["18", "", "26"]
    filled(database, THREE[0], overwrite=True)
    assert [row["id"] for row in table(database)] == ["18"]
    with Store(database) as store, store.reading() as connection:
        assert connection.execute(sql.text("SELECT count(*) FROM ink_forms")).scalar() == 5


def test_two_runs_do_not_write_one_store(database):
    with rows(database) as run:
        run.write(THREE[0])
        with pytest.raises(OutputError, match="is being written by another run"):
            rows(database, resume=True)
    with rows(database, resume=True) as run:
        run.write(THREE[1])
    assert len(table(database)) == 2


def test_a_kill_loses_no_form_and_frees_the_store(database):
    code = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from stored_forms import form, rows, value
run = rows(sys.argv[2])
for number in range(1, 4):
    run.write(form(number, value("a", str(number))))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), database], check=False)
    assert done.returncode == -9
    with rows(database, resume=True) as run:
        assert sorted(run.done) == ["scan1.png", "scan2.png", "scan3.png"]
        run.write(form(4, value("a", "4")))
    assert [row["a"] for row in table(database)] == ["1", "2", "3", "4"]


def test_a_name_that_is_no_utf8_is_known_again(database):
    source = b"scan\xff.png".decode("utf-8", "surrogateescape")
    filled(database, replace(form(1, value("a", "1")), source=source))
    with rows(database, resume=True) as run:
        assert list(run.done) == [source]


def test_names_of_columns_that_a_database_cannot_have_are_refused(database):
    for name, said in {"source": "two columns", "p" * 60: "longer than"}.items():
        fields = [{"name": name, "box": [0, 0, 9, 9], "type": "integer"}]
        if said == "two columns" or "postgresql" in database:
            with Store(database, make=True) as store, pytest.raises(OutputError, match=said), store.writing() as connection:
                make_view(connection, template(fields, []))
    odd = [{"name": "50 % of: A (x)", "box": [0, 0, 9, 9], "type": "integer"}]
    with rows(database, of=template(odd, [])) as run:
        run.write(form(1, value("50 % of: A (x)", "7")))
    assert table(database)[0]["50 % of: A (x)"] == "7"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///missing/rows.db", "no such file"),
        ("missing.db", "no such file"),
        ("mysql://here/forms", "no store can be there; give sqlite:///FILE, postgresql://NAME@HOST/DATABASE"),
        ("sqlite://", "no store can be there"),
        ("://", "no address of a database"),
    ],
)
def test_what_is_no_store_is_said(tmp_path, monkeypatch, url, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match=said):
        Store(url)
    assert not list(tmp_path.iterdir()), "nothing is made where something was looked for"


def test_a_database_that_is_away_is_said_without_its_password():
    with pytest.raises(OutputError, match=r"cannot be used: .*refused.*start it, or check its address") as caught:
        Store("postgresql://ann:secret@127.0.0.1:9/forms?connect_timeout=2", make=True)
    assert "secret" not in str(caught.value)
    assert "ann:***@127.0.0.1:9/forms" in str(caught.value)


def test_a_database_of_others_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("no database, but a text that is long enough to be taken for one" * 10)
    with pytest.raises(OutputError, match="file is not a database"):
        Store(str(tmp_path / "notes.txt"), make=True)
    engine = sql.create_engine(f"sqlite:///{tmp_path}/other.db")
    with engine.begin() as connection:
        connection.execute(sql.text("CREATE TABLE ink_forms (x INTEGER)"))
    with pytest.raises(OutputError, match="has a table ink_forms that is not ours"):
        Store(f"{tmp_path}/other.db", make=True)
    with pytest.raises(OutputError, match="holds no forms"):
        Store(f"{tmp_path}/other.db")
    engine.dispose()


def test_a_server_that_goes_away_is_said_and_the_run_is_gone_on_with(postgresql):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"{postgresql.url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE away")
    url = f"{postgresql.url}/away"
    run = rows(url)
    run.write(THREE[0])
    subprocess.run([*postgresql.control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd="/")
    try:
        with pytest.raises(OutputError, match=r"cannot be used: .*; start it, or check its address; what it holds is whole") as caught:
            run.write(THREE[1])
        run.__exit__(OutputError, caught.value, None)
    finally:
        subprocess.run([*postgresql.control, "-o", postgresql.options, "start"], check=True, capture_output=True, cwd="/")
    with rows(url, resume=True) as run:
        assert list(run.done) == ["scan1.png"]
        run.write(THREE[1])
    assert len(table(url)) == 2
