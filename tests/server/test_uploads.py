"""What all uploads may hold together, counted to the byte: the guard alone, with clients that send when they are told to."""

import asyncio

import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")

from starlette.exceptions import HTTPException

from inkdigits.server.addresses import Names
from inkdigits.server.limits import Guard, Limits

LIMITS = Limits(body=1000, together=8, patience=60)


class Client:
    """Sends some bytes, and the rest when it is told to. status: what it was answered, None as long as it was not."""

    def __init__(self, guard, first, rest=b""):
        self.parts, self.rest, self.status = [(first, True)], rest, None
        self.go = asyncio.Event()
        scope = {"type": "http", "path": "/v1/read", "headers": [(b"host", b"localhost")]}
        self.asked = asyncio.ensure_future(guard(scope, self.receive, self.send))

    async def receive(self):
        if self.parts:
            body, more = self.parts.pop()
        else:
            await self.go.wait()
            body, more = self.rest, False
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(self, message):
        self.status = message.get("status", self.status)


async def app(scope, receive, send):
    """Takes the whole body, and says how it went."""
    try:
        while (await receive())["more_body"]:
            pass
        status = 200
    except HTTPException as error:
        status = error.status_code
    await send({"type": "http.response.start", "status": status, "headers": []})


def statuses(clients):
    return [client.status for client in clients]


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


def guarded(play):
    async def played():
        await play(Guard(app, LIMITS, None, Names(), frozenset()))

    asyncio.run(played())


def test_the_largest_are_refused_where_all_hold_too_much():
    async def play(guard):
        large = [Client(guard, bytes(900)) for _ in range(8)]
        await settled()
        assert statuses(large) == [None] * 8, "7,200 of 8,000 bytes"
        larger = Client(guard, bytes(950))
        await larger.asked
        assert larger.status == 503, "8,150 bytes: the largest goes, which is this one"
        small = Client(guard, bytes(10))
        small.go.set()
        await small.asked
        assert small.status == 200, "who sends little is not kept out"
        for client in large:
            client.go.set()
        await asyncio.gather(*(client.asked for client in large))
        assert statuses(large) == [200] * 8

    guarded(play)


def test_room_comes_back_when_they_are_answered():
    async def play(guard):
        for _ in range(5):
            clients = [Client(guard, bytes(900)) for _ in range(12)]
            await settled()
            assert statuses(clients).count(503) == 4, "as many as it takes, and no more"
            for client in clients:
                client.go.set()
            await asyncio.gather(*(client.asked for client in clients))
            assert statuses(clients).count(200) == 8

    guarded(play)


def test_one_that_is_refused_while_it_waits_is_told_at_once():
    async def play(guard):
        stalled = Client(guard, bytes(1000))
        others = [Client(guard, bytes(900)) for _ in range(8)]
        await asyncio.wait_for(stalled.asked, 5)
        assert (stalled.status, statuses(others)) == (503, [None] * 8)
        for client in others:
            client.asked.cancel()

    guarded(play)
