"""A Reading exports and shows itself."""

import base64
import csv
import io
import json
import re
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from inkdigits.errors import MissingExtra, OutputError
from inkdigits.lines import LEFT_OUT, Digit, LeftOut, Line, joined
from inkdigits.reading import REVIEW_REASONS, Reading
from inkdigits.spreadsheet import CSV_COLUMNS, csv_row
from inkdigits.tables import Cell, Place, Table


def digit(label: str, x: int = 0, confidence: float = 0.9) -> Digit:
    return Digit(label, (x, 5, 10, 20), confidence, alternatives=(("8", 0.05), ("5", 0.02)))


def reading(*texts: str, **facts: object) -> Reading:
    lines = tuple(Line(tuple(digit(label, 12 * i) for i, label in enumerate(text)), (0, 5, 12 * len(text), 20)) for text in texts)
    return Reading(lines, **{"source": "in/a.jpg", "model": "digit-1/abc", **facts})


FAILED = Reading((), "in/b.jpg", error="no such file")
BLANK = Reading((), "in/c.jpg", refused="no ink")


def test_the_keys_of_a_row_are_a_contract():
    row = json.loads(reading("31", "4?").to_json())
    assert list(row) == [
        "source", "page", "text", "confidence", "needs_review", "refused", "error", "lines", "ms", "model", "left_out",
        "review_reasons", "value", "fields", "tables",
    ]  # fmt: skip
    assert list(row["lines"][0]) == ["text", "box", "confidence", "digits", "candidates", "value"]
    assert list(row["lines"][0]["digits"][0]) == ["label", "box", "confidence", "alternatives"]
    assert (row["text"], row["confidence"], row["needs_review"]) == ("31\n4?", 0.6561, True)


@pytest.mark.parametrize(
    ("row", "text", "confidence", "needs_review"),
    [
        pytest.param(reading("7"), "7", 0.9, False, id="sure"),
        pytest.param(reading("7?"), "7?", 0.81, True, id="not sure of one"),
        pytest.param(BLANK, "", 0.0, True, id="blank"),
        pytest.param(FAILED, "", 0.0, True, id="failed"),
    ],
)
def test_text_confidence_and_review(row: Reading, text: str, confidence: float, needs_review: bool):
    assert row.text == text
    assert row.confidence == pytest.approx(confidence)
    assert row.needs_review is needs_review


def test_a_line_that_was_looked_at_as_a_whole_is_as_sure_as_that_says():
    digits = (digit("3"), digit("1", 12))
    box = (0, 5, 22, 20)
    assert Line(digits, box).confidence == pytest.approx(0.81), "else that of its positions"
    whole = Line(digits, box, certainty=0.3, candidates=(("31", 0.3), ("3.1", 0.123456)), value=31)
    assert Reading((whole, Line(digits, box))).confidence == pytest.approx(0.243)
    row = json.loads(Reading((whole,)).to_json())["lines"][0]
    assert (row["confidence"], row["candidates"], row["value"]) == (0.3, [["31", 0.3], ["3.1", 0.1235]], 31)
    assert Line(digits, box, certainty=0.0).confidence == 0, "surely wrong is not unknown"
    row = Line(digits, box).to_dict()
    assert (row["candidates"], row["value"]) == ([], None)


@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        pytest.param(reading("7"), [], id="sure"),
        pytest.param(reading("7?"), ["unsure"], id="a question mark"),
        pytest.param(reading("7", doubts=("unread",)), ["unread"], id="ink left out"),
        pytest.param(reading("7?", doubts=("unsure", "unread")), ["unread", "unsure"], id="each once, in order"),
        pytest.param(BLANK, ["refused"], id="blank"),
        pytest.param(FAILED, ["error"], id="failed"),
    ],
)
def test_a_row_needs_review_exactly_where_it_has_reasons(row: Reading, reasons: list[str]):
    said = json.loads(row.to_json())
    assert said["review_reasons"] == reasons
    assert said["needs_review"] is row.needs_review is bool(reasons)
    assert set(reasons) <= set(REVIEW_REASONS)


def test_a_row_names_what_was_left_out():
    row = reading("42", left_out=(LeftOut((30, 5, 9, 20), "letter"),))
    assert json.loads(row.to_json())["left_out"] == [{"box": [30, 5, 9, 20], "reason": "letter"}]
    assert "letter" in LEFT_OUT


@pytest.mark.parametrize(
    ("row", "printed"),
    [
        pytest.param(reading("31", "4"), "in/a.jpg: 31 / 4 (73%)", id="lines"),
        pytest.param(reading("7?"), "in/a.jpg: 7? (81%, needs review)", id="not sure of one"),
        pytest.param(reading("7", source=""), "7 (90%)", id="of an array"),
        pytest.param(reading("7", page=3), "in/a.jpg, page 3: 7 (90%)", id="a later page"),
        pytest.param(reading("1" * 99), f"in/a.jpg: {'1' * 59}… (0%)", id="long"),
        pytest.param(BLANK, "in/c.jpg: refused: no ink", id="blank"),
        pytest.param(FAILED, "in/b.jpg: not read: no such file", id="failed"),
    ],
)
def test_it_prints_as_one_short_line(row: Reading, printed: str):
    assert str(row) == printed


def spaced(text: str) -> Line:
    """Digits 20 pixels high and 10 wide, 2 apart; a blank is 22 pixels more, an underscore 23."""
    digits, x = [], 0
    for sign in text:
        if sign in " _":
            x += 22 if sign == " " else 23
        else:
            digits.append(digit(sign, x, 0.9))
            x += 12
    return Line(tuple(digits), (0, 5, x, 20))


def test_words_are_parted_by_wide_gaps():
    row = Reading((spaced("12 3_45_6"), spaced("78")))
    assert [word.text for word in row.words] == ["123", "45", "6", "78"], "wide is more than 1.2 times the height of the digits"
    assert row.words[0].box == (0, 5, 56, 20)
    assert row.words[1].confidence == pytest.approx(0.81)
    assert BLANK.words == ()


def test_words_become_a_dataframe():
    pytest.importorskip("pandas")
    table = Reading((spaced("12_45"), spaced("78")), "in/a.jpg", 2).to_dataframe()
    assert list(table.columns) == ["source", "page", "line", "word", "text", "confidence", "x", "y", "width", "height"]
    assert table[["line", "word", "text"]].values.tolist() == [[1, 1, "12"], [1, 2, "45"], [2, 1, "78"]]
    assert table.loc[1, ["x", "y", "width", "height"]].tolist() == [47, 5, 22, 20]
    assert (table["source"] == "in/a.jpg").all()
    assert (table["page"] == 2).all()
    assert list(BLANK.to_dataframe().columns) == list(table.columns)


def test_a_dataframe_without_pandas_names_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"to_dataframe needs .*pip install 'inkdigits\[pandas\]'"):
        reading("1").to_dataframe()


KEPT = {"image": np.full((40, 60, 3), 255, np.uint8)}


def test_it_is_saved_as_the_suffix_says(tmp_path):
    row = reading("31", "4", **KEPT)
    for name in ("row.json", "row.csv", "row.txt", "row.PNG", "new/row.jpg"):
        row.save(tmp_path / name)
    assert json.loads((tmp_path / "row.json").read_text()) == row.to_dict()
    assert (tmp_path / "row.csv").read_text() == row.to_csv()
    assert (tmp_path / "row.txt").read_text() == "31\n4\n"
    for name in ("row.PNG", "new/row.jpg"):
        assert cv2.imread(str(tmp_path / name)).shape[1] == 640
    row.save(str(tmp_path / "row.txt"))


def test_what_cannot_be_saved_says_why_and_leaves_what_is_there(tmp_path):
    there = tmp_path / "there.png"
    there.write_bytes(b"kept")
    with pytest.raises(ValueError, match=r"there\.xlsx: a Reading is saved as \.json, .*; give a name that ends so"):
        reading("1").save(tmp_path / "there.xlsx")
    with pytest.raises(ValueError, match="keep=True"):
        reading("1").save(there)
    with pytest.raises(OutputError, match=r"there\.png is the image that was read; choose another name"):
        reading("1", source=str(there), **KEPT).save(there)
    with pytest.raises(OutputError, match="cannot be written"):
        reading("1").save(there / "row.txt")
    assert there.read_bytes() == b"kept"
    assert list(tmp_path.iterdir()) == [there]


def test_csv_survives_line_breaks_commas_and_quotes():
    row = reading("31", "4", source='a, "b".jpg')
    table = list(csv.DictReader(io.StringIO(row.to_csv() + FAILED.to_csv(header=False))))
    assert list(table[0]) == list(CSV_COLUMNS)
    assert (table[0]["source"], table[0]["text"], table[0]["error"]) == ('a, "b".jpg', "31\n4", "")
    assert (table[1]["error"], table[1]["text"]) == ("no such file", "")


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        pytest.param("=HYPERLINK(0).png", "'=HYPERLINK(0).png", id="a formula"),
        pytest.param("+1+cmd|' /C calc'!A0.png", "'+1+cmd|' /C calc'!A0.png", id="a command"),
        pytest.param("@SUM(1).png", "'@SUM(1).png", id="a function of old spreadsheets"),
        pytest.param("\t=1.png", "'\t=1.png", id="behind a tab"),
        pytest.param("＝1.png", "'＝1.png", id="wide"),
        pytest.param("'=1.png", "''=1.png", id="behind an apostrophe of its own"),
        pytest.param("-42", "-42", id="a number"),
        pytest.param("'quoted'.png", "'quoted'.png", id="apostrophes"),
        pytest.param("a=b.png", "a=b.png", id="a sign within"),
    ],
)
def test_no_name_in_csv_is_a_formula_and_it_reads_back(text: str, cell: str):
    row = reading("31", source=text, error=text, model=text)
    (cells,) = csv.reader(io.StringIO(row.to_csv(header=False)))
    found = dict(zip(CSV_COLUMNS, cells, strict=True))
    assert (found["source"], found["error"], found["model"]) == (cell, cell, cell)
    assert csv_row(cells) == {name: row.to_dict()[name] for name in CSV_COLUMNS}


def test_numbers_in_csv_are_left_as_they_are():
    assert reading("-42", "+3.5").to_csv(header=False).startswith('in/a.jpg,1,"-42\n+3.5",')


def test_a_notebook_shows_the_annotated_image_and_the_lines():
    html = reading("31", image=np.full((40, 60), 255, np.uint8))._repr_html_()
    data = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape[1] == 640
    assert "<b>31</b>" in html
    assert "81.0%" in html


@pytest.mark.parametrize("row", [FAILED, BLANK])
def test_a_notebook_shows_why_there_is_nothing(row: Reading):
    assert (row.error or row.refused) in row._repr_html_()
    assert "<img" not in row._repr_html_()


def test_a_notebook_is_safe_from_names():
    assert "<script>" not in reading("1", source="<script>.png")._repr_html_()


def test_plot_draws_on_axes():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots()
    assert reading("31", image=np.full((40, 60), 255, np.uint8)).plot(axes) is axes
    assert axes.get_title() == "31"
    assert len(axes.images) == 1
    pyplot.close(figure)


def test_plot_without_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"inkdigits\[train\]"):
        reading("1").plot()


def test_plot_without_the_image_says_how_to_keep_it():
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="keep=True"):
        reading("1").plot()


def field(text: str, x: int, place: Place | None = None, **facts: object) -> Line:
    """A field of a page, 20 pixels high, with a digit every 12 pixels."""
    digits = tuple(digit(label, x + 12 * i) for i, label in enumerate(text))
    return replace(Line(digits, (x, 5, 12 * len(text), 20)), place=place, **facts)


TABLE = Table(((Cell((0,), "12"), Cell((1,), "=3")), (Cell(), Cell((2,), "40"))))
FIRST = joined([field("12", 0, Place(0, 0, 0)), field("=3", 100, Place(0, 0, 1))])
PAGE = Reading(
    (FIRST, field("40", 100, Place(0, 1, 1)), field("7", 0, Place(None, 2, 0))),
    "in/a.jpg", tables=(TABLE,),
)  # fmt: skip


def test_a_line_of_several_fields():
    first, *others = PAGE.lines
    assert PAGE.text == "12 =3\n40\n7"
    assert [one.text for one in PAGE.fields] == ["12", "=3", "40", "7"]
    assert first.box == (0, 5, 122, 20)
    assert first.confidence == pytest.approx(first.fields[0].confidence * first.fields[1].confidence)
    assert [word.text for word in first.words] == ["12", "=3"]
    assert all(line.fields == (line,) for line in others)
    assert joined([others[0]]) is others[0]


def test_the_fields_and_tables_of_a_row():
    row = PAGE.to_dict()
    assert [(one["text"], one["table"], one["row"], one["column"]) for one in row["fields"]] == [
        ("12", 0, 0, 0), ("=3", 0, 0, 1), ("40", 0, 1, 1), ("7", None, 2, 0),
    ]  # fmt: skip
    assert row["tables"] == [[["12", "=3"], ["", "40"]]]
    assert PAGE.tables[0].to_csv() == "12,=3\n,40\n"
    assert set(row["fields"][0]) == {"text", "box", "table", "row", "column", "confidence", "candidates", "value", "left_out", "kind"}


def test_a_row_of_cells_for_each_number_and_empty_cell():
    rows = list(csv.DictReader(io.StringIO(PAGE.to_cells())))
    assert [(row["table"], row["row"], row["column"], row["text"]) for row in rows] == [
        ("1", "1", "1", "12"), ("1", "1", "2", "'=3"), ("1", "2", "1", ""), ("1", "2", "2", "40"), ("", "3", "1", "7"),
    ]  # fmt: skip
    assert (rows[3]["x"], rows[3]["width"], rows[2]["x"]) == ("100", "24", "")
    assert PAGE.to_cells(header=False) == PAGE.to_cells().split("\n", 1)[1]


def test_cells_say_why_nothing_was_read():
    for nothing, why in ((FAILED, "no such file"), (BLANK, "no ink")):
        (row,) = csv.DictReader(io.StringIO(nothing.to_cells()))
        assert (row["source"], row["text"], row["problem"]) == (nothing.source, "", why)


def test_a_moved_line_is_moved_with_all_that_is_in_it():
    line = replace(PAGE.lines[0], left_out=(LeftOut((1, 2, 3, 4), "letter"),), certainty=0.5)
    moved = line.moved(lambda box: (box[0] + 10, *box[1:]))
    assert (moved.box[0], moved.digits[0].box[0], moved.parts[1].box[0], moved.left_out[0].box[0]) == (10, 10, 110, 11)
    assert (moved.text, moved.confidence) == (line.text, 0.5)
