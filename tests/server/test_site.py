"""The site that `inkdigits site` writes, served by `python -m http.server` under a path, in a real browser."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from user import LETTER, dialogs, downloaded, draw, expect, note, png, reads, strokes

from inkdigits import Reader
from inkdigits.errors import DataError
from inkdigits.server.static import write_site
from inkdigits.server.strokes import drawn, enlarged
from inkdigits.training.pen import GLYPHS

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.suffix in (".jpg", ".png"))
NOTES = ["7", "42", "2735", "60071", "18", "314", "908", "55", "1234567", "2026"]
LOADED = "Read on this device by number, which reads whole numbers with their symbols, and digit, which checks its digits."
VIEWS = ("draw", "image", "camera", "files", "inside")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a site that lies at a path of its host."""
    folder = tmp_path_factory.mktemp("host")
    try:
        write_site(folder / "some" / "site")
    except DataError as error:
        pytest.skip(f"needs ONNX Runtime Web: {error}")
    (folder / "some" / "example.html").write_text(example())
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        address = server.stdout.readline().split("(")[1].split(")")[0]
        yield f"{address}some/site/"
        server.terminate()


def example():
    """The page that docs/embed.md shows."""
    return re.search("```html\n(.*?)```", (ROOT / "docs" / "embed.md").read_text(), re.DOTALL)[1]


@pytest.fixture
def visit(chromium, site):
    """A function that opens the site, `visit("files", width=390)`, and whose `asked` are the addresses that were asked for; all of them
    must be the site's own, and nothing may go wrong but what matches a text in `allowed`."""
    contexts, faults, excused, asked = [], [], [], []

    def open_site(view="", *, allowed=(), loaded=True, width=1280, height=800, before=None, **means):
        context = chromium.new_context(viewport={"width": width, "height": height}, **means)
        contexts.append(context)
        excused.extend(allowed)
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        if before:
            before(page)
        page.goto(f"{site}#{view}")
        if loaded:
            expect(page.locator("#model")).to_have_text(LOADED, timeout=60_000)
        return page

    open_site.asked = asked
    yield open_site
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not any(text in fault for text in excused)] == []
    host = site.split("some/")[0]
    assert [url for url in asked if not url.startswith((host, f"blob:{host}"))] == []


READ = """async ([address, files]) => {
  const { Reader } = await import(`${address}reader.js`);
  const reader = await Reader.load();
  const rows = [];
  for (const file of files) {
    const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
    rows.push(await reader.read(new Blob([bytes])));
  }
  reader.close();
  return rows;
}"""


def read_in(page, site, files):
    """The rows that the page's reader makes of files."""
    return page.evaluate(READ, [site, [base64.b64encode(content).decode() for content in files]])


def test_what_is_written_is_read_here_and_nowhere_else(visit):
    page = visit("draw")
    draw(page, GLYPHS["3"][0], left=60, top=80, height=160)
    reads(page, "draw", "3")
    draw(page, GLYPHS["2"][0], left=240, top=80, height=160)
    reads(page, "draw", "32")
    expect(page.locator("#draw-boxes g")).to_have_count(2)
    draw(page, LETTER, left=420, top=80, height=160)
    reads(page, "draw", "32?")
    expect(page.locator("#draw-cards .why")).to_contain_text("Not a digit")
    page.get_by_label("One digit").first.check()
    expect(page.locator("#draw-cards .bars li")).to_have_count(11)
    page.click("#clear")
    reads(page, "draw", "")
    assert {url.rsplit("/", 1)[-1] for url in visit.asked} >= {"model.onnx", "ort-wasm-simd-threaded.wasm"}, "the networks run here"


def test_notes_and_examples_are_read_as_in_python(visit, site):
    """The same texts, and confidences to 1e-3 where the runtime computes alike: in 8 bits another processor may round otherwise."""
    files = [cv2.imencode(".png", note(text, seed=3))[1].tobytes() for text in NOTES] + [path.read_bytes() for path in EXAMPLES]
    found, reader = read_in(visit(), site, files), Reader()
    wanted = [reader.read(content).to_dict() for content in files]
    assert [row["text"] for row in found] == [row["text"] for row in wanted]
    assert [row["review_reasons"] for row in found] == [row["review_reasons"] for row in wanted]
    differ = np.abs([row["confidence"] for row in found] - np.array([row["confidence"] for row in wanted]))
    assert differ.max() < 1e-2, dict(zip(NOTES + [path.name for path in EXAMPLES], differ.tolist(), strict=True))


DRAWN = """async ([address, drawings]) => {
  const { Reader } = await import(`${address}reader.js`);
  const { drawn, enlarged } = await import(`${address}strokes.js`);
  const reader = await Reader.load();
  const rows = [];
  for (const drawing of drawings) {
    const { canvas, unit } = drawn(drawing);
    rows.push(enlarged(await reader.read(canvas), unit));
  }
  reader.close();
  return rows;
}"""


def drawing(text):
    """Digits as the pad has them: strokes, and its size and pen."""
    every = [
        [(float(x), float(y)) for x, y in stroke]
        for place, digit in enumerate(text)
        for stroke in strokes(GLYPHS[digit][0], 50 + 130 * place, 90, 130)
    ]
    return {"strokes": every, "width": max(500, 130 * len(text) + 100), "height": 360, "pen": 11}


def test_strokes_are_read_as_the_service_reads_them(visit, site):
    """The browser draws lines by a way of its own, so that pixels at their ends and edges differ, and boxes by a few of these."""
    drawings, reader = [drawing(text) for text in NOTES], Reader()
    found = visit().evaluate(DRAWN, [site, drawings])
    for row, one in zip(found, drawings, strict=True):
        content, unit = drawn(**one)
        wanted = enlarged(reader.read(content), unit)
        assert row["text"] == wanted.text
        for ours, theirs in zip(row["lines"], wanted.lines, strict=True):
            assert np.abs(np.subtract(ours["box"], theirs.box)).max() <= 5
    assert {row["text"] for row in found} & set(NOTES), "some of them are right"


def test_an_image_is_shown_with_boxes_and_one_that_is_none_is_refused(visit):
    page = visit("image")
    page.set_input_files("#image-file", png(note("2735", seed=3)))
    reads(page, "image", "2735")
    expect(page.locator("#image-boxes text")).to_have_text(list("2735"))
    expect(page.get_by_role("button", name="Show the stages")).to_be_hidden()
    page.set_input_files("#image-file", [{"name": "poem.png", "mimeType": "image/png", "buffer": b"no image"}])
    expect(page.locator("#image-state")).to_have_text("No image that the browser can show: poem.png.")
    reads(page, "image")


STORED = """async () => {
  const bases = (await indexedDB.databases()).map(({ name }) => name);
  return [await caches.keys(), (await navigator.serviceWorker.getRegistrations()).length, bases];
}"""


def test_many_files_are_reviewed_survive_a_reload_are_taken_along_and_deleted(visit):
    page = visit("files")
    pdf = {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}
    page.set_input_files("#files-file", [png(note("27"), "a.png"), png(note("908"), "b.png"), pdf])
    expect(page.locator("#files-count")).to_have_text("3 of 3 files read, 1 to review")
    expect(page.locator("#files img.crop[src]")).to_have_count(2)
    expect(page.locator("#files .to-review")).to_contain_text("inkdigits read and inkdigits serve read PDF and TIFF")
    page.get_by_label("Text of scan.pdf").press_sequentially("15")
    page.get_by_label("Text of b.png").fill("909")
    page.get_by_label("Text of b.png").press("Enter")

    answers = dialogs(page)
    page.reload()
    reads(page, "files", "27", "909", "15")
    rows = downloaded(page, "#files-csv")
    assert [(row["source"], row["text"], row["corrected"], row["checked"]) for row in rows] == [
        ("a.png", "27", "", "false"),
        ("b.png", "908", "909", "true"),
        ("scan.pdf", "", "15", "true"),
    ]
    with page.expect_download() as download:
        page.click("#files-json")
    first, second, third = json.loads(Path(download.value.path()).read_text())
    assert (first["lines"][0]["digits"][0]["label"], first["corrected"], second["corrected"]) == ("2", None, "909")
    assert "tile" not in first["lines"][0]["digits"][0]
    assert third["error"].startswith("no image")

    page.get_by_role("button", name="Delete all that is stored").click()
    expect(page.locator("#forget-state")).to_contain_text("nothing of this page is stored")
    expect(page.locator("#files-result")).to_be_hidden()
    assert page.evaluate(STORED) == [[], 0, []]
    assert answers == ["beforeunload"], "what was downloaded is not asked about"


def test_corrections_are_not_deleted_unasked(visit):
    page = visit("image")
    page.set_input_files("#image-file", png(note("27"), "a.png"))
    reads(page, "image", "27")
    page.locator("#image textarea").fill("28")
    answers = dialogs(page, accept=False)
    page.get_by_role("button", name="Delete all that is stored").click()
    assert answers == ["confirm"]
    reads(page, "image", "28")
    assert len(page.evaluate(STORED)[2]) == 1


def test_the_camera_is_read_here(visit):
    page = visit("camera", permissions=["camera"])
    page.click("#camera-start")
    reads(page, "camera", "27")
    expect(page.locator("#camera-state")).to_have_text("Frames are read on this device, and not kept.")


def test_the_network_is_looked_into_here(visit):
    page = visit("draw")
    draw(page, GLYPHS["3"][0], left=60, top=80, height=160)
    page.get_by_role("button", name="Look inside").click()
    expect(page.locator("#inside-bars .best")).to_have_text(re.compile("^3"))
    expect(page.locator("#inside-layers img")).to_have_count(4)
    assert page.locator("#inside-layers img").evaluate_all("(all) => all.every((image) => image.naturalWidth > 20)")


def test_it_works_offline_after_the_first_visit(visit):
    page = visit("draw")
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#model")).to_have_text(LOADED, timeout=60_000)
    draw(page, GLYPHS["4"][0], left=100, top=80, height=160)
    reads(page, "draw", "4")


def test_the_example_of_the_documentation_reads(visit, site):
    page = visit(allowed=["404"])  # it has no icon
    page.goto(f"{site}../example.html")
    page.set_input_files("#file", png(note("908", seed=3)))
    expect(page.locator("#text")).to_have_text("908", timeout=60_000)


def test_a_missing_network_is_named(visit):
    page = visit(
        "draw",
        allowed=["404"],
        loaded=False,
        before=lambda page: page.context.route("**/models/number/model.onnx", lambda route: route.fulfill(status=404)),
    )
    said = "Models/number/model.onnx is not there (404)."
    expect(page.locator("#model")).to_have_text(said)
    draw(page, GLYPHS["4"][0], left=100, top=80, height=160)
    expect(page.locator("#draw-note")).to_have_text(said)


def test_a_phone_sees_all_of_it_and_axe_finds_no_serious_fault(visit):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs inkdigits[dev]: axe-playwright-python").Axe()
    page = visit("draw", width=390, height=844, bypass_csp=True)  # for axe, which is a script of its own
    draw(page, GLYPHS["3"][0], left=40, top=60, height=100)
    reads(page, "draw", "3")
    page.set_input_files("#image-file", png(note("2735", seed=3)))
    page.set_input_files("#files-file", [png(note("27"), "a.png"), png(np.full((80, 80), 240, np.uint8), "b.png")])
    expect(page.locator("#files textarea")).to_have_count(2)
    found = []
    for view in VIEWS:
        page.evaluate("(view) => (location.hash = view)", view)
        expect(page.locator(f"#{view}")).to_be_visible()
        if view == "inside":
            expect(page.locator("#inside-layers figure")).to_have_count(4)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
            violations = axe.run(page).response["violations"]
            found += [(view, scheme, v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in ("serious", "critical")]
    assert found == []
