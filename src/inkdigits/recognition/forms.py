"""The forms that numbers have on paper, which say what a text may be where its ink allows several."""

from __future__ import annotations

import re

from .alphabet import CLASSES, OTHER
from .decode import Text

_WHOLE = r"(?:\d{1,3}(?:[.,]\d{3})+|\d+)"
_NUMBER = rf"(?:{_WHOLE}(?:[.,]\d{{1,4}})?|[.,]\d+)"
FORMS = {
    "amount": rf"[-+]?\$?{_NUMBER}(?:[.,]?-{{0,2}}|[.,]?/-|%|\$|/)",
    "in brackets": rf"\([-+]?\$?{_NUMBER}%?\)",
    "date": r"\d{1,4}(?P<mark>[-/.])\d{1,2}(?P=mark)\d{1,4}|\d{1,2}[-/.]\d{1,2}\.?",
    "time": r"\d{1,2}:\d{2}(?::\d{2})?",
    "telephone number": r"\+?(?:\(\d{1,4}\))?[-/]?\d{2,6}(?:(?P<gap>[-/.])\d{2,6}(?:(?P=gap)\d{2,6})*)?",
    "share": r"\d{1,3}[/:]\d{1,3}",
    "two numbers": rf"{_NUMBER}[-+]{_NUMBER}",
    "code": r"\d+(?:-\d+)+",
}
"""Regular expressions over digits and symbols."""
_ANY = re.compile("|".join(f"(?:{form})" for form in FORMS.values()))


def has_form(text: Text) -> bool:
    """Whether a text, as indices of CLASSES, has one of the forms; what is no number is passed over, and what is left may be nothing."""
    characters = "".join(CLASSES[sign] for sign in text if CLASSES[sign] != OTHER)
    return not characters or _ANY.fullmatch(characters) is not None
