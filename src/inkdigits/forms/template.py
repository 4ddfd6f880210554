"""form.json <-> Template: the layouts of a form, and what is written where. Whatever is wrong with one is said before a page is read.

    {"version": 1, "name": "exam", "pages": [{"image": "form-1.png", "size": [1654, 2339], "fields": [
        {"name": "id", "box": [100, 200, 540, 60], "type": "id", "length": 9, "cells": 9, "values": "ids.txt", "required": true}]}],
     "checks": [{"check": "sum", "of": ["q1", "q2"], "is": "total"}]}

Boxes are x, y, width, height in pixels of the page's image. `schema.py` has the same as JSON Schema.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from .. import files
from ..errors import InputError
from ..lines import Box
from .across import Check
from .fieldtypes import LONGEST, Date, Decimal, Id, Integer, Kind, Money, Phone, Time
from .schema import PROPERTIES, VERSION, check_schema, with_article

MOST_VALUES = 200_000
"""Lines of a roster, at most."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the places of a choice."""

    name: str
    box: Box


@dataclass(frozen=True)
class FormField:
    """A place of a page where something is written. given: the keys that form.json has for it. kind: what it may hold; None for tick and
    choice."""

    name: str
    box: Box
    type: str
    required: bool = False
    cells: int = 0
    kind: Kind | None = None
    options: tuple[Option, ...] = ()
    many: bool = False
    given: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def boxes(self) -> list[Box]:
        """The places where it is written: one, but of a choice one for each of the options."""
        return [option.box for option in self.options] if self.options else [self.box]


@dataclass(frozen=True, slots=True)
class Layout:
    """A page of the blank. image: its file, as form.json names it; size: its width and height in pixels."""

    name: str
    image: str
    size: tuple[int, int]
    fields: tuple[FormField, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A form. group: "page" where each scanned page is a form of its own, whichever of the layouts it has; "document" where the pages of a
    scanned document are one form, and a layout that comes again begins the next one. folder: where form.json lies."""

    name: str
    pages: tuple[Layout, ...]
    checks: tuple[Check, ...] = ()
    group: str = "page"
    folder: Path = Path()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of all fields, in order; a name that several layouts have comes once."""
        return tuple(dict.fromkeys(form_field.name for layout in self.pages for form_field in layout.fields))

    def image(self, layout: Layout) -> Path:
        """Where the image of a layout lies."""
        return self.folder / layout.image

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Template:
        """Read and check a form.json and the rosters that it names. Raises InputError with the place and the remedy."""
        name = os.fspath(path)
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(name, "no such file", "make one with `inkdigits form new BLANK --out form.json`") from None
        except (UnicodeDecodeError, ValueError, RecursionError) as error:
            raise InputError(name, f"no JSON ({error})", "correct it there, or make it again with `inkdigits form new`") from None
        except OSError as error:
            raise InputError(name, f"cannot be read: {error.strerror}", "check its name and permissions") from None
        return cls.from_dict(found, name, Path(path).parent)

    @classmethod
    def from_dict(cls, found: Any, source: str = "form.json", folder: Path = Path()) -> Template:
        """A template of what form.json holds. source: what errors call it; folder: where images and rosters lie. Raises InputError."""
        check_schema(found, source)
        pages = tuple(_layout(page, number, source, folder) for number, page in enumerate(found["pages"]))
        names = [layout.name for layout in pages]
        if twice := _twice(names):
            raise InputError(source, f"two pages have the name {twice!r}", "give each page a name of its own")
        group = found.get("group", "page")
        if group == "document" and (twice := _twice([form_field.name for layout in pages for form_field in layout.fields])):
            raise InputError(source, f"two pages of one form have a field {twice!r}", "give each field of the form a name of its own")
        checks = tuple(_check(check, number, pages, group, source) for number, check in enumerate(found.get("checks", ())))
        return cls(found["name"], pages, checks, group, folder)

    def to_dict(self) -> dict[str, Any]:
        """What form.json holds."""
        pages = [
            {
                "name": page.name,
                "image": page.image,
                "size": list(page.size),
                "fields": [dict(form_field.given) for form_field in page.fields],
            }
            for page in self.pages
        ]
        checks = [{"check": c.kind, "of": list(c.of)} | ({"is": c.is_} if c.is_ else {}) for c in self.checks]
        return {"version": VERSION, "name": self.name, "group": self.group, "pages": pages} | ({"checks": checks} if checks else {})

    def to_json(self) -> str:
        """The text of form.json."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write form.json, whole or not at all. Raises OutputError."""
        files.write(path, self.to_json())


def read_values(path: Path, source: str, where: str) -> tuple[str, ...]:
    """The lines of a roster, of a CSV the first column; a first line without a digit is a head. Raises InputError for one that is missing,
    empty, too long, or has a line twice."""
    remedy = "name a text file with one value a line"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(source, f"{where}: there is no {path}", remedy) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(source, f"{where}: {path} cannot be read ({error})", remedy) from None
    lines = [
        line.split(",")[0].split(";")[0].strip().strip('"') if path.suffix.lower() == ".csv" else line.strip() for line in text.splitlines()
    ]
    lines = [line for line in lines if line]
    if lines and not re.search(r"\d", lines[0]):
        lines = lines[1:]
    if not lines or len(lines) > MOST_VALUES:
        raise InputError(source, f"{where}: {path} holds {len(lines):,} values", f"{remedy}, at most {MOST_VALUES:,}")
    if twice := _twice(lines):
        raise InputError(source, f"{where}: {path} has {twice!r} more than once", "leave one of the two lines, or correct the other")
    return tuple(lines)


def _layout(page: Mapping[str, Any], number: int, source: str, folder: Path) -> Layout:
    where = f"pages[{number}]"
    fields = tuple(_field(given, f"{where}.fields[{k}]", page["size"], source, folder) for k, given in enumerate(page["fields"]))
    if twice := _twice([form_field.name for form_field in fields]):
        raise InputError(source, f"{where} has two fields {twice!r}", "give each field of a page a name of its own")
    return Layout(page.get("name", f"page {number + 1}"), page["image"], (page["size"][0], page["size"][1]), fields)


def _field(given: Mapping[str, Any], where: str, size: Sequence[int], source: str, folder: Path) -> FormField:
    where = f"{where} ({given['name']})"
    kind = given["type"]
    for key in given:
        if kind not in PROPERTIES[key][1]:
            remedy = f"leave it out, or choose {' or '.join(PROPERTIES[key][1])}"
            raise InputError(source, f"{where}: {with_article(kind)} has no {key!r}", remedy)
    _check_inside(given["box"], size, source, where)
    options = tuple(Option(option["name"], _box(option["box"])) for option in given.get("options", ()))
    for option in options:
        _check_inside(option.box, size, source, f"{where}, option {option.name!r}")
    if (kind == "choice") != bool(options):
        raise InputError(source, f"{where}: a choice has no options", "name each with its box under `options`")
    if twice := _twice([option.name for option in options]):
        raise InputError(source, f"{where} has two options {twice!r}", "give each option a name of its own")
    try:
        made = _KINDS[kind](given, _values(given, source, where, folder)) if kind in _KINDS else None
    except ValueError as error:
        raise InputError(source, f"{where}: {error}", "correct it, or leave it out") from None
    if made is not None:
        _check_values(made, source, where)
    return FormField(
        given["name"],
        _box(given["box"]),
        kind,
        given.get("required", False),
        given.get("cells", 0),
        made,
        options,
        given.get("many", False),
        given,
    )


def _values(given: Mapping[str, Any], source: str, where: str, folder: Path) -> tuple[str, ...]:
    values = given.get("values", ())
    if isinstance(values, str):
        return read_values(folder / values, source, where)
    if twice := _twice(values):
        raise InputError(source, f"{where}: `values` has {twice!r} more than once", "leave one of the two")
    return tuple(values)


def _check_values(kind: Kind, source: str, where: str) -> None:
    """Raise InputError for a value of a list that its own field does not allow: it could never be read."""
    for value in kind.values:
        meant = kind.value(value)
        outside = None if meant is None else kind.outside(meant)
        if meant is None or outside:
            problem = f"fails its {outside}" if outside else f"is not {kind.said}"
            raise InputError(source, f"{where}: the value {value!r} of its list {problem}", "correct the list or the field")


def _check_inside(box: Sequence[int], size: Sequence[int], source: str, where: str) -> None:
    x, y, w, h = box
    if w < 1 or h < 1 or x + w > size[0] or y + h > size[1]:
        raise InputError(source, f"{where}: the box {list(box)} is not inside the page of {size[0]} x {size[1]} pixels", "draw it inside")


def _check(given: Mapping[str, Any], number: int, pages: Sequence[Layout], group: str, source: str) -> Check:
    check, where = Check(given["check"], tuple(given["of"]), given.get("is", "")), f"checks[{number}]"
    if (check.kind == "sum") != bool(check.is_) or (check.kind != "sum" and len(check.of) < 2) or _twice(check.fields):
        remedy = 'write {"check": "sum", "of": [...], "is": "total"}, or "order" or "equal" of two fields or more, each field once'
        raise InputError(source, f"{where} is no check", remedy)
    by_page = [{form_field.name: form_field for form_field in page.fields} for page in pages]
    if group == "document":
        by_page = [{name: form_field for page in by_page for name, form_field in page.items()}]
    holding = [page for page in by_page if all(name in page for name in check.fields)]
    if not holding:
        missing = next((name for name in check.fields if not any(name in page for page in by_page)), None)
        reason = f"there is no field {missing!r}" if missing else "its fields are on different pages"
        raise InputError(source, f"{where}: {reason}", "name fields of one form")
    for name in check.fields:
        kind = holding[0][name].kind
        if kind is None or (check.kind == "sum" and not kind.adds):
            remedy = f"a {check.kind} is of fields that hold {'numbers that add up' if check.kind == 'sum' else 'text'}"
            raise InputError(source, f"{where}: {name!r} is {with_article(holding[0][name].type)}", remedy)
    return check


def _integer(given: Mapping[str, Any], values: tuple[str, ...]) -> Kind:
    cells = given.get("cells", 0)
    lengths = _lengths(given, (1, cells or LONGEST), cells)
    return Integer(values, lengths, *_limits(given, _number), bool(cells))


def _decimal(given: Mapping[str, Any], values: tuple[str, ...]) -> Kind:
    return (Money if given["type"] == "money" else Decimal)(values, given.get("places", 2), *_limits(given, _number))


def _date(given: Mapping[str, Any], values: tuple[str, ...]) -> Kind:
    cells = given.get("cells", 0)
    if cells not in (0, 6, 8):
        raise ValueError(f"a date has 6 or 8 cells, not {cells}")
    return Date(values, given.get("order", "dmy"), *_limits(given, _day), cells)


def _time(given: Mapping[str, Any], values: tuple[str, ...]) -> Kind:
    if given.get("cells", 4) != 4:
        raise ValueError(f"a time has 4 cells, not {given['cells']}")
    return Time(values, *_limits(given, _clock), "cells" in given)


def _phone(given: Mapping[str, Any], values: tuple[str, ...]) -> Kind:
    return Phone(values, _lengths(given, (3, 15), given.get("cells", 0)))


def _id(given: Mapping[str, Any], values: tuple[str, ...]) -> Kind:
    try:
        re.compile(given.get("pattern", ""))
    except re.error as error:
        raise ValueError(f"the pattern {given['pattern']!r} is no regular expression ({error})") from None
    cells = given.get("cells", 0)
    longest = max((len(re.sub(r"\D", "", value)) for value in values), default=cells or LONGEST)
    return Id(values, _lengths(given, (1, longest), cells), given.get("pattern"), given.get("check"))


_KINDS: Mapping[str, Callable[[Mapping[str, Any], tuple[str, ...]], Kind]] = {
    "integer": _integer, "decimal": _decimal, "money": _decimal, "date": _date, "time": _time, "phone": _phone, "id": _id,
}  # fmt: skip


def _lengths(given: Mapping[str, Any], default: tuple[int, int], cells: int) -> tuple[int, int]:
    length = given.get("length", default)
    low, high = (length, length) if isinstance(length, int) else length
    if low > high or (cells and high > cells):
        raise ValueError(f"a length of {low} to {high} digits" + (f" does not fit into {cells} cells" if low <= high else ""))
    return low, high


def _limits(given: Mapping[str, Any], known: Callable[[Any], Any]) -> tuple[Any, Any]:
    low, high = (known(given[key]) if key in given else None for key in ("minimum", "maximum"))
    if low is not None and high is not None and low > high:
        raise ValueError(f"the minimum {low} is above the maximum {high}")
    return low, high


def _number(value: Any) -> float:
    if isinstance(value, str | bool):
        raise ValueError(f"the limit {value!r} is no number")
    return float(value) if value != int(value) else int(value)


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"the limit {value!r} is no day; write it as 2026-11-24") from None


def _clock(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError(f"the limit {value!r} is no time; write it as 08:05")
    return value


def _box(box: Sequence[int]) -> Box:
    return box[0], box[1], box[2], box[3]


def _twice(names: Sequence[str]) -> str | None:
    """The first name that there is more than once; None where there is none."""
    return next((name for name, count in Counter(names).items() if count > 1), None)
