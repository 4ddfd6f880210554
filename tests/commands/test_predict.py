"""`inkdigits predict`: one digit an image, with the probability of each class."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from inkdigits.images import Document
from inkdigits.lines import Digit, Line
from inkdigits.reading import Reading
from standins import PageReader

Run = Callable[..., SimpleNamespace]


class GreyReader(PageReader):
    """Stands in for Reader: black is a 7, grey is not sure, white is refused."""

    def page(self, document: Document, number: int, source: str, keep: bool) -> Reading:
        image = document.page(number)
        level, box = int(image.flat[0]), (1, 1, 5, 5)
        refused = "no ink: nothing stands out from the paper" if level == 255 else None
        digit = Digit(
            "7" if level == 0 else "?",
            box,
            0.97 if level == 0 else 0.4,
            probabilities=tuple((str(n), 0.97 if n == 7 else 0.03 / 9) for n in range(10)),
            refused=None if level == 0 else "not sure enough",
            tile=np.zeros((28, 28), np.float32),
        )
        lines = () if refused else (Line((digit,), box),)
        return Reading(lines, source, number, refused, image=image if keep else None)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, command_line: Run, tmp_path: Path) -> Run:
    monkeypatch.setattr("inkdigits.commands.walk.Reader", GreyReader)
    monkeypatch.chdir(tmp_path)
    for name, level in {"seven": 0, "smudge": 128, "blank": 255}.items():
        cv2.imwrite(f"{name}.png", np.full((40, 30), level, np.uint8))
    return partial(command_line, "predict")


@pytest.mark.parametrize(
    ("arguments", "out", "err"),
    [
        pytest.param(["seven.png"], "7  (97 %)\n", "", id="sure"),
        pytest.param(["--image", "seven.png"], "7  (97 %)\n", "", id="as an option"),
        pytest.param(["smudge.png"], "?  (40 %)\n", "smudge.png: not sure enough\n", id="not sure"),
        pytest.param(["blank.png"], "?\n", "blank.png: no ink: nothing stands out from the paper\n", id="blank"),
        pytest.param(["blank.png", "--quiet"], "?\n", "", id="blank, quietly"),
        pytest.param(["seven.png", "--image", "smudge.png", "--quiet"], "seven.png: 7  (97 %)\nsmudge.png: ?  (40 %)\n", "", id="several"),
    ],
)
def test_text(run: Run, arguments: list[str], out: str, err: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out, done.err) == (0, out, err)


def test_a_row_has_the_probability_of_every_class(run: Run) -> None:
    row = json.loads(run("seven.png", "--format", "jsonl").out)
    (digit,) = row["lines"][0]["digits"]
    assert digit["label"] == row["text"] == "7"
    assert list(digit["probabilities"]) == [str(n) for n in range(10)]


def test_a_blank_image_has_a_row_like_that_of_read(run: Run) -> None:
    row = json.loads(run("blank.png", "--format", "jsonl").out)
    assert (row["text"], row["lines"], row["refused"][:6], row["error"]) == ("", [], "no ink", None)


def test_plot_of_one_image_and_of_several(run: Run) -> None:
    run("seven.png", "--plot", "out/one.png")
    run("seven.png", "nowhere.png", "blank.png", "--plot", "many.jpg")
    assert sorted(path.name for path in Path("out").iterdir()) == ["one.png"]
    assert sorted(path.name for path in Path().glob("many*")) == ["many-1.jpg", "many-2.jpg"]
    assert cv2.imread("out/one.png").shape[1] > 1000


def test_a_plot_of_a_kind_that_cannot_be_written_says_so(run: Run) -> None:
    done = run("seven.png", "--plot", "plot.docx")
    assert (done.code, done.out) == (2, "")
    assert "use .png or .jpg" in done.err


def test_no_source_is_wrong_usage(run: Run) -> None:
    assert run().code == 2
