"""How often the site reads in Chromium what Python reads, text for text: real sets, and sheets on desks. No figure of this is a time.

    INKDIGITS_DATA=../shared/data python tools/site_agreement.py

Of a large JPEG both decode half, a quarter or an eighth, each with its own means. It prints a line for each image that is read otherwise,
and for each set how many texts are the same and how far confidences are apart; it takes some minutes. Needs inkdigits[dev], chromium and,
the first time, npm. On 2026-12-01, of photos_multi 79 of 79, of registers 200 of 200, of sheets on desks 79 of 79 texts the same, their
confidences at most 0.017, 0.001 and 0.015 apart.
"""

from __future__ import annotations

import argparse
import base64
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
from playwright.sync_api import Page, sync_playwright

from inkdigits import Reader
from inkdigits.bench.conditions import DESKS, LEANS, PHOTOGRAPHED, PHOTOS, TILTS, TURNS, Sheets, picture
from inkdigits.bench.sets import RealSet
from inkdigits.server.static import write_site

SETS: dict[str, int | None] = {"photos_multi": None, "registers": 200, "desks": None}
"""How many images of each set are read, None for all; of the sets' development halves."""
AS_TAKEN = (*DESKS, PHOTOGRAPHED, *TILTS, *LEANS, *TURNS)
"""The set `desks`: the sheets of photos_multi as `inkdigits bench wild` composes them, in one of these conditions after the other."""
LOAD = "async (site) => { window.reader = await (await import(`${site}reader.js`)).Reader.load(); }"
READ = "async ([file, type]) => window.reader.read(new Blob([Uint8Array.from(atob(file), (c) => c.charCodeAt(0))], { type }))"


@contextmanager
def served() -> Iterator[str]:
    """The address of a site under a path, served by `python -m http.server`."""
    with tempfile.TemporaryDirectory() as folder:
        write_site(Path(folder) / "site")
        command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            assert server.stdout is not None
            yield server.stdout.readline().split("(")[1].split(")")[0] + "site/"
            server.terminate()


@contextmanager
def opened() -> Iterator[Page]:
    """A page in Chromium with a reader in it."""
    with served() as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.evaluate(LOAD, address)
        yield page
        browser.close()


def files(data: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """The images of a set, each with a name. data: INKDIGITS_DATA."""
    if name == "desks":
        sheets = Sheets(data / "real", PHOTOS)
        for index in range(len(sheets)):
            condition = AS_TAKEN[index % len(AS_TAKEN)]
            image = picture(sheets, index, condition, data)
            yield f"{index}, {condition}", cv2.imencode(".png", image[..., ::-1])[1].tobytes()
    else:
        own = RealSet(data / "real" / name)
        for index in range(len(own)):
            path = Path(os.fspath(own.given(index)))  # type: ignore[arg-type]  # these sets are files
            yield path.name, path.read_bytes()


def compared(page: Page, name: str, images: Iterable[tuple[str, bytes]]) -> str:
    """How a set is read in both ways, in a line."""
    reader, same, count, apart = Reader(), 0, 0, [0.0]
    for label, content in images:
        wanted = reader.read(content)
        kind = "image/jpeg" if content.startswith(b"\xff\xd8") else ""
        found: dict[str, Any] = page.evaluate(READ, [base64.b64encode(content).decode(), kind])
        count += 1
        if found["text"] == wanted.text:
            same += 1
            apart.append(abs(found["confidence"] - wanted.confidence))
        else:
            print(f"{name} {label}: {found['text']!r} in the browser, {wanted.text!r} in Python", flush=True)
    near = sum(one <= 0.005 for one in apart[1:])
    return f"{name}: {same} of {count} texts the same, of these {near} confidences within 0.005, none more than {max(apart):.3f} apart"


def main() -> None:
    """Read the sets and print how they agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), help="names of real sets of files")
    names = parser.parse_args().sets
    with opened() as page:
        for name in names:
            print(compared(page, name, islice(files(Path(os.environ["INKDIGITS_DATA"]), name), SETS.get(name))), flush=True)


if __name__ == "__main__":
    main()
