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
from user import LETTER, draw, expect, note, png, strokes

from inkdigits import Reader
from inkdigits.errors import DataError
from inkdigits.server.static import write_site
from inkdigits.server.strokes import drawn, enlarged
from inkdigits.training.pen import GLYPHS

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.suffix in (".jpg", ".png"))
NOTES = ["7", "42", "2735", "60071", "18", "314", "908", "55", "1234567", "2026"]
LOADED = "Nothing is written yet."


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
    """A function that opens the site, `visit(width=390)`, and whose `asked` are the addresses that were asked for; all of them must be the
    site's own, and nothing may go wrong but what matches a text in `allowed`."""
    contexts, faults, excused, asked = [], [], [], []

    def open_site(*, allowed=(), loaded=True, width=1280, height=800, before=None, **means):
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
        page.goto(site)
        if loaded:
            expect(page.locator("#draw-note")).to_have_text(LOADED, timeout=60_000)
        return page

    open_site.asked = asked
    yield open_site
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not any(text in fault for text in excused)] == []
    host = site.split("some/")[0]
    assert [url for url in asked if not url.startswith((host, f"blob:{host}"))] == []


def reads(page, text, where="draw"):
    expect(page.locator(f"#{where}-text")).to_have_text(text, use_inner_text=False, timeout=60_000)


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
    page = visit()
    draw(page, GLYPHS["3"][0], left=60, top=80, height=160)
    reads(page, "3")
    draw(page, GLYPHS["2"][0], left=240, top=80, height=160)
    reads(page, "32")
    expect(page.locator("#draw-boxes g")).to_have_count(2)
    draw(page, LETTER, left=420, top=80, height=160)
    reads(page, "32?")
    expect(page.locator("#draw-why")).to_contain_text("Not a digit")
    page.click("#undo")
    page.click("#undo")
    page.click("#clear")
    reads(page, "")
    expect(page.locator("#draw-note")).to_have_text(LOADED)
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
    page = visit()
    page.set_input_files("#image-file", png(note("2735", seed=3)))
    reads(page, "2735", "image")
    expect(page.locator("#image-boxes text")).to_have_text(list("2735"))
    page.set_input_files("#image-file", [{"name": "poem.png", "mimeType": "image/png", "buffer": b"no image"}])
    expect(page.locator("#image-note")).to_have_text("Poem.png is no image that the browser can show.")
    reads(page, "", "image")


def test_it_works_offline_after_the_first_visit(visit):
    page = visit()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    expect(page.locator("#forget-state")).to_contain_text("works offline")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("#draw-note")).to_have_text(LOADED, timeout=60_000)
    draw(page, GLYPHS["4"][0], left=100, top=80, height=160)
    reads(page, "4")


STORED = "async () => [await caches.keys(), (await navigator.serviceWorker.getRegistrations()).length]"


def test_one_click_deletes_all_that_is_stored(visit):
    page = visit()
    page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
    caches, workers = page.evaluate(STORED)
    assert (len(caches), workers) == (1, 1)
    page.get_by_role("button", name="Delete all that is stored").click()
    expect(page.locator("#forget-state")).to_contain_text("nothing of this page is stored")
    assert page.evaluate(STORED) == [[], 0]


def test_the_example_of_the_documentation_reads(visit, site):
    page = visit(allowed=["404"])  # it has no icon
    page.goto(f"{site}../example.html")
    page.set_input_files("#file", png(note("908", seed=3)))
    expect(page.locator("#text")).to_have_text("908", timeout=60_000)


def test_a_missing_network_is_named(visit):
    page = visit(
        allowed=["404"],
        loaded=False,
        before=lambda page: page.context.route("**/models/number/model.onnx", lambda route: route.fulfill(status=404)),
    )
    expect(page.locator("#draw-note")).to_have_text("Models/number/model.onnx is not there (404).")


def test_a_phone_sees_all_of_it_and_axe_finds_no_serious_fault(visit):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs inkdigits[dev]: axe-playwright-python").Axe()
    for scheme in ("light", "dark"):
        page = visit(width=390, height=844, color_scheme=scheme, bypass_csp=True)  # for axe, which is a script of its own
        draw(page, GLYPHS["3"][0], left=40, top=60, height=100)
        page.set_input_files("#image-file", png(note("2735", seed=3)))
        reads(page, "2735", "image")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        violations = axe.run(page).response["violations"]
        assert [one["id"] for one in violations if one["impact"] in ("serious", "critical")] == [], json.dumps(violations)[:2000]
