"""The form editor in a real browser: fields are drawn, named, ordered, tried on a scan and saved, by pointer and by keyboard."""

import csv
import io
import json
import re
import sys
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
sys.path.append(str(Path(__file__).parents[1] / "forms"))

from forms_drawn import FIELDS, SIZE, blank_page, filled_page
from user import expect, png

from inkdigits.cli import group
from inkdigits.forms.fieldtypes import TYPES
from inkdigits.forms.schema import PROPERTIES

PAGE = Path(str(resources.files("inkdigits.server"))) / "page"
CHECK = {"check": "sum", "of": ["first", "second"], "is": "total"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where form.json lies; each test puts it there anew."""
    return tmp_path_factory.mktemp("form")


@pytest.fixture(scope="module")
def service(folder, serve):
    """The address of the editor."""
    put_form(folder)
    with serve("--form", str(folder / "form.json")) as (address, _):
        yield f"{address}form.html"


@pytest.fixture
def editing(opened, folder):
    """A function that opens the editor of a form with these fields, on as many pages."""

    def begin(fields=FIELDS, *, pages=1, checks=(), height=1600, **means):
        put_form(folder, fields, pages, checks)
        page = opened(height=height, **means)
        page.wait_for_function("() => document.querySelector('#paper').naturalWidth > 0")
        return page

    return begin


def put_form(folder, fields=FIELDS, pages=1, checks=()):
    (folder / "blank.png").write_bytes(cv2.imencode(".png", blank_page())[1].tobytes())
    (folder / "other.png").write_bytes(cv2.imencode(".png", blank_page("Report"))[1].tobytes())
    every = [{"name": "application", "image": "blank.png", "size": list(SIZE), "fields": fields}]
    if pages == 2:
        every.append({"name": "report", "image": "other.png", "size": list(SIZE), "fields": []})
    (folder / "form.json").write_text(json.dumps({"version": 1, "name": "application", "pages": every, "checks": list(checks)}))


def on_disk(folder):
    return json.loads((folder / "form.json").read_text())


def drag(page, start, end):
    """Drag the mouse from one point of the page of the form to another, both in its pixels."""
    page.locator("#places").scroll_into_view_if_needed()
    plan = page.locator("#places").bounding_box()
    share = plan["width"] / SIZE[0]
    points = [(plan["x"] + x * share, plan["y"] + y * share) for x, y in (start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    page.mouse.up()


def draw(page, box):
    x, y, w, h = box
    drag(page, (x, y), (x + w, y + h))


def say(page, key, value):
    """Say something of the field that is chosen."""
    control = page.locator(f"#key-{key}")
    if control.evaluate("(node) => node.tagName") == "SELECT":
        control.select_option(value)
    else:
        control.fill(value)
        control.press("Tab")


def names(page):
    return [text.split()[0] for text in page.locator("#fields .name").all_inner_texts()]


def box(page):
    return [int(page.locator(f"#key-box{end}").input_value()) for end in ("", "-y", "-width", "-height")]


def save(page):
    page.keyboard.press("Control+s")
    expect(page.locator("#kept")).to_have_text("is saved")


def test_fields_are_drawn_named_ordered_tried_and_saved_and_scans_are_read_by_them(editing, folder, tmp_path):
    page = editing([])
    draw(page, FIELDS[1]["box"])
    assert np.abs(np.array(box(page)) - FIELDS[1]["box"]).max() <= 2
    say(page, "name", "first")
    page.fill("#key-maximum", "500")  # and nothing more: it is said by drawing the next one
    draw(page, FIELDS[0]["box"])
    say(page, "name", "student")
    page.locator("#key-type").select_option("id")
    for key, value in {"length": "9", "cells": "9", "check": "luhn"}.items():
        say(page, key, value)
    page.get_by_label("required").check()
    draw(page, [300, 700, 200, 60])
    assert names(page) == ["first", "student", "field-1"]
    page.keyboard.press("Delete")
    assert names(page) == ["first", "student"]
    page.keyboard.press("Control+z")
    assert names(page) == ["first", "student", "field-1"]
    page.click("#undo")
    assert names(page) == ["first", "student"]
    page.get_by_role("button", name="Move student up").click()
    assert names(page) == ["student", "first"]
    expect(page.locator("#kept")).to_have_text("has changes that are not saved")

    scan = filled_page(blank_page(), id="123456782", first="120")
    page.set_input_files("#scan", [png(scan, "scan.png")])
    values = page.locator("#tried li")
    expect(values).to_have_count(2, timeout=60_000)
    assert values.locator(".name").all_inner_texts() == ["student", "first"]
    assert values.locator("output").all_inner_texts() == ["123456782", "120"]
    assert "ok" in values.first.inner_text()
    seen = page.locator("#tried .box").nth(1)
    assert np.abs(np.array([float(seen.get_attribute(key)) for key in ("x", "y", "width", "height")]) - FIELDS[1]["box"]).max() <= 4
    assert values.first.locator("img").evaluate("(image) => image.naturalWidth") > 100
    assert on_disk(folder)["pages"][0]["fields"] == [], "it is tried before it is saved"

    save(page)
    first, second = on_disk(folder)["pages"][0]["fields"]
    assert {key: first[key] for key in first if key != "box"} == {
        "name": "student", "type": "id", "length": 9, "cells": 9, "check": "luhn", "required": True,
    }  # fmt: skip
    assert (second["name"], second["type"], second["maximum"]) == ("first", "integer", 500)
    cv2.imwrite(str(tmp_path / "scan.png"), scan)
    done = CliRunner().invoke(group, ["form", "read", str(tmp_path / "scan.png"), "--form", str(folder / "form.json"), "--quiet"])
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert [row[key] for key in ("student", "student status", "first", "first status")] == ["123456782", "ok", "120", "ok"]


def test_the_keyboard_does_it_all(editing, folder):
    page = editing([], width=1000, height=700)
    page.get_by_role("button", name="Add a field").focus()
    page.keyboard.press("Enter")
    x, y, w, h = box(page)
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Control+ArrowLeft", "Shift+ArrowRight", "Shift+Control+ArrowDown"):
        page.keyboard.press(key)
    assert box(page) == [x - 8, y + 1, w + 1, h + 10]
    page.keyboard.press("Enter")
    page.keyboard.press("Control+a")
    page.keyboard.type("total")
    page.keyboard.press("Enter")
    assert names(page) == ["total"]
    page.keyboard.press("Control+z")  # nothing is being typed any more: it is the name that is taken back
    assert names(page) == ["field-1"]
    page.keyboard.press("Control+Shift+z")
    assert names(page) == ["total"]
    save(page)
    assert on_disk(folder)["pages"][0]["fields"] == [{"name": "total", "box": [x - 8, y + 1, w + 1, h + 10], "type": "integer"}]
    for _ in range(3):  # the name; both resizings; all moves
        page.click("#undo")
    assert box(page) == [x, y, w, h]
    page.click("#undo")
    assert names(page) == []


def test_boxes_are_moved_and_resized_within_the_page(editing):
    page = editing()
    drag(page, (250, 240), (270, 250))
    assert np.abs(np.array(box(page)) - [220, 230, 160, 54]).max() <= 1
    drag(page, (380, 284), (420, 314))
    assert np.abs(np.array(box(page)) - [220, 230, 200, 84]).max() <= 2
    drag(page, (300, 260), (900, 260))
    assert box(page)[0] + box(page)[2] == SIZE[0]
    say(page, "box", "9000")
    assert box(page)[0] + box(page)[2] == SIZE[0]
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert box(page) == FIELDS[1]["box"]
    page.click("#larger")
    drag(page, (250, 240), (270, 250))
    assert np.abs(np.array(box(page)) - [220, 230, 160, 54]).max() <= 1


def test_what_is_wrong_stands_beside_its_field_and_what_is_typed_is_not_lost(editing, folder):
    page = editing(checks=[CHECK], allowed=["422"])
    before = on_disk(folder)
    page.get_by_role("button", name="first integer").click()
    page.fill("#key-minimum", "900")
    page.get_by_role("button", name="day date").click()
    assert page.locator("#key-minimum").input_value() == "", "it was said of the field that was chosen"
    for name, said in {"a;b": "Name must be a name without commas", "second": "Another field of this page has the name second."}.items():
        page.fill("#key-name", name)
        page.keyboard.press("Control+s")
        expect(page.locator("#field-problem")).to_contain_text(said)
    page.fill("#key-name", "daté")
    page.keyboard.press("Control+s")
    expect(page.locator("#field-problem")).to_contain_text("The minimum 900 is above the maximum 500; correct it")
    assert page.locator("#field-title").inner_text() == "first"
    assert page.locator("#fields .wrong").inner_text().startswith("first")
    assert on_disk(folder) == before
    page.fill("#key-minimum", "1.5")
    save(page)
    assert [own["name"] for own in on_disk(folder)["pages"][0]["fields"]] == ["id", "first", "second", "total", "daté", "agreed"]
    assert on_disk(folder)["pages"][0]["fields"][1]["minimum"] == 1.5


def test_an_answer_of_the_service_disturbs_nobody_who_types(editing):
    page = editing([FIELDS[0]])
    held = []
    page.route("**/v1/form/propose", lambda route: held.append(route))
    page.locator("#fields .name").click()
    with page.expect_request("**/v1/form/propose"):
        page.click("#propose")
    page.fill("#key-name", "stud")
    held[0].fulfill(body=json.dumps({"fields": FIELDS[1:2]}), content_type="application/json")
    expect(page.locator("#fields li")).to_have_count(2)
    page.keyboard.type("ent")
    page.keyboard.press("Enter")
    assert names(page) == ["student", "field-1"]


def test_checks_stay_and_follow_a_name(editing, folder):
    page = editing(checks=[CHECK], allowed=["422"])
    page.get_by_role("button", name="first integer").click()
    say(page, "name", "one")
    expect(page.locator("#checks-list li")).to_contain_text("one + second = total")
    save(page)
    assert on_disk(folder)["checks"] == [{"check": "sum", "of": ["one", "second"], "is": "total"}]
    page.get_by_role("button", name="Delete this field").click()
    page.keyboard.press("Control+s")
    expect(page.locator("#message")).to_contain_text("there is no field 'one'")
    page.get_by_role("button", name="Delete the check one + second = total").click()
    save(page)
    assert "checks" not in on_disk(folder)


def test_a_file_that_was_changed_meanwhile_is_not_written_over(editing, folder):
    page = editing(allowed=["409"])
    page.get_by_role("button", name="first integer").click()
    say(page, "name", "mine")
    put_form(folder, FIELDS[:2])
    page.click("#save")
    expect(page.locator("#message")).to_contain_text("The file form.json was changed by somebody else since it was loaded here")
    assert on_disk(folder)["pages"][0]["fields"] == FIELDS[:2]
    page.get_by_role("button", name="Load the file as it is now").click()
    expect(page.locator("#fields li")).to_have_count(2)
    page.click("#undo")
    assert names(page) == ["id", "mine", "second", "total", "day", "agreed"]
    save(page)
    assert [own["name"] for own in on_disk(folder)["pages"][0]["fields"]] == names(page)


def test_every_type_offers_the_keys_that_python_knows(editing):
    page = editing([FIELDS[1]])
    page.locator("#fields .name").click()
    assert page.locator("#key-type option").all_inner_texts() == list(TYPES)
    for kind in TYPES:
        page.locator("#key-type").select_option(kind)
        labels = page.locator("#field .key > label, #field .key > legend").all_inner_texts()
        assert labels == [key for key, (_, types) in PROPERTIES.items() if kind in types]
    for key in ("check", "order"):
        page.locator("#key-type").select_option("id" if key == "check" else "date")
        assert page.locator(f"#key-{key} option").all_inner_texts() == ["not set", *PROPERTIES[key][0]["enum"]]


def test_keys_are_said_as_form_json_has_them(editing, folder):
    fields = [{"name": "a", "box": [100, 100, 90, 40], "type": "id", "values": ["17"], "length": [2, 3]}]
    page = editing(fields)
    page.locator("#fields .name").click()
    assert (page.locator("#key-values").input_value(), page.locator("#key-length").input_value()) == ("17\n", "2-3")
    say(page, "length", "2 - 4")
    say(page, "values", "17\n18\n")
    save(page)
    assert on_disk(folder)["pages"][0]["fields"] == [fields[0] | {"values": ["17", "18"], "length": [2, 4]}]
    (folder / "ids.txt").write_text("17\n123\n")
    say(page, "values", "ids.txt")
    say(page, "length", "")
    save(page)
    assert on_disk(folder)["pages"][0]["fields"] == [{"name": "a", "box": [100, 100, 90, 40], "type": "id", "values": "ids.txt"}]


def test_a_choice_has_options_with_boxes_of_their_own(editing, folder):
    page = editing([], allowed=["422"])
    draw(page, [100, 700, 300, 60])
    page.locator("#key-type").select_option("choice")
    page.keyboard.press("Control+s")
    expect(page.locator("#field-problem")).to_contain_text("A choice has no options")
    for name in ("yes", "no"):
        page.click("#add-option")
        page.locator("#field li input").last.fill(name)
    drag(page, (110, 710), (120, 715))  # the first option, alone
    drag(page, (380, 750), (390, 755))  # the field, with its options
    save(page)
    (own,) = on_disk(folder)["pages"][0]["fields"]
    assert np.abs(np.array(own["box"]) - [110, 705, 300, 60]).max() <= 3
    assert [option["name"] for option in own["options"]] == ["yes", "no"]
    assert np.abs(np.array([option["box"] for option in own["options"]]) - [[120, 710, 60, 60], [230, 705, 60, 60]]).max() <= 4


def test_pages_are_proposed_and_edited_one_by_one(editing, folder):
    page = editing([FIELDS[0]], pages=2)
    page.click("#propose")
    expect(page.locator("#fields li")).to_have_count(6)
    assert names(page)[0] == "id", "what is there stays"
    page.click("#propose")
    expect(page.locator("#kept")).to_have_text("Nothing was found that is no field already.")
    page.get_by_label("report").check()
    expect(page.locator("#paper")).to_have_attribute("alt", "The blank: report")
    assert names(page) == []
    draw(page, FIELDS[3]["box"])
    assert names(page) == ["field-6"]
    page.get_by_label("a form is").select_option("document")
    save(page)
    assert on_disk(folder)["group"] == "document"
    assert [len(one["fields"]) for one in on_disk(folder)["pages"]] == [6, 1]


def test_a_form_begins_with_a_blank_that_is_dropped(chromium, serve, tmp_path):
    with serve("--form", str(tmp_path / "new.json")) as (address, _):
        page = chromium.new_page()
        page.goto(f"{address}form.html")
        expect(page.locator("#begin")).to_be_visible()
        page.set_input_files("#blank", [png(np.full((400, 300), 255, np.uint8), "white.png")])
        expect(page.locator("#begin-state")).to_contain_text("too little print")
        page.set_input_files("#blank", [png(blank_page(), "application.png")])
        expect(page.locator("#fields li")).to_have_count(len(FIELDS), timeout=30_000)
        page.wait_for_function("() => document.querySelector('#paper').naturalWidth > 0")
        page.close()
    assert json.loads((tmp_path / "new.json").read_text())["name"] == "application"


def test_a_service_without_a_form_says_so(chromium, serve):
    with serve() as (address, _):
        page = chromium.new_page()
        page.goto(f"{address}form.html")
        expect(page.locator("#message")).to_contain_text("inkdigits serve --form form.json")
        page.close()


def test_a_finger_scrolls_the_page_and_moves_what_it_has_chosen(editing):
    page = editing(width=390, height=844, has_touch=True, is_mobile=True)
    plan = page.locator("#places").bounding_box()
    share = plan["width"] / SIZE[0]
    touches = page.context.new_cdp_session(page)

    def swipe(start, end):
        points = [{"x": plan["x"] + x * share, "y": plan["y"] + y * share} for x, y in (start, end)]
        touches.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        touches.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points[1:]})
        touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe((300, 700), (400, 760))
    assert len(names(page)) == len(FIELDS), "nothing is drawn"
    page.touchscreen.tap(plan["x"] + 280 * share, plan["y"] + 247 * share)
    assert page.locator("#field-title").inner_text() == "first"
    swipe((280, 247), (320, 267))
    assert np.abs(np.array(box(page)) - [240, 240, 160, 54]).max() <= 3


def test_nothing_is_wider_than_the_screen_and_axe_finds_no_serious_fault(editing, opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs inkdigits[dev]: axe-playwright-python").Axe()
    page = editing(pages=2, checks=[CHECK])
    page.get_by_role("button", name="id id").click()
    page.set_input_files("#scan", [png(filled_page(blank_page(), id="123456782", first="120"), "scan.png")])
    expect(page.locator("#tried li")).to_have_count(len(FIELDS), timeout=60_000)
    found = []
    for width in (360, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            violations = axe.run(page).response["violations"]
            found += [(width, scheme, v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in ("serious", "critical")]
    assert found == []


def test_the_editor_has_nothing_inline():
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style", (PAGE / "form.html").read_text())
