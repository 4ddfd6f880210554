"""The exceptions of inkdigits. `except inkdigits.Error` catches all of ours.

Error
├── InputError        a source cannot be read: which one, why, and what to do about it
├── DataError         a data set is missing, damaged, or cannot be downloaded
├── ModelError        a model file or its card is missing, damaged, or does not fit
├── RecipeError       a training recipe, or what it was given, does not work
├── ExportError       a trained model could not be exported faithfully
├── OutputError       a file cannot be written, or holds what must not be lost
└── MissingExtra      an optional dependency is not installed; the message is the command that installs it
"""

from __future__ import annotations


class Error(Exception):
    """Base of every error that inkdigits raises on purpose."""


class InputError(Error):
    """An image source cannot be read.

    Attributes: `source` (the name the user gave), `reason` (what is wrong), `remedy` (what to do; may be empty).
    """

    def __init__(self, source: str, reason: str, remedy: str = "") -> None:
        self.source, self.reason, self.remedy = source, reason, remedy
        super().__init__(f"{source}: {self.message}")

    @property
    def message(self) -> str:
        """Reason and remedy, for where the source has its own place: `error` of a Reading."""
        return self.reason + (f"; {self.remedy}" if self.remedy else "")

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        """Errors travel between processes."""
        return InputError, (self.source, self.reason, self.remedy)


class DataError(Error):
    """A data set is missing, damaged, or cannot be downloaded."""


class ModelError(Error):
    """A model file or its card is missing, damaged, or does not fit what is asked of it."""


class RecipeError(Error):
    """A training recipe, or what it was given, does not work."""


class ExportError(Error):
    """A trained model could not be exported faithfully."""


class OutputError(Error):
    """A file cannot be written, or holds what must not be lost."""


class MissingExtra(Error):
    """An optional dependency is missing; the message names the command that installs it."""

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra, self.purpose = extra, purpose
        super().__init__(f"{purpose} needs an optional part of inkdigits: pip install 'inkdigits[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingExtra], tuple[str, str]]:
        """Errors travel between processes."""
        return MissingExtra, (self.extra, self.purpose)
