"""What was read is reviewed in a real browser: each value beside its picture, corrected, kept over a reload, taken along."""

import csv
import io
import re
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from user import dialogs, downloaded, draw, expect, note, png, reads, sheet

from inkdigits.lines import LEFT_OUT
from inkdigits.reading import REVIEW_REASONS
from inkdigits.training.pen import GLYPHS


def test_many_files_are_read_reviewed_corrected_and_taken_along(opened):
    page = opened("files")
    blank = np.full((80, 80), 240, np.uint8)
    page.set_input_files(
        "#files-file",
        [
            png(note("27"), "a.png"),
            png(blank, "blank, one.png"),
            {"name": "b.txt", "mimeType": "text/plain", "buffer": b"no"},
            png(sheet("31", "52"), "c.png"),
            *(png(note("4"), f"{i}.png") for i in range(8)),
        ],
    )
    expect(page.locator("#files-count")).to_have_text("12 of 12 files read, 2 to review")
    expect(page.locator("textarea:visible")).to_have_count(13)
    page.get_by_label("Only what needs review").check()
    expect(page.locator("textarea:visible")).to_have_count(2)
    page.get_by_label("Text of blank, one.png").press_sequentially("-15")
    assert page.locator("#files-count").inner_text().endswith("1 to review"), "what is typed counts at once"
    expect(page.get_by_label("Text of blank, one.png")).to_be_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "Text of b.txt"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "files-csv"
    assert page.locator("#files-count").inner_text().endswith("0 to review")
    page.get_by_label("Only what needs review").uncheck()
    page.get_by_label("Text of line 2 of c.png").fill("57")
    page.get_by_role("button", name="a.png").click()
    expect(page.locator(".preview text")).to_have_text(["2", "7"])
    expect(page.locator(".preview text").first).to_be_visible()
    assert page.locator(".preview text").first.bounding_box()["height"] > 12, "it can be read"

    first, second, third, fourth, *_, last = downloaded(page, "#files-csv")
    assert list(first) == ["source", "page", "text", "corrected", "checked", "confidence", "needs_review", "refused", "error"]
    assert (first["source"], first["page"], first["text"], first["corrected"], first["needs_review"]) == ("a.png", "1", "27", "", "false")
    assert (second["source"], second["text"], second["corrected"], second["needs_review"]) == ("blank, one.png", "", "-15", "true")
    assert "no ink" in second["refused"]
    assert "not an image" in third["error"]
    assert [row["checked"] for row in (first, second, third)] == ["false", "true", "true"]
    assert (fourth["text"], fourth["corrected"]) == ("31\n52", "31\n57")
    assert (last["source"], last["text"]) == ("7.png", "4")
    assert 0.5 < float(last["confidence"]) <= 1


def test_names_in_the_csv_are_no_formulas_and_numbers_stay_as_typed(opened):
    page = opened("files")
    names = ["=a.png", "+1+1.png", "-2.png", "@x;=1+1.png", "c.png", "d.png", "e.png"]
    typed = ["-42", "+1", "-1,250.50", "-12.5 %", "=1+1", "-2+3+cmd|' /C calc'!A0", "007"]
    page.set_input_files("#files-file", [png(note("4"), name) for name in names])
    expect(page.locator("#files-count")).to_have_text("7 of 7 files read, 0 to review")
    for number, text in enumerate(typed):
        page.locator("textarea").nth(number).fill(text)
    with page.expect_download() as download:
        page.click("#files-csv")
    content = Path(download.value.path()).read_text()
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert [row["source"] for row in rows] == ["'=a.png", "'+1+1.png", "'-2.png", "'@x;=1+1.png", "c.png", "d.png", "e.png"]
    assert [row["corrected"] for row in rows] == ["-42", "+1", "-1,250.50", "-12.5 %", "'=1+1", "'-2+3+cmd|' /C calc'!A0", "007"]
    assert '"\'@x;=1+1.png"' in content, "whole in a spreadsheet whose fields end with ;"


def test_each_value_has_its_picture_beside_it(opened):
    page = opened("files")
    image = np.vstack([sheet("31"), np.full((300, sheet("31").shape[1]), 235, np.uint8), sheet("31")])
    tiff = {"name": "a.tif", "mimeType": "image/tiff", "buffer": cv2.imencode(".tif", note("27"))[1].tobytes()}
    page.set_input_files("#files-file", [png(image, "two.png"), png(np.full((80, 90), 240, np.uint8), "blank.png"), tiff])
    expect(page.locator(".value")).to_have_count(4)
    expect(page.locator(".value img[src]")).to_have_count(4)
    shown = [page.get_by_alt_text(f"The writing: line {line} of two.png") for line in (1, 2)]
    for picture, label in zip(shown, ("line 1 of two.png", "line 2 of two.png"), strict=True):
        (left, right) = (one.bounding_box() for one in (picture, page.get_by_label(f"Text of {label}")))
        assert left["x"] + left["width"] <= right["x"]
        assert abs(left["y"] + left["height"] / 2 - right["y"] - right["height"] / 2) < 30, "beside it"
    size = "(image) => image.decode().then(() => [image.naturalWidth, image.naturalHeight])"
    assert all(picture.evaluate(size)[1] < image.shape[0] / 3 for picture in shown), "a line each, not the whole sheet"
    assert page.get_by_alt_text("The writing: blank.png").evaluate(size) == [162, 144], "nothing was read: the whole image"
    assert page.get_by_alt_text("The writing: a.tif").evaluate(size) == [56, 28], "no TIFF in browsers: what the network saw"


@pytest.mark.parametrize("view", [pytest.param("image", marks=pytest.mark.slow), "files"])
def test_a_correction_survives_a_reload_and_leaving_with_unsaved_work_asks(opened, view):
    page = opened(view)
    asked = dialogs(page)
    page.set_input_files(f"#{view}-file", png(sheet("31", "52")))
    reads(page, view, "31", "52")
    page.reload()
    reads(page, view, "31", "52")
    assert asked == [], "nothing was typed"
    page.get_by_label("Text of line 2 of note.png").fill("-57")
    for times in (1, 2):  # it stays unsaved
        page.wait_for_timeout(100)
        page.reload()
        assert asked == ["beforeunload"] * times
        reads(page, view, "31", "-57")
        expect(page.locator(f"#{view} .value").nth(1)).to_contain_text("checked")
        expect(page.locator(f"#{view} .value img[src]")).to_have_count(2)
        page.locator("h1").click()  # browsers do not ask those who did nothing on the page
    (row,) = downloaded(page, f"#{view}-csv")
    assert row["corrected"] == "31\n-57"
    asked.clear()
    page.reload()
    reads(page, view, "31", "-57")
    assert asked == [], "it is downloaded"


def test_arrows_walk_through_the_texts(opened):
    page = opened("files")
    page.set_input_files("#files-file", [png(note("27")), png(sheet("31", "31")), png(note("4"))])
    reads(page, "files", "27", "31", "31", "4")
    page.locator("textarea").nth(1).fill("31\n8")
    page.locator("textarea").first.focus()
    where = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
        where.append(page.evaluate("[...document.querySelectorAll('textarea')].indexOf(document.activeElement)"))
    assert where == [1, 1, 2, 3, 2, 1, 1, 0], "through the lines of a text first"


def test_escape_takes_a_correction_back(opened):
    page = opened("files")
    page.set_input_files("#files-file", png(np.full((80, 80), 240, np.uint8)))
    expect(page.locator("#files-count")).to_have_text("1 of 1 file read, 1 to review")
    page.locator("textarea").fill("12")
    expect(page.locator("#files-count")).to_have_text("1 of 1 file read, 0 to review")
    page.keyboard.press("Escape")
    expect(page.locator("#files-count")).to_have_text("1 of 1 file read, 1 to review")
    reads(page, "files", "")


@pytest.mark.parametrize("stays", [True, False])
def test_what_would_throw_corrections_away_asks_first(opened, stays):
    page = opened("image")
    asked = dialogs(page, accept=not stays)
    page.set_input_files("#image-file", png(note("27")))
    reads(page, "image", "27")
    page.locator("#image textarea").fill("21")
    page.get_by_label("One digit").nth(1).click()
    if stays:
        reads(page, "image", "21")
        assert page.get_by_label("Numbers").is_checked(), "as it was read"
        page.set_input_files("#image-file", png(note("4")))
        page.click("#image-clear")
        reads(page, "image", "21")
        assert asked == ["confirm"] * 3
    else:
        expect(page.locator("#image textarea")).not_to_have_value("21")
        page.locator("#image textarea").fill("21")
        page.click("#image-clear")
        reads(page, "image")
        assert asked == ["confirm"] * 2
    page.evaluate("location.hash = 'files'")
    page.set_input_files("#files-file", png(note("4")))
    reads(page, "files", "4")
    page.locator("#files textarea").fill("9")
    page.click("#files-empty")
    reads(page, "files", *["9"] * stays)
    if not stays:
        page.reload()
        reads(page, "files")
        expect(page.locator("#files-result")).to_be_hidden()


def test_what_was_corrected_is_what_is_copied(opened):
    page = opened("image", permissions=["clipboard-read", "clipboard-write"])
    asked = dialogs(page)
    page.set_input_files("#image-file", png(sheet("31", "52")))
    reads(page, "image", "31", "52")
    page.get_by_label("Text of line 2 of note.png").fill("5.2")
    page.click("#image-copy")
    expect(page.locator("#image-copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "31\n5.2"
    page.reload()
    reads(page, "image", "31", "5.2")
    assert asked == [], "it is copied"


def test_files_that_were_not_read_before_a_reload_are_read_after_it(opened):
    page = opened("files")
    held, busy = [], [True]
    page.route("**/v1/read*", lambda route: held.append(route) if busy[0] else route.continue_())
    page.set_input_files("#files-file", png(note("27")))
    expect(page.locator("#files-count")).to_have_text("0 of 1 file read, 0 to review")
    page.wait_for_timeout(100)
    page.click("#files-stop")
    held.pop().abort()
    busy[0] = False
    page.get_by_role("button", name="Go on").click()
    reads(page, "files", "27")
    busy[0] = True
    page.set_input_files("#files-file", png(note("4")))
    page.wait_for_timeout(100)
    busy[0] = False
    page.reload()
    held.pop().abort()
    reads(page, "files", "27", "4")


def test_a_browser_that_keeps_nothing_says_so_and_reads_on(opened):
    page = opened("files", before="indexedDB.open = () => { throw new DOMException('', 'SecurityError') }")
    asked = dialogs(page)
    page.set_input_files("#files-file", png(note("27")))
    reads(page, "files", "27")
    expect(page.locator("#files-kept")).to_contain_text("download the list before you leave")
    page.locator("textarea").fill("21")
    (row,) = downloaded(page, "#files-csv")
    assert row["corrected"] == "21"
    page.locator("textarea").fill("22")
    page.reload()
    assert asked == ["beforeunload"]


def test_many_digits_are_grouped_by_line(opened):
    page = opened("image")
    page.set_input_files("#image-file", png(sheet("31", "527")))
    reads(page, "image", "31", "527")
    page.get_by_text("Digit by digit").click()
    expect(page.locator("#image-cards h3")).to_have_text([re.compile("^Line 1: 31 .* sure$"), re.compile("^Line 2: 527 .* sure$")])
    assert page.get_by_label("Digits of line 1").locator("li.card .label").all_inner_texts() == list("31")
    assert page.get_by_label("Digits of line 2").locator("li.card .label").all_inner_texts() == list("527")


def with_left_out(page):
    """The service says of every image that a letter and two dashes were left out, of which a person should know."""

    def answer(route):
        (row,) = (answer := route.fetch()).json()
        (x, y, width, height) = row["lines"][0]["box"]
        row["left_out"] = [
            {"box": [x + width + 4, y, 20, height], "reason": "letter"},
            *({"box": [x - 10, y + 10 * i, 8, 4], "reason": "dash"} for i in (1, 2)),
        ]
        route.fulfill(response=answer, json=[row | {"needs_review": True, "review_reasons": ["unread"]}])

    page.route("**/v1/read*", answer)


@pytest.mark.parametrize("view", ["image", pytest.param("files", marks=pytest.mark.slow)])
def test_what_was_left_out_is_shown_and_said(opened, view):
    page = opened(view)
    with_left_out(page)
    page.set_input_files(f"#{view}-file", png(np.pad(note("27"), 40, mode="edge")))
    reads(page, view, "27")
    value = page.locator(f"#{view} .value.to-review")
    expect(value).to_contain_text("Ink of the size of writing was left out.")
    if view == "files":
        page.get_by_role("button", name="note.png").click()
    shown = page.locator("#image-result figure" if view == "image" else ".preview")
    marks = shown.locator(".boxes .left-out")
    expect(marks).to_have_count(3)
    assert marks.locator("title").all_text_contents() == ["Left out: letter", "Left out: dash", "Left out: dash"]
    boxes = [shown.locator(f".boxes {kind} .box").first for kind in (".left-out", "g:not([class])")]
    colours = {box.evaluate("(box) => getComputedStyle(box).stroke") for box in boxes}
    assert len(colours) == 2, "a colour of its own"
    expect(shown).to_contain_text("Left out: a letter, 2 dashes.")
    expect(shown).to_contain_text("A person should look: ink of the size of writing was left out.")
    page.locator(f"#{view} textarea").press("Enter")
    expect(value).to_have_count(0)


def test_rows_without_what_was_left_out_are_shown_as_before(opened):
    page = opened("image")

    def answer(route):
        (row,) = (answer := route.fetch()).json()
        for key in ("left_out", "review_reasons"):
            row.pop(key, None)
        route.fulfill(response=answer, json=[row])

    page.route("**/v1/read*", answer)
    page.set_input_files("#image-file", png(note("27")))
    reads(page, "image", "27")
    expect(page.locator("#image-boxes g")).to_have_count(2)
    expect(page.locator("#image-account")).to_be_empty()


def test_what_was_left_out_of_a_drawing_is_said(opened):
    page = opened("draw")

    def answer(route):
        row = (answer := route.fetch()).json()
        row |= {"left_out": [{"box": [400, 100, 90, 200], "reason": "letter"}], "needs_review": True, "review_reasons": ["unread"]}
        route.fulfill(response=answer, json=row)

    page.route("**/v1/strokes*", answer)
    draw(page, GLYPHS["3"][0])
    reads(page, "draw", "3")
    expect(page.locator("#draw-note")).to_have_text(re.compile("sure of what was read. Left out: a letter.$"))
    assert page.locator("#said").text_content().endswith("Left out: a letter.")
    expect(page.locator("#draw-boxes .left-out")).to_have_count(1)


def test_a_damaged_file_is_a_reason_to_look_at_every_value(opened):
    page = opened("files")

    def answer(route):
        (row,) = (answer := route.fetch()).json()
        route.fulfill(response=answer, json=[row | {"needs_review": True, "review_reasons": ["damaged"]}])

    page.route("**/v1/read*", answer)
    page.set_input_files("#files-file", png(sheet("31", "52")))
    expect(page.locator("#files .value.to-review")).to_contain_text(["The file may be damaged"] * 2)


def test_the_page_has_words_for_every_reason():
    script = (resources.files("inkdigits.server") / "page" / "leftout.js").read_text()
    left_out, review = (re.search(f"const {name} = {{(.*?)}};", script, re.DOTALL)[1] for name in ("LEFT_OUT", "REVIEW"))
    keys = r'^  "?([a-z ]+)"?:'
    assert set(re.findall(keys, left_out, re.MULTILINE)) == set(LEFT_OUT)
    assert set(re.findall(keys, review, re.MULTILINE)) == set(REVIEW_REASONS) - {"error", "refused"}
