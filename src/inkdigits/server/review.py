"""The routes of the review page: what there is to look at in a store of forms, and what people say of it.

They are the page's own, and no part of the service for programs. A body must say that it is JSON: no form of a page from elsewhere can, and
a script of one is not let through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from inkdigits.errors import InputError, OutputError
from inkdigits.forms.ledger import ClashError, Reviewer
from inkdigits.forms.reviewing import ProblemError, Reviewing

from .bodies import Body, parsed, said_to_be

PATH = "/v1/review"
Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Token = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Number = Annotated[int, Field(ge=0, lt=1 << 31)]
Text = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Asking(BaseModel):
    """Who asks. reviewer: their name; session: of the window; stage: the kind of work; more: beside what they have already."""

    reviewer: Name
    session: Token
    stage: Literal["digit", "field", "form"] | None = None
    more: bool = False

    @property
    def who(self) -> Reviewer:
        """The reviewer."""
        return Reviewer(self.reviewer.strip(), self.session)


class Saying(Asking):
    """What is said. token: of this very action, by which it is known again."""

    token: Token


class Digits(Saying):
    """Digits by their tasks: what each is."""

    said: dict[Number, Annotated[str, Field(pattern=r"^[0-9?]$")]] = Field(max_length=500)


class Value(Saying):
    """A value. insist: it is so, though it cannot be."""

    task: Number
    sequence: Number
    text: Text
    insist: bool = False


class Form(Saying):
    """A form: of each field the corrections that were there, and the text."""

    task: Number
    said: dict[Number, tuple[Number, Text]] = Field(max_length=2000)
    insist: bool = False


def add_review(app: FastAPI, desk: Reviewing) -> None:
    """Add the routes of the review to a service."""

    async def form(_: Request) -> dict[str, Any]:
        return {"form": desk.template.name, **await asyncio.to_thread(desk.progress)}

    async def work(request: Request) -> dict[str, Any]:
        asked = await _body(Asking, request)
        return await asyncio.to_thread(lambda: desk.claim(asked.who, asked.stage, more=asked.more))

    async def digits(request: Request) -> dict[str, Any]:
        asked = await _body(Digits, request)
        return await asyncio.to_thread(desk.say_digits, asked.who, asked.token, asked.said)

    async def field(request: Request) -> dict[str, Any]:
        asked = await _body(Value, request)
        given = (asked.who, asked.token, asked.task, asked.sequence, asked.text)
        return await asyncio.to_thread(lambda: desk.say_field(*given, insist=asked.insist))

    async def whole(request: Request) -> dict[str, Any]:
        asked = await _body(Form, request)
        return await asyncio.to_thread(lambda: desk.say_form(asked.who, asked.token, asked.task, asked.said, insist=asked.insist))

    async def undo(request: Request) -> dict[str, Any]:
        asked = await _body(Saying, request)
        return await asyncio.to_thread(desk.undo, asked.who, asked.token)

    app.add_api_route(PATH, _answered(form), methods=["GET"], include_in_schema=False)
    for name, route in {"work": work, "digits": digits, "field": field, "form": whole, "undo": undo}.items():
        app.add_api_route(f"{PATH}/{name}", _answered(route), methods=["POST"], include_in_schema=False)


async def _body(kind: type[Body], request: Request) -> Body:
    """What a request holds; 415 for what does not say that it is JSON, 422 for what it must not be."""
    said_to_be("application/json", request)
    try:
        return parsed(kind, await request.body())
    except InputError as error:
        raise HTTPException(422, str(error)) from None


def _answered(route: Callable[[Request], Awaitable[dict[str, Any]]]) -> Callable[[Request], Awaitable[Response]]:
    """A route that says in HTTP what went wrong: 409 for what comes too late, 422 for what cannot be, 503 for a store that is away."""

    async def answered(request: Request) -> Response:
        try:
            return JSONResponse(await route(request))
        except ClashError as error:
            return JSONResponse({"detail": str(error)}, 409)
        except ProblemError as error:
            return JSONResponse({"detail": str(error), "problems": error.problems}, 422)
        except OutputError as error:
            return JSONResponse({"detail": str(error)}, 503, {"Retry-After": "1"})

    return answered
