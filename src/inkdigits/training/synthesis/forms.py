"""The forms that numbers have on paper: integers, amounts, decimals, dates, times, telephone numbers, percentages, codes."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from inkdigits.recognition.alphabet import STRUCK

Rng = np.random.Generator

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
SIGNS = "=#*&@!?;<>\"'_"
LENGTHS = np.array([14, 17, 17, 15, 12, 9, 6, 4, 3, 3]) / 100
"""How often a number has 1, 2, ... 10 digits."""


def number(rng: Rng) -> str:
    """A number in one of the forms, drawn at random; spaces are gaps."""
    shares = np.array([share for share, _ in FORMS])
    form = FORMS[int(rng.choice(len(FORMS), p=shares / shares.sum()))][1]
    text = form(rng)
    draw = rng.random()
    if draw < 0.05:
        place = int(rng.choice([i for i, character in enumerate(text) if character.isdigit()] or [len(text) - 1]))
        text = text[: place + 1] + STRUCK + text[place + 1 :]
    return struck(text) if 0.05 <= draw < 0.06 else text


def struck(text: str) -> str:
    """A text that is struck out as a whole."""
    return "".join(character if character == " " else character + STRUCK for character in text)


def word(rng: Rng) -> str:
    """A word of random letters: what is no number."""
    length = int(rng.integers(1, 7))
    letters = "".join(rng.choice(list(LETTERS[:26]), length))
    return letters.upper() if rng.random() < 0.2 else letters.capitalize() if rng.random() < 0.3 else letters


def digits(rng: Rng, length: int) -> str:
    """So many digits: mostly of any value, sometimes one repeated, sometimes ending in zeros."""
    text = "".join(rng.choice(list("0123456789"), length))
    kind = rng.random()
    if kind < 0.06 and length > 1:
        run, start = int(rng.integers(2, length + 1)), int(rng.integers(0, length - 1))
        text = text[:start] + (text[start] * run)[: length - start] + text[start + run :]
    elif kind < 0.18 and length > 1:
        zeros = int(rng.integers(1, min(length, 6)))
        text = text[:-zeros] + "0" * zeros
    elif kind < 0.22:
        text = "".join(rng.choice(list("1174"), length))
    return text


def _length(rng: Rng) -> int:
    return int(rng.choice(len(LENGTHS), p=LENGTHS)) + 1


def _integer(rng: Rng) -> str:
    return digits(rng, _length(rng))


def _grouped(rng: Rng) -> str:
    text, mark = digits(rng, int(rng.integers(4, 10))), str(rng.choice([".", ",", " ", "."]))
    groups = [text[max(0, i - 3) : i] for i in range(len(text), 0, -3)][::-1]
    return mark.join(groups)


def _decimal(rng: Rng) -> str:
    mark = "." if rng.random() < 0.55 else ","
    return digits(rng, int(rng.integers(1, 5))) + mark + digits(rng, int(rng.choice([1, 2, 3], p=[0.3, 0.6, 0.1])))


def _amount(rng: Rng) -> str:
    body = _grouped(rng) if rng.random() < 0.5 else _integer(rng)
    if rng.random() < 0.35:  # round amounts are the most frequent ones
        kept = int(rng.integers(1, 4))
        body = body[:kept] + re.sub("[0-9]", "0", body[kept:])
    if rng.random() < 0.25:
        body += str(rng.choice([",", "."])) + digits(rng, 2)
    before = str(rng.choice(["", "", "", "$", "$", "-", "=", "$ ", "+", "("]))
    after = str(
        rng.choice(["", "", ".", ",", "-", "=", ".-", ",-", "/", "==", "--", " -", ".=", "- -", "%", "=", ".", " =", "#", "_", "/-"])
    )
    return before + body + (")" if before == "(" else after)


def _signed(rng: Rng) -> str:
    return str(rng.choice(["-", "-", "+"])) + (_decimal(rng) if rng.random() < 0.4 else digits(rng, int(rng.integers(1, 5))))


def _date(rng: Rng) -> str:
    day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1900, 2031))
    mark = str(rng.choice(list("//.-:")))
    parts = [f"{day:02d}" if rng.random() < 0.6 else str(day), f"{month:02d}" if rng.random() < 0.6 else str(month)]
    if rng.random() < 0.85:
        parts.append(str(year) if rng.random() < 0.5 else f"{year % 100:02d}")
    return mark.join(parts)


def _time(rng: Rng) -> str:
    text = f"{int(rng.integers(0, 24))}{rng.choice([':', ':', '.'])}{int(rng.integers(0, 60)):02d}"
    return text + (f":{int(rng.integers(0, 60)):02d}" if rng.random() < 0.15 else "")


def _telephone(rng: Rng) -> str:
    kind = rng.random()
    if kind < 0.4:
        return f"({digits(rng, 3)}) {digits(rng, 3)}-{digits(rng, 4)}"[0 if rng.random() < 0.5 else 6 :]
    if kind < 0.6:
        return f"+{digits(rng, 2)} {digits(rng, 3)} {digits(rng, 4)}"
    if kind < 0.8:
        return f"({digits(rng, int(rng.integers(1, 5)))})"
    return f"{digits(rng, 3)}-{digits(rng, 4)}" if rng.random() < 0.5 else f"{digits(rng, 4)}/{digits(rng, 5)}"


def _percentage(rng: Rng) -> str:
    return (_decimal(rng) if rng.random() < 0.3 else digits(rng, int(rng.integers(1, 4)))) + "%"


def _fraction(rng: Rng) -> str:
    return f"{digits(rng, int(rng.integers(1, 4)))}{rng.choice(['/', '/', ':', '-', '+'])}{digits(rng, int(rng.integers(1, 4)))}"


def _code(rng: Rng) -> str:
    """Digits with letters or other signs among them."""
    text, other = digits(rng, int(rng.integers(1, 6))), str(rng.choice(list(LETTERS if rng.random() < 0.7 else SIGNS)))
    place = (0, len(text), int(rng.integers(0, len(text) + 1)))[int(rng.integers(3))]
    return text[:place] + other + text[place:]


def _spaced(rng: Rng) -> str:
    """Digits apart from each other, as in the boxes of a form."""
    return " ".join(digits(rng, int(rng.integers(2, 9))))


def _symbols(rng: Rng) -> str:
    return "".join(rng.choice(list("0123456789.,-/:+%$()"), int(rng.integers(2, 8))))


FORMS: tuple[tuple[float, Callable[[Rng], str]], ...] = (
    (0.36, _integer), (0.06, _grouped), (0.10, _decimal), (0.13, _amount), (0.04, _signed), (0.06, _date), (0.03, _time),
    (0.05, _telephone), (0.03, _percentage), (0.04, _fraction), (0.05, _code), (0.03, _spaced), (0.02, _symbols),
)  # fmt: skip
"""Shares and makers of the forms."""
