"""`inkdigits read`: rows, formats, exit codes, and every bad input as a row of its own.

Most tests run the command in this process, with a reader that answers with the height of the image; the others are real processes.
"""

import csv
import io
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from inkdigits.models import SHIPPED
from standins import HeightReader

COMMAND = [sys.executable, "-m", "inkdigits"]
EXAMPLES = Path(__file__).parents[2] / "examples"
Run = Callable[..., SimpleNamespace]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, command_line: Run, tmp_path: Path) -> Run:
    """Calls the command in tmp_path, as `inkdigits ...` would; returns code, out and err."""
    monkeypatch.setattr("inkdigits.commands.walk.Reader", HeightReader)
    monkeypatch.chdir(tmp_path)
    return command_line


def write(name: str, height: int = 7, level: int = 0) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(name, np.full((height, 8), level, np.uint8))
    return name


def png(side: int) -> bytes:
    """A header of side x side pixels, one row of pixels behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(side + 1))) + chunk(b"IEND", b"")


def picture(kind: str, cut: float = 1, **options: object) -> bytes:
    out = io.BytesIO()
    mode = "CMYK" if options.pop("cmyk", False) else "RGB"
    Image.linear_gradient("L").resize((40, 7)).convert(mode).save(out, kind, **options)
    return out.getvalue()[: int(len(out.getvalue()) * cut)]


def test_one_image_is_its_text_and_nothing_else(run: Run) -> None:
    done = run("read", write("a.png", 42))
    assert (done.code, done.out, done.err) == (0, "42\n", "")


def test_several_images_are_told_apart(run: Run) -> None:
    write("in/b.png", 3)
    done = run("read", write("a.png", 42), "in")
    assert (done.code, done.out) == (0, "a.png: 42\nin/b.png: 3\n")


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        pytest.param([], "None,None,False,None,None", id="none"),
        pytest.param(["--alphabet", "digits", "--digits-only", "--decimal", "comma"], "digits,comma,True,None,None", id="each"),
        pytest.param(["--sure", "0.9"], "None,None,False,None,0.9", id="a promise"),
        pytest.param(
            ["--alphabet", "0123456789.,", "--threshold", "0.5", "--jobs", "2"], "0123456789.,,None,False,0.5,None", id="in processes"
        ),
    ],
)
def test_how_it_is_to_be_read(run: Run, arguments: list[str], options: str) -> None:
    done = run("read", write("a.png", 99), *arguments)
    assert (done.code, done.out) == (0, f"{options}\n")


def test_what_is_not_promised_leaves_the_rows_as_they_are(run: Run) -> None:
    Path("rows.csv").write_text("as they are\n")
    done = run("read", write("a.png", 5), "--sure", "0.99", "--out", "rows.csv", "--overwrite")
    assert (done.code, done.err) == (1, "inkdigits: sure 0.99: no more than 0.9 is promised\n")
    assert Path("rows.csv").read_text() == "as they are\n"


BAD = {
    "missing file": (None, "no such file"),
    "empty file": (b"", "the file is empty"),
    "truncated PNG": (picture("PNG", 0.7), "cut short"),
    "truncated JPEG": (picture("JPEG", 0.9), "cut short"),
    "text named .png": (b"dear diary,\n", "not an image: it starts with 'dear diary,'"),
    "1 x 1": (png(1), "too few"),
    "60,000 x 60,000": (png(60_000), "60000 x 60000 pixels are too many"),
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC images cannot be read; save it as JPEG"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("command", ["read", "predict"])
def test_bad_input_is_a_row_with_its_error(run: Run, command: str, content: bytes | None, reason: str) -> None:
    if content is not None:
        Path("bad.png").write_bytes(content)
    done = run(command, "bad.png", "--format", "jsonl")
    row = json.loads(done.out)
    assert (done.code, row["source"], row["text"], row["needs_review"]) == (1, "bad.png", "", True)
    assert reason in row["error"]
    assert done.err == f"inkdigits: bad.png: {row['error']}\n"


def test_a_folder_without_images_is_a_row_with_its_error(run: Run) -> None:
    Path("in").mkdir()
    done = run("read", "in", "--format", "jsonl")
    assert (done.code, "no images in this folder" in json.loads(done.out)["error"]) == (1, True)


def test_a_file_without_permission_is_a_row_with_its_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read everything, so the system's answer is given by hand."""
    path, real = write("locked.png"), open

    def refuse(name: object, *rest: object, **more: object) -> object:
        if name == path:
            raise PermissionError(13, "Permission denied", path)
        return real(name, *rest, **more)

    monkeypatch.setattr("builtins.open", refuse)
    done = run("read", path, write("a.png", 3))
    assert (done.code, done.out) == (1, "a.png: 3\n")
    assert "no permission" in done.err


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(picture("GIF", save_all=True, append_images=[Image.new("RGB", (40, 7))]), id="the first frame of an animation"),
        pytest.param(picture("JPEG", cmyk=True), id="CMYK"),
    ],
)
def test_unusual_images_are_read(run: Run, content: bytes) -> None:
    Path("a.img").write_bytes(content)
    assert run("read", "a.img").out == "7\n"


def test_a_blank_page_is_refused_which_is_no_failure(run: Run) -> None:
    done = run("read", write("blank.png", level=255))
    assert (done.code, done.out, done.err) == (0, "\n", "blank.png: no ink: nothing stands out from the paper\n")
    row = json.loads(run("read", "blank.png", "--format", "jsonl").out)
    assert (row["text"], row["refused"][:6], row["error"]) == ("", "no ink", None)


def test_a_question_mark_is_explained(run: Run) -> None:
    done = run("read", write("a.png", 63))
    assert (done.code, done.out, done.err) == (0, "?\n", "a.png: not sure enough\n")


def test_one_failure_loses_no_other_row(run: Run) -> None:
    done = run("read", write("a.png", 5), "nowhere.png", write("b.png", 2), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert done.code == 1
    assert [(row["source"], row["text"], bool(row["error"])) for row in rows] == [
        ("a.png", "5", False),
        ("nowhere.png", "", True),
        ("b.png", "2", False),
    ]


def test_json_is_one_array(run: Run) -> None:
    rows = json.loads(run("read", write("a.png", 5), write("b.png", 2), "--format", "json").out)
    assert [row["text"] for row in rows] == ["5", "2"]
    assert len(json.loads(run("read", "a.png", "--format", "json").out)) == 1


def test_every_page_of_a_scan_is_a_row(run: Run) -> None:
    first, second = Image.new("L", (8, 4)), Image.new("L", (8, 6))
    first.save("scan.tif", save_all=True, append_images=[second])
    rows = [json.loads(line) for line in run("read", "scan.tif", "--format", "jsonl").out.splitlines()]
    assert [(row["page"], row["text"]) for row in rows] == [(1, "4"), (2, "6")]
    assert run("read", "scan.tif", "scan.tif").out.splitlines()[:2] == ["scan.tif: 4", "scan.tif, page 2: 6"]


def test_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(picture("PNG"))))
    assert json.loads(run("read", "-", "--format", "jsonl").out)["source"] == "-"


def test_out_writes_a_file_and_leaves_standard_output_alone(run: Run) -> None:
    done = run("read", write("a.png", 5), "--out", "rows.txt")
    assert (done.code, done.out, Path("rows.txt").read_text()) == (0, "", "5\n")


def test_quiet_keeps_errors_only(run: Run) -> None:
    done = run("read", write("blank.png", level=255), "nowhere.png", "--quiet")
    assert done.err == "inkdigits: nowhere.png: no such file; check the name and the folder\n"


def test_annotated_pictures_are_named_after_their_sources(run: Run) -> None:
    Image.new("L", (8, 4)).save("scan.tif", save_all=True, append_images=[Image.new("L", (8, 6))])
    done = run("read", write("a.png", 5), write("in/a.png", 2), "scan.tif", "nowhere.png", "--annotate", "out/pictures")
    assert done.err.splitlines()[-1] == "annotated: out/pictures/a.png and 3 more in out/pictures"
    assert sorted(os.listdir("out/pictures")) == ["a-2.png", "a.png", "scan-page2.png", "scan.png"]
    assert cv2.imread("out/pictures/a.png").shape[1] >= 340


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["read"], "Missing argument 'SOURCE...'", id="no source"),
        pytest.param(["read", "a.png", "--threshold", "7"], "7.0 is not in the range 0<=x<=1", id="threshold 7"),
        pytest.param(["read", "a.png", "--threshold", "high"], "'high' is not a valid float", id="threshold in words"),
        pytest.param(["read", "a.png", "--format", "xml"], "'xml' is not one of 'text', 'json', 'jsonl', 'csv'", id="unknown format"),
        pytest.param(["read", "a.png", "--jobs", "0"], "0 is not in the range x>=1", id="no process"),
        pytest.param(["read", "a.png", "--out", "nowhere/rows.txt"], "nowhere/rows.txt cannot be written", id="out in no folder"),
        pytest.param(["read", "a.png", "--fast"], "--fast", id="unknown option"),
        pytest.param(["read", "a.png", "--alphabet", "abc"], "alphabet must be digits, or some of 0123456789", id="letters"),
        pytest.param(["read", "a.png", "--alphabet", ""], "it is not known", id="an alphabet of nothing"),
        pytest.param(["read", "a.png", "--decimal", ","], "',' is not one of 'point', 'comma'", id="the mark of the decimals"),
        pytest.param(["read", "a.png", "--sure", "0.9", "--threshold", "0.9"], "give one: sure promises", id="a promise and a threshold"),
        pytest.param(["predict", "a.png", "--sure", "0.9"], "No such option", id="nothing is promised of one digit"),
        pytest.param(["predict", "a.png", "--alphabet", "digits"], "No such option", id="one digit has no alphabet"),
    ],
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(run: Run, arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in " ".join(done.err.split())


def process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, **options)


def test_a_real_process_names_every_bad_input(tmp_path: Path) -> None:
    """No model is loaded for these, and OpenCV's own complaints stay out of stderr."""
    for name, (content, _) in BAD.items():
        if content is not None:
            (tmp_path / f"{name}.png").write_bytes(content)
    done = process("read", *(f"{name}.png" for name in BAD), "--format", "jsonl", cwd=tmp_path)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row["source"] for row in rows] == [f"{name}.png" for name in BAD]
    assert all(reason in row["error"] for row, (_, reason) in zip(rows, BAD.values(), strict=True))
    assert len(done.stderr.splitlines()) == len(BAD)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interruption_ends_with_a_line_and_finished_rows_on_disk(tmp_path: Path, number: int, status: int) -> None:
    words = [*COMMAND, "read", "--from", "-", "--format", "json", "--out", "rows.json"]
    before = signal.signal(number, signal.SIG_DFL)  # under nohup a process ignores SIGHUP, and so do those that it starts
    running = subprocess.Popen(words, cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    signal.signal(number, before)
    running.stdin.write(b"nowhere.png\nnothing.png\n")
    running.stdin.flush()  # and no end: it waits for more
    deadline = time.monotonic() + 30
    while not ((tmp_path / "rows.json").exists() and b"nothing" in (tmp_path / "rows.json").read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(number)
    _, said = running.communicate(timeout=30)
    assert running.returncode == status
    assert said.splitlines()[2:] == [b"interrupted"]
    assert [row["source"] for row in json.loads((tmp_path / "rows.json").read_text())] == ["nowhere.png", "nothing.png"]


CTRL_C = """
import os, signal, sys

module = sys.argv.pop(1)

class Pressed:
    def find_spec(self, name, *rest):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Pressed())
from inkdigits.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["click", "inkdigits.cli", "inkdigits.commands.read", "cv2", "inkdigits.output.results", "onnxruntime"])
def test_ctrl_c_while_modules_are_imported_is_no_traceback(tmp_path: Path, module: str) -> None:
    """As in the first 50 ms: it comes at the very moment that a module is looked for."""
    words = [sys.executable, "-c", CTRL_C, module, "read", str(EXAMPLES), "--out", "rows.jsonl"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) in ((130, "interrupted\n"), (-signal.SIGINT, ""))
    assert os.listdir(tmp_path) == []


def test_a_closed_pipe_is_quiet(tmp_path: Path) -> None:
    many = ["nowhere.png"] * 3000
    running = subprocess.Popen(
        [*COMMAND, "read", *many, "--format", "jsonl"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip
    running.stdout.readline()
    running.stdout.close()
    said = running.stderr.read()
    running.stderr.close()
    running.wait(30)
    assert b"Traceback" not in said
    assert b"BrokenPipe" not in said


@pytest.mark.skipif(not (SHIPPED / "digit" / "model.onnx").is_file(), reason="the shipped model is not there yet")
def test_a_real_process_reads_the_examples() -> None:
    done = process("read", str(EXAMPLES), "--format", "jsonl", "--jobs", "2")
    with (EXAMPLES / "truth.csv").open(newline="") as file:
        truth = {row["file"]: row["truth"].replace("\\n", "\n") for row in csv.DictReader(file)}
    rows = {Path(row["source"]).name: row["text"] for row in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0
    assert rows.keys() == truth.keys()
    assert rows == truth
