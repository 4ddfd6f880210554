"""What was read in the fields of a sheet, and what was left out -> a Reading, in pixels of the source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .arrays import Float
from .images import Page
from .layout.cores import Cores
from .layout.flat import Flat, unflattened
from .layout.ink import Ink
from .layout.maps import RULE
from .layout.regions import Region
from .layout.tables import Structure, structured
from .lines import HANDWRITTEN, PRINT, LeftOut, Line, joined, line_of
from .models import NOT_A_DIGIT
from .options import Options
from .reading import Reading
from .recognition.alphabet import SYMBOLS
from .recognition.confidence import certainty
from .recognition.decide import blame, decide, doubts, refusal
from .recognition.leftout import Mark
from .recognition.second import agree, weighed
from .recognition.signs import Sign
from .recognition.tiles import tile_of
from .recognition.transcript import Transcript
from .recognition.value import value_of

NO_QUADS: Float = np.zeros((0, 4, 2), np.float32)


@dataclass(frozen=True, slots=True)
class Deciding:
    """How it is decided what is told.

    threshold: the probability in [0, 1] below which a position is "?"; 0 answers always. line_threshold: the one below which a line needs
    review. every: the classes whose probabilities each digit carries. weights: of the confidence in a line. options: what was asked of
    the Reader.
    """

    threshold: float
    line_threshold: float
    every: tuple[str, ...]
    weights: Mapping[str, float]
    options: Options


def assembled(
    page: Page, sheet: Flat, ink: Ink, lines: list[list[list[Region]]], every: Sequence[Transcript], marks: Sequence[Mark], by: Deciding
) -> tuple[Reading, Ink]:
    """The Reading of a page, and its ink with the scale that leads to pixels of the source.

    lines: the regions of the fields, line by line; every: what was read in each of them; marks: what was left out, in the order of those
    that have an answer.
    """
    told = [one for one in every if one.has_answer]
    together = _structure(told, sheet, ink.scale)
    factor = page.size[1] / page.image.shape[1]  # the source may be larger than what was decoded of it
    ink = replace(ink, scale=ink.scale * factor)
    size = page.size if sheet.homography is None else (round(sheet.grey.shape[0] * factor), round(sheet.grey.shape[1] * factor))
    left = [LeftOut(mark.region.placed(ink.scale, size), mark.reason) for mark in marks]
    kinds = _kinds(told, sheet, ink.scale / factor, by)
    read = []
    for number, one in enumerate(told):
        own = tuple(left_one for left_one, mark in zip(left, marks, strict=True) if mark.line == number)
        line = _line(one, len(own), ink, size, factor, by)
        read.append(replace(line, place=together.places[number], left_out=own, kind=kinds[number]))
    refused = refusal([digit for line in read for digit in line.digits], marks, bool(ink.mask.any()))
    missed = any(one.is_missed for one in every)
    reasons = ("damaged",) * page.doubtful + ("unread",) * missed + doubts(read, marks, by.line_threshold)
    if sheet.homography is not None:
        place = partial(unflattened, homography=sheet.homography, factor=factor, size=page.size)
        read = [line.moved(place) for line in read]
        left = [replace(mark, box=place(mark.box)) for mark in left]
    if refused:
        left += [LeftOut(digit.box, NOT_A_DIGIT) for line in read for digit in line.digits]
        return Reading((), refused=refused, left_out=tuple(left), doubts=reasons), ink
    numbers = [[number for number, one in enumerate(told) if any(one.row is row for row in line)] for line in lines]
    order = [number for line in numbers for number in line]
    tables = tuple(table.with_texts([line.text for line in read]).renumbered(order) for table in together.tables)
    in_lines = tuple(joined([read[i] for i in line]) for line in numbers if line)
    return Reading(in_lines, left_out=tuple(left), doubts=reasons, tables=tables), ink


def _kinds(told: Sequence[Transcript], sheet: Flat, scale: float, by: Deciding) -> list[str]:
    """Whether each field is handwritten or print; of the latter there are none where they were not asked for. scale: pixels of the image
    for one of the ink."""
    if not by.options.printed or sheet.maps is None:
        return [HANDWRITTEN] * len(told)
    cores = Cores.of(sheet.maps, sheet.scale / scale)
    return [HANDWRITTEN if is_one else PRINT for is_one in cores.handwritten([one.row for one in told])]


def _structure(told: Sequence[Transcript], sheet: Flat, scale: float) -> Structure:
    """How fields stand together. scale: pixels of the image for one of the ink."""
    if not told:
        return structured(NO_QUADS)
    quads = np.stack([_quad(one.row) for one in told])
    if sheet.maps is None:
        return structured(quads)
    return structured(quads * np.float32(scale / sheet.scale), sheet.maps[..., RULE])


def _quad(row: Sequence[Region]) -> Float:
    """The corners of the box around some regions: float32 (4, 2)."""
    left, top, right, bottom = min(r.x for r in row), min(r.y for r in row), max(r.right for r in row), max(r.bottom for r in row)
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def _line(one: Transcript, unread: int, ink: Ink, size: tuple[int, int], factor: float, by: Deciding) -> Line:
    """A line as it is told. unread: how many marks in it or beside it were not read. factor: pixels of the source for one of the image."""
    digits = []
    for sign in one.signs:
        if one.checked and _is_silent(sign, by):
            continue
        box, region = one.place(sign, ink.scale, factor, size), one.region(sign)
        digit = decide(sign.ranked, by.threshold, box, tile_of(ink, region) if region else None, every=by.every)
        if digit.refused and region:
            digit = replace(digit, refused=blame(ink, region) or digit.refused)
        digits.append(digit)
    evidence = {**one.checked.evidence, "unread": float(unread)} if one.checked else {}
    sureness = _certainty(one, evidence, by)
    sure = sureness >= by.line_threshold and not any(digit.refused for digit in digits)
    value = value_of(one.text, by.options.decimal) if sure and one.checked else None
    told = replace(line_of(digits), certainty=sureness, value=value)
    return replace(told, candidates=one.texts, second_opinion=one.second, evidence=evidence)


def _is_silent(sign: Sign, by: Deciding) -> bool:
    """Whether a sign is not in the text: a symbol where only digits are asked for; what is no number where everything is answered."""
    return (by.options.digits_only and sign.label in SYMBOLS) or (by.threshold == 0 and sign.label == NOT_A_DIGIT)


def _certainty(one: Transcript, evidence: dict[str, float], by: Deciding) -> float:
    """The probability that all of a line is right; of what was looked at region by region, taking positions as independent."""
    if not one.checked:
        return float(np.prod([sign.probability for sign in one.signs]))
    alone = certainty(evidence, by.weights)
    if one.second is None:
        return alone
    told = weighed(alone, agree(one.text, one.second))
    return told if by.options.sure is None else min(told, alone)  # what is promised was measured without a second opinion
