"""The bodies of requests that are JSON: what they hold, and what is wrong with one, said without repeating any of it.

They are parsed in the worker processes: the JSON of a stranger may take its time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import HTTPException, Request
from pydantic import BaseModel, FailFast, Field, ValidationError

from inkdigits.errors import InputError

FINEST = 1e-6
"""Units of the points that a canvas and a pen measure at least: of smaller ones a pixel is no number any more."""
Point = Annotated[list[Annotated[float, Field(ge=-1e9, le=1e9)]], Field(min_length=2, max_length=4), FailFast()]
Stroke = Annotated[list[Point], Field(min_length=1, max_length=20_000), FailFast()]


class Strokes(BaseModel):
    """What was drawn on a canvas."""

    model_config = {"strict": True, "allow_inf_nan": False}

    strokes: Annotated[list[Stroke], FailFast()] = Field(
        min_length=1, max_length=2000, description="In the order drawn, each a list of points [x, y] or [x, y, milliseconds], y down."
    )
    width: float | None = Field(None, ge=FINEST, le=1e5, description="Of the canvas, in the units of the points.")
    height: float | None = Field(None, ge=FINEST, le=1e5, description="Of the canvas.")
    pen: float | None = Field(None, ge=FINEST, le=1e4, description="Width of the pen, in the same units.")
    single: bool = Field(False, description="One digit, as `predict`, instead of a line or a page.")
    threshold: float | None = Field(None, ge=0, le=1, description="Answer ? below this probability; 0 always answers.")


class Pixels(BaseModel):
    """A tile, as the rows of `tiles=true` hold it."""

    tile: str = Field(pattern=r"^[A-Za-z0-9+/]{1045}[AQgw]==$", description="28 x 28 bytes, row by row, 255 = ink, in base64.")


Body = TypeVar("Body", bound=BaseModel)


def parsed(kind: type[Body], body: bytes) -> Body:
    """The body of a request as what it must hold. Raises InputError where it does not, which names the place and what is wrong there."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        where, what = fault(error.errors(include_url=False, include_context=False, include_input=False))
        raise InputError(where or "body", what) from None


def said_to_be(kind: str, request: Request) -> None:
    """Raise 415 for a request that does not say that its body is of a kind such as application/json."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != kind:
        raise HTTPException(415, f"send it as what it is, and say so: Content-Type: {kind}")


def fault(errors: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """The first of pydantic's errors: where it is, with dots between, and what is wrong there."""
    return ".".join(map(str, errors[0]["loc"])), str(errors[0]["msg"])
