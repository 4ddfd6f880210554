"""No command destroys: outputs are no sources, rows are not written over unasked, one run at a time, and what made rows is known."""

import csv
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_read import run, write  # noqa: F401  # the fixture, and images of a given height

from inkdigits.files import Appended

COMMAND = [sys.executable, "-m", "inkdigits"]


def contents() -> dict[str, bytes]:
    """All the files below this folder."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


@pytest.fixture
def scans(run: Callable[..., object]) -> None:  # noqa: F811
    """scans/a.png and b.png, 5 and 6 high; a list of them; a link to one; rows of the first, and an image beside them."""
    write("scans/a.png", 5)
    write("scans/b.png", 6)
    Path("list.txt").write_text("scans/a.png\nscans/b.png\n")
    os.symlink("scans/a.png", "link.png")
    os.link("scans/b.png", "hard.png")
    run("read", "scans/a.png", "--out", "rows.csv")


OVERWRITTEN = "would be written over"
REFUSED = {
    "annotate into the folder that is read": (["scans", "--annotate", "scans"], "lies in scans, which is read"),
    "annotate into a new folder in it": (["scans", "--annotate", "scans/seen"], "lies in scans, which is read"),
    "annotate into the folder of a source": (["scans/a.png", "--annotate", "scans"], "is where scans/a.png lies"),
    "annotate into the folder of a pattern": (["scans/*.png", "--annotate", "scans"], "is where scans/a.png lies"),
    "annotate into the folder of a listed one": (["--from", "list.txt", "--annotate", "scans"], "is where scans/a.png lies"),
    "out onto a source": (["scans/a.png", "--out", "scans/a.png", "--overwrite"], OVERWRITTEN),
    "out onto a link to a source": (["scans/a.png", "--out", "link.png", "--overwrite"], OVERWRITTEN),
    "out onto a link into the folder that is read": (["scans", "--out", "link.png", "--overwrite"], "lies in scans, which is read"),
    "out onto another name of a source": (["scans", "--out", "hard.png", "--overwrite"], OVERWRITTEN),
    "out onto a source that is listed": (["--from", "list.txt", "--out", "scans/b.png", "--overwrite"], OVERWRITTEN),
    "out onto the list": (["--from", "list.txt", "--out", "list.txt", "--overwrite"], "the list that --from reads"),
    "out onto the list, unasked": (["--from", "list.txt", "--out", "list.txt"], "the list that --from reads"),
    "out onto an image that is not read": (["scans/a.png", "--out", "hard.png", "--overwrite"], "is a PNG file"),
    "out onto the model": (["scans", "--model", "model/model.onnx", "--out", "model/model.onnx", "--overwrite"], "is the model"),
    "out onto the card": (["scans", "--model", "model/model.onnx", "--out", "model/card.json", "--overwrite"], "is the model"),
    "review onto the list": (["--from", "list.csv", "--review", "list.csv"], "the list that --from reads"),
    "review onto the rows": (["scans", "--out", "new.csv", "--review", "./new.csv"], "are the same file"),
    "review onto a source": (["rows.csv", "--review", "rows.csv"], OVERWRITTEN),
    "a review that cannot be written": (["scans", "--out", "new.csv", "--review", "list.txt/a.csv"], "cannot be written"),
    "both at once": (["scans", "--out", "rows.csv", "--overwrite", "--resume"], "give the one or the others"),
    "overwriting nothing": (["scans", "--overwrite"], "give --out FILE"),
    "rows that are there": (["scans", "--out", "rows.csv"], "--resume goes on with its rows, --overwrite begins anew"),
    "text that is there": (["scans", "--out", "list.txt"], "list.txt is there already: --overwrite begins anew"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
def test_nothing_is_written_over_unasked(run, scans: None, arguments: list[str], said: str) -> None:  # noqa: F811
    Path("list.csv").write_text("scans/a.png\n")
    Path("model").mkdir()
    Path("model/model.onnx").write_bytes(b"a network")
    Path("model/card.json").write_text("its card")
    before = contents()
    done = run("read", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())
    assert contents() == before


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["scans/a.png", "--plot", "scans/a.png"], id="onto a source"),
        pytest.param(["scans", "--plot", "scans/why.png"], id="into the folder that is read"),
        pytest.param(["p-1.png", "p-2.png", "--plot", "p.png"], id="onto a source by its number"),
    ],
)
def test_no_plot_is_a_source(run, scans: None, arguments: list[str]) -> None:  # noqa: F811
    write("p-1.png")
    write("p-2.png")
    before = contents()
    done = run("predict", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "--plot" in done.err
    assert contents() == before


def test_explain_does_not_draw_onto_its_image(run, scans: None) -> None:  # noqa: F811
    before = contents()
    done = run("explain", "scans/a.png", "--out", "link.png")
    assert done.code == 2
    assert "is the image and would be written over" in " ".join(done.err.split())
    assert contents() == before


def test_a_list_on_a_pipe_is_kept_and_read_twice(scans: None) -> None:
    words = [*COMMAND, "read", "--from", "-", "--annotate", "scans"]
    done = subprocess.run(words, input="scans/a.png\n", capture_output=True, text=True, timeout=60)
    assert (done.returncode, "is where scans/a.png lies" in " ".join(done.stderr.split())) == (2, True)
    words[-1] = "seen"
    assert subprocess.run(words, input="scans/a.png\n", capture_output=True, text=True, timeout=60).returncode == 0
    assert subprocess.run(words, input="scans/a.png\n", capture_output=True, text=True, timeout=60).returncode == 0
    assert os.listdir("seen") == ["a.png"]


def test_rows_are_replaced_where_that_is_asked_for(run, scans: None) -> None:  # noqa: F811
    assert run("read", "scans/b.png", "--out", "rows.csv", "--overwrite", "--threshold", "0.7").code == 0
    assert [row["text"] for row in rows("rows.csv")] == ["6"]
    assert json.loads(Path("rows.csv.run.json").read_text())["threshold"] == 0.7


def rows(path: str) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("options", [["--overwrite"], ["--resume"], []])
def test_an_unknown_model_leaves_the_old_rows_as_they_are(scans: None, options: list[str]) -> None:
    before = contents()
    words = [*COMMAND, "read", "scans", "--out", "rows.csv", "--model", "none.onnx", *options]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "none.onnx: no such model" in done.stderr
    assert contents() == before


@pytest.mark.parametrize("options", [["--overwrite"], ["--resume"], []])
@pytest.mark.parametrize("out", ["rows.csv", "new.jsonl"])
def test_one_run_at_a_time_writes_a_file(run, scans: None, options: list[str], out: str) -> None:  # noqa: F811
    with Appended(out) as other:
        before = contents()
        done = run("read", "scans", "--out", out, *options)
        assert contents() == before
        assert (done.code, "being written by another run" in " ".join(done.err.split())) == (2, True)
        assert other.write("") == 0, "the file is still there for the first one"


def test_the_file_is_free_after_a_run(run, scans: None) -> None:  # noqa: F811
    for _ in range(2):
        assert run("read", "scans", "--out", "rows.csv", "--resume").code == 0
    assert [row["source"] for row in rows("rows.csv")] == ["scans/a.png", "scans/b.png"]


CHANGES = {
    "the threshold": ("threshold", 0.1, "threshold (0.1, now 0.5)"),
    "the model": ("model_sha256", "f" * 64, "model_sha256 (ffffffffffffffff, now 0000000000000000)"),
    "the card": ("card_sha256", "f" * 64, "card_sha256 (ffffffffffffffff, now "),
    "the version": ("version", "0.0.1", "version (0.0.1, now "),
    "the command": ("command", "predict", "command (predict, now read)"),
    "the alphabet": ("alphabet", "digits", "alphabet (digits, now none)"),
    "the decimals": ("decimal", "comma", "decimal (comma, now none)"),
    "the symbols": ("digits_only", True, "digits_only (True, now False)"),
}


@pytest.mark.parametrize(("key", "value", "said"), CHANGES.values(), ids=CHANGES)
def test_rows_that_something_else_made_are_not_gone_on_with(run, scans: None, key: str, value: object, said: str) -> None:  # noqa: F811
    record = json.loads(Path("rows.csv.run.json").read_text())
    Path("rows.csv.run.json").write_text(json.dumps({**record, key: value}))
    before = contents()
    done = run("read", "scans", "--out", "rows.csv", "--resume")
    assert (done.code, contents()) == (2, before)
    assert f"its rows were made with another {said}" in " ".join(done.err.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        pytest.param(["--alphabet", "digits"], "alphabet (none, now digits)", id="an alphabet"),
        pytest.param(["--digits-only", "--decimal", "comma"], "decimal (none, now comma), digits_only (False, now True)", id="two of them"),
    ],
)
def test_rows_are_gone_on_with_under_the_options_that_made_them(run, scans: None, options: list[str], said: str) -> None:  # noqa: F811
    before = contents()
    done = run("read", "scans", "--out", "rows.csv", "--resume", *options)
    assert (done.code, contents()) == (2, before)
    assert f"its rows were made with another {said}" in " ".join(done.err.split())
    assert run("read", "scans", "--out", "new.csv", *options).code == 0
    assert run("read", "scans", "--out", "new.csv", "--resume", *options).code == 0
    assert len(rows("new.csv")) == 2


def test_the_options_of_text_are_no_matter_to_predict(run, scans: None) -> None:  # noqa: F811
    assert run("predict", "scans", "--out", "digits.csv").code == 0
    assert not {"alphabet", "decimal", "digits_only"} & set(json.loads(Path("digits.csv.run.json").read_text()))
    assert run("predict", "scans", "--out", "digits.csv", "--resume").code == 0


def test_rows_without_a_record_are_not_gone_on_with(run, scans: None) -> None:  # noqa: F811
    os.remove("rows.csv.run.json")
    done = run("read", "scans", "--out", "rows.csv", "--resume")
    assert (done.code, "nothing beside it says what made its rows" in " ".join(done.err.split())) == (2, True)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_rows_with_errors_are_read_again(run, form: str) -> None:  # noqa: F811
    if form == "parquet":
        parquet = pytest.importorskip("pyarrow.parquet", reason="needs inkdigits[parquet]")
    names = [write("a.png", 5), "b.png", write("c.png", 7), "d.png"]
    assert run("read", *names, "--out", f"rows.{form}").code == 1
    write("b.png", 6)
    if form != "parquet":
        assert run("read", *names, "--out", f"rows.{form}", "--resume").code == 1, "errors are rows too"
    done = run("read", *names, "--out", f"rows.{form}", "--retry-errors")
    assert done.code == 1, "d.png is still missing"
    assert done.err.splitlines()[-1].startswith("read 4 (2 of them before), to review 1, refused 0, errors 1")
    if form == "parquet":
        found = parquet.read_table(f"rows.{form}").to_pylist()
    else:
        found = rows("rows.csv") if form == "csv" else [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()]
    assert [(row["source"], row["text"], bool(row["error"])) for row in found] == [
        ("a.png", "5", False),
        ("c.png", "7", False),
        ("b.png", "6", False),
        ("d.png", "", True),
    ]
    assert sorted(path for path in os.listdir() if path.startswith("rows")) == [f"rows.{form}", f"rows.{form}.run.json"]


def test_a_full_disk_is_a_line_and_an_exit_status(scans: None) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("needs /dev/full")
    for words in (["--out", "/dev/full"], []):
        with open("/dev/full", "w") as full:
            done = subprocess.run([*COMMAND, "read", "scans", *words], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == 1
        assert [line for line in done.stderr.splitlines() if ".png" not in line] == [
            "inkdigits: the rows cannot be written: No space left on device"
        ]


def test_whole_rows_stay_where_there_is_no_room_for_more(run, scans: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """As a full disk does: half of a row is written, and then nothing."""
    resource = pytest.importorskip("resource", reason="needs limits of the system")
    for i in range(200):
        write(f"many/{i}.png", 9)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        done = run("read", "many", "--out", "rows.jsonl", "--quiet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (done.code, done.err) == (1, "inkdigits: rows.jsonl cannot be written: File too large; what it holds is whole\n")
    content = Path("rows.jsonl").read_text()
    assert content.endswith("}\n")
    assert 10 < len([json.loads(line) for line in content.splitlines()]) < 200
    assert run("read", "many", "--out", "rows.jsonl", "--resume").code == 0
    assert len(Path("rows.jsonl").read_text().splitlines()) == 200


@pytest.mark.parametrize("replaced", [False, True])
def test_an_output_that_is_deleted_meanwhile_is_a_line_and_an_exit_status(scans: None, replaced: bool) -> None:
    words = [*COMMAND, "read", "--from", "-", "--out", "new.jsonl", "--quiet"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdin.write("scans/a.png\nscans/b.png\n")
        running.stdin.flush()
        while not (os.path.exists("new.jsonl") and Path("new.jsonl").stat().st_size):
            assert running.poll() is None
        os.remove("new.jsonl")
        if replaced:
            Path("new.jsonl").write_text("mine")
        running.stdin.write("scans/a.png\n" * 3)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    assert said.startswith("inkdigits: new.jsonl was deleted or replaced while it was written")
    assert len(said.splitlines()) == 1
    assert not replaced or Path("new.jsonl").read_text() == "mine"
    assert subprocess.run([*COMMAND, "read", "scans", "--out", "again.jsonl", "--resume", "--quiet"]).returncode == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_pipes_sockets_and_devices_have_a_row(run, scans: None) -> None:  # noqa: F811
    os.mkfifo("scans/c.png")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("scans/d.png")
    os.symlink("/dev/zero", "scans/e.png")
    done = run("read", "scans", "--format", "jsonl")
    errors = {row["source"]: row["error"] for row in map(json.loads, done.out.splitlines())}
    remedy = "not a file; give a file, or - for what comes through a pipe"
    assert errors == {
        "scans/a.png": None,
        "scans/b.png": None,
        "scans/c.png": f"a named pipe, {remedy}",
        "scans/d.png": f"a socket, {remedy}",
        "scans/e.png": f"a device, {remedy}",
    }


def test_folders_say_what_they_skipped(run, scans: None) -> None:  # noqa: F811
    for name in ("1.txt", "2.TXT", "3.docx", "notes", ".hidden", "more/4.txt"):
        Path("scans", name).parent.mkdir(exist_ok=True)
        Path("scans", name).touch()
    os.symlink("..", "scans/up")
    os.symlink("a.png", "scans/link.png")
    done = run("read", "scans")
    assert done.out.splitlines() == ["scans/a.png: 5", "scans/b.png: 6", "scans/link.png: 5"]
    assert done.err == "skipped in folders: 3 .txt, 1 .docx, 1 without an ending, 1 link to folders (scans/up)\n"
    assert run("read", "scans", "--quiet").err == ""
    assert "; in it are 1 .txt" in run("read", "scans/more").err


@pytest.mark.parametrize("ending", ["jfif", "jpe", "jp2", "jxl", "heif", "JPE"])
def test_rare_endings_are_looked_at(run, ending: str) -> None:  # noqa: F811
    Path(write("a.jpg", 7)).rename("b.x")
    Path("in").mkdir()
    content = {"jp2": b"\0\0\0\x0cjP  \r\n\x87\n", "jxl": b"\xff\x0a", "heif": b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"}
    Path(f"in/a.{ending}").write_bytes(content.get(ending, Path("b.x").read_bytes()) + bytes(20))
    (row,) = map(json.loads, run("read", "in", "--format", "jsonl").out.splitlines())
    known = {"jp2": "JPEG 2000", "jxl": "JPEG XL", "heif": "HEIC"}
    assert (row["source"], row["text"]) == (f"in/a.{ending}", "" if ending in known else "7")
    assert ending not in known or row["error"].startswith(f"{known[ending]} images cannot be read; save it as ")
