"""`inkdigits read` on many images: lists, resuming after any kill, Parquet, what is left for a person. The reader answers by height."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from test_read import run, write  # noqa: F401  # the fixture, and images of a given height

from inkdigits.batch.sources import File
from inkdigits.errors import Error
from inkdigits.output.resume import finished_rows, without_done
from standins import digits_and_damage

TWO_JOBS = ["--jobs", "2", "--unordered"]


def sources(path: str) -> list[str]:
    return [json.loads(line)["source"] for line in Path(path).read_text().splitlines()]


@pytest.fixture
def many(run):  # noqa: F811
    """a0.png to a9.png, one of them damaged, and a scan of three pages."""
    for i in range(10):
        write(f"a{i}.png", 10 + i)
    Path("a4.png").write_bytes(b"")
    first, *others = [Image.new("L", (8, height)) for height in (4, 5, 6)]
    first.save("scan.tif", save_all=True, append_images=others)
    return [*(f"a{i}.png" for i in range(10)), "scan.tif"]


@pytest.mark.parametrize(
    ("content", "null"),
    [
        pytest.param(b"a0.png\na1.png\n\na2.png", [], id="lines"),
        pytest.param(b"a0.png\r\na1.png\r\na2.png\r\n", [], id="lines of Windows"),
        pytest.param(b"\xef\xbb\xbfa0.png\r\na1.png\r\na2.png\r\n", [], id="a byte-order mark"),
        pytest.param("\ufeffa0.png\r\na1.png\r\na2.png\r\n".encode("utf-16-le"), [], id="UTF-16, as PowerShell writes it"),
        pytest.param("\ufeffa0.png\na1.png\na2.png".encode("utf-16-be"), [], id="UTF-16, the other way round"),
        pytest.param(b"a0.png\0a1.png\0a2.png\0", ["-0"], id="null bytes"),
    ],
)
def test_sources_are_taken_from_a_list(run, many, content, null):  # noqa: F811
    Path("list").write_bytes(content)
    done = run("read", "--from", "list", *null, "--format", "jsonl")
    assert [json.loads(line)["source"] for line in done.out.splitlines()] == ["a0.png", "a1.png", "a2.png"]
    assert done.code == 0


def test_the_suffix_of_out_is_the_format(run, many):  # noqa: F811
    run("read", "a0.png", "--out", "rows.csv")
    assert row_keys("rows.csv", "csv") == [("a0.png", 1, "10", None)]


@pytest.mark.parametrize(
    ("form", "jobs"),
    [
        pytest.param("jsonl", [], id="JSON lines"),
        pytest.param("csv", [], id="CSV"),
        pytest.param("jsonl", TWO_JOBS, id="JSON lines of two processes"),
        pytest.param("csv", TWO_JOBS, id="CSV of two processes", marks=pytest.mark.slow),
    ],
)
def test_a_run_is_resumed_wherever_its_file_was_torn(run, many, form, jobs):  # noqa: F811
    out = f"rows.{form}"
    whole = run("read", *many, "--out", out, *jobs)
    content = Path(out).read_bytes()
    rows = Counter(row_keys(out, form))
    assert sum(rows.values()) == 13
    for cut in sorted({0, len(content) - 1, *random.Random(0).sample(range(len(content)), 1 if jobs else 25)}):
        Path(out).write_bytes(content[:cut])
        done = run("read", *many, "--out", out, "--resume", *jobs)
        assert Counter(row_keys(out, form)) == rows, f"cut at {cut}"
        assert done.code == whole.code == 1
        if not jobs:
            assert Path(out).read_bytes() == content or form == "jsonl"  # ms differ in JSON


def row_keys(path: str, form: str) -> list[tuple[object, ...]]:
    with open(path, newline="") as file:
        rows = csv.DictReader(file) if form == "csv" else map(json.loads, file)
        return [(row["source"], int(row["page"]), row["text"], row["error"] or None) for row in rows]


def test_what_is_given_twice_is_read_twice_once_resumed(run, many):  # noqa: F811
    run("read", "a0.png", "scan.tif", "a0.png", "scan.tif", "--out", "rows.jsonl")
    content = Path("rows.jsonl").read_bytes()
    for rows in range(9):
        Path("rows.jsonl").write_bytes(b"".join(content.splitlines(keepends=True)[:rows]))
        run("read", "a0.png", "scan.tif", "a0.png", "scan.tif", "--out", "rows.jsonl", "--resume")
        assert Counter(sources("rows.jsonl")) == {"a0.png": 2, "scan.tif": 6}


def test_pages_that_are_done_are_parted_from_those_of_the_second_time():
    files = [File("a"), File("b"), File("a")]
    assert [sorted(file.done) for file in without_done(files, {"a": [1, 2, 1]})] == [[1, 2], [], [1]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--resume"], "--resume goes on with a file", id="standard output"),
        pytest.param(["--resume", "--out", "rows.txt"], "not with text", id="text"),
        pytest.param(["--resume", "--out", "notes.jsonl"], "line 1 is no row", id="another file"),
        pytest.param(["--resume", "--out", "notes.csv"], "its columns are not", id="another table"),
        pytest.param(["--format", "parquet"], "give --out", id="Parquet on standard output"),
        pytest.param(["--review", "worst.txt"], "must be .html, .csv or .jsonl", id="a review of another kind"),
    ],
)
def test_what_cannot_be_resumed_or_written_is_said_and_left_alone(run, many, arguments, said):  # noqa: F811
    Path("notes.jsonl").write_text("dear diary\n")
    Path("notes.csv").write_text("a,b,c,d,e,f,g,h,i\n")
    done = run("read", "a0.png", *arguments)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert Path("notes.jsonl").read_text() == "dear diary\n"


def test_a_damaged_middle_is_not_cut_off(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"source": "a", "page": 1}\n{"sour\n{"source": "b", "page": 1}\n')
    with pytest.raises(Error, match="line 2 is no row"):
        list(finished_rows(path, "jsonl"))
    assert path.read_bytes().count(b"\n") == 3


def test_parquet_holds_the_rows(run, many):  # noqa: F811
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs inkdigits[parquet]")
    run("read", *many, "--out", "rows.parquet")
    run("read", *many, "--out", "rows.jsonl")
    table = parquet.read_table("rows.parquet").to_pylist()
    expected = [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    assert [(row["source"], row["page"], row["text"], row["error"]) for row in table] == [
        (row["source"], row["page"], row["text"], row["error"]) for row in expected
    ]
    assert json.loads(table[0]["lines"]) == expected[0]["lines"]
    assert sorted(os.listdir()) == sorted([*many, *(f"rows.{form}{end}" for form in ("parquet", "jsonl") for end in ("", ".run.json"))])
    assert run("read", *many, "--out", "rows.parquet", "--resume").code == 2, "it is finished"


def test_parquet_is_resumed_from_the_rows_that_wait(run, many):  # noqa: F811
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs inkdigits[parquet]")
    run("read", *many, "--out", "rows.jsonl")
    whole = Path("rows.jsonl").read_bytes()
    Path("rows.parquet.rows.jsonl").write_bytes(whole[: len(whole) // 2])
    Path("rows.jsonl.run.json").rename("rows.parquet.run.json")
    run("read", *many, "--out", "rows.parquet", "--resume")
    table = parquet.read_table("rows.parquet").to_pylist()
    assert Counter((row["source"], row["page"]) for row in table) == Counter((s, p) for s, p, *_ in row_keys("rows.jsonl", "jsonl"))


def test_a_line_says_what_came_of_it(run, many):  # noqa: F811
    write("blank.png", level=255)
    done = run("read", *many, "blank.png", "--out", "rows.jsonl")
    assert done.err.splitlines()[-1].startswith("read 14, to review 2, refused 1, errors 1, ")
    done = run("read", *many, "blank.png", "--out", "rows.jsonl", "--resume")
    assert done.err.splitlines()[-1].startswith("read 14 (14 of them before), to review 2, refused 1, errors 1, ")


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_what_needs_review_is_written_worst_first(run, many, suffix):  # noqa: F811
    write("blank.png", level=255)
    write("unsure.png", 63)
    run("read", "unsure.png", *many, "blank.png", "--out", "rows.jsonl", "--review", f"worst.{suffix}")
    assert [row[0] for row in row_keys(f"worst.{suffix}", suffix)] == ["a4.png", "blank.png", "unsure.png"]


def test_the_sheet_shows_the_writing_beside_the_answer(run, many):  # noqa: F811
    Path("<b>.png").write_bytes(Path(write("unsure.png", 63)).read_bytes())
    run("read", "<b>.png", *many, "--out", "rows.jsonl", "--review", "worst.html")
    page = Path("worst.html").read_text()
    assert page.count("<tr>") == 3, "a head, a4.png and the one that is not sure"
    assert page.count("data:image/jpeg;base64,") == 1, "a4.png cannot be shown"
    assert "&lt;b&gt;.png" in page
    assert "<b>" not in page
    assert "not sure enough" in page
    assert "http" not in page


@pytest.mark.slow
def test_twenty_kills_lose_no_row_and_double_none(tmp_path):
    """Real processes with the real model, killed at random moments."""
    names = digits_and_damage(tmp_path, 1500, 7)
    command = [sys.executable, "-m", "inkdigits", "predict", *names, "--out", "rows.jsonl", "--resume", "--quiet", "--jobs"]
    chance, kills = random.Random(1), 0
    for attempt in range(60):
        process = subprocess.Popen([*command, str(1 + attempt % 2)], cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL)
        if kills < 20:
            before = rows_there(tmp_path)
            while process.poll() is None and rows_there(tmp_path) <= before:
                time.sleep(0.005)  # each run gets somewhere
            time.sleep(chance.uniform(0, 0.01))
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
        elif process.wait() == 1:
            break
    found = [(row[0], row[1]) for row in row_keys(str(tmp_path / "rows.jsonl"), "jsonl")]
    assert Counter(found) == {(name, 1): 1 for name in names}
    assert kills >= 10, f"only {kills} of the runs were killed before they were over"


def rows_there(folder: Path) -> int:
    path = folder / "rows.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0
