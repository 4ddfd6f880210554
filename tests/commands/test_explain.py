"""`inkdigits explain`: one picture of every stage."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from inkdigits import images
from inkdigits.errors import ModelError
from inkdigits.layout.flat import as_it_is
from inkdigits.layout.ink import Ink
from inkdigits.lines import Digit, Line
from inkdigits.options import Options
from inkdigits.reading import Reading

Run = Callable[..., SimpleNamespace]


class InkReader:
    """Stands in for Reader: finds a 7 in what is not white, and says whether it was asked for one digit; 0.9 is sure enough for it."""

    def __init__(self, model: object = None, threshold: float | None = None, *, sure: float | None = None) -> None:
        self.options = Options(threshold, sure=sure)

    def trace(self, source: str, *, single: bool = False) -> SimpleNamespace:
        if (self.options.sure or 0) > 0.9:
            raise ModelError(f"sure {self.options.sure:g}: no more than 0.9 is promised")
        image = images.first(source)
        mask = image < 255
        digit = Digit("7" if single else "4", (1, 1, 5, 5), 0.9, tile=np.zeros((28, 28), np.float32))
        found = Reading((Line((digit,), (1, 1, 5, 5)),), source) if mask.any() else Reading((), source, refused="no ink")
        return SimpleNamespace(image=image, sheet=as_it_is(image), ink=Ink(mask.astype(np.float32), mask, 2.0, 1.0), reading=found)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, command_line: Run, tmp_path: Path) -> Run:
    monkeypatch.setattr("inkdigits.reader.Reader", InkReader)
    monkeypatch.chdir(tmp_path)
    for name, level in {"digit": 0, "blank": 255}.items():
        cv2.imwrite(f"{name}.png", np.full((40, 30), level, np.uint8))
    return partial(command_line, "explain")


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        pytest.param(["digit.png"], "4\n", id="read"),
        pytest.param(["digit.png", "--single"], "7\n", id="one digit"),
        pytest.param(["blank.png"], "no ink\n", id="blank"),
    ],
)
def test_it_writes_a_picture_and_says_the_answer(run: Run, arguments: list[str], out: str) -> None:
    done = run(*arguments, "--out", "stages.png")
    assert (done.code, done.out, done.err) == (0, out, "every stage is drawn in stages.png\n")
    assert cv2.imread("stages.png").shape[1] > 1000


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["nowhere.png", "--out", "a.png"], 1, "inkdigits: nowhere.png: no such file", id="missing file"),
        pytest.param(["digit.png", "--out", "a.docx"], 2, "use .png or .jpg", id="no picture format"),
        pytest.param(["digit.png", "--out", "digit.png/a.png"], 2, "cannot be written", id="a place that is no folder"),
        pytest.param(["digit.png"], 2, "Missing option '--out'", id="no out"),
        pytest.param(["--out", "a.png"], 2, "Missing argument 'IMAGE'", id="no image"),
    ],
)
def test_what_is_wrong_is_said(run: Run, arguments: list[str], code: int, said: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["--sure", "0.9"], 0, "every stage is drawn", id="promised"),
        pytest.param(["--sure", "0.99"], 1, "no more than 0.9 is promised", id="more than is promised"),
        pytest.param(["--sure", "0.9", "--threshold", "0.9"], 2, "give one: sure promises, threshold does not", id="both"),
        pytest.param(["--sure", "1"], 2, "'--sure'", id="nobody is that sure"),
    ],
)
def test_a_promise(run: Run, arguments: list[str], code: int, said: str) -> None:
    done = run("digit.png", "--out", "stages.png", *arguments)
    assert (done.code, said in done.err) == (code, True), done.err
    assert Path("stages.png").exists() == (code == 0)
