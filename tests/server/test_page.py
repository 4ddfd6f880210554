"""The page in a real browser: what is drawn, photographed and dropped is read, reviewed and taken along."""

import json
import re
from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest
from user import LETTER, draw, draw_by_touch, expect, note, png, reads

from inkdigits.training.pen import GLYPHS

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGE = Path(str(resources.files("inkdigits.server"))) / "page"
VIEWS = ("draw", "image", "camera", "files", "inside")


def test_what_is_drawn_is_read_while_writing(opened):
    page = opened("draw")
    draw(page, GLYPHS["3"][0], left=100)
    reads(page, "draw", "3")
    draw(page, GLYPHS["2"][0], left=320)
    reads(page, "draw", "32")
    expect(page.locator("#draw-boxes g")).to_have_count(2)
    assert page.locator("#said").text_content().startswith("Read: 32.")
    page.click("#undo")
    page.click("#undo")
    reads(page, "draw", "3")
    page.click("#clear")
    reads(page, "draw", "")
    assert page.locator("#draw-boxes g, #draw-cards li").count() == 0
    page.click("#undo")
    reads(page, "draw", "3")


def test_one_digit_has_a_bar_for_every_class_and_its_tile(opened):
    page = opened("draw")
    page.get_by_label("One digit").first.check()
    draw(page, GLYPHS["3"][0])
    reads(page, "draw", "3")
    bars = page.locator("#draw-cards .bars li")
    assert [bar.split("\n")[0] for bar in bars.all_inner_texts()] == [*"0123456789", "not a digit"]
    assert page.locator("#draw-cards .best").inner_text().startswith("3")
    pixels = page.locator("#draw-cards .tile").evaluate("(tile) => [...tile.getContext('2d').getImageData(0, 0, 28, 28).data]")
    assert 28 < (np.array(pixels).reshape(28, 28, 4)[..., 0] > 128).sum() < 28 * 28 / 2, "white strokes on black"


def test_a_finger_writes(opened):
    page = opened("draw", width=390, height=844, has_touch=True, is_mobile=True)
    draw_by_touch(page, GLYPHS["4"][0], 60, 70, 130)
    draw_by_touch(page, GLYPHS["2"][0], 200, 70, 130)
    reads(page, "draw", "42")
    assert page.evaluate("scrollY") == 0, "the finger draws, and does not scroll"


def test_the_keyboard_writes(opened):
    page = opened("draw")
    page.focus("#pad")
    for key in (*["ArrowUp"] * 6, "Space", *["ArrowDown"] * 12, "Space"):
        page.keyboard.press(key)
    reads(page, "draw", "1")
    page.keyboard.press("Delete")
    reads(page, "draw", "")
    page.keyboard.press("Control+z")
    reads(page, "draw", "1")


def test_a_letter_is_refused_with_a_reason(opened):
    page = opened("draw")
    draw(page, LETTER)
    expect(page.locator("#draw-note.refused")).to_contain_text("No digit: what is on it are")
    reads(page, "draw", "")
    page.get_by_label("One digit").first.check()
    reads(page, "draw", "?")
    assert "not a digit" in page.locator("#draw-cards .why").inner_text().lower()
    assert "not a digit" in page.locator("#said").text_content().lower()
    page.get_by_label("Answer even when unsure").first.check()
    reads(page, "draw", re.compile("^[0-9]$"))


@pytest.mark.parametrize("newer", ["a stroke is begun", "another option is chosen"])
def test_a_late_answer_is_not_shown(opened, newer):
    page = opened("draw")
    held = []
    page.route("**/v1/strokes*", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/v1/strokes*"):
        draw(page, GLYPHS["3"][0], left=100)
    if newer == "a stroke is begun":
        page.mouse.down()
    else:
        page.get_by_label("Answer even when unsure").first.check()
        reads(page, "draw", "3")
    before = page.locator("#draw-text").text_content()
    late = {"text": "8", "lines": [], "confidence": 1, "refused": None, "error": None}
    held[0].fulfill(body=json.dumps(late), content_type="application/json")
    page.wait_for_timeout(200)
    reads(page, "draw", before)


def test_a_busy_service_is_asked_again_and_a_key_once(opened):
    page = opened("draw", allowed=["503", "401"])
    asked = []

    def answer(route):
        key = route.request.headers.get("x-api-key")
        asked.append(key)
        if key != "open sesame":
            route.fulfill(status=401, body="{}")
        elif len(asked) < 4:
            route.fulfill(status=503, headers={"Retry-After": "0.2"}, body="{}")
        else:
            route.continue_()

    page.route("**/v1/strokes*", answer)
    draw(page, GLYPHS["3"][0])
    for key in ("sesame", "open sesame"):
        page.get_by_label("Key", exact=True).fill(key)
        page.get_by_role("button", name="Use it").click()
        page.wait_for_timeout(150)
    reads(page, "draw", "3")
    draw(page, GLYPHS["2"][0], left=420)
    reads(page, "draw", "32")
    assert asked == [None, "sesame", "open sesame", "open sesame", "open sesame"]


def test_an_image_is_read_shown_and_explained(opened):
    page = opened("image")
    page.set_input_files("#image-file", png(note("2735", seed=3)))
    reads(page, "image", "2735")
    expect(page.locator("#image-boxes text")).to_have_text(list("2735"))
    page.get_by_text("Digit by digit").click()
    expect(page.locator("#image-cards li.card")).to_have_count(4)
    assert page.locator("#image-cards h3").count() == 0, "one line needs no heading"
    page.click("#image-explain")
    expect(page.locator("#image-stages img")).to_be_visible()
    assert page.locator("#image-stages img").evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 300


def test_an_unsure_image_is_answered_when_asked_to(opened):
    page = opened("image")
    sheet = np.full((140, 140), 235, np.uint8)
    for points in LETTER:
        cv2.polylines(sheet, [np.int32(np.array(points) * 80 + 30)], False, 20, 6, cv2.LINE_AA)
    page.get_by_label("One digit").nth(1).check()
    page.set_input_files("#image-file", png(sheet))
    reads(page, "image", "?")
    page.get_by_label("Answer even when unsure").nth(1).check()
    reads(page, "image", re.compile("^[0-9]$"))


def test_what_is_no_image_is_refused_in_words(opened):
    page = opened("image", allowed=["415"])
    page.set_input_files("#image-file", {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"Dear reader"})
    expect(page.locator("#image-values .to-review")).to_contain_text("Not an image")
    expect(page.locator("#image-picture")).to_be_hidden()


@pytest.mark.parametrize(("way", "count", "view"), [("paste", 1, "image"), ("drop", 1, "image"), ("drop", 2, "files")])
def test_files_come_by_paste_and_drop(opened, way, count, view):
    page = opened("draw")
    page.evaluate(
        """([way, bytes, count]) => {
            const data = new DataTransfer();
            for (let i = 0; i < count; i++) data.items.add(new File([new Uint8Array(bytes)], `${i}.png`, { type: "image/png" }));
            if (way === "paste") dispatchEvent(new ClipboardEvent(way, { clipboardData: data }));
            else dispatchEvent(new DragEvent(way, { dataTransfer: data }));
        }""",
        [way, list(png(note("27"))["buffer"]), count],
    )
    expect(page.locator(f"#{view}")).to_be_visible()
    reads(page, view, *["27"] * count)


def test_the_camera_is_read_live_and_stops_when_left(opened):
    page = opened("camera", permissions=["camera"])
    page.click("#camera-start")
    reads(page, "camera", "27")
    assert page.locator("#camera-boxes g").count() == 2
    page.click("#camera-keep")
    reads(page, "image", "27")
    assert page.evaluate("document.getElementById('camera-video').srcObject.getTracks().every((track) => track.readyState === 'ended')")
    page.goto(page.url.split("#")[0] + "#camera")
    assert page.locator("#camera-start").inner_text() == "Start the camera"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param("NotAllowedError", "not allowed", id="no permission"),
        pytest.param("NotFoundError", "no camera", id="no camera"),
        pytest.param("NotReadableError", "Another program", id="taken"),
    ],
)
def test_without_a_camera_the_page_says_so(opened, fault, said):
    page = opened("camera")
    page.evaluate("(name) => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name)))", fault)
    page.click("#camera-start")
    expect(page.locator("#camera-state")).to_contain_text(said)


def test_inside_shows_the_layers_and_what_the_answer_rests_on(opened):
    page = opened("inside")
    assert page.locator("#inside-hint").is_visible()
    page.get_by_role("link", name="write a number").click()
    draw(page, GLYPHS["3"][0], left=100)
    draw(page, GLYPHS["2"][0], left=320)
    reads(page, "draw", "32")
    page.get_by_role("button", name="Look inside").nth(1).click()
    expect(page.locator("#inside-bars .best")).to_have_text(re.compile("^2"))
    expect(page.locator("#inside-digits label")).to_have_text(["3", "2"])
    assert page.locator("#inside-layers img").evaluate_all("(all) => all.every((image) => image.naturalWidth > 20)")
    pixels = page.locator("#inside-saliency").evaluate("(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]")
    red, _, blue, _ = np.array(pixels).reshape(-1, 4).T
    assert (red > blue + 60).any(), "some place is orange"
    page.locator("#inside-digits input").first.check()
    expect(page.locator("#inside-bars .best")).to_have_text(re.compile("^3"))


def test_a_digit_is_written_looked_into_and_fooled_on_one_screen(opened):
    page = opened("inside")
    draw(page, GLYPHS["6"][0], left=100, top=40, height=160, pad="inside-pad")
    expect(page.locator("#inside-outcome")).to_have_text("The answer is 6.")
    expect(page.locator("#inside-layers img")).to_have_count(4)
    page.get_by_label("Turn").fill("180")
    expect(page.locator("#inside-outcome")).to_have_text("Fooled: the answer was 6, and is 9 now.")
    page.get_by_role("button", name="As written").click()
    expect(page.locator("#inside-outcome")).to_have_text("The answer is 6.")
    page.get_by_label("Blur").fill("4")
    page.get_by_label("Thin or thick").fill("-2")
    expect(page.locator("#inside-outcome")).to_have_text("Fooled: the answer was 6, and is not a digit now.")


def test_inside_draws_a_bar_for_each_unit_of_a_dense_layer(opened):
    """The network that ships has no dense layer but its last: what one would respond is put into the service's answer."""
    page = opened("draw")

    def dense(route):
        answer = route.fetch()
        layers = [*answer.json()["layers"][:1], {"units": 4, "responses": [0, 0.25, 1, 0.5]}]
        route.fulfill(response=answer, json=answer.json() | {"layers": layers})

    page.route("**/v1/inside", dense)
    draw(page, GLYPHS["3"][0])
    reads(page, "draw", "3")
    page.get_by_role("button", name="Look inside").click()
    expect(page.locator("#inside-layers figcaption").last).to_have_text("Layer 2 4 units")
    expect(page.get_by_role("img", name="4 units of layer 2, of which 3 respond")).to_be_visible()
    heights = page.locator("#inside-layers rect").evaluate_all("(all) => all.map((bar) => bar.getBoundingClientRect().height)")
    assert np.allclose(np.array(heights) / max(heights), [0, 0.25, 1, 0.5], atol=0.02)
    assert max(heights) > 60, "the strongest fills the picture"
    expect(page.locator("#inside-layers img")).to_have_count(1)


def test_inside_says_so_where_there_is_no_layer_to_show(opened):
    page = opened("draw")

    def without(route):
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"layers": []})

    page.route("**/v1/inside", without)
    draw(page, GLYPHS["3"][0])
    reads(page, "draw", "3")
    page.get_by_role("button", name="Look inside").click()
    expect(page.locator("#inside-layers")).to_contain_text("There is no layer to show")
    expect(page.locator("#inside-bars .best")).to_have_text(re.compile("^3"))


def test_the_page_works_offline_and_reads_when_the_service_is_back(opened):
    page = opened("draw", allowed=["ERR_INTERNET_DISCONNECTED"])
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#unreached")).to_be_visible()
    draw(page, GLYPHS["3"][0])
    expect(page.locator("#draw-note")).to_have_text("The service is not reached.")
    page.context.set_offline(False)
    reads(page, "draw", "3")
    expect(page.locator("#unreached")).to_be_hidden()


def go(page, view):
    """Open a view that is filled."""
    page.evaluate("(view) => (location.hash = view)", view)
    expect(page.locator(f"#{view}")).to_be_visible()
    if view == "inside":
        expect(page.locator("#inside-layers figure").first).to_be_visible()


def fill(page):
    """Something in every view."""
    page.get_by_label("One digit").first.check()
    draw(page, LETTER, left=60, top=60, height=130)
    reads(page, "draw", "?")
    page.set_input_files("#image-file", EXAMPLES / "page.jpg")
    expect(page.locator("#image textarea").first).to_have_value("48107")
    page.set_input_files("#files-file", [png(note("27"), f"{'a_long_name_' * 4}.png"), png(np.full((80, 80), 240, np.uint8))])
    expect(page.locator("#files textarea")).to_have_count(2)


def test_nothing_is_wider_than_the_screen(opened):
    page = opened("draw", width=360)
    fill(page)
    wide = {}
    for view in VIEWS:
        go(page, view)
        for case, width, size in (("a small phone", 360, 16), ("with text twice as large", 360, 32), ("1280 pixels at 200 %", 640, 16)):
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("(size) => (document.documentElement.style.fontSize = `${size}px`)", size)
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            wide |= {(view, case): over} if over else {}
    assert wide == {}


def test_axe_finds_no_serious_fault(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs inkdigits[dev]: axe-playwright-python").Axe()
    page = opened("draw")
    fill(page)
    found = []
    for view in VIEWS:
        go(page, view)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            violations = axe.run(page).response["violations"]
            found += [(view, scheme, v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in ("serious", "critical")]
    assert found == []


def test_the_page_needs_nothing_from_elsewhere_and_obeys_its_policy():
    for path in PAGE.rglob("*.*"):
        text = path.read_text()
        assert not re.search(r"(?:https?:)?//(?!www\.w3\.org/2000/svg)[a-z0-9-]+\.[a-z]", text), f"{path.name}: only relative addresses"
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", text), f"{path.name}: texts are never markup"
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style", (PAGE / "index.html").read_text())


def test_the_service_worker_keeps_every_file():
    kept = set(re.findall(r'"([a-z]+\.[a-z]+)"', (PAGE / "sw.js").read_text().split("];")[0]))
    assert kept == {path.name for path in PAGE.iterdir() if path.is_file()} - {"index.html", "sw.js"}


def test_the_page_says_what_it_is_for_and_what_reads(opened):
    page = opened("draw")
    assert page.locator("#draw h2").inner_text() == "Write a number"
    assert page.title() == "Write a number · inkdigits"
    said = page.locator("#model", has_text="Read by number ")
    said.wait_for()
    assert "which reads whole numbers with their symbols, and digit " in said.inner_text()
    assert "classes" not in said.inner_text()
