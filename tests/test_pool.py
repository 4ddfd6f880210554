"""Worker processes: what kills one costs its own file and nothing else. The reader here dies, hangs or answers by the image's height."""

import io
import multiprocessing
import os
import queue
import signal
import time
from concurrent.futures import Future
from functools import partial

import cv2
import numpy as np
import pytest
from PIL import Image

from inkdigits import images
from inkdigits.batch.pool import LostError, Pool
from inkdigits.batch.run import Task, in_pool, reading_work, rows
from inkdigits.batch.sources import File
from inkdigits.errors import ModelError
from inkdigits.options import Options
from inkdigits.reading import Reading
from standins import DAWDLES, DEVOURS, DIES, HANGS, KILLED, Fragile


def pool_of(workers: int = 1, model: str | None = None, **options: float) -> Pool[Task, list[Reading]]:
    return Pool(partial(reading_work, Fragile, model), workers, **options)


def image(height: int) -> File:
    return File(f"{height}.png", content=cv2.imencode(".png", np.zeros((height, 8), np.uint8))[1].tobytes())


def document(heights: list[int]) -> File:
    """A TIFF, a page for each."""
    first, *others = [Image.new("L", (8, height)) for height in heights]
    out = io.BytesIO()
    first.save(out, "TIFF", save_all=True, append_images=others)
    return File("pages.tiff", content=out.getvalue())


def texts(futures: list[Future[list[Reading]]]) -> list[str]:
    return [future.result(60)[0].text.split(",")[0] for future in futures]


def test_every_file_is_read_as_its_task_says() -> None:
    tasks = [
        Task(image(5)),
        Task(image(6), single=True, options=Options(0.25)),
        Task(image(7), options=Options(0.5)),
        Task(image(8), options=Options(0.5, "digits")),
    ]
    with pool_of() as pool:
        found = [future.result(60)[0].text.split(",") for future in [pool.submit(task) for task in tasks]]
    assert [(height, percent, single, alphabet) for height, percent, _, single, alphabet in found] == [
        ("5", "", "False", ""),
        ("6", "25", "True", ""),
        ("7", "50", "False", ""),
        ("8", "50", "False", "digits"),
    ]


def test_files_that_wait_are_read_together() -> None:
    with pool_of() as pool:
        futures = [pool.submit(Task(image(height))) for height in range(20, 40)]
        found = [int(future.result(60)[0].text.split(",")[2]) for future in futures]
    assert max(found) > 1
    assert max(found) <= 16


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(DIES, "died \\(exit status 9\\)", id="dies"),
        pytest.param(HANGS, "longer than 0.7 s", id="hangs"),
        pytest.param(DEVOURS, "ran out of the memory that it may take", id="wants too much memory"),
        pytest.param(KILLED, "died \\(SIGKILL\\), as where the machine has no more memory", id="is killed"),
    ],
)
def test_a_poisoned_image_costs_its_own_task(bad: int, reason: str) -> None:
    heights = [5, 6, bad, 7, 8]
    with pool_of(timeout=0.7) as pool:
        futures = [pool.submit(Task(image(height))) for height in heights]
        with pytest.raises(LostError, match=reason):
            futures.pop(2).result(60)
        assert texts(futures) == ["5", "6", "7", "8"]


def test_no_more_wait_than_there_is_room_for() -> None:
    with pool_of(room=2, timeout=1.5) as pool:
        running = pool.submit(Task(image(HANGS)))
        while not running.running():
            time.sleep(0.01)
        waiting = [pool.submit(Task(image(5))) for _ in range(2)]
        assert pool.waiting == 2
        with pytest.raises(queue.Full):
            pool.submit(Task(image(5)))
        assert texts(waiting) == ["5", "5"]


def test_a_request_is_taken_whole_or_not_at_all() -> None:
    with pool_of(room=2, timeout=1.5) as pool:
        running = pool.submit(Task(image(HANGS)))
        while not running.running():
            time.sleep(0.01)
        many = pool.submit_all([Task(image(height)) for height in range(20, 26)])
        with pytest.raises(queue.Full):
            pool.submit_all([Task(image(5)), Task(image(5))])
        assert pool.waiting == 6, "more than there is room for, as nothing waited; and nothing of what was not taken"
        assert many[0].cancel()
        assert pool.waiting == 5, "what is cancelled takes no room"
        assert texts(many[1:]) == ["21", "22", "23", "24", "25"]


def test_a_worker_that_is_killed_while_idle_costs_nothing() -> None:
    with pool_of() as pool:
        for height in (5, 6, 7):
            assert texts([pool.submit(Task(image(height)))]) == [str(height)]
            (worker,) = multiprocessing.active_children()
            os.kill(worker.pid, signal.SIGKILL)


def test_closing_finishes_what_runs_and_cancels_what_waits() -> None:
    pool = pool_of(timeout=1.5)
    running = pool.submit(Task(image(HANGS)))
    while not running.running():
        time.sleep(0.01)
    waiting = pool.submit(Task(image(5)))
    pool.close()
    with pytest.raises(LostError, match="longer than"):
        running.result()
    assert waiting.cancelled()


def test_a_model_that_cannot_be_loaded_is_said_and_not_only_once() -> None:
    with pool_of(model="none") as pool:
        for _ in range(2):
            with pytest.raises(ModelError, match="no such model"):
                pool.submit(Task(image(5))).result(60)


def test_rows_of_processes_come_in_order_past_a_poisoned_image() -> None:
    heights = [*range(20, 30), DIES, *range(30, 40)]
    found = list(rows(Fragile(), map(image, heights), jobs=2))
    assert [row.source for row in found] == [f"{height}.png" for height in heights]
    ((source, error),) = ((row.source, row.error) for row in found if row.error)
    assert source == "13.png"
    assert "died" in error


@pytest.mark.parametrize("ordered", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_550_pages_give_550_rows(ordered: bool) -> None:
    heights = [20 + n % 7 for n in range(550)]
    found = list(rows(Fragile(), [image(5), document(heights), image(6)], jobs=2, ordered=ordered))
    of_document = [row for row in found if row.source == "pages.tiff"]
    assert [row.page for row in of_document] == list(range(1, 551))
    assert [int(row.text.split(",")[0]) for row in of_document] == heights
    assert len(found) == 552


def test_a_document_of_any_length_is_read_whole_and_what_is_done_not_again() -> None:
    with pool_of() as pool:
        for pages in (1, 15, 16, 17, 32, 33):
            assert [row.page for row in in_pool(pool, [document([20] * pages)])] == list(range(1, pages + 1))
        begun = File("pages.tiff", document([20] * 40).content, done=frozenset({*range(1, 18), 30}))
        assert [row.page for row in in_pool(pool, [begun])] == [*range(18, 30), *range(31, 41)]


def test_pages_that_cost_a_worker_its_life_cost_their_own_rows() -> None:
    heights = [20] * 40
    heights[4], heights[5], heights[25], heights[39] = DIES, DEVOURS, DIES, KILLED
    found = list(rows(Fragile(), [document(heights), image(7)], jobs=2))
    assert [row.page for row in found] == [*range(1, 41), 1]
    assert [row.page for row in found if row.error] == [5, 6, 26, 40]


def test_the_time_limit_is_for_a_page_and_not_for_a_file() -> None:
    """Twelve pages take longer than a page may."""
    with pool_of(timeout=2.0) as pool:
        found = list(in_pool(pool, [document([DAWDLES] * 12)]))
        assert [row.error for row in found] == [None] * 12


@pytest.mark.slow
def test_the_time_limit_is_not_multiplied_by_what_is_read_together() -> None:
    """Of ten the first hangs: it is given up after one limit, and after another when it is found to be to blame; not after ten."""
    with pool_of(timeout=4.0) as pool:
        assert texts([pool.submit(Task(image(5)))]) == ["5"]  # the worker has begun
        start = time.monotonic()
        futures = [pool.submit(Task(image(height))) for height in (HANGS, *range(20, 29))]
        assert texts(futures[1:]) == [str(height) for height in range(20, 29)]
        assert time.monotonic() - start < 30


def test_a_document_that_kills_whoever_opens_it_is_one_row() -> None:
    with Pool(partial(dying_at_open, Fragile), 1) as pool:
        found = list(in_pool(pool, [image(5), image(6)]))
    assert [(row.source, row.page) for row in found] == [("5.png", 1), ("6.png", 1)]
    assert all("died (exit status 9)" in str(row.error) for row in found)


def dying_at_open(kind: type) -> object:
    images.load = lambda *_, **__: os._exit(9)
    return reading_work(kind, None)
