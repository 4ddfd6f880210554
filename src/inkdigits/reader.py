"""The whole way: image -> sheet -> ink and fields -> what the networks read -> decision -> reading."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from . import images
from .arrays import Bytes, Float
from .assemble import Deciding, assembled
from .clock import Clock
from .errors import InputError
from .layout.cores import Cores
from .layout.flat import Flat, as_it_is, flat
from .layout.ink import Ink
from .layout.regions import Region, join
from .layout.writing import SIDE_ONE, SIDE_PAGE, written
from .lines import Digit
from .models import Card
from .options import Options
from .reading import Reading
from .recognition.confidence import PLAIN
from .recognition.leftout import PrintRow, left_out
from .recognition.networks import Networks
from .recognition.tiles import tile_of
from .recognition.transcript import transcribed
from .recognition.upright import upright
from .rounds import Asking, in_rounds

LINE_THRESHOLD = 0.95
"""A line that is less likely right than this needs review. Chosen on hands33, registers, pen_numbers and cheque_amounts."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every stage of reading one image, for `explain`: the image as read, the sheet that was found in it, flat, the Ink of that, and the
    Reading (its digits carry their tiles)."""

    image: Bytes
    sheet: Flat
    ink: Ink
    reading: Reading


class Reader:
    """Reads numbers from images.

    model: a name of a shipped model, a run folder or an ONNX file, of single digits; or a folder of `inkdigits adapt`. None is what ships.
    threshold, alphabet, decimal, digits_only, second_opinion, sure, printed: as in `inkdigits.options.Options`; `predict` and models of
    other classes look at the first alone, and `sure` is not for them.
    device: "cpu", or "cuda" for the networks to run on a GPU where onnxruntime-gpu is installed and finds one; ink and layout, which are
    nearly all of the work, stay on the CPU.
    The models are loaded at the first image. Raises ValueError for an option that is none, ModelError if a model does not fit or does not
    promise what is asked, MissingExtra
    for a second opinion that is not installed, InputError for an image that cannot be read.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        threshold: float | None = None,
        *,
        device: str = "cpu",
        alphabet: str | None = None,
        decimal: str | None = None,
        digits_only: bool = False,
        second_opinion: bool = False,
        sure: float | None = None,
        printed: bool = False,
    ) -> None:
        self.model = model
        self.device = device
        self.options = Options(threshold, alphabet, decimal, digits_only, second_opinion, sure, printed)
        self._networks = Networks(model, device)

    def read(self, image: Any, *, source: str = "", keep: bool = False) -> Reading:
        """Read all the digits in an image. Of a document with more pages it reads the first, and warns; `read_document` reads all.

        image: path, bytes, binary file, PIL image, or array (H, W[, 1 | 3 | 4]). keep: let the Reading carry the image, to show it.
        """
        document, source = images.load(image), source or _name(image)
        _warn_of_more_pages(document, source)
        return self.trace_page(document, source=source, keep=keep).reading

    def read_document(self, document: Any, *, source: str = "", keep: bool = False) -> list[Reading]:
        """Read every page of a TIFF, a PDF, a GIF or any other image, one after the other; arguments as for `read`.

        A page that cannot be decoded has a Reading whose `error` says why. Raises InputError where the document cannot be opened.
        """
        opened, source = images.load(document), source or _name(document)
        readings = []
        for number in range(1, opened.pages + 1):
            (found,) = self.read_pages([(opened, number, source)], keep=keep)
            readings.append(found if isinstance(found, Reading) else Reading((), source, number, error=found.message))
        return readings

    def predict(self, image: Any) -> Digit:
        """Read exactly one digit: the main one in the image. "?" with the reason where there is none. As `read`, it warns of more pages,
        and of a file that may be damaged, which a Reading has among its `review_reasons`."""
        document = images.load(image)
        _warn_of_more_pages(document, _name(image))
        reading = self.trace_page(document, single=True).reading
        if "damaged" in reading.doubts:
            warnings.warn(f"{_name(image) or 'the image'}: the file may be damaged, its decoder had a warning", stacklevel=2)
        if reading.refused:
            height, width = document.decode(1, SIDE_ONE).size
            return Digit("?", (0, 0, width, height), 0.0, refused=reading.refused)
        return reading.lines[0].digits[0]

    def trace(self, image: Any, *, single: bool = False, source: str = "", options: Options | None = None) -> Trace:
        """Read an image and keep every stage; `single` as in `predict`, options in place of the Reader's own."""
        return self.trace_page(images.load(image), single=single, source=source or _name(image), keep=True, options=options)

    def trace_page(
        self,
        document: images.Document,
        number: int = 1,
        *,
        single: bool = False,
        source: str = "",
        keep: bool = False,
        options: Options | None = None,
    ) -> Trace:
        """Read one page of a document; `single` as in `predict`, `keep` as in `read`, options in place of the Reader's own. Without `keep`
        the page is decoded no larger than it is looked at. Raises InputError where it cannot be decoded."""
        (found,) = self._traces([(document, number, source)], single, keep, options or self.options)
        if isinstance(found, InputError):
            raise found
        return found

    def read_pages(
        self,
        pages: Iterable[tuple[images.Document, int, str]],
        *,
        single: bool = False,
        keep: bool = False,
        options: Options | None = None,
    ) -> list[Reading | InputError]:
        """Read pages, each a document, a number and a name for its source, with the tiles of all classified together; single and keep as
        in `trace_page`, options in place of the Reader's own. In the place of a page that cannot be decoded is the error."""
        found = self._traces(pages, single, keep, options or self.options)
        return [one if isinstance(one, InputError) else one.reading for one in found]

    def read_many(self, many: Iterable[Any]) -> Iterator[Reading]:
        """Read images one after the other, as they come."""
        return (self.read(image) for image in many)

    def classify(self, tiles: Float) -> Float:
        """Probabilities of the classes: float32 (N, 28, 28) in [0, 1], 1 = ink -> float32 (N, K)."""
        return self._networks.digit.probabilities(tiles)

    def transcribe(self, strips: Float) -> Float:
        """Probabilities of the signs of numbers: float32 (N, 40, W) in [0, 1], 1 = ink -> float32 (N, W / 2, K), K as in
        `recognition.alphabet.CLASSES`."""
        return self._networks.number.frames(strips)

    @property
    def card(self) -> Card:
        """The card of the model, which is loaded now if it is not yet."""
        return self._networks.digit.card

    @property
    def cards(self) -> list[Card]:
        """The cards of all models that have a say, the digit model's first."""
        return self._networks.cards

    def promised(self, sure: float, *, single: bool = False) -> float:
        """The probability from which on this share of lines is right, as `sure` wants it; `single` as in `predict`. Raises ModelError where
        it is not promised."""
        return self._networks.promised(sure, single=single)

    def _thresholds(self, options: Options, single: bool) -> tuple[float, float]:
        """The probabilities below which a position is unsure, and a line; one digit alone is no less sure than a position. Raises
        ModelError where what is asked is not promised."""
        threshold = self._networks.digit.card.thresholds["answer"] if options.threshold is None else options.threshold
        if options.sure is not None:
            return threshold, self._networks.promised(options.sure, single=single)
        return threshold, threshold if single or options.threshold is not None else max(threshold, LINE_THRESHOLD)

    def _traces(
        self, pages: Iterable[tuple[images.Document, int, str]], single: bool, keep: bool, options: Options
    ) -> list[Trace | InputError]:
        """Every page read, the tiles of all of them classified together; in the place of one that cannot be decoded the error."""
        deciding = self._deciding(options, single)

        def tasks() -> Iterator[tuple[Clock, Asking[Trace | InputError]]]:
            for document, number, source in pages:
                clock = Clock()
                yield clock, self._steps(document, number, source, single, keep, deciding, clock)

        return in_rounds(tasks(), self.classify)

    def _deciding(self, options: Options, single: bool) -> Deciding:
        networks = self._networks
        every = networks.digit.card.classes if single else ()
        weights = networks.number.card.confidence if networks.read_numbers and not single else None
        return Deciding(*self._thresholds(options, single), every, weights or PLAIN, options)

    def _steps(
        self, document: images.Document, number: int, source: str, single: bool, keep: bool, by: Deciding, clock: Clock
    ) -> Asking[Trace | InputError]:
        """The whole way of one page. H, W: of the image; h, w: of the sheet's ink, which is smaller; K: classes of the digit model."""
        try:
            page = document.decode(number, 0 if keep else SIDE_ONE if single else SIDE_PAGE)  # uint8 (H, W) or (H, W, 3)
        except InputError as error:
            return error
        clock.lap("load")
        sheet = self._sheet(page.image, single)  # uint8, flat and upright, and its maps: float32 (h / 4, w / 4, 7)
        clock.lap("sheet")
        # bool (h, w), regions of fields by line, of what stands beside them
        ink, lines, aside, cores = written(sheet, single=single, printed=by.options.printed, clock=clock)
        rows = [row for line in lines for row in line]
        opinions = yield from _opinions(ink, rows)  # float32 (regions, K) of each field
        clock.lap("classify")
        asked = by.options
        every = list(
            transcribed(
                sheet.grey, ink.scale, rows, opinions, self._networks,
                single=single, allowed=asked.allowed, second_opinion=asked.second_opinion,
            )
        )  # fmt: skip
        clock.lap("read")
        printed = _printed(aside, [one.row for one in every if not one.has_answer], cores)
        marks = left_out(ink, [one.read(ink.scale) for one in every if one.has_answer], printed, single=single)
        clock.lap("account")
        found, ink = assembled(page, sheet, ink, lines, every, marks, by)
        image = page.image if keep else None
        reading = replace(found, source=source, page=number, ms=clock.ms, model=self._networks.digit.name, image=image)
        return Trace(page.image, sheet, ink, reading)

    def _sheet(self, image: Bytes, single: bool) -> Flat:
        """The sheet in an image; the image itself where one digit is to be read, or by a model of other classes."""
        if single or not self._networks.read_numbers:
            return as_it_is(image)
        return flat(image, self._networks.fields.maps, lambda crop: upright(crop, self._networks.standing.probabilities))


def read(image: Any, *, model: str | Path | None = None, threshold: float | None = None) -> Reading:
    """Read one image: `Reader(model, threshold).read(image)`. For many images make one Reader and keep it."""
    return Reader(model, threshold).read(image, keep=True)


def _opinions(ink: Ink, rows: list[list[Region]]) -> Asking[list[Float]]:
    """What the digit model says of every region, line by line: float32 (regions, K) each."""
    if not rows:
        return []
    probabilities = yield np.stack([tile_of(ink, region) for row in rows for region in row])
    return list(np.split(probabilities, np.cumsum([len(row) for row in rows])[:-1]))


def _printed(aside: list[list[Region]], none: list[list[Region]], cores: Cores | None) -> list[PrintRow]:
    """The rows of print. aside: those that were not read; none: those in which no number was, and which may be other marks."""
    if cores is None:
        return []
    rows = [PrintRow(row, cores.is_print(row)) for row in map(join, (*aside, *none))]
    return [*rows[: len(aside)], *(row for row in rows[len(aside) :] if row.sure)]


def _warn_of_more_pages(document: images.Document, source: str) -> None:
    """Tell who calls the Reader that it reads the first page only, where there are others."""
    if document.pages > 1:
        said = f"only the first of {document.pages} pages is read; Reader.read_document reads all of them"
        warnings.warn(f"{source}: {said}" if source else said, stacklevel=3)


def _name(image: Any) -> str:
    return str(image) if isinstance(image, str | Path) else ""
