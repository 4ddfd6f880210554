"""What `inkdigits adapt` makes of hands that no network was trained on: errors before and after, by the number of corrections.

The numbers are those of the dev hands of hands33, which choose and measure and train nothing that ships; here they train networks that are
thrown away. What is learned from and what is read share no number, for all hands wrote the same ones. Everything is read as a user's images
are, by the whole reader, answering always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from inkdigits import Reader, files, images
from inkdigits.clock import Clock
from inkdigits.images.conversions import grey_of
from inkdigits.layout.flat import as_it_is
from inkdigits.layout.writing import written
from inkdigits.models import Card, NumberModel, locate
from inkdigits.recognition.fields import cropped, field_of
from inkdigits.recognition.known import Known
from inkdigits.training.adapt import Errors, fitted, onnx_of
from inkdigits.training.backend import use_backend
from inkdigits.training.data.crops import Crop, crops

from .scoring import digits
from .tables import Table

TOGETHER = 64, 100
"""Corrections of all hands together: a hand has 42 numbers at most."""
ALONE = 16, None
"""Of one hand; None: as many as leave a fifth of the hand's numbers to read."""
MOST = "most"
SIZES = (*map(str, TOGETHER), *(str(one or MOST) for one in ALONE))
"""What these are called on the command line."""
FIFTHS = 5
SEED = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one hand what is wrong with the network that ships, and with one that learned from so many corrections. size: one of SIZES."""

    size: str
    hand: str
    corrections: int
    before: Errors
    after: Errors


def measured(sizes: Sequence[str] = SIZES, said: Callable[[str], None] = lambda line: None) -> list[Measured]:
    """Learn hands and read the rest of their numbers. sizes: which of SIZES. said: is told what is done. Raises DataError where hands33 is
    missing, MissingExtra without `inkdigits[train]`."""
    use_backend()
    every = crops("hands33", "dev")
    before = _read(Reader(threshold=0), every)
    found: list[Measured] = []

    def learn(own: Sequence[int], size: str, count: int | None) -> None:
        for one in _learned(own, size, count, every, before):
            found.append(one)
            wrong = f"{one.before.edits} of {one.before.signs} digits wrong, then {one.after.edits}"
            said(f"hand {one.hand}, {one.corrections} corrections: {wrong}")

    for count in TOGETHER:
        if str(count) in sizes:
            learn(range(len(every)), str(count), count)
    for size in ALONE:
        for hand in sorted({crop.hand for crop in every}) if str(size or MOST) in sizes else ():
            learn([i for i, crop in enumerate(every) if crop.hand == hand], str(size or MOST), size)
    return found


def table(found: Sequence[Measured]) -> Table:
    """A line for each number of corrections: the mean over the hands."""
    rows, figures = [], []
    for size in dict.fromkeys(one.size for one in found):
        some = [one for one in found if one.size == size]
        who = "all hands together" if size in map(str, TOGETHER) else "each hand by itself"
        counts = sorted({one.corrections for one in some})
        means = [float(np.mean([rate(one) for one in some])) for rate in _RATES]
        figure: dict[str, Any] = {"who": who, "corrections": counts, "read": sum(one.after.of for one in some)}
        figure |= dict(zip(("digits_before", "digits_after", "numbers_before", "numbers_after"), means, strict=True))
        figure["hands"] = {one.hand: [rate(one) for rate in _RATES] for one in some}
        figures.append(figure)
        fewer = f"{1 - means[1] / means[0]:.0%}" if means[0] else "none"
        said = " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
        rows.append(
            [who, said, f"{figure['read']:,}", *(f"{mean:.2%}" for mean in means[:2]), fewer, *(f"{mean:.1%}" for mean in means[2:])]
        )
    head = ("", "corrections", "numbers read", "digits wrong before", "after", "fewer", "numbers wrong before", "after")
    note = (
        "Means over the hands. A hand of hands33 has 42 numbers at most (one 39, one 21): 64 and 100 corrections are of all hands "
        "together. What is learned from and what is read share no number; every number is read once."
    )
    return Table("adapt", head, rows, figures, note)


_RATES: tuple[Callable[[Measured], float], ...] = (
    lambda one: one.before.rate,
    lambda one: one.after.rate,
    lambda one: one.before.wrong / one.before.of,
    lambda one: one.after.wrong / one.after.of,
)


def _learned(own: Sequence[int], size: str, count: int | None, every: Sequence[Crop], before: Sequence[str]) -> Iterator[Measured]:
    """Learn from some of the numbers and read others, until each was read once; one result a hand. own: the indices of the numbers."""
    answers: dict[int, str] = {}
    used = []
    for learn, read in splits([every[i].text for i in own], count):
        some = [known(every[own[i]]) for i in learn]
        with TemporaryDirectory() as folder:
            path = locate(NumberModel.shipped)
            content, card = onnx_of(fitted([one for one in some if one], path), Card.load(path.with_name("card.json")))
            files.write(Path(folder) / "number" / "model.onnx", content)
            card.save(Path(folder) / "number" / "card.json")
            texts = _read(Reader(folder, threshold=0), [every[own[i]] for i in read])
        answers |= {own[i]: text for i, text in zip(read, texts, strict=True)}
        used.append(len(learn))
    for hand in sorted({every[i].hand for i in own}):
        mine = [i for i in own if every[i].hand == hand]
        truths = [every[i].text for i in mine]
        after = Errors.between(truths, [answers[i] for i in mine])
        yield Measured(size, hand, round(float(np.mean(used))), Errors.between(truths, [before[i] for i in mine]), after)


def splits(texts: Sequence[str], count: int | None) -> Iterator[tuple[list[int], list[int]]]:
    """Which numbers are learned from and which are read, so often that each is read once, and no text is in both. count: how many are
    learned from; None for all of the others, where a fifth is read at a time. Drawn by SEED."""
    names = sorted(set(texts))
    order = np.random.default_rng(SEED).permutation(len(names)).tolist()
    blocks = FIFTHS if count is None else -(-len(texts) // (len(texts) - count))
    for block in range(blocks):
        read = {names[place] for place in order[block::blocks]}
        others = [i for place in order for i, text in enumerate(texts) if text == names[place] and text not in read]
        yield others[:count], [i for i, text in enumerate(texts) if text in read]


def known(crop: Crop) -> Known | None:
    """An image of one number as a correction of it: its field, as the reader sees it; None where no writing is found."""
    image = images.first(crop.path)
    grey = grey_of(image)
    ink, lines, *_ = written(as_it_is(grey), single=False, clock=Clock())
    rows = [row for line in lines for row in line]
    if not rows:
        return None
    field = field_of(max(rows, key=len), ink.scale, (grey.shape[0], grey.shape[1]))
    return Known(cropped(grey, field), crop.text, crop.path.name)


def _read(reader: Reader, some: Sequence[Crop]) -> list[str]:
    """The digits that a reader reads of each image."""
    return [digits(reader.read(crop.path).text, lines=False) for crop in some]
