"""`inkdigits form`: a blank becomes a form.json, scans become a table, what goes wrong is said and loses nothing."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.cli import group
from inkdigits.errors import Error

sys.path.append(str(Path(__file__).parents[1] / "forms"))
from forms_drawn import FIELDS, SIZE, blank_page, filled_page

COLUMNS = ["source", "page", "pages", "layout"]


@pytest.fixture
def form(tmp_path):
    cv2.imwrite(str(tmp_path / "blank.png"), blank_page())
    page = {"name": "application", "image": "blank.png", "size": list(SIZE), "fields": FIELDS[:2]}
    (tmp_path / "form.json").write_text(json.dumps({"version": 1, "name": "application", "pages": [page]}))
    return tmp_path / "form.json"


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), filled_page(blank_page(), id="123456782", first="120"))
    (folder / "b.png").write_bytes(b"no image")
    cv2.imwrite(str(folder / "c.png"), np.full((300, 200), 200, np.uint8))
    return folder


def run(*words):
    """The exit code and all that is said."""
    done = CliRunner().invoke(group, ["form", *map(str, words)], standalone_mode=False)
    if isinstance(done.exception, Error):
        return 1, done.output + str(done.exception)
    said = done.exception.format_message() if hasattr(done.exception, "format_message") else ""
    return (2 if done.exception else done.return_value or 0), done.output + said


def test_scans_become_rows_and_a_run_is_gone_on_with(form, scans, tmp_path):
    out = tmp_path / "rows.csv"
    code, said = run("read", scans, "--form", form, "--out", out)
    assert code == 1  # one of them could not be read
    assert "b.png" in said
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:6] == [*COLUMNS, "id", "id confidence"]
    assert [row["layout"] for row in rows] == ["application", "", ""]
    assert (rows[0]["id"], rows[0]["first"], rows[0]["id status"]) == ("123456782", "120", "ok")
    assert rows[1]["error"]
    assert rows[2]["refused"] == "it fits no page of the form"
    assert rows[2]["id status"] == "no such page"
    whole = out.read_text()
    assert run("read", scans, "--form", form, "--out", out)[0] == 2  # it is there already
    out.write_text(whole[: whole.rindex("c.png") - 40])  # as a kill leaves it
    assert run("read", scans, "--form", form, "--out", out, "--resume")[0] == 1
    assert out.read_text() == whole


def test_rows_as_parquet_have_the_same_columns(form, scans, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "rows.parquet"
    run("read", scans / "a.png", "--form", form, "--out", out)
    table = parquet.read_table(out)
    assert table.column_names[:6] == [*COLUMNS, "id", "id confidence"]
    assert table["id"].to_pylist() == ["123456782"]
    assert not Path(f"{out}.rows.jsonl").exists()


@pytest.mark.slow
def test_ray_gives_the_rows_that_processes_give_and_goes_on(form, scans, tmp_path):
    pytest.importorskip("ray", reason="needs inkdigits[ray]")
    parquet = pytest.importorskip("pyarrow.parquet")
    run("read", scans, "--form", form, "--out", tmp_path / "rows.parquet")
    words = [sys.executable, "-m", "inkdigits", "form", "read", scans, "--form", form, "--engine", "ray", "--jobs", "1", "--out", "rows"]
    done = [subprocess.run([*words, *more], cwd=tmp_path, capture_output=True, text=True, timeout=300) for more in ([], ["--resume"])]
    assert [one.returncode for one in done] == [1, 1]  # one of them could not be read
    assert "b.png: not an image" in done[0].stderr
    assert ["read 3, to review" in done[0].stderr, "read 3 (3 of them before)" in done[1].stderr] == [True, True]

    def rows(*files):
        found = [row for file in files for row in parquet.read_table(file).to_pylist()]
        return sorted(found, key=lambda row: row["source"])

    assert rows(*(tmp_path / "rows").glob("*.parquet")) == rows(tmp_path / "rows.parquet")


@pytest.mark.parametrize(
    "words", [["--out", "rows", "--format", "csv"], ["--out", "sqlite:///rows.db"], []], ids=["not Parquet", "a store", "nowhere"]
)
def test_what_ray_does_not_write_is_said(form, scans, words):
    code, said = run("read", scans, "--form", form, "--engine", "ray", *words)
    assert (code, "--engine ray writes rows as Parquet files" in said) == (2, True)


def test_rows_of_another_form_are_not_gone_on_with(form, scans, tmp_path):
    out = tmp_path / "rows.jsonl"
    run("read", scans / "c.png", "--form", form, "--out", out)
    before = out.read_text()
    form.write_text(form.read_text().replace('"maximum": 500', '"maximum": 400'))
    code, said = run("read", scans, "--form", form, "--out", out, "--resume")
    assert code == 2
    assert "form_sha256" in said
    assert out.read_text() == before


def test_the_form_is_not_written_over(form, scans):
    before = form.read_text()
    code, said = run("read", scans / "c.png", "--form", form, "--out", form, "--overwrite")
    assert code == 2
    assert "is the form" in said
    assert form.read_text() == before


def test_scans_become_a_store_that_is_gone_on_with_and_exported(form, scans, tmp_path):
    pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")
    url, out = f"sqlite:///{tmp_path}/rows.db", tmp_path / "table.csv"
    assert run("read", scans / "a.png", "--form", form, "--out", url, "--sample", "1")[0] == 0
    code, said = run("read", scans, "--form", form, "--out", url)
    assert (code, "holds 1 forms already: --resume" in said) == (2, True)
    code, said = run("read", scans, "--form", form, "--out", url, "--resume")
    assert code == 1  # one of them could not be read
    assert "read 3 (1 of them before)" in said
    review = CliRunner().invoke(group, ["review", "export", str(tmp_path / "rows.db"), "--out", str(out)])
    assert "3 forms" in review.output
    with open(out, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [Path(row["source"]).name for row in rows] == ["a.png", "b.png", "c.png"]
    assert (rows[0]["id"], rows[0]["first"], rows[0]["id status"], rows[0]["id by"]) == ("123456782", "120", "ok", "")
    assert [row["needs_review"] for row in rows] == ["False", "True", "True"]
    assert "left to look at: 0 digits, 2 values, 2 forms" in CliRunner().invoke(group, ["review", "status", url]).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--out", "sqlite:///rows.db", "--format", "csv"], "--format is for files"),
        (["--out", "rows.csv", "--sample", "0.1"], "--sample is for a store"),
        (["--out", "oracle://here"], "no store can be there; give sqlite:///FILE"),
        (["--out", "postgresql://127.0.0.1:9/forms"], "refused"),
    ],
)
def test_what_fits_no_store_is_said(form, scans, tmp_path, monkeypatch, words, said):
    pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")
    monkeypatch.chdir(tmp_path)
    code, text = run("read", scans, "--form", form, *words)
    assert code == 2
    assert said in text
    assert not list(tmp_path.glob("rows*"))


def test_the_table_is_not_written_over_its_store(form, scans, tmp_path):
    pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")
    (tmp_path / "rows.csv").write_bytes(b"")
    run("read", scans / "c.png", "--form", form, "--out", f"sqlite:///{tmp_path}/rows.csv")
    before = (tmp_path / "rows.csv").read_bytes()
    done = CliRunner().invoke(group, ["review", "export", str(tmp_path / "rows.csv"), "--out", str(tmp_path / "rows.csv")])
    assert done.exit_code == 2
    assert "is the store" in done.output
    assert (tmp_path / "rows.csv").read_bytes() == before


def test_without_the_extra_a_store_says_how_to_install_it(form, scans, monkeypatch):
    for name in ("inkdigits.forms.store", "inkdigits.forms.storing"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    code, said = run("read", scans, "--form", form, "--out", "sqlite:///rows.db")
    assert code == 1
    assert "pip install 'inkdigits[store]'" in said


def test_a_form_is_proposed_for_a_blank(tmp_path):
    cv2.imwrite(str(tmp_path / "paper.png"), blank_page())
    code, said = run("new", tmp_path / "paper.png", "--out", tmp_path / "form.json")
    assert code == 0, said
    found = json.loads((tmp_path / "form.json").read_text())["pages"][0]
    assert found["size"] == list(SIZE)
    proposed = [(own["type"], own.get("cells"), own["box"]) for own in found["fields"]]
    assert [(kind, cells) for kind, cells, _ in proposed] == [
        ("id", 9), ("integer", None), ("integer", None), ("integer", None), ("integer", None), ("tick", None),
    ]  # fmt: skip
    for (_, _, box), own in zip(proposed, FIELDS, strict=True):
        if own["type"] != "date":  # a gap is proposed higher or lower than it was meant
            assert np.abs(np.array(box) - own["box"]).max() <= 6
    assert run("new", tmp_path / "paper.png", "--out", tmp_path / "form.json")[0] == 2


def test_a_blank_by_which_nothing_is_found_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "white.png"), np.full((400, 300), 255, np.uint8))
    code, said = run("new", tmp_path / "white.png", "--out", tmp_path / "form.json")
    assert code == 1
    assert "too little print" in said
    assert not (tmp_path / "form.json").exists()


def test_the_schema_is_published():
    code, said = run("schema")
    assert code == 0
    assert json.loads(said)["properties"]["version"] == {"const": 1}
