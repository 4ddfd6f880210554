"""The real service, and the page in a real Chromium that reports what goes wrong in it."""

import shutil

import numpy as np
import pytest

from inkdigits.training.pen import write


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """Debian's chromium, driven by Playwright; what its camera sees is the number 27."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs inkdigits[dev]: playwright")
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("needs a browser: apt-get install chromium")
    video = tmp_path_factory.mktemp("camera") / "27.y4m"
    video.write_bytes(film("27"))
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={video}"]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium, service):
    """A function that opens the page as a person with these means would have it: `opened("draw", width=360)`.

    before: a script that runs before those of the page. Afterwards, nothing may have gone wrong in it but what matches a text in `allowed`.
    """
    contexts, faults, excused = [], [], []

    def open_page(view="", *, allowed=(), before="", width=1280, height=800, **means):
        context = chromium.new_context(viewport={"width": width, "height": height}, **means)
        contexts.append(context)
        excused.extend(allowed)
        page = context.new_page()
        page.add_init_script(before)
        page.set_default_timeout(10_000)
        page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{service}#{view}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not any(text in fault for text in excused)] == []


def film(text):
    """Black ink on light paper, as a film of one frame (YUV4MPEG2)."""
    ink = np.pad(write(text, np.random.default_rng(3)), 60)
    frame = np.round(235 * (1 - 0.8 * ink)).astype(np.uint8)
    frame = frame[: frame.shape[0] // 2 * 2, : frame.shape[1] // 2 * 2]
    height, width = frame.shape
    grey = bytes([128]) * (height * width // 2)
    return b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\nFRAME\n" % (width, height) + frame.tobytes() + grey
