"""A form.json that people edit over the network: what it holds, whether an edited one may take its place, what of it is wrong and where.

Who edits says what is written where on the pages, and nothing of other files: pages keep their images, and lists of values lie in the
folder of form.json. A file that was changed since it was loaded is not written over.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from ..errors import InputError, OutputError
from ..files import write
from .schema import VERSION, check_schema
from .template import Template


class ChangedError(OutputError):
    """The file is no longer the one that was edited."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an edited form, in words. page, field: the places, from 0, of the page and of the field on it that it is about;
    None where it is about none."""

    message: str
    page: int | None = None
    field: int | None = None


def fault_of(error: InputError, found: Any) -> Fault:
    """What an error of `checked` is about, its message without the path to it. found: the form that it is of."""
    place = re.match(r"pages\[(\d+)\](?:\.fields\[(\d+)\])?", error.reason)
    if place is None:
        return Fault(error.message)
    page, field = (None if number is None else int(number) for number in place.groups())
    rest = error.message[place.end() :]
    if field is not None and page is not None:
        own = found["pages"][page]["fields"][field]
        rest = rest.removeprefix(f" ({own.get('name')})") if isinstance(own, dict) else rest
    return Fault(rest.lstrip(".:, "), page, field)


def checked(found: Any, path: Path) -> Template:
    """The template of an edited form, which is to take the place of the one at `path`. Raises InputError for one that is none, that has
    other pages than the file, or that names a list of values outside of the folder of the file."""
    check_schema(found, path.name)
    there = Template.load(path)
    known = {(layout.image, layout.size) for layout in there.pages}
    for number, page in enumerate(found["pages"]):
        if (page["image"], tuple(page["size"])) not in known:
            raise InputError(path.name, f"pages[{number}]: its image is none of the form", "make the form again from another blank")
    kept = {values for _, values in _lists(there.to_dict())}
    for where, values in _lists(found):
        if values not in kept and not (path.parent / values).resolve().is_relative_to(path.parent.resolve()):
            raise InputError(path.name, f"{where}: the list {values!r} is in another folder", f"put it beside {path.name}")
    return Template.from_dict(found, path.name, path.parent)


def _lists(form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The files of values that a form names: where it does, and the file as it is named."""
    for number, page in enumerate(form["pages"]):
        for place, own in enumerate(page["fields"]):
            if isinstance(own.get("values"), str):
                yield f"pages[{number}].fields[{place}]", own["values"]


class FormFile:
    """A form.json on disk that several people may edit. path: of the file, which need not be there yet."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = Lock()

    def now(self) -> tuple[Template, str] | None:
        """The form, and the version of its file, by which `save` knows it again; None where there is no file. Raises InputError for a file
        that holds no form."""
        version = self._version()
        return None if version is None else (Template.load(self.path), version)

    def save(self, text: str, version: str) -> str:
        """Write the text of an edited form in the place of the version that was edited; returns the new version. Raises ChangedError where
        the file is another one by now, OutputError where it cannot be written."""
        with self._lock:
            if self._version() != version:
                name = self.path.name
                raise ChangedError(f"the file {name} was changed by somebody else since it was loaded here, and is not written over")
            write(self.path, text)
            return _digest(text.encode())

    def create(self, name: str, pages: Sequence[Mapping[str, Any]], pictures: Sequence[bytes]) -> None:
        """Write a new form and the pictures of its pages, none of which is there yet. pages: as form.json has them, without `image`, which
        is given to them here; pictures: a PNG of each. Raises ChangedError where a file is there already, OutputError."""
        files = [f"{self.path.stem}-{number}.png" for number in range(1, len(pages) + 1)]
        form = {"version": VERSION, "name": name, "pages": [{**page, "image": file} for page, file in zip(pages, files, strict=True)]}
        template = Template.from_dict(form, self.path.name, self.path.parent)
        with self._lock:
            there = [path.name for path in (self.path, *map(self.path.with_name, files)) if path.exists()]
            if there:
                raise ChangedError(f"the file {there[0]} is there already, and is not written over")
            for file, picture in zip(files, pictures, strict=True):
                write(self.path.with_name(file), picture)
            template.save(self.path)

    def _version(self) -> str | None:
        """What tells the file from any other; None where there is none. Raises InputError."""
        try:
            return _digest(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(str(self.path), f"cannot be read: {error.strerror}", "check its name and permissions") from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
