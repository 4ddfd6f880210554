"""Clients that go away before they are answered."""

import asyncio
import time
from functools import partial

import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")

from starlette.requests import ClientDisconnect, Request

from inkdigits.batch.pool import TOGETHER, Pool
from inkdigits.server.app import Service, Settings

TASK, LEAVES, STAYS = 0.02, 0.3, 60.0


def begin(path):
    """Stands in for reading: notes each task in a file, and takes its time."""
    return partial(work, path)


def work(path, tasks):
    for task in tasks:
        time.sleep(TASK)
        with open(path, "a") as file:
            file.write(f"{task}\n")
    return tasks


def request(seconds):
    """A request whose client leaves after so long."""

    async def receive():
        await asyncio.sleep(seconds)
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


def test_a_client_that_goes_away_is_not_read_for(tmp_path):
    async def asked(service):
        assert await service.ask(["first"], request(STAYS)) == ["first"], "the worker has started"
        with pytest.raises(ClientDisconnect):
            await service.ask(range(200), request(LEAVES))
        assert service.pool.waiting == 0, "its tasks make room for others"
        assert await service.ask(["last"], request(STAYS)) == ["last"]

    with Pool(partial(begin, tmp_path / "read"), 1) as pool:
        asyncio.run(asked(Service(pool, Settings())))
    read = (tmp_path / "read").read_text().split()
    assert (read[0], read[-1]) == ("first", "last")
    assert len(read) <= 2 + LEAVES / TASK + 2 * TOGETHER, "what a worker had when the client went, and nothing after it"
