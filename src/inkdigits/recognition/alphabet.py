"""The characters of the number network, and how a written text becomes a sequence of them."""

from __future__ import annotations

from collections.abc import Iterable

DIGITS = "0123456789"
SYMBOLS = ".,-/:+%$()"
OTHER = "other"
"""The class of what is no number: a letter, a word, a scribble, a digit that was struck out. A run of them is one."""
BLANK = "blank"
"""The class of a frame in which no character ends (Graves et al. 2006, section 3.1)."""
CLASSES: tuple[str, ...] = (BLANK, *DIGITS, *SYMBOLS, OTHER)
"""What the number network tells apart, in the order of its outputs."""
STRUCK = "\u0336"
"""Follows a character that is struck out (Unicode's combining long stroke overlay)."""
LOOK_ALIKE = {"\u2013": "-", "\u2014": "-", "\u2212": "-", "\u00b7": ".", "\u00f7": ":"}
"""Characters that are written as one of ours: dashes and the minus sign, a raised point, a division sign."""

_KNOWN = {name: index for index, name in enumerate(CLASSES)}


def classes_of(text: str) -> list[int]:
    """Translate a text into indices of CLASSES, from 1, as CTC wants them.

    Spaces are left out. A word without digits that holds a letter is one "other" with all its punctuation; elsewhere every character that
    is not ours, and every one that is struck out, is "other"; others that follow each other are one.
    """
    found: list[int] = []
    for word in text.split():
        if not any(c.isdigit() for c in word) and any(c.isalpha() for c in word):
            _append(found, _KNOWN[OTHER])
            continue
        for position, character in enumerate(word):
            if character == STRUCK:
                continue
            struck = word[position + 1 : position + 2] == STRUCK
            character = LOOK_ALIKE.get(character, character)
            _append(found, _KNOWN[OTHER] if struck else _KNOWN.get(character, _KNOWN[OTHER]))
    return found


def text_of(classes: Iterable[int]) -> str:
    """Translate indices of CLASSES into a text; "?" stands for what is no number."""
    return "".join("?" if CLASSES[index] == OTHER else CLASSES[index] for index in classes)


def allowed_in(alphabet: str) -> list[int]:
    """The indices of CLASSES of an alphabet: "digits", or the characters themselves. Raises ValueError for what is none of CLASSES."""
    characters = DIGITS if alphabet == "digits" else alphabet
    unknown = sorted(set(characters) - set(DIGITS + SYMBOLS))
    if unknown or not characters:
        raise ValueError(f"alphabet must be digits, or some of {DIGITS + SYMBOLS}; {' '.join(unknown) or 'it'} is not known")
    return sorted(_KNOWN[character] for character in set(characters))


def _append(found: list[int], index: int) -> None:
    if not (found and found[-1] == index == _KNOWN[OTHER]):
        found.append(index)
