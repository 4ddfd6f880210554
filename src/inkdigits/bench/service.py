"""What the service costs beside the Reader alone, and how it stands more than it can do: real processes, on the loopback interface.

Requests are sent by this process at a fixed rate, whether answers come or not (an open loop), so that a service that falls behind is seen
to fall behind.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from inkdigits import Reader
from inkdigits.batch.run import rows
from inkdigits.batch.sources import File
from inkdigits.training.progress import making

from .scale import resident
from .speed import note
from .tables import Table

HEAD = ("load", "requests/s", "answered 200", "answered 503", "other", "median, ms", "p99, ms", "memory, MB")
SHARE, TOO_MUCH = 0.7, 1.2
"""Of the rate that the service reaches: the load under which latency is measured, and the one that it must stand."""
STEADY = 30.0
"""Seconds of each of the other loads."""
SOME = 200
"""Images that the Reader alone is timed on."""


@dataclass
class Answers:
    """What came of a load. seconds: of each request that was answered with 200. memory: megabytes of the service after each tenth."""

    codes: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def table(minutes: float, workers: int) -> Table:
    """The Reader alone, then the service: as fast as it goes, at 70 % of that, and at 120 % for `minutes`."""
    photo = note(1000, 1000, ["3141592653"], 90)
    alone, steady = _alone(photo, workers), min(STEADY, 60 * minutes)
    rounds: list[dict[str, Any]] = [{"load": f"`Reader` alone, {workers} processes", "rate": alone}]
    with _service(workers) as (port, pid):
        before = resident(pid)
        full = asyncio.run(_closed(port, photo, 4 * workers, steady))
        rate = len(full.seconds) / steady
        rounds.append(_figures("as fast as it goes", rate, full, pid))
        rounds.append(_figures(f"{SHARE:.0%} of that", SHARE * rate, asyncio.run(_open(port, pid, photo, SHARE * rate, steady)), pid))
        over = asyncio.run(_open(port, pid, photo, TOO_MUCH * rate, 60 * minutes, report=True))
        rounds.append(_figures(f"{TOO_MUCH:.0%} of that for {minutes:g} minutes", TOO_MUCH * rate, over, pid))
        start = time.perf_counter()
        while asyncio.run(_closed(port, photo, 1, 0.0)).codes[200] != 1:
            time.sleep(0.05)
        recovered = time.perf_counter() - start
        after = resident(pid)
    memory = {"memory_before": before, "memory_during": over.memory, "memory_after": after}
    summary = {"service_by_reader": rate / alone, "recovered_s": recovered, **memory}
    said = (
        f"1000x1000 JPEG with ten digits. The service reaches {rate / alone:.2f} of what the Reader does alone. After the overload "
        f"the next request was answered within {recovered:.2f} s. Memory, in MB: {before:.0f} before the first request; after each "
        f"tenth of the overload {', '.join(format(mb, '.0f') for mb in over.memory)}; {after:.0f} after the last."
    )
    return Table("service", HEAD, [_row(f) for f in rounds], [*rounds, summary], said)


def _alone(photo: bytes, workers: int) -> float:
    """Images a second that the Reader reads without a service, in as many processes."""
    files = (File(str(i), photo) for i in range(SOME + 20 * workers))
    found = rows(Reader(), files, jobs=workers) if workers > 1 else rows(Reader(), files)
    for _ in range(20 * workers):  # the processes start, the models are loaded
        next(found)
    start = time.perf_counter()
    count = sum(1 for _ in found)
    return count / (time.perf_counter() - start)


@contextmanager
def _service(workers: int) -> Iterator[tuple[int, int]]:
    """A running service: its port and its process."""
    command = [sys.executable, "-m", "inkdigits", "serve", "--port", "0", "--workers", str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(":")[2].split("/")[0])
        while asyncio.run(_closed(port, note(200, 200, ["7"], 90), workers, 0.0)).codes[200] != workers:
            time.sleep(0.1)
        yield port, process.pid
        process.terminate()


async def _open(port: int, pid: int, photo: bytes, rate: float, duration: float, *, report: bool = False) -> Answers:
    """Send requests at a rate, each on a connection of its own, whatever becomes of those before. pid: of the service."""
    answers, running = Answers(), set()
    start, sent = time.perf_counter(), 0
    said = making(not report)
    while (elapsed := time.perf_counter() - start) < duration:
        while sent < rate * elapsed:
            task = asyncio.create_task(_ask(port, photo, answers))
            running.add(task)
            task.add_done_callback(running.discard)
            sent += 1
        said("overload", round(elapsed), round(duration))
        if 10 * elapsed > duration * (len(answers.memory) + 1):
            answers.memory.append(resident(pid))
        await asyncio.sleep(0.002)
    await asyncio.gather(*running)
    return answers


async def _closed(port: int, photo: bytes, clients: int, duration: float) -> Answers:
    """As many clients, each of which asks again as soon as it is answered; at least once."""
    answers, end = Answers(), time.perf_counter() + duration

    async def client() -> None:
        while True:
            await _ask(port, photo, answers)
            if time.perf_counter() >= end:
                return

    await asyncio.gather(*(client() for _ in range(clients)))
    return answers


async def _ask(port: int, photo: bytes, answers: Answers) -> None:
    """One request; a connection that is refused or lost counts as code 0."""
    start, code = time.perf_counter(), 0
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /v1/read HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(photo)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + photo)
        await writer.drain()
        answer = await reader.read()
        code = int(answer[9:12])
        writer.close()
    except (OSError, ValueError):
        pass
    answers.codes[code] += 1
    if code == 200:
        answers.seconds.append(time.perf_counter() - start)


def _figures(load: str, rate: float, found: Answers, pid: int) -> dict[str, Any]:
    ms = [1000 * s for s in found.seconds]
    p99 = quantiles(ms, n=100)[-1] if len(ms) > 1 else 0.0
    codes = {str(code): count for code, count in sorted(found.codes.items())}
    return {"load": load, "rate": rate, "codes": codes, "median_ms": median(ms) if ms else 0.0, "p99_ms": p99, "memory": resident(pid)}


def _row(f: dict[str, Any]) -> list[str]:
    if "codes" not in f:
        return [f["load"], f"{f['rate']:.0f}", *[""] * 6]
    other = sum(count for code, count in f["codes"].items() if code not in ("200", "503"))
    counts = [f"{f['codes'].get(code, 0):,}" for code in ("200", "503")]
    return [f["load"], f"{f['rate']:.0f}", *counts, f"{other:,}", f"{f['median_ms']:.0f}", f"{f['p99_ms']:.0f}", f"{f['memory']:.0f}"]
