"""What people said of a store of forms, as writing whose text is known: what the networks can learn the hands from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from ..recognition.alphabet import DIGITS, SYMBOLS
from ..recognition.known import Known
from .reading import INVALID, OK
from .store import State, Store, in_groups, states
from .store_tables import corrections, fields, forms


@dataclass(frozen=True)
class Corrected:
    """The values of a store that people looked at. known: those to learn from, in the order of their forms. left_out: how many others there
    are, by the reason why nothing is learned from them."""

    known: list[Known] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def corrected(store: Store) -> Corrected:
    """Gather the values that people looked at, whether they changed them or not, of forms that are not history.

    Nothing is learned from what was struck out, is empty or cannot be read; from small boxes; from a text with letters; and from one whose
    signs between its digits are others than those that were read: whoever types 2.5 may have 2,5 before their eyes, while digits are typed
    as they are. Raises OutputError where the store cannot be used.
    """
    found = Corrected()
    with store.reading() as connection:
        said = sql.select(corrections.c.field_id).join(forms, forms.c.id == corrections.c.form_id).where(forms.c.current).distinct()
        for some in in_groups(sorted(connection.execute(said).scalars())):
            found.known.extend(_known(connection, some, found.left_out))
    return found


def _known(connection: Connection, ids: list[int], left_out: Counter[str]) -> Iterator[Known]:
    """The fields with these ids that can be learned from; the others are counted."""
    which = fields.c.id.in_(ids)
    held = states(connection, which)
    query = sql.select(fields.c.id, fields.c.form_id, fields.c.text, fields.c.seen).where(which).order_by(fields.c.id)
    for id_, form, text, seen in connection.execute(query):
        state = held[id_]
        if not state.reviewer:  # what was said of it was taken back
            continue
        reason = _reason(state, text, seen)
        if reason:
            left_out[reason] += 1
            continue
        image = np.asarray(cv2.imdecode(np.frombuffer(seen, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
        yield Known(image, state.text, str(form))


def _reason(state: State, text: str, seen: bytes | None) -> str:
    """Why nothing can be learned from a field; "" where something can. text: what was read."""
    if state.status not in (OK, INVALID):
        return "empty, struck out or unreadable"
    if seen is None:
        return "nothing was seen to be written"
    if not state.text or set(state.text) - set(DIGITS + SYMBOLS):
        return "no number"
    if _signs(state.text) and _signs(state.text) != _signs(text):
        return "other signs than were read"
    return ""


def _signs(text: str) -> str:
    """The text without its digits, a space for each run of these."""
    marked = re.sub("[0-9]+", " ", text)
    return marked if marked.strip() else ""
