"""A page of a form -> the value of every field: registered, cleaned of print, read by both networks, held against what may be there.

Types lead the search for texts; what passes its checks is likelier than what does not, by how rarely people write what fails (`ERROR`) and
how rarely a wrong text passes by chance; values that only this made the likeliest say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from ..images.conversions import grey_of
from ..layout import grouping
from ..layout.ink import shrink
from ..layout.regions import Region, regions
from ..lines import Box
from ..models import Card
from ..options import Options
from ..reader import LINE_THRESHOLD, Reader
from ..reading import Reading
from ..recognition.alphabet import CLASSES, DIGITS, OTHER, allowed_in, text_of
from ..recognition.decode import Text, candidates
from ..recognition.fields import cropped, digit_height, field_of
from ..recognition.numbers import look
from ..recognition.signs import check
from ..recognition.tiles import tile_of
from .across import ERROR
from .decide import SUREST, checked_across, decided, failed_across, ticked
from .field_ink import SPECK, FieldInk, crop, in_cells, ink_in, share_inked
from .fieldtypes import Kind
from .reading import EMPTY, INVALID, NO_PAGE, STRUCK_OUT, FieldValue, FormReading, Shown
from .register import Blank, Registered, blank_of, moved, register
from .template import FormField, Layout, Template

DECODED = 2400
"""The longest side, in pixels, that a page is decoded at, at least: of A4 at 200 dpi."""
LARGEST = 4000
"""A page is looked at no larger: A4 at 340 dpi."""
WIDTH, MOST = 40, 12
"""Prefixes that the search for allowed texts keeps, and texts that it gives."""
GAP = 0.3
"""Between the digits of a comb, brought together as in one number, in heights of a digit. Set by eye on composed stacks of seed 7."""
PICTURE = 1000
"""The longest side, in pixels, of the picture of a page that fits no layout."""
NONE_FITS = "it fits no page of the form"


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
        grey = grey_of(image)
        factor = (size or grey.shape)[1] / grey.shape[1]
        if max(grey.shape) > LARGEST:
            share = LARGEST / max(grey.shape)
            grey = np.asarray(cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
            factor /= share
        found = register(grey, self.blanks)
        middle = perf_counter()
        name = self.cards[0].id
        unread_page = FormReading((), source, page, model=name, image=image if keep else None, pages=(page,))
        if found is None:
            ms = {"register": 1000 * (middle - begin)}
            picture = _picture(grey) if self.model.shown else b""
            values = [FieldValue(column, status=NO_PAGE) for column in self.template.columns]
            return replace(unread_page, refused=NONE_FITS, ms=ms, values=tuple(values), picture=picture)
        layout = self.template.pages[found.layout]
        threshold = (options or self.options).threshold
        least = LINE_THRESHOLD if threshold is None else threshold
        values = [self._field(form_field, grey, found, factor, least) for form_field in layout.fields]
        across = checked_across if self.model.constrained else failed_across
        values = across(values, self.template.checks)
        ms = {"register": 1000 * (middle - begin), "read": 1000 * (perf_counter() - middle)}
        return replace(unread_page, layout=layout.name, values=tuple(values), ms=ms, registered=found)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.model.model, device=self.device)

    @cached_property
    def _prepared(self) -> list[tuple[Blank, Bytes]]:
        return [_blank(self.template, layout) for layout in self.template.pages]

    def _field(self, form_field: FormField, grey: Bytes, found: Registered, factor: float, least: float) -> FieldValue:
        """Read one field. factor: pixels of the source for one of the page as it is looked at. least: the confidence in [0, 1] below which
        a value is unsure."""
        blank = self._prepared[found.layout][1]
        shown = Shown(_encoded(crop(grey, found.way, form_field.box), ".png")) if self.model.shown else None
        empty = FieldValue(form_field.name, box=_box_in_scan(form_field.box, found, grey.shape, factor), shown=shown)
        if form_field.kind is None:
            marks = [share_inked(ink_in(grey, found.way, blank, box)) for box in form_field.boxes]
            value = ticked(form_field, marks, empty, least)
        else:
            value = self._text(form_field, form_field.kind, ink_in(grey, found.way, blank, form_field.box), empty, least)
        if form_field.required and value.status == EMPTY:
            return replace(value, status=INVALID, note="required")
        return value

    def _text(self, form_field: FormField, kind: Kind, written: FieldInk, empty: FieldValue, least: float) -> FieldValue:
        found = _row(written, form_field.cells)
        if found is None:
            return replace(empty, confidence=_emptiness(written), status=EMPTY)
        row, ink, unread = found
        grey = cv2.bitwise_not(ink.strength)
        field = field_of(row, 1.0, (grey.shape[0], grey.shape[1]))
        if empty.shown:
            empty = replace(empty, shown=replace(empty.shown, seen=_encoded(cropped(grey, field), ".png")))
        free = look(grey, field, self._reader.transcribe)
        likeliest = [candidate.text for candidate in free.candidates()[:1]]
        if likeliest and _is_struck(likeliest[0]):
            return replace(empty, text=text_of(likeliest[0]), confidence=free.candidates()[0].probability, status=STRUCK_OUT)
        tiles = np.stack([tile_of(ink, region) for region in row])
        opinions = self._reader.classify(tiles)
        spans = [(float(region.x), float(region.right)) for region in row]
        weights = self.cards[1].confidence
        if not self.model.constrained:
            checked = check(free, spans, opinions)
            return self._with_tiles(decided(empty, kind, checked, unread, {}, least, weights), tiles, opinions, unread)
        allowed = allowed_in(kind.characters)
        cached: dict[Text, bool] = {}

        def begins(text: Text) -> bool:
            if text not in cached:
                cached[text] = kind.begins(text_of(text))
            return cached[text]

        allowed_texts: dict[Text, None] = {}
        for view in free.views:
            wanted = candidates(view.frames, MOST, allowed=allowed, begins=begins, width=WIDTH)
            allowed_texts |= dict.fromkeys(candidate.text for candidate in wanted)
            if kind.constrains:
                passing = candidates(view.frames, WIDTH, allowed=allowed, begins=begins, width=2 * WIDTH)
                allowed_texts |= dict.fromkeys(candidate.text for candidate in passing if kind.problem(text_of(candidate.text)) is None)
        rest = ERROR * kind.passing
        prior = {text: 1.0 if kind.problem(text_of(text)) is None else rest for text in allowed_texts}

        def weight(text: Text) -> float:
            if text not in prior:
                prior[text] = 1.0 if kind.problem(text_of(text)) is None else rest
            return prior[text]

        checked = check(free, spans, opinions, also=list(allowed_texts), prior=weight, rest=rest, kept=MOST)
        return self._with_tiles(decided(empty, kind, checked, unread, prior, least, weights), tiles, opinions, unread)

    def _with_tiles(self, value: FieldValue, tiles: Float, opinions: Float, unread: int) -> FieldValue:
        """A value with a tile for each digit of its text, where these are all that is in the field. tiles: float32 (N, 28, 28) in [0, 1];
        opinions: float32 (N, K), of the ten digits first."""
        digits = [int(sign) for sign in value.text if sign in DIGITS]
        if value.shown is None or unread or len(digits) != len(tiles):
            return value
        sure = tuple(float(opinions[place, digit]) for place, digit in enumerate(digits))
        seen = tuple(np.rint(255 * tile).astype(np.uint8).tobytes() for tile in tiles)
        return replace(value, shown=replace(value.shown, tiles=seen, sure=sure))


def _row(written: FieldInk, cells: int) -> tuple[list[Region], Any, int] | None:
    """The regions of a field's line, left to right, the ink that they are in, and how many marks of the size of writing are not in the
    line; of a comb a region for each cell, brought together. None where nothing is written."""
    tall = written.box[3]
    if cells:
        digits = [region for region in in_cells(written, cells) if region is not None]
        return _together(digits, written.ink) if digits else None
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
        around = ink.strength[region.y : region.bottom, region.x : region.right]
        near = cv2.dilate(region.mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
        strength[window], mask[window] = np.where(near, around, 0), region.mask
        moved_row.append(replace(region, x=left))
        left += region.width + gap
    return moved_row, replace(ink, strength=strength, mask=mask), 0


def _is_struck(text: Text) -> bool:
    """Whether most of a text is no number."""
    others = sum(CLASSES[sign] == OTHER for sign in text)
    return 2 * others >= len(text) > 0


def _emptiness(written: FieldInk) -> float:
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


def _blank(template: Template, layout: Layout) -> tuple[Blank, Bytes]:
    """A layout as pages are compared with it, and its image: uint8 (H, W)."""
    path = str(template.image(layout))
    image = images.first(path)
    grey = grey_of(image)
    if grey.shape != layout.size[::-1]:
        said = f"{grey.shape[1]} x {grey.shape[0]}"
        raise InputError(
            path, f"it has {said} pixels, and form.json says {layout.size[0]} x {layout.size[1]}", "make the form again from its blank"
        )
    try:
        return blank_of(grey), grey
    except ValueError as error:
        raise InputError(path, str(error), "print a title, or ArUco marks in its corners") from None
