"""How long the site takes in Chromium: the first answer after a cold load, a drawn number, a photo of 12 megapixels.

    python tools/site_speed.py

It prints, for each, the median of its runs with the least and the most, in milliseconds: by the clock, and of processor time in all of
Chromium, its compiler's threads included. Where other programs run meanwhile, the clock counts those too. The networks run on one thread,
as a host of files allows that sends no headers. Needs inkdigits[dev], chromium and, the first time, npm.
"""

from __future__ import annotations

import base64
import shutil
import statistics
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from site_agreement import LOAD, served

from inkdigits.training.pen import GLYPHS, write

DRAWN, PHOTOS, LOADS = 20, 5, 3
"""Runs of each."""
WRITING = 5
"""Seconds that a person takes to write the first number."""
STROKES = [
    [(40 + 140 * place + 100 * x, 150 + 160 * y) for x, y in stroke] for place, digit in enumerate("2735") for stroke in GLYPHS[digit][0]
]
"""A number on a pad of 700 x 500."""
READ = """async ([site, strokes]) => {
  const { drawn } = await import(`${site}strokes.js`);
  return (await window.reader.read(drawn({ strokes, width: 700, height: 500, pen: 12 }).canvas, { tiles: true })).text;
}"""
PHOTO = "async (file) => window.reader.read(new Blob([Uint8Array.from(atob(file), (c) => c.charCodeAt(0))], { type: 'image/jpeg' }))"


def timed(browser: Browser, runs: int, work: Callable[[], Any], prepare: Callable[[], Any] = lambda: None) -> str:
    """Median, least and most of some runs of work, each prepared before, by the clock and of processor time, in words."""
    session = browser.new_browser_cdp_session()

    def spent() -> float:
        return sum(float(one["cpuTime"]) for one in session.send("SystemInfo.getProcessInfo")["processInfo"])

    clock, processor = [], []
    for _ in range(runs):
        prepare()
        before, start = spent(), time.perf_counter()
        work()
        clock.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (spent() - before))
    said = [f"{statistics.median(one):.0f} ({min(one):.0f} to {max(one):.0f})" for one in (clock, processor)]
    return f"clock {said[0]}, processor {said[1]} ms, {runs} runs"


def photo() -> str:
    """Three lines of numbers on paper, 4000 x 3000 pixels, as JPEG in base64."""
    page = np.full((1500, 2000), 225, np.float32)
    page += np.linspace(-25, 15, 2000, dtype=np.float32)
    for number, text in enumerate(("48107", "926531", "70884")):
        ink = cv2.resize(write(text, np.random.default_rng(number)), None, fx=4, fy=4)
        top = 120 + 450 * number
        page[top : top + ink.shape[0], 200 : 200 + ink.shape[1]] *= 1 - 0.8 * ink
    noisy = cv2.resize(page, (4000, 3000)) + np.random.default_rng(0).normal(0, 3, (3000, 4000)).astype(np.float32)
    image = cv2.cvtColor(np.clip(noisy, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    return base64.b64encode(cv2.imencode(".jpg", image)[1].tobytes()).decode()


def main() -> None:
    """Measure and print."""
    large = photo()
    with served() as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        pages: list[Page] = []

        def answer() -> str:
            text: str = pages[-1].evaluate(READ, [address, STROKES])
            return text

        def load() -> None:
            pages.append(browser.new_context().new_page())
            pages[-1].goto(address.removesuffix("site/"))  # the list of the folder: a page that reads nothing by itself
            pages[-1].evaluate(LOAD, address)

        def load_and_wait() -> None:
            load()
            pages[-1].wait_for_timeout(1000 * WRITING)

        def load_and_answer() -> None:
            load()
            answer()

        print("a cold load and the first answer:", timed(browser, LOADS, load_and_answer), flush=True)
        print(f"the first answer, {WRITING} s after a cold load:", timed(browser, LOADS, answer, load_and_wait), flush=True)
        print(f"a drawn number ({answer()}):", timed(browser, DRAWN, answer), flush=True)
        text = pages[-1].evaluate(PHOTO, large)["text"].split()
        print(f"a photo of 12 megapixels ({text}):", timed(browser, PHOTOS, lambda: pages[-1].evaluate(PHOTO, large)), flush=True)
        browser.close()


if __name__ == "__main__":
    main()
