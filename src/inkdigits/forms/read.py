"""A page of a form -> the value of every field: registered, cleaned of print, read by both networks, held against what may be there.

Types lead the search for texts; what passes its checks is likelier than what does not, by how rarely people write what fails (`ERROR`) and
how rarely a wrong text passes by chance; values that only this made the likeliest say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from .. import images
from ..arrays import Bytes, Float
from ..errors import InputError, ModelError
from ..layout import grouping
from ..layout.ink import shrink
from ..layout.regions import Region, regions
from ..lines import Box
from ..models import Card
from ..options import Options
from ..reader import LINE_THRESHOLD, Reader
from ..reading import Reading
from ..recognition.alphabet import CLASSES, DIGITS, OTHER, allowed_in, text_of
from ..recognition.confidence import PLAIN, certainty
from ..recognition.decode import Text, candidates
from ..recognition.fields import cropped, digit_height, field_of
from ..recognition.numbers import look
from ..recognition.signs import Checked, check
from ..recognition.tiles import tile_of
from .fieldtypes import ERROR, Check, Kind, settle
from .register import Blank, Registered, blank_of, moved, register
from .template import FormField, Layout, Template
from .writing import SPECK, Writing, crop, in_cells, share_inked, writing

DECODED = 2400
"""The longest side, in pixels, that a page is decoded at, at least: of A4 at 200 dpi."""
LARGEST = 4000
"""A page is looked at no larger: A4 at 340 dpi."""
OK, EMPTY, UNSURE, INVALID, STRUCK_OUT, NO_PAGE = STATUSES = ("ok", "empty", "unsure", "invalid", "struck out", "no such page")
"""What is known of a field: its value; that nothing is written there; a value that a person should look at; one that fails a check; that it
was struck out; that its page is not there."""
FEW = 0.04
"""A small box of which less than this share is inked is not ticked. Set by eye on composed stacks of seed 7."""
TICKED = 0.07
"""One of which more is inked is ticked; between the two it is not sure."""
WIDTH, MOST = 40, 12
"""Prefixes that the search for allowed texts keeps, and texts that it gives."""
GAP = 0.3
"""Between the digits of a comb, brought together as in one number, in heights of a digit. Set by eye on composed stacks of seed 7."""
PICTURE = 1000
"""The longest side, in pixels, of the picture of a page that fits no layout."""
SUREST = 0.9999
"""No field is surer."""
NONE_FITS = "it fits no page of the form"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person is shown of a field. crop: a PNG of it, straight. tiles: of each digit of its text the 28 x 28 bytes that the network
    saw, row by row, 255 = ink; none where the digits of the text are not the marks that are in the field, each one of them. sure: of each
    tile the probability in [0, 1] of that digit by itself. seen: a PNG of the writing alone, as the number network was shown it; none of a
    small box, and where nothing is written."""

    crop: bytes
    tiles: tuple[bytes, ...] = ()
    sure: tuple[float, ...] = ()
    seen: bytes = b""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """What a field says.

    value: as tables have it, "" where there is none. text: as it is written. confidence: the probability in [0, 1] that the value is right.
    status: one of STATUSES. note: which check failed, or which constraint picked the value; "" for neither. box: where it is in the scan.
    candidates: the values that it may have, with probabilities, likeliest first. shown: what a person is shown of it, where that was
    asked for.
    """

    name: str
    value: str = ""
    text: str = ""
    confidence: float = 0.0
    status: str = EMPTY
    note: str = ""
    box: Box = (0, 0, 0, 0)
    candidates: tuple[tuple[str, float], ...] = ()
    shown: Shown | None = None

    def to_dict(self) -> dict[str, Any]:
        """As in a row's `fields`."""
        return {
            "value": self.value,
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "status": self.status,
            "note": self.note,
            "box": list(self.box),
            "candidates": [[value, round(p, 4)] for value, p in self.candidates],
        }


@dataclass(frozen=True)
class FormReading(Reading):
    """What a page of a form says. layout: the name of its layout, "" where it has none. values: its fields. pages: the pages of the
    document that it was read from. registered: where the layout is in the image. picture: a small JPEG of a page that fits no layout, where
    that was asked for."""

    layout: str = ""
    values: tuple[FieldValue, ...] = ()
    pages: tuple[int, ...] = ()
    registered: Registered | None = None
    picture: bytes = b""

    @property
    def text(self) -> str:
        """The values, each behind its name."""
        return "\n".join(f"{own.name}: {own.value}" for own in self.values)

    @property
    def needs_review(self) -> bool:
        """Whether a person should look: where a field is neither ok nor empty, or nothing could be read."""
        return bool(self.error or self.refused) or any(own.status not in (OK, EMPTY) for own in self.values)

    def to_dict(self) -> dict[str, Any]:
        """One row of `form read`. The keys are a contract: later versions only add."""
        return {
            "source": self.source,
            "page": self.page,
            "pages": list(self.pages or (self.page,)),
            "layout": self.layout,
            "needs_review": self.needs_review,
            "refused": self.refused,
            "error": self.error,
            "fields": {own.name: own.to_dict() for own in self.values},
            "ms": {stage: round(value, 2) for stage, value in self.ms.items()},
            "model": self.model,
        }


@dataclass(frozen=True, slots=True)
class FormModel:
    """What a FormReader is made of, and what travels to its processes. form: the path of form.json; model: as of a Reader; constrained:
    whether types, rosters and checks have a say in what is read, or only in what is said of it; shown: whether values carry what a person
    is shown of them."""

    form: Path
    model: str | Path | None = None
    constrained: bool = True
    shown: bool = False


class FormReader:
    """Reads pages of a form; to `inkdigits.batch` it is a Reader.

    model: see FormModel. device: as for a Reader. options: of these `threshold` counts, below which a value is unsure. template: a form in
    place of the one in form.json, beside which its images lie. The form is loaded now, blanks and networks with the first page. Raises
    InputError for a form that cannot be used, ModelError.
    """

    def __init__(self, model: FormModel, threshold: float | None = None, *, device: str = "cpu", template: Template | None = None) -> None:
        self.model, self.device, self.options = model, device, Options(threshold)
        self.template = template or Template.load(model.form)

    @property
    def cards(self) -> list[Card]:
        """The cards of the models that have a say. Raises ModelError where the first knows other classes than the ten digits."""
        found = self._reader.cards
        if len(found) < 2:
            raise ModelError(f"model {found[0].id}: forms are read by a model of the ten digits; choose another")
        return found

    @cached_property
    def blanks(self) -> list[Blank]:
        """The layouts, as pages are compared with them. Raises InputError where an image is missing, has another size than form.json
        says, or has nothing to find a page by."""
        return [blank for blank, _ in self._prepared]

    def read_pages(
        self,
        pages: Iterable[tuple[images.Document, int, str]],
        *,
        single: bool = False,
        keep: bool = False,
        options: Options | None = None,
    ) -> list[Reading | InputError]:
        """Read pages, each a document, a number and a name for its source, one by one; options in place of the Reader's own. In the place
        of a page that cannot be decoded is the error."""
        found: list[Reading | InputError] = []
        for document, number, source in pages:
            try:
                page = document.decode(number, DECODED)
            except InputError as error:
                found.append(error)
                continue
            found.append(self.read(page.image, source=source, page=number, size=page.size, keep=keep, options=options))
        return found

    def read(
        self,
        image: Bytes,
        *,
        source: str = "",
        page: int = 1,
        size: tuple[int, int] | None = None,
        keep: bool = False,
        options: Options | None = None,
    ) -> FormReading:
        """Read one page: uint8 (H, W) or (H, W, 3). size: height and width of its source, where that is larger. options: in place of the
        Reader's own."""
        begin = perf_counter()
        grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        factor = (size or grey.shape)[1] / grey.shape[1]
        if max(grey.shape) > LARGEST:
            share = LARGEST / max(grey.shape)
            grey = np.asarray(cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
            factor /= share
        found = register(grey, self.blanks)
        middle = perf_counter()
        name = self.cards[0].id
        told = FormReading((), source, page, model=name, image=image if keep else None, pages=(page,))
        if found is None:
            ms = {"register": 1000 * (middle - begin)}
            picture = _picture(grey) if self.model.shown else b""
            values = [FieldValue(own, status=NO_PAGE) for own in self.template.columns]
            return replace(told, refused=NONE_FITS, ms=ms, values=tuple(values), picture=picture)
        of = self.template.pages[found.layout]
        threshold = (options or self.options).threshold
        least = LINE_THRESHOLD if threshold is None else threshold
        values = [self._field(own, grey, found, factor, least) for own in of.fields]
        across = checked_across if self.model.constrained else failed_across
        values = across(values, self.template.checks)
        ms = {"register": 1000 * (middle - begin), "read": 1000 * (perf_counter() - middle)}
        return replace(told, layout=of.name, values=tuple(values), ms=ms, registered=found)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.model.model, device=self.device)

    @cached_property
    def _prepared(self) -> list[tuple[Blank, Bytes]]:
        return [_blank(self.template, own) for own in self.template.pages]

    def _field(self, own: FormField, grey: Bytes, found: Registered, factor: float, least: float) -> FieldValue:
        """Read one field. factor: pixels of the source for one of the page as it is looked at. least: the confidence in [0, 1] below which
        a value is unsure."""
        blank = self._prepared[found.layout][1]
        shown = Shown(_encoded(crop(grey, found.way, own.box), ".png")) if self.model.shown else None
        told = FieldValue(own.name, box=_box_in_scan(own.box, found, grey.shape, factor), shown=shown)
        if own.kind is None:
            marks = [share_inked(writing(grey, found.way, blank, box)) for box in own.boxes]
            value = ticked(own, marks, told, least)
        else:
            value = self._text(own, own.kind, writing(grey, found.way, blank, own.box), told, least)
        if own.required and value.status == EMPTY:
            return replace(value, status=INVALID, note="required")
        return value

    def _text(self, own: FormField, kind: Kind, written: Writing, told: FieldValue, least: float) -> FieldValue:
        found = _row(written, own.cells)
        if found is None:
            return replace(told, confidence=_emptiness(written), status=EMPTY)
        row, ink, unread = found
        grey = cv2.bitwise_not(ink.strength)
        field = field_of(row, 1.0, (grey.shape[0], grey.shape[1]))
        if told.shown:
            told = replace(told, shown=replace(told.shown, seen=_encoded(cropped(grey, field), ".png")))
        free = look(grey, field, self._reader.transcribe)
        likeliest = [candidate.text for candidate in free.candidates()[:1]]
        if likeliest and _is_struck(likeliest[0]):
            return replace(told, text=text_of(list(likeliest[0])), confidence=free.candidates()[0].probability, status=STRUCK_OUT)
        tiles = np.stack([tile_of(ink, region) for region in row])
        opinions = self._reader.classify(tiles)
        spans = [(float(region.x), float(region.right)) for region in row]
        if not self.model.constrained:
            checked = check(free, spans, opinions)
            return self._with_tiles(self._told(told, kind, checked, unread, {}, least), tiles, opinions, unread)
        allowed = allowed_in(kind.characters)
        cached: dict[Text, bool] = {}

        def begins(text: Text) -> bool:
            if text not in cached:
                cached[text] = kind.begins(text_of(list(text)))
            return cached[text]

        every: dict[Text, None] = {}
        for view in free.views:
            wanted = candidates(view.frames, MOST, allowed=allowed, begins=begins, width=WIDTH)
            every |= dict.fromkeys(one.text for one in wanted)
            if kind.constrains:
                passing = candidates(view.frames, WIDTH, allowed=allowed, begins=begins, width=2 * WIDTH)
                every |= dict.fromkeys(one.text for one in passing if kind.problem(text_of(list(one.text))) is None)
        rest = ERROR * kind.passing
        prior = {text: 1.0 if kind.problem(text_of(list(text))) is None else rest for text in every}

        def weight(text: Text) -> float:
            if text not in prior:
                prior[text] = 1.0 if kind.problem(text_of(list(text))) is None else rest
            return prior[text]

        checked = check(free, spans, opinions, also=list(every), prior=weight, rest=rest, kept=MOST)
        return self._with_tiles(self._told(told, kind, checked, unread, prior, least), tiles, opinions, unread)

    def _with_tiles(self, value: FieldValue, tiles: Float, opinions: Float, unread: int) -> FieldValue:
        """A value with a tile for each digit of its text, where these are all that is in the field. tiles: float32 (N, 28, 28) in [0, 1];
        opinions: float32 (N, K), of the ten digits first."""
        digits = [int(sign) for sign in value.text if sign in DIGITS]
        if value.shown is None or unread or len(digits) != len(tiles):
            return value
        sure = tuple(float(opinions[place, digit]) for place, digit in enumerate(digits))
        seen = tuple(np.rint(255 * tile).astype(np.uint8).tobytes() for tile in tiles)
        return replace(value, shown=replace(value.shown, tiles=seen, sure=sure))

    def _told(self, told: FieldValue, kind: Kind, checked: Checked, unread: int, prior: Mapping[Text, float], least: float) -> FieldValue:
        """What the texts of a field come to. prior: how much likelier than others each is, for what it says."""
        if not checked.candidates:
            return replace(told, status=UNSURE, note="nothing that is allowed fits")
        texts = {one.text: text_of(list(one.text)) for one in checked.candidates}
        odds: dict[str, float] = {}
        free: dict[str, float] = {}
        for one in checked.candidates:
            value = kind.value(texts[one.text]) or texts[one.text]
            odds[value] = odds.get(value, 0.0) + one.probability
            free[value] = free.get(value, 0.0) + one.probability / prior.get(one.text, 1.0)
        ranked = sorted(odds.items(), key=lambda pair: -pair[1])
        value, p = ranked[0]
        text = next(texts[one.text] for one in checked.candidates if (kind.value(texts[one.text]) or texts[one.text]) == value)
        best = checked.candidates[0]
        evidence = dict(checked.evidence)
        evidence["rivals"] = float(np.log(max(p, 1e-9) / max(1 - p, 1e-6)))
        evidence["path"] = min(evidence["path"] + float(np.log(max(p / max(best.probability, 1e-9), 1e-9))), 0.0)
        sure = certainty({**evidence, "unread": float(unread)}, self.cards[1].confidence or PLAIN)
        problem, picked = kind.problem(text), max(free, key=lambda one: free[one]) != value
        note = problem or (f"picked by the {kind.constrains or 'type'}" if picked else "")
        status = INVALID if problem else OK if sure >= least else UNSURE
        known = "" if kind.value(text) is None else value
        return replace(
            told, value=known, text=text, confidence=min(sure, SUREST), status=status, note=note,
            candidates=tuple((v, q) for v, q in ranked if kind.value(v) is not None or v == known),
        )  # fmt: skip


def ticked(own: FormField, marks: Sequence[float], told: FieldValue, threshold: float) -> FieldValue:
    """What small boxes say, by the share of each that is inked, in [0, 1]: of a tick "yes" or "no", of a choice the names of its options,
    joined by " + ". A person should look where a share is neither small nor large, and where more than one is ticked."""
    sure = min(min(abs(np.log(max(share, 1e-3) / ((FEW + TICKED) / 2))) / np.log(4) for share in marks), 1.0)
    confidence = min(0.5 + 0.5 * float(sure), SUREST)
    doubtful = any(FEW <= share <= TICKED for share in marks) or confidence < min(threshold, 0.7)
    there = [share > (FEW + TICKED) / 2 for share in marks]
    if not own.options:
        return replace(told, value="yes" if there[0] else "no", confidence=confidence, status=UNSURE if doubtful else OK)
    names = [option.name for option, is_there in zip(own.options, there, strict=True) if is_there]
    told = replace(told, value=" + ".join(names), confidence=confidence)
    if len(names) > 1 and not own.many:
        return replace(told, status=INVALID, note="more than one is ticked")
    return replace(told, status=UNSURE if doubtful else OK if names else EMPTY)


def checked_across(values: Sequence[FieldValue], checks: Sequence[Check]) -> list[FieldValue]:
    """Hold the fields of a form against the checks across them: values that only together are likely are picked, what fails is invalid."""
    by_name = {own.name: own for own in values}
    for one in checks:
        if not all(name in by_name and (by_name[name].candidates or by_name[name].status == EMPTY) for name in one.fields):
            continue
        found = settle(one, {name: _ranked(by_name[name]) for name in one.fields})
        for name in one.fields:
            own = by_name[name]
            if not found.holds:
                by_name[name] = replace(own, status=INVALID if own.status != EMPTY else EMPTY, note=own.note or f"not {one.said}")
            elif own.status == INVALID or not found.values[name]:
                continue
            elif name in found.changed:
                status, sure = (OK if found.probability >= LINE_THRESHOLD else UNSURE), min(found.probability, SUREST)
                by_name[name] = replace(own, value=found.values[name], confidence=sure, status=status, note=f"picked by {one.said}")
            elif one.kind != "order" and found.probability > own.confidence:
                sure = min(found.probability, SUREST)
                by_name[name] = replace(own, confidence=sure, status=OK if sure >= LINE_THRESHOLD else own.status)
    return [by_name[own.name] for own in values]


def failed_across(values: Sequence[FieldValue], checks: Sequence[Check]) -> list[FieldValue]:
    """Say which fields fail a check across them, and change nothing."""
    by_name = {own.name: own for own in values}
    for one in checks:
        if all(name in by_name for name in one.fields) and not _holds(one, by_name):
            for name in one.fields:
                by_name[name] = replace(by_name[name], status=INVALID, note=by_name[name].note or f"not {one.said}")
    return [by_name[own.name] for own in values]


def _holds(one: Check, values: Mapping[str, FieldValue]) -> bool:
    try:
        return one.holds({name: values[name].value for name in one.fields})
    except ValueError:  # what was read is no number
        return True


def _ranked(own: FieldValue) -> list[tuple[str, float]]:
    """The values of a field with probabilities that add up to no more than 1, the first with its confidence."""
    if own.status == EMPTY:
        return [("", 1.0)]
    others = sum(p for _, p in own.candidates[1:])
    left = 1 - own.confidence
    return [(value, own.confidence if k == 0 else p / max(others, 1e-12) * 0.9 * left) for k, (value, p) in enumerate(own.candidates)]


def _row(written: Writing, cells: int) -> tuple[list[Region], Any, int] | None:
    """The regions of a field's line, left to right, the ink that they are in, and how many marks of the size of writing are not in the
    line; of a comb a region for each cell, brought together. None where nothing is written."""
    tall = written.box[3]
    if cells:
        own = [region for region in in_cells(written, cells) if region is not None]
        return _together(own, written.ink) if own else None
    rows = grouping.lines(written.ink)
    if not rows:
        marks = [region for region in regions(written.ink.mask) if max(region.width, region.height) > 2 * SPECK * tall]
        rows = [sorted(marks, key=lambda region: region.x)] if marks else []
    if not rows:
        return None
    row = max(rows, key=lambda row: sum(np.count_nonzero(region.mask) for region in row))
    high = digit_height(row)
    unread = sum(region.height > 0.6 * high for other in rows if other is not row for region in other)
    return row, written.ink, unread


def _together(row: Sequence[Region], ink: Any) -> tuple[list[Region], Any, int]:
    """The digits of a comb, brought together as in one number: regions and ink of a narrower image."""
    gap = max(2, round(GAP * digit_height(row)))
    wide = sum(region.width for region in row) + gap * (len(row) + 1)
    strength, mask = np.zeros((len(ink.mask), wide), np.uint8), np.zeros((len(ink.mask), wide), bool)
    moved_row, left = [], gap
    for region in row:
        window = (slice(region.y, region.bottom), slice(left, left + region.width))
        own = ink.strength[region.y : region.bottom, region.x : region.right]
        near = cv2.dilate(region.mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
        strength[window], mask[window] = np.where(near, own, 0), region.mask
        moved_row.append(replace(region, x=left))
        left += region.width + gap
    return moved_row, replace(ink, strength=strength, mask=mask), 0


def _is_struck(text: Text) -> bool:
    """Whether most of a text is no number."""
    others = sum(CLASSES[sign] == OTHER for sign in text)
    return 2 * others >= len(text) > 0


def _emptiness(written: Writing) -> float:
    """How sure it is that nothing is written in a box: the darker what was taken for paper, the less."""
    x, y, w, h = (max(round(value), 0) for value in written.box)
    specks = float((written.ink.strength[y : y + h, x : x + w] > 40).mean())
    return float(np.clip(0.999 - 20 * specks, 0.5, SUREST))


def _box_in_scan(box: Sequence[int], found: Registered, size: Sequence[int], factor: float) -> Box:
    """The upright box around a field in the scan."""
    x, y, w, h = box
    corners = moved([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], found.way)
    low, high = np.clip(corners.min(axis=0), 0, None), np.minimum(corners.max(axis=0), (size[1], size[0]))
    left, top, right, bottom = (round(float(value) * factor) for value in (*low, *high))
    return left, top, max(right - left, 1), max(bottom - top, 1)


def _picture(grey: Bytes) -> bytes:
    """A page as a small JPEG."""
    small, _ = shrink(grey, PICTURE)
    return _encoded(small, ".jpg")


def _encoded(grey: Bytes, suffix: str) -> bytes:
    """uint8 (H, W) as the bytes of an image file."""
    return cv2.imencode(suffix, grey)[1].tobytes()


def _blank(template: Template, own: Layout) -> tuple[Blank, Bytes]:
    """A layout as pages are compared with it, and its image: uint8 (H, W)."""
    path = str(template.image(own))
    image = images.first(path)
    grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    if grey.shape != own.size[::-1]:
        said = f"{grey.shape[1]} x {grey.shape[0]}"
        raise InputError(
            path, f"it has {said} pixels, and form.json says {own.size[0]} x {own.size[1]}", "make the form again from its blank"
        )
    try:
        return blank_of(grey), grey
    except ValueError as error:
        raise InputError(path, str(error), "print a title, or ArUco marks in its corners") from None
