"""A field whose text is known: what a network can learn a hand from."""

from __future__ import annotations

from dataclasses import dataclass

from ..arrays import Bytes


@dataclass(frozen=True, slots=True)
class Known:
    """A field and what is written in it.

    image: uint8 (h, w), grey, level, as `fields.cropped` gives it. text: what it says, in the signs of `alphabet`, one or more. group: the
    sheet that it is on, which it shares with others.
    """

    image: Bytes
    text: str
    group: str
