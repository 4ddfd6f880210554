"""`inkdigits bench wild`: its pictures are what they say, the same each time, and what is read of them is counted."""

import csv
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from inkdigits.bench import conditions, wild
from inkdigits.bench.camera import Camera, photograph
from inkdigits.bench.conditions import Sheets, picture
from inkdigits.bench.desks import KINDS, SEEN, SHAPE, UNSEEN, desk
from inkdigits.bench.wild import Answer, Task
from inkdigits.commands.bench import command

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of data: an example as a photograph, seven drawn cells of registers, a grey photograph of a desk for each that is known."""
    with open(EXAMPLES / "truth.csv", encoding="utf-8", newline="") as file:
        truths = {row["file"]: row["truth"] for row in csv.DictReader(file)}
    photos = tmp_path / "real" / "photos_multi"
    photos.mkdir(parents=True)
    name = sorted(path.name for path in EXAMPLES.glob("number_*"))[0]
    shutil.copy(EXAMPLES / name, photos)
    (photos / "labels.csv").write_text(f"file,truth\n{name},{truths[name]}\n")
    registers = tmp_path / "real" / "registers"
    registers.mkdir()
    lines = ["file,truth,split"]
    for k in range(7):
        cell = np.full((60, 90), 215, np.uint8)
        cv2.putText(cell, f"{k + 1}.5", (15, 45), cv2.FONT_HERSHEY_SIMPLEX, 1, 40, 3, cv2.LINE_AA)
        cv2.imwrite(str(registers / f"{k}.png"), cell)
        lines.append(f"{k}.png,{k + 1}.5,dev")
    (registers / "labels.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "photos").mkdir()
    for one in conditions.PICTURES:
        cv2.imwrite(str(tmp_path / "photos" / f"{one}.jpg"), np.full((400, 300, 3), 90, np.uint8))
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path))
    return tmp_path


def test_there_are_desks_of_at_least_ten_kinds_some_of_them_unseen():
    assert len(KINDS) >= 10
    assert set(SEEN).isdisjoint(UNSEEN)
    assert len(UNSEEN) >= 4


def some(names, quick):
    """Parameters, of which only the quick ones are in the usual run."""
    return [pytest.param(name, marks=() if name in quick else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("kind", some(KINDS, ("metal", "gradient")))
def test_a_desk_is_the_same_each_time_and_no_other(kind):
    drawn = desk(kind, 0)
    assert (drawn.shape, drawn.dtype) == ((*SHAPE, 3), np.uint8)
    desk.cache_clear()
    np.testing.assert_array_equal(desk(kind, 0), drawn)
    assert not np.array_equal(desk(kind, 1), drawn)
    assert drawn.std() > 1, "it is not one colour"


def corners_of(image):
    """The corners of what is bright in a picture, clockwise from the top left: float (4, 2)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    contours, _ = cv2.findContours((grey > 130).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=cv2.contourArea)
    quad = cv2.approxPolyDP(outline, 0.03 * cv2.arcLength(outline, True), True)[:, 0].astype(float)
    assert len(quad) == 4
    order = np.argsort(np.arctan2(*(quad - quad.mean(axis=0)).T[::-1]))
    return quad[order]


@pytest.mark.parametrize("roll", [-30, 0, 20, 30])
def test_a_sheet_is_tilted_as_asked_and_keeps_its_pixels(roll):
    sheet = np.full((300, 400, 3), 250, np.uint8)
    image = photograph(sheet, np.full((60, 80, 3), 20, np.uint8), Camera(roll=roll, fill=0.7), np.random.default_rng(1))
    (_, _), size, angle = cv2.minAreaRect(corners_of(image).astype(np.float32))
    assert min(abs((angle - roll + 45) % 90 - 45), 90) < 1.5
    np.testing.assert_allclose(sorted(size), (300, 400), rtol=0.03)
    assert max(np.ptp(corners_of(image), axis=0) / image.shape[1::-1]) == pytest.approx(0.7, abs=0.03)


def test_perspective_makes_sides_unlike():
    sheet = np.full((300, 400, 3), 250, np.uint8)
    for yaw, alike in ((0, True), (30, False)):
        image = photograph(sheet, np.full((60, 80, 3), 20, np.uint8), Camera(yaw=yaw), np.random.default_rng(1))
        sides = np.linalg.norm(np.roll(corners_of(image), -1, axis=0) - corners_of(image), axis=1)
        ratio = min(sides[::2]) / max(sides[::2]), min(sides[1::2]) / max(sides[1::2])
        assert (min(ratio) > 0.97) == alike


QUICK = "flat", "metal", "photographed desks", "scan's black edge", "half size"


@pytest.mark.parametrize("condition", some(conditions.CONDITIONS, QUICK))
@pytest.mark.parametrize("name", [conditions.PHOTOS, conditions.PAGES])
def test_every_condition_gives_a_picture_the_same_each_time(data, condition, name):
    sheets = Sheets(data / "real", name)
    image = picture(sheets, 0, condition, data)
    assert (image.dtype, image.ndim, image.shape[2]) == (np.uint8, 3, 3)
    assert 100 < max(image.shape) <= 2400
    np.testing.assert_array_equal(image, picture(sheets, 0, condition, data))


def test_turned_small_and_compressed_are_of_the_flat_sheet(data):
    sheets = Sheets(data / "real", conditions.PAGES)
    flat = picture(sheets, 0, "flat", data)
    for condition, turns in conditions.TURNS.items():
        np.testing.assert_array_equal(np.rot90(picture(sheets, 0, condition, data), -turns), flat)
    for condition, share in (("half size", 0.5), ("quarter size", 0.25)):
        np.testing.assert_allclose(picture(sheets, 0, condition, data).shape[:2], np.array(flat.shape[:2]) * share, atol=1)
    assert len(cv2.imencode(".png", picture(sheets, 0, "JPEG 30", data))[1]) < 0.8 * len(cv2.imencode(".png", flat)[1])
    edge = picture(sheets, 0, "scan's black edge", data)
    assert np.concatenate([edge[0], edge[-1], edge[:, 0], edge[:, -1]]).min() < 50 < flat[:, 0].min()


def test_pages_hold_each_cell_once_in_the_order_of_their_truth(data):
    sheets = Sheets(data / "real", conditions.PAGES)
    assert len(sheets) == 2, "seven cells, six on a page"
    written = [line for index in range(2) for line in sheets.truth(index).split("\n")]
    assert sorted(written) == [f"{k + 1}.5" for k in range(7)]
    assert sheets.data.symbols


def answer(text, truth, *, symbols=False, condition="flat", data=conditions.PAGES):
    return Answer(Task(data, 0, condition), wild.US, text, truth, symbols)


def test_what_counts():
    one = answer("12\n4,5\n7", "12\n3\n4.5\n7", symbols=True)
    assert not one.right
    assert one.found == (3, 4)
    assert answer("1 2\n45", "12\n4.5").right
    assert not answer("12\n45", "12\n4.5", symbols=True).right
    assert answer("45\n12", "12\n45").found == (1, 2), "the order counts"
    assert answer("129", "12\n4").errors == (1, 3)


def test_the_table_compares_with_flat_and_puts_unseen_desks_together():
    found = [
        answer("12", "12", data=conditions.PHOTOS),
        answer("1", "1"),
        answer("13", "12", condition="wood", data=conditions.PHOTOS),
        answer("12", "12", condition="metal", data=conditions.PHOTOS),
        answer("", "12", condition="photographed desks", data=conditions.PHOTOS),
        answer("3", "3\n4", condition="gravel"),
    ]
    rows = {row[0]: row[1:] for row in wild.table(found).rows}
    assert rows["flat"] == [wild.US, "100.0%", "+0.0", "0.0%", "100.0%", "+0.0", "1, 1"]
    assert rows["wood"][1:4] == ["0.0%", "-100.0", "50.0%"]
    assert rows["desks of kinds that training may see"][1] == "0.0%"
    assert rows["desks of kinds that training never sees"] == [wild.US, "50.0%", "-50.0", "50.0%", "50.0%", "-50.0", "2, 1"]


def invoke(*words):
    return CliRunner().invoke(command, ["wild", *words], catch_exceptions=False)


def test_the_command_reads_the_flat_sheets_and_the_condition_that_is_asked_for(data, tmp_path):
    result = invoke("--condition", "JPEG 30", "--limit", "1", "--out", str(tmp_path / "wild.json"))
    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "wild.json").read_text())["tables"][0]["figures"]
    assert [(f["condition"], f["photos"], f["pages"]) for f in figures] == [("flat", 1, 1), ("JPEG 30", 1, 1)]
    assert figures[0]["photos_right"] == 1


def test_a_condition_that_is_none(data):
    result = invoke("--condition", "underwater")
    assert result.exit_code == 2
    assert "no condition underwater; there are: flat" in result.output
