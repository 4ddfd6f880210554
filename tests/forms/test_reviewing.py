"""People look at what a store holds: what they say is kept, held against the types, seen by the others, taken back, and exported."""

import csv
import json
import random
import subprocess
import sys
import threading
from math import comb
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")

import sqlalchemy as sql
from stored_forms import filled, form, rows, template, value

from inkdigits.errors import OutputError
from inkdigits.forms.checked import checked_rows, export
from inkdigits.forms.estimate import wilson
from inkdigits.forms.ledger import ClashError, Reviewer
from inkdigits.forms.reviewing import AT_ONCE, LEASE, ProblemError, Reviewing
from inkdigits.forms.store import Store

ANN, BEN = Reviewer("Ann", "a"), Reviewer("Ben", "b")


@pytest.fixture
def reviewed(database):
    """A function that fills a store and gives the work on it."""
    opened = []

    def fill(*forms, sample=0.0):
        filled(database, *forms, sample=sample)
        opened.append(Store(database))
        return Reviewing(opened[-1])

    yield fill
    for store in opened:
        store.close()


def token():
    return f"{random.getrandbits(64):x}"


def table(reviewing):
    return list(checked_rows(reviewing.store, template()))


def say(reviewing, who, shown, text, **options):
    return reviewing.say_field(who, token(), shown["task"], shown["sequence"], text, **options)


def test_values_are_looked_at_one_after_the_other(reviewed):
    work = reviewed(
        form(1, value("a", "7", "unsure", tiles=False), value("b", "5")),
        form(2, value("day", "2026-11-24", "unsure", text="24/11/2026", tiles=False)),
    )
    batch = work.claim(ANN)
    assert batch["stage"] == "field"
    shown = {one["name"]: one for one in batch["fields"]}
    assert {name: (one["type"], one["text"]) for name, one in shown.items()} == {"a": ("integer", "7"), "day": ("date", "24/11/2026")}
    assert shown["a"]["crop"].startswith("iVBOR")  # a PNG
    say(work, ANN, shown["a"], "1")
    left = say(work, ANN, shown["day"], "24/11/2026")
    assert left["progress"]["left"] == {"digit": 0, "field": 0, "form": 0}
    assert work.claim(ANN)["stage"] is None
    first, second = table(work)
    assert (first["a"], first["a status"], first["a by"], first["a confidence"]) == ("1", "ok", "Ann", None)
    assert (first["b"], first["b by"], first["b confidence"]) == ("5", None, pytest.approx(0.99))
    assert (second["day"], second["day status"], second["day by"]) == ("2026-11-24", "ok", "Ann")
    assert not first["needs_review"]


def test_what_cannot_be_is_refused_unless_it_is_what_is_written(reviewed):
    work = reviewed(form(1, value("id", "13", "invalid", note="check digit (luhn)")))
    (shown,) = work.claim(ANN)["fields"]
    assert shown["note"] == "check digit (luhn)"
    with pytest.raises(ProblemError, match="check digit"):
        say(work, ANN, shown, "1234")
    with pytest.raises(ProblemError, match="required"):
        say(work, ANN, shown, "")
    say(work, ANN, shown, "1234", insist=True)
    (row,) = table(work)
    assert (row["id"], row["id status"], row["id note"], row["id by"]) == ("1234", "invalid", "check digit (luhn)", "Ann")


def test_two_people_get_different_work_and_a_late_word_is_refused(reviewed):
    work = reviewed(*(form(k, value("a", "7", "unsure", tiles=False)) for k in range(2 * AT_ONCE["field"])))
    mine, theirs = work.claim(ANN)["fields"], work.claim(BEN)["fields"]
    assert len(mine) == len(theirs) == AT_ONCE["field"]
    assert not {one["task"] for one in mine} & {one["task"] for one in theirs}
    assert work.claim(Reviewer("Cat", "c"))["stage"] is None, "all of it is somebody's"
    assert [one["task"] for one in work.claim(ANN)["fields"]] == [one["task"] for one in mine], "who comes again has the same"
    say(work, ANN, mine[0], "1")
    with pytest.raises(ClashError, match="Ann has looked at it meanwhile: it is 1"):
        say(work, BEN, mine[0], "2")
    assert table(work)[0]["a"] in ("1", "7")


def test_work_that_is_left_lying_is_given_to_others(reviewed, monkeypatch):
    work = reviewed(form(1, value("a", "7", "unsure", tiles=False)))
    (mine,) = work.claim(ANN)["fields"]
    assert work.claim(BEN)["stage"] is None
    clock = __import__("time").time()
    monkeypatch.setattr("time.time", lambda: clock + LEASE + 1)
    (theirs,) = work.claim(BEN)["fields"]
    assert theirs["task"] == mine["task"]
    say(work, ANN, mine, "1")  # who is first is heard
    with pytest.raises(ClashError):
        say(work, BEN, theirs, "2")


def test_many_at_once_lose_nothing_and_do_nothing_twice(reviewed):
    work = reviewed(*(form(k, value("a", "7", "unsure", tiles=False), value("b", "1", "unsure", tiles=False)) for k in range(40)))
    said, failed = [], []

    def person(number):
        me = Reviewer(f"person {number}", str(number))
        try:
            while batch := work.claim(me).get("fields"):
                for one in batch:
                    say(work, me, one, "3")
                    said.append(one["task"])
        except Exception as error:  # told by the assertion below
            failed.append(error)

    people = [threading.Thread(target=person, args=(number,)) for number in range(4)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert not failed
    assert len(said) == len(set(said)) == 80
    assert {row["a"] for row in table(work)} == {row["b"] for row in table(work)} == {"3"}


def test_what_is_said_twice_is_done_once(reviewed):
    work = reviewed(form(1, value("a", "7", "unsure", tiles=False)))
    (shown,) = work.claim(ANN)["fields"]
    for _ in range(2):  # the answer was lost, and the page says it again
        work.say_field(ANN, "the same", shown["task"], shown["sequence"], "1")
    with work.store.reading() as connection:
        assert connection.execute(sql.text("SELECT count(*) FROM ink_corrections")).scalar() == 1


def test_a_word_is_taken_back_and_nothing_is_deleted(reviewed):
    work = reviewed(form(1, value("a", "7", "unsure", tiles=False), value("b", "5")))
    with pytest.raises(ClashError, match="nothing to take back"):
        work.undo(ANN, token())
    say(work, ANN, work.claim(ANN)["fields"][0], "1")
    with pytest.raises(ClashError, match="nothing to take back"):
        work.undo(BEN, token())  # it is Ann's
    again = work.undo(ANN, token())
    (shown,) = again["fields"]
    assert (shown["text"], shown["sequence"], again["progress"]["left"]["field"]) == ("7", 2, 1)
    (row,) = table(work)
    assert (row["a"], row["a status"], row["a by"]) == ("7", "unsure", None)
    say(work, ANN, shown, "9")
    assert table(work)[0]["a"] == "9"
    with work.store.reading() as connection:
        said = connection.execute(sql.text("SELECT before_value, value FROM ink_corrections ORDER BY id")).all()
    assert [tuple(one) for one in said] == [("7", "1"), ("1", "7"), ("7", "9")]


# Digits


def unsure(number, text):
    return form(number, value("a", text, "unsure", confidence=0.5 + number / 1000))


def test_look_alike_digits_of_one_class_come_first_together(reviewed):
    work = reviewed(unsure(1, "17"), unsure(2, "77"), unsure(3, "21"))
    batch = work.claim(ANN)
    assert (batch["stage"], batch["label"], len(batch["digits"])) == ("digit", "1", 2)
    assert work.claim(BEN)["label"] == "2"
    work.say_digits(ANN, token(), {one["task"]: "1" for one in batch["digits"]})
    sevens = work.claim(ANN)
    assert (sevens["label"], len(sevens["digits"])) == ("7", 3)


def test_a_value_all_of_whose_digits_are_seen_is_sure(reviewed):
    work = reviewed(unsure(1, "17"), unsure(2, "77"), unsure(3, "1"))
    ones = work.claim(ANN)["digits"]
    odd = max(one["task"] for one in ones)  # of form 3
    left = work.say_digits(ANN, token(), {one["task"]: "?" if one["task"] == odd else "1" for one in ones})
    assert left["progress"]["left"] == {"digit": 3, "field": 3, "form": 0}
    sevens = work.claim(ANN)["digits"]
    left = work.say_digits(ANN, token(), {one["task"]: "7" for one in sevens})
    assert left["progress"]["left"] == {"digit": 0, "field": 1, "form": 0}, "what was picked out is looked at as a whole"
    assert [(row["a"], row["a status"], row["a by"]) for row in table(work)] == [
        ("17", "ok", "Ann"),
        ("77", "ok", "Ann"),
        ("1", "unsure", None),
    ]
    assert work.undo(ANN, token())["progress"]["left"] == {"digit": 3, "field": 3, "form": 0}
    assert {row["a status"] for row in table(work)} == {"unsure"}


def test_a_digit_is_corrected_in_its_place(reviewed):
    work = reviewed(unsure(1, "17"))
    (one,) = work.claim(ANN)["digits"]
    work.say_digits(ANN, token(), {one["task"]: "4"})
    (seven,) = work.claim(ANN)["digits"]
    work.say_digits(ANN, token(), {seven["task"]: "7"})
    (row,) = table(work)
    assert (row["a"], row["a status"], row["a by"]) == ("47", "ok", "Ann")


def test_a_digit_that_makes_a_value_impossible_puts_it_before_a_person(reviewed):
    work = reviewed(unsure(1, "470"))
    for _ in range(3):
        batch = work.claim(ANN)
        work.say_digits(ANN, token(), {batch["digits"][0]["task"]: "9" if batch["label"] == "4" else batch["label"]})
    (shown,) = work.claim(ANN)["fields"]
    assert (shown["text"], shown["note"]) == ("970", "above the maximum 500")


# Forms


def test_a_sum_that_holds_again_takes_its_other_fields_along(reviewed):
    failed = "not a + b = t"
    work = reviewed(
        form(1, *(value(name, text, "invalid", note=failed, confidence=0.95) for name, text in {"a": "7", "b": "5", "t": "6"}.items()))
    )
    shown = {one["name"]: one for one in work.claim(ANN)["fields"]}
    left = say(work, ANN, shown["a"], "1")
    assert left["progress"]["left"]["field"] == 0
    (row,) = table(work)
    assert {row[f"{name} status"] for name in "abt"} == {"ok"}
    assert row["t note"] == "a + b = t holds"
    assert work.undo(ANN, token())["progress"]["left"]["field"] == 3
    assert {table(work)[0][f"{name} status"] for name in "abt"} == {"invalid"}


def test_a_form_whose_sum_fails_in_the_end_is_looked_at_as_a_whole(reviewed):
    work = reviewed(form(1, value("a", "7", "unsure", tiles=False), value("b", "5"), value("t", "12")))
    say(work, ANN, work.claim(ANN)["fields"][0], "1")
    batch = work.claim(ANN)
    assert (batch["stage"], batch["form"]["said"]) == ("form", "not a + b = t")
    shown = {one["name"]: one for one in batch["form"]["fields"]}
    assert table(work)[0]["t status"] == "invalid", "the table says so meanwhile"
    said = {one["field"]: (one["sequence"], one["text"]) for one in shown.values()}
    with pytest.raises(ProblemError, match=r"not a \+ b = t"):
        work.say_form(ANN, token(), batch["form"]["task"], said)
    said[shown["t"]["field"]] = (0, "6")
    work.say_form(ANN, token(), batch["form"]["task"], said)
    (row,) = table(work)
    assert {row[f"{name} status"] for name in "abt"} == {"ok"}
    assert (row["t"], row["t by"], row["b by"]) == ("6", "Ann", None)
    assert work.claim(ANN)["stage"] is None


def test_a_page_that_fits_no_layout_is_shown_and_can_be_typed(reviewed):
    work = reviewed(form(1, refused="it fits no page of the form"))
    batch = work.claim(ANN)["form"]
    assert batch["said"] == "it fits no page of the form"
    assert batch["picture"]
    shown = {one["name"]: one for one in batch["fields"]}
    said = {one["field"]: (one["sequence"], {"a": "3"}.get(name, one["text"])) for name, one in shown.items()}
    work.say_form(ANN, token(), batch["task"], said)
    (row,) = table(work)
    assert (row["a"], row["a status"], row["b status"], row["needs_review"]) == ("3", "ok", "no such page", False)


# The sample


@pytest.mark.parametrize(("wrong", "of", "low", "high"), [(0, 100, 0.0, 0.0370), (5, 100, 0.0215, 0.1118), (100, 100, 0.9630, 1.0)])
def test_the_interval_is_wilsons(wrong, of, low, high):
    assert wilson(wrong, of) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_the_interval_holds_the_share_as_often_as_it_says(share):
    """Against the binomial distribution itself."""
    of = 300
    chance = [comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(of + 1)]
    assert sum(p for k, p in enumerate(chance) if wilson(k, of)[0] <= share <= wilson(k, of)[1]) > 0.93


def test_a_sample_of_sure_values_says_how_many_of_the_others_are_wrong(reviewed):
    work = reviewed(*(form(k, value("a", "7"), value("b", "", "empty")) for k in range(60)), sample=0.5)
    before = work.estimate()
    assert before.share is None
    sampled = work.progress()["progress"]["left"]["field"]
    assert 30 < sampled < 90
    assert before.unseen == 120 - sampled
    wrong = looked = 0
    while batch := work.claim(ANN).get("fields"):
        for one in batch:
            assert one["note"] == "", "nothing tells that it is one of the sure ones"
            change, looked = looked % 10 == 0, looked + 1
            wrong += change
            say(work, ANN, one, "8" if change else one["text"])
    found = work.estimate()
    assert (found.looked, found.wrong, found.share) == (sampled, wrong, wrong / sampled)
    assert found.low < found.share < found.high
    assert all(not row["needs_review"] for row in table(work))


# The table


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_the_checked_table_is_exported(reviewed, tmp_path, suffix):
    work = reviewed(form(1, value("a", "7", "unsure", tiles=False)), form(2, value("a", "5")))
    say(work, Reviewer("=cmd|x", "a"), work.claim(ANN)["fields"][0], "=1+1", insist=True)
    out = tmp_path / f"table.{suffix}"
    assert export(work.store, str(out)) == 2
    if suffix == "csv":
        with open(out, newline="") as file:
            found = list(csv.DictReader(file))
    elif suffix == "parquet":
        found = pytest.importorskip("pyarrow.parquet").read_table(out).to_pylist()
    else:
        sheet = pytest.importorskip("openpyxl").load_workbook(out).active
        assert "f" not in {cell.data_type for row in sheet.rows for cell in row}, "no formulas"
        head, *lines = sheet.iter_rows(values_only=True)
        found = [dict(zip(head, line, strict=True)) for line in lines]
    mark = "" if suffix == "parquet" else "'"
    first, second = found
    assert list(first)[:10] == ["source", "page", "pages", "layout", "id", "id confidence", "id status", "id note", "id by", "id at"]
    assert (first["a"], first["a by"], first["a status"]) == (f"{mark}=1+1", f"{mark}=cmd|x", "invalid")
    assert first["a at"]
    assert (second["a"], float(second["a confidence"])) == ("5", pytest.approx(0.99))


@pytest.mark.parametrize("suffix", ["csv", "parquet", "xlsx"])
def test_a_store_without_forms_is_a_table_without_rows(reviewed, tmp_path, suffix):
    assert export(reviewed().store, str(tmp_path / f"table.{suffix}")) == 0


def test_a_table_of_another_kind_is_refused(reviewed, tmp_path):
    work = reviewed(form(1, value("a", "5")))
    with pytest.raises(OutputError, match=r"\.csv, \.parquet, \.xlsx"):
        export(work.store, str(tmp_path / "table.ods"))
    assert not list(tmp_path.glob("table*"))


def test_people_may_look_while_a_run_still_writes(database):
    with rows(database) as run:
        run.write(form(1, value("a", "7", "unsure", tiles=False)))
        with Store(database) as store:
            work = Reviewing(store)
            (shown,) = work.claim(ANN)["fields"]
            run.write(form(2, value("a", "8", "unsure", tiles=False)))
            say(work, ANN, shown, "1")
            assert [row["a"] for row in table(work)] == ["1", "8"]


def test_a_kill_loses_no_correction(database):
    filled(database, *(form(k, value("a", "7", "unsure", tiles=False)) for k in range(30)))
    code = """
import os, signal, sys
from inkdigits.forms.reviewing import Reviewer, Reviewing
from inkdigits.forms.store import Store
work, me = Reviewing(Store(sys.argv[1])), Reviewer("Ann", "a")
for one in work.claim(me)["fields"]:
    work.say_field(me, str(one["task"]), one["task"], one["sequence"], "3")
    print(one["source"], flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code, database], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    with Store(database) as store:
        said = {row["source"] for row in checked_rows(store, template()) if row["a"] == "3"}
    assert said == set(done.stdout.split())
    assert len(said) == AT_ONCE["field"]


def test_the_roster_is_in_the_store(database, tmp_path):
    (tmp_path / "ids.txt").write_text("12345\n23456\n")
    page = {"image": "1.png", "size": [9, 9], "fields": [{"name": "id", "box": [0, 0, 9, 9], "type": "id", "values": "ids.txt"}]}
    from inkdigits.forms.template import Template

    (tmp_path / "form.json").write_text(json.dumps({"version": 1, "name": "f", "pages": [page]}))
    with rows(database, of=Template.load(tmp_path / "form.json")) as run:
        run.write(form(1, value("id", "12345", "unsure", tiles=False)))
    Path(tmp_path / "ids.txt").unlink()
    with Store(database) as store:
        work = Reviewing(store)
        with pytest.raises(ProblemError, match="not in the list"):
            say(work, ANN, work.claim(ANN)["fields"][0], "12346")
