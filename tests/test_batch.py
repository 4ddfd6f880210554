"""Sources become rows: in order, none lost. The reader here answers with the height of the image, so that a row tells what was read."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from inkdigits.batch.run import rows
from inkdigits.batch.sources import File, expand
from inkdigits.errors import ModelError
from inkdigits.images import Document
from inkdigits.lines import Digit, Line
from inkdigits.reading import Reading
from standins import PageReader


class HeightReader(PageReader):
    """Stands in for Reader; at module level, so that another process can have one."""

    def page(self, document: Document, number: int, source: str, keep: bool) -> Reading:
        image = document.page(number)
        if image.min() == 255:
            return Reading((), source, number, "no ink", image=image if keep else None)
        digits = tuple(Digit(label, (0, 0, 2, 2), 0.9) for label in str(image.shape[0]))
        return Reading((Line(digits, (0, 0, 4, 2)),), source, number, image=image if keep else None)


class NoModel(HeightReader):
    def page(self, *_: object) -> Reading:
        raise ModelError("no such model")


def write(path: Path, height: int = 10, level: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, 8), level, np.uint8))
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """in/: page1, page2, page10, below/a, and what must not be read."""
    monkeypatch.chdir(tmp_path)
    for name, height in {"page10.png": 10, "page2.PNG": 2, "page1.jpg": 11, "below/a.bmp": 5, ".hidden.png": 7, ".thumbs/b.png": 8}.items():
        write(Path("in", name), height)
    Path("in/notes.txt").write_text("no image")
    return Path("in")


def names(*sources: str) -> list[str]:
    return [file.name for file in expand(sources)]


def test_a_folder_gives_its_images_in_natural_order_with_the_folder_before_their_names(folder: Path) -> None:
    assert names("in") == ["in/page1.jpg", "in/page2.PNG", "in/page10.png", "in/below/a.bmp"]
    assert names("./in/")[0] == "./in/page1.jpg"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param("in/page*", ["in/page1.jpg", "in/page2.PNG", "in/page10.png"], id="natural order"),
        pytest.param("in/**/*.bmp", ["in/below/a.bmp"], id="all below"),
        pytest.param("in/bel*", ["in/below/a.bmp"], id="a folder that matches"),
        pytest.param("in/page[12].*", ["in/page1.jpg", "in/page2.PNG"], id="a set of characters"),
    ],
)
def test_globs_that_the_shell_left_alone(folder: Path, pattern: str, found: list[str]) -> None:
    assert names(pattern) == found


def test_a_file_whose_name_looks_like_a_glob_is_that_file(folder: Path) -> None:
    write(folder / "scan[1].png")
    assert names("in/scan[1].png") == ["in/scan[1].png"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("empty", "no images in this folder", id="a folder without images"),
        pytest.param("in/*.webp", "no file matches", id="a glob without matches"),
    ],
)
def test_sources_without_images_are_rows_with_an_error(folder: Path, source: str, reason: str) -> None:
    Path("empty").mkdir()
    (file,) = expand([source])
    (row,) = rows(HeightReader(), [file])
    assert row.source == source
    assert reason in row.error


def test_standard_input_is_read_as_one_image(monkeypatch: pytest.MonkeyPatch) -> None:
    data = cv2.imencode(".png", np.zeros((9, 8), np.uint8))[1].tobytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    (row,) = rows(HeightReader(), expand(["-"]))
    assert (row.source, row.text) == ("-", "9")


@pytest.mark.parametrize("jobs", [1, 2])
def test_rows_come_in_order_and_a_failure_loses_nothing(folder: Path, jobs: int) -> None:
    (folder / "page3.png").write_bytes(b"")
    (folder / "page4.png").write_text("hello")
    found = list(rows(HeightReader(), expand(["in", "nowhere.png"]), jobs=jobs))
    assert [(row.source, row.text, row.error is None) for row in found] == [
        ("in/page1.jpg", "11", True),
        ("in/page2.PNG", "2", True),
        ("in/page3.png", "", False),
        ("in/page4.png", "", False),
        ("in/page10.png", "10", True),
        ("in/below/a.bmp", "5", True),
        ("nowhere.png", "", False),
    ]
    assert found[2].error == "the file is empty; copy or download it again"
    assert all(row.needs_review for row in found if row.error)


def test_every_page_is_a_row_and_a_damaged_one_loses_only_itself(tmp_path: Path) -> None:
    first, *others = [Image.new("L", (8, height)) for height in (4, 1, 6)]
    path = tmp_path / "scan.tiff"
    first.save(path, save_all=True, append_images=others)
    found = list(rows(HeightReader(), [File(str(path))]))
    assert [(row.page, row.text) for row in found] == [(1, "4"), (2, ""), (3, "6")]
    assert "too few" in found[1].error


@pytest.mark.parametrize("single", [False, True])
def test_images_are_kept_only_where_asked_for(folder: Path, single: bool) -> None:
    for keep in (False, True):
        (row,) = rows(HeightReader(), expand(["in/page10.png"]), single=single, keep=keep)
        assert (row.image is not None) == keep


def test_a_blank_image_is_refused_without_text_in_both_modes(tmp_path: Path) -> None:
    (row,) = rows(HeightReader(), [File(str(write(tmp_path / "blank.png", level=255)))], single=True)
    assert (row.text, row.refused, row.error) == ("", "no ink", None)


def test_a_model_that_does_not_fit_ends_the_run(folder: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        list(rows(NoModel(), expand(["in"])))
