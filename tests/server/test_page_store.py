"""The review page in a real browser, by keyboard alone, and its routes: nothing that somebody says is lost, whatever dies."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy", reason="needs inkdigits[store]")
sys.path.append(str(Path(__file__).parents[1] / "forms"))

from stored_forms import filled, form, template, value
from user import expect

from inkdigits.forms.checked import checked_rows
from inkdigits.forms.store import Store


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A store that the service has open; each test fills it anew."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/rows.db"
    filled(url, form(1, value("a", "1")))
    return url


@pytest.fixture(scope="module")
def service(url, serve):
    """The address of the review page."""
    with serve("--store", url) as (address, _):
        yield f"{address}review.html"


@pytest.fixture
def fill(url):
    """A function that puts forms into the store, in place of those of the test before."""
    return lambda *forms, sample=0.0: filled(url, *forms, sample=sample, overwrite=True)


@pytest.fixture
def reviewing(opened):
    """A function that opens the page as somebody: `reviewing("Ann")`."""

    def begin(name="Ann", **means):
        page = opened(**means)
        page.get_by_label("Name").fill(name)
        page.keyboard.press("Enter")
        page.locator("main section:visible").wait_for()
        return page

    return begin


def table(url):
    with Store(url) as store:
        return list(checked_rows(store, template()))


def unsure(number, text="7", name="a", **others):
    return form(number, value(name, text, "unsure", tiles=False, **others))


def over(page):
    expect(page.get_by_role("heading", name="Nothing is left to look at")).to_be_visible()


def test_a_correction_a_second_by_keyboard_alone(reviewing, fill, url):
    fill(*(unsure(number) for number in range(1, 41)))
    page = reviewing()
    expect(page.locator("#field-crop")).to_be_visible()
    begun = time.monotonic()
    for _ in range(40):
        number = re.search(r"scan(\d+)", page.locator("#field-title").inner_text())[1]
        page.keyboard.type(f"1{number}")
        page.keyboard.press("Enter")
        page.wait_for_function("(before) => !document.querySelector('#field-title').textContent.includes(before)"
                               " || !document.querySelector('#nothing').hidden", arg=f"scan{number}.png")  # fmt: skip
    over(page)
    assert time.monotonic() - begun < 40
    assert [(row["a"], row["a by"]) for row in table(url)] == [(f"1{number}", "Ann") for number in range(1, 41)]
    assert page.locator("#left-field").inner_text() == "0"


def test_digits_are_picked_out_of_their_class_and_taken_back(reviewing, fill, url):
    fill(*(form(number, value("a", text, "unsure", confidence=0.5 + number / 100)) for number, text in enumerate(["7", "7", "7", "17"])))
    page = reviewing()
    expect(page.get_by_role("heading")).to_contain_text(["Review", "Which of these is not a 1?"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Which of these is not a 7?")).to_be_visible()
    cells = page.locator("#cells button")
    expect(cells).to_have_count(4)
    for key in ("ArrowRight", "Space", "ArrowRight", "4"):
        page.keyboard.press(key)
    assert [cell.get_attribute("aria-label") for cell in cells.all()][1:3] == ["Number 2 of 7, not a 7", "Number 3 of 7, a 4"]
    page.keyboard.press("Enter")
    expect(page.locator("#field-title")).to_contain_text("scan1.png")
    assert [(row["a"], row["a status"]) for row in table(url)] == [("7", "ok"), ("7", "unsure"), ("4", "ok"), ("17", "ok")]
    page.keyboard.press("Control+z")
    expect(page.get_by_role("heading", name="Which of these is not a 7?")).to_be_visible()
    assert {row["a status"] for row in table(url)} == {"unsure"}
    page.keyboard.press("Enter")
    over(page)
    assert [(row["a"], row["a status"]) for row in table(url)] == [("7", "ok"), ("7", "ok"), ("7", "ok"), ("17", "ok")]


def test_what_cannot_be_is_said_and_can_be_kept(reviewing, fill, url):
    fill(unsure(1), unsure(2, "24/11/2026", "day"))
    page = reviewing(allowed=["422"])
    for _ in range(2):
        expect(page.locator("#field-crop")).to_be_visible()
        typed = "31/2/2026" if page.locator("#field-title").inner_text().startswith("day") else "900"
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
    problem = page.locator("#field-problem")
    expect(problem).to_have_text(re.compile("Enter keeps it as it stands"))
    for _ in range(2):
        if page.locator("#field-title").inner_text().startswith("day"):
            assert problem.inner_text().startswith("Not a date.")
            page.keyboard.type("28/2/2026")
        else:
            assert problem.inner_text().startswith("Above the maximum 500.")
            assert page.locator("#field-text").input_value() == "900"
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
    over(page)
    first, second = table(url)
    assert (first["a"], first["a status"], first["a note"]) == ("900", "invalid", "above the maximum 500")
    assert (second["day"], second["day status"]) == ("2026-02-28", "ok")


def test_a_value_is_taken_back_by_keyboard(reviewing, fill, url):
    fill(unsure(1))
    page = reviewing()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    over(page)
    page.keyboard.press("Control+z")
    expect(page.locator("#field-text")).to_have_value("7")
    assert table(url)[0]["a status"] == "unsure"
    page.keyboard.type("12")
    page.keyboard.press("Escape")
    expect(page.locator("#field-text")).to_have_value("7")
    page.keyboard.press("Enter")
    over(page)
    assert (table(url)[0]["a"], table(url)[0]["a status"]) == ("7", "ok")


def test_a_form_is_gone_through_by_keyboard(reviewing, fill, url):
    fill(form(1, value("a", "7"), value("b", "5", "unsure", tiles=False), value("t", "13")))
    page = reviewing(allowed=["422"])
    page.keyboard.press("Enter")
    expect(page.locator("#form-said")).to_have_text("Not a + b = t.")
    for _ in range(3):
        page.keyboard.press("Enter")
    expect(page.locator("#form-said")).to_contain_text("keeps it as it stands")
    page.keyboard.press("Control+a")
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    over(page)
    assert [table(url)[0][name] for name in ("a", "b", "t", "t by")] == ["7", "5", "12", "Ann"]


def test_two_people_at_once_do_not_clash(reviewing, fill, url):
    fill(*(unsure(number) for number in range(40)))
    ann, ben = reviewing("Ann"), reviewing("Ben")
    for page in (ann, ben) * 40:
        page.locator("#field-crop:visible, #nothing:visible").first.wait_for()
        if page.locator("#field-crop").is_visible():
            page.keyboard.type("1")
            page.keyboard.press("Enter")
    over(ann)
    over(ben)
    assert not ann.locator("#message").is_visible()
    found = [(row["a"], row["a by"]) for row in table(url)]
    assert {value for value, _ in found} == {"1"}
    assert {who for _, who in found} == {"Ann", "Ben"}


def test_sure_values_among_them_say_how_many_of_the_others_are_wrong(reviewing, fill):
    fill(*(form(number, value("a", "7", tiles=False)) for number in range(4)), sample=1.0)
    page = reviewing()
    expect(page.locator("#estimate")).to_contain_text("is not known yet")
    page.keyboard.type("1")
    for left in range(4):
        page.keyboard.press("Enter")
        expect(page.locator("#left-field")).to_have_text(str(3 - left))
    expect(page.locator("#estimate")).to_contain_text(
        "25.0 % are wrong, 4.56 % to 69.9 % with 95 % confidence: 1 of 4 that were looked at at random was."
    )


def test_the_name_is_asked_once(reviewing, fill):
    fill(unsure(1))
    page = reviewing()
    expect(page.locator("#field-text")).to_be_visible()
    page.reload()
    expect(page.locator("#field-text")).to_be_visible()
    assert page.locator("#who").inner_text() == "Ann"


def test_nothing_is_wider_than_the_screen_and_axe_finds_no_serious_fault(reviewing, fill):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs inkdigits[dev]: axe-playwright-python").Axe()
    fill(form(1, value("a", "123", "unsure")), unsure(2, name="b"), form(3, refused="it fits no page of the form"))
    page = reviewing()
    found = []
    for kind in ("Digits", "Values", "Forms"):
        page.get_by_label(kind).check()
        expect(page.locator("main section:visible")).to_have_attribute("id", {"Digits": "digit", "Values": "field", "Forms": "form"}[kind])
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, (kind, width)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            violations = axe.run(page).response["violations"]
            found += [(kind, scheme, v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in ("serious", "critical")]
    assert found == []


# What dies


def test_what_was_typed_while_the_service_was_away_is_there_in_the_end(reviewing, fill, url):
    fill(*(unsure(number) for number in range(6)))
    page = reviewing(allowed=["ERR_INTERNET_DISCONNECTED"])
    expect(page.locator("#field-text")).to_be_visible()
    page.context.set_offline(True)
    for _ in range(3):
        page.keyboard.type("1")
        page.keyboard.press("Enter")
    expect(page.locator("#unreached")).to_contain_text("kept in this browser")
    other = page.context.new_page()  # and the window is closed before it is back
    page.close()
    page.context.set_offline(False)
    other.goto(page.url)
    expect(other.locator("#left-field")).to_have_text("3")
    assert sorted(row["a"] for row in table(url)) == ["1", "1", "1", "7", "7", "7"]


def post(address, path, **body):
    request = urllib.request.Request(f"{address}v1/review/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_service_that_is_killed_has_kept_all_that_it_answered(serve, tmp_path):
    url = f"sqlite:///{tmp_path}/rows.db"
    filled(url, *(unsure(number) for number in range(12)))
    me, answered = {"reviewer": "Ann", "session": "a"}, []
    with serve("--store", url) as (address, process):
        for number, one in enumerate(post(address, "work", **me)["fields"]):
            if number == 7:
                process.send_signal(signal.SIGKILL)
            try:
                post(address, "field", **me, token=str(number), task=one["task"], sequence=0, text="3")
                answered.append(one["source"])
            except (urllib.error.URLError, OSError):
                break
    assert len(answered) >= 7
    assert set(answered) <= {row["source"] for row in table(url) if row["a"] == "3"}


def test_a_database_that_is_away_is_said_and_what_is_said_again_is_taken(serve, postgresql):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(f"{postgresql.url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE reviewed")
    url = f"{postgresql.url}/reviewed"
    filled(url, unsure(1))
    me = {"reviewer": "Ann", "session": "a"}
    with serve("--store", url) as (address, _):
        (one,) = post(address, "work", **me)["fields"]
        said = {**me, "token": "t", "task": one["task"], "sequence": one["sequence"], "text": "3"}
        subprocess.run([*postgresql.control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd="/")
        try:
            with pytest.raises(urllib.error.HTTPError) as caught:
                post(address, "field", **said)
        finally:
            subprocess.run([*postgresql.control, "-o", postgresql.options, "start"], check=True, capture_output=True, cwd="/")
        assert (caught.value.code, caught.value.headers["Retry-After"]) == (503, "1")
        assert "cannot be used" in json.load(caught.value)["detail"]
        caught.value.close()
        assert post(address, "field", **said)["progress"]["left"]["field"] == 0
    assert [row["a"] for row in table(url)] == ["3"]


@pytest.mark.parametrize(
    ("path", "content", "kind", "status"),
    [
        ("work", b'{"reviewer": "Ann", "session": "a"}', "text/plain", 415),
        ("work", b"no JSON", "application/json", 422),
        ("work", b'{"reviewer": "", "session": "a"}', "application/json", 422),
        (
            "field",
            b'{"reviewer": "Ann", "session": "a", "token": "t", "task": 999999, "sequence": 0, "text": "1"}',
            "application/json",
            409,
        ),
        ("undo", b'{"reviewer": "Ann", "session": "nobody", "token": "t"}', "application/json", 409),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(service, path, content, kind, status):
    address = service.replace("review.html", f"v1/review/{path}")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(address, content, {"Content-Type": kind}), timeout=20)
    assert caught.value.code == status
    assert json.load(caught.value)["detail"]
    caught.value.close()
