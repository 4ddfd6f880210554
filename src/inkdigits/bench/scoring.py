"""Ways to be right: the digits alone, or the whole number with its symbols, line by line where line breaks count.

`?` is a position that is not answered, and wrong in both.
"""

from __future__ import annotations

from inkdigits.recognition import alphabet

DIGITS = alphabet.DIGITS + "?"
NUMBER = DIGITS + alphabet.SYMBOLS.replace(",", "")


def digits(text: str, *, lines: bool) -> str:
    """The digits of a text, without all the rest; lines: those that have any are parted by a line break, else they are joined."""
    return _only(DIGITS, text, lines)


def number(text: str, *, lines: bool) -> str:
    """Digits and symbols in their places: a comma is a point, one at the end does not count, nor do spaces and letters; lines as above."""
    return _only(NUMBER, text.replace(",", "."), lines).rstrip(".")


def _only(characters: str, text: str, lines: bool) -> str:
    kept = ("".join(c for c in line if c in characters) for line in text.split("\n"))
    return ("\n" if lines else "").join(line for line in kept if line)
