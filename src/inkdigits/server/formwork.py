"""What the service's worker processes do for the form editor: pictures of blanks, proposals, an edited form checked, a scan read by it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from inkdigits import images
from inkdigits.arrays import Bytes
from inkdigits.batch.pool import begins
from inkdigits.batch.sources import File
from inkdigits.drawing.readings import encode
from inkdigits.errors import InputError
from inkdigits.forms.editing import Fault, checked, fault_of
from inkdigits.forms.propose import NO_PRINT, layout_of, proposed
from inkdigits.forms.read import DECODED, FormModel, FormReader
from inkdigits.forms.reading import FieldValue, FormReading
from inkdigits.forms.rows import forms
from inkdigits.forms.template import Template
from inkdigits.layout.ink import shrink

from .bodies import parsed

MOST_BLANKS = 100
"""Pages of a new blank, at most: nobody fills in more, and all of them are made at once."""
MOST_TRIED = 20
"""Pages of a scan that is tried, at most: enough to see whether the form is right; a picture of each is sent back."""
SEEN = 1400
"""The longest side, in pixels, of the picture of a page that was tried: sharp on a screen, about 200 kB."""


class Place(BaseModel):
    """A page of the form on disk, from 0."""

    page: int = Field(ge=0, lt=images.MAX_PAGES)


class Saved(BaseModel):
    """An edited form, and the version of the file that it is to replace."""

    version: str = Field(pattern=r"^[0-9a-f]{64}$")
    form: dict[str, Any]


class FormTask:
    """Something to do for the editor. Its answer may raise our errors."""

    def answer(self, model: str | Path | None) -> Any:
        """Do it. model: as of a Reader."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Picture(FormTask):
    """A page of the blank, as the bytes of a PNG. page: from 0."""

    form: Path
    page: int

    def answer(self, model: str | Path | None) -> bytes:
        """The picture. Raises InputError where there is no such page, or its image cannot be read."""
        return encode(_image_of(Template.load(self.form), self.page))


@dataclass(frozen=True, slots=True)
class Propose(FormTask):
    """The fields that a page of the blank seems to have. body: JSON, as `Place`."""

    form: Path
    body: bytes

    def answer(self, model: str | Path | None) -> list[dict[str, Any]]:
        """The fields as form.json has them. Raises InputError."""
        return proposed(_image_of(Template.load(self.form), parsed(Place, self.body).page))


@dataclass(frozen=True, slots=True)
class Begin(FormTask):
    """A blank from which a form begins: its pages as form.json has them, but for the names of their images, and a PNG of each."""

    blank: File

    def answer(self, model: str | Path | None) -> tuple[list[dict[str, Any]], list[bytes]]:
        """The pages. Raises InputError where the blank cannot be read, has too many pages, or too little print."""
        begins(0)
        document = images.load(self.blank.content, self.blank.name, most=MOST_BLANKS)
        pages, pictures = [], []
        for number in range(1, document.pages + 1):
            begins(number)
            image = document.page(number)
            try:
                pages.append(layout_of(image, f"page {number}", ""))
            except ValueError as error:
                raise InputError(f"{self.blank.name}, page {number}", str(error), NO_PRINT) from None
            pictures.append(encode(image))
        return pages, pictures


@dataclass(frozen=True, slots=True)
class Check(FormTask):
    """An edited form to hold against all that a form must be. body: JSON, as `Saved`."""

    form: Path
    body: bytes

    def answer(self, model: str | Path | None) -> tuple[Saved, str] | Fault:
        """What is to be saved and its text as form.json has it; or what is wrong with it."""
        body = parsed(Saved, self.body)
        try:
            return body, checked(body.form, self.form).to_json()
        except InputError as error:
            return fault_of(error, body.form)


@dataclass(frozen=True, slots=True)
class Try(FormTask):
    """A scan to read by an edited form. body: JSON, as `Saved`."""

    form: Path
    body: bytes
    scan: File

    def answer(self, model: str | Path | None) -> list[dict[str, Any]] | Fault:
        """A row for each page of the scan, as `_row` makes it; or what is wrong with the form. Raises InputError where the scan cannot be
        read."""
        body = parsed(Saved, self.body)
        try:
            template = checked(body.form, self.form)
        except InputError as error:
            return fault_of(error, body.form)
        begins(0)
        document = images.load(self.scan.content, self.scan.name, most=MOST_TRIED)
        reader = FormReader(FormModel(self.form, model, shown=True), template=template)
        pages, pictures = [], []
        for number in range(1, document.pages + 1):
            begins(number)
            page = document.decode(number, DECODED)
            pages.append(reader.read(page.image, source=self.scan.name, page=number, size=page.size))
            pictures.append((page.size, encode(_seen(page.image), ".jpg")))
        return [_row(page, *picture) for page, picture in zip(_across(pages, template), pictures, strict=True)]


def _image_of(template: Template, page: int) -> Bytes:
    """The image of a page of a form: uint8 (H, W, 3) RGB. Raises InputError where there is no such page, or where it cannot be read."""
    if not 0 <= page < len(template.pages):
        raise InputError(template.name, f"it has {len(template.pages)} pages, and no page {page + 1}", "load the form again")
    return _coloured(images.first(str(template.image(template.pages[page]))))


def _seen(image: Bytes) -> Bytes:
    """A page as it is shown: uint8 (H, W) or (H, W, 3) -> (h, w, 3), its longest side SEEN at most."""
    return _coloured(shrink(image, SEEN)[0])


def _coloured(image: Bytes) -> Bytes:
    """uint8 (H, W) or (H, W, 3) -> (H, W, 3)."""
    return image if image.ndim == 3 else np.stack([image] * 3, axis=2)


def _across(pages: Sequence[FormReading], template: Template) -> list[FormReading]:
    """The pages with what checks across the pages of a form make of their values."""
    settled: dict[int, dict[str, FieldValue]] = {}
    for row in forms(pages, template):
        values = {own.name: own for own in row.values}
        settled |= dict.fromkeys(row.pages, values)
    return [replace(page, values=tuple(settled[page.page][own.name] for own in page.values)) for page in pages]


def _row(page: FormReading, size: tuple[int, int], picture: bytes) -> dict[str, Any]:
    """A page that was tried, as plain values: a row of `form read` with, in base64, a JPEG of the page and PNGs of its fields. size: height
    and width of the scan, in whose pixels the boxes of the fields are."""
    row = page.to_dict()
    for own in page.values:
        row["fields"][own.name]["crop"] = _text(own.shown.crop) if own.shown else None
    return {**row, "size": [size[1], size[0]], "picture": _text(picture)}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
