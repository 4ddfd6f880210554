"""How fast the review of a store of 10,000 forms answers: fills one with forms of six fields, serves it, and asks as the page does.

    python tools/review_speed.py /tmp/store.db          # minutes to fill it, where the file is not there yet; seconds to ask

Prints the median and the longest time of each request, in milliseconds, with the number of requests and the load of the machine.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "forms"))
FORMS, DOUBTED = 10_000, 0.15


def fill(url: str) -> None:
    """Put the forms into a store; a share of the values is unsure."""
    from stored_forms import form, rows, value

    rng = random.Random(1)
    with rows(url, sample=0.05) as run:
        for number in range(FORMS):
            unsure = ["unsure" if rng.random() < DOUBTED else "ok" for _ in range(5)]
            texts = {
                "id": rng.choice(["1008", "2006", "3004"]),
                "a": str(rng.randrange(100, 140)),
                "b": str(rng.randrange(10, 40)),
                "t": "300",
            }
            values = [value(name, text, status) for (name, text), status in zip(texts.items(), unsure, strict=False)]
            day = value("day", "2026-11-11", unsure[4], text="11/11/2026", tiles=False)
            run.write(form(number, *values, day, value("agreed", "yes", tiles=False)))


def measure(address: str) -> dict[str, list[float]]:
    """The times of requests of each kind, in milliseconds."""
    times: dict[str, list[float]] = {}
    me = {"reviewer": "speed", "session": uuid.uuid4().hex}

    def ask(kind: str, path: str, **body: object) -> dict:
        request = urllib.request.Request(
            f"{address}v1/review{path}", json.dumps({**me, **body}).encode() if path else None, {"Content-Type": "application/json"}
        )
        begin = time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            found = json.load(answer)
        times.setdefault(kind, []).append(1000 * (time.perf_counter() - begin))
        return found

    def say(kind: str, path: str, **body: object) -> dict:
        return ask(kind, path, token=uuid.uuid4().hex, **body)

    for _ in range(20):
        ask("progress", "")
    for _ in range(20):
        batch = ask("48 digits given", "/work", stage="digit")
        say("48 digits said", "/digits", said={one["task"]: batch["label"] for one in batch["digits"]})
    for _ in range(8):
        for one in ask("12 values given", "/work", stage="field")["fields"]:
            say("a value said", "/field", task=one["task"], sequence=one["sequence"], text=one["text"], insist=True)
    for _ in range(10):
        if form := ask("a form given", "/work", stage="form").get("form"):
            said = {one["field"]: (one["sequence"], one["text"]) for one in form["fields"]}
            say("a form said", "/form", task=form["task"], said=said, insist=True)
    say("undo", "/undo")
    return times


def main(path: str) -> None:
    """Fill, serve, ask, print."""
    if not Path(path).exists():
        fill(f"sqlite:///{os.path.abspath(path)}")
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", "0", "--workers", "1", "--store", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        try:
            address = service.stdout.readline().split()[0]
            time.sleep(5)  # its workers load their models
            for kind, found in measure(address).items():
                print(f"{kind}: median {statistics.median(found):.0f} ms, longest {max(found):.0f} ms of {len(found)}")
        finally:
            service.terminate()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main(sys.argv[1])
