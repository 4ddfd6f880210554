"""What a person types is held against the types of fields."""

import pytest

from inkdigits.forms.template import Template
from inkdigits.forms.typed import as_typed, typed

BOX = [0, 0, 9, 9]
OPTIONS = [{"name": name, "box": BOX} for name in ("adult", "child", "chaperone")]


def field(**given):
    page = {"image": "1.png", "size": [10, 10], "fields": [{"name": "f", "box": BOX, **given}]}
    return Template.from_dict({"version": 1, "name": "one", "pages": [page]}).pages[0].fields[0]


@pytest.mark.parametrize(
    ("given", "text", "value", "status"),
    [
        ({"type": "integer"}, " 0120", "120", "ok"),
        ({"type": "integer", "maximum": 99}, "120", "120", "invalid"),
        ({"type": "integer"}, "", "", "empty"),
        ({"type": "integer", "required": True}, "", "", "invalid"),
        ({"type": "integer"}, "12?", "12?", "unsure"),
        ({"type": "integer"}, "Struck out", "", "struck out"),
        ({"type": "integer"}, "12a", "12a", "invalid"),
        ({"type": "money"}, "1,250.5", "1,250.5", "invalid"),
        ({"type": "money"}, "1 250,50", "1250.50", "ok"),
        ({"type": "date"}, "24/11/2026", "2026-11-24", "ok"),
        ({"type": "date"}, "2026-11-24", "2026-11-24", "ok"),
        ({"type": "date", "order": "mdy"}, "2026-11-24", "2026-11-24", "ok"),
        ({"type": "date", "cells": 8}, "2026-11-24", "2026-11-24", "ok"),
        ({"type": "date", "cells": 6}, "2026-11-24", "2026-11-24", "ok"),
        ({"type": "date"}, "2026-02-31", "2026-02-31", "invalid"),
        ({"type": "date", "maximum": "2026-01-01"}, "2026-11-24", "2026-11-24", "invalid"),
        ({"type": "time", "cells": 4}, "08:05", "08:05", "ok"),
        ({"type": "phone"}, "079 555 12 34", "0795551234", "ok"),
        ({"type": "id", "values": ["12345", "12354"]}, "12345", "12345", "ok"),
        ({"type": "id", "values": ["12345", "12354"]}, "12344", "12344", "invalid"),
        ({"type": "id", "check": "luhn"}, "79927398713", "79927398713", "ok"),
        ({"type": "tick"}, "X", "yes", "ok"),
        ({"type": "tick"}, "n", "no", "ok"),
        ({"type": "tick"}, "maybe", "maybe", "invalid"),
        ({"type": "choice", "options": OPTIONS}, "a", "adult", "ok"),
        ({"type": "choice", "options": OPTIONS}, "ch", "ch", "invalid"),
        ({"type": "choice", "options": OPTIONS}, "3", "chaperone", "ok"),
        ({"type": "choice", "options": OPTIONS}, "chil + a", "adult + child", "invalid"),
        ({"type": "choice", "options": OPTIONS, "many": True}, "chil + a", "adult + child", "ok"),
    ],
)
def test_what_a_typed_text_means(given, text, value, status):
    found = typed(field(**given), text)
    assert (found.value, found.status) == (value, status)
    assert bool(found.problem) == (status == "invalid")


@pytest.mark.parametrize("cells", [0, 4, 6, 8])
@pytest.mark.parametrize("kind", ["date", "time", "integer", "id"])
def test_a_value_can_be_typed_as_it_stands_in_the_table(kind, cells):
    if (kind == "date" and cells == 4) or (kind == "time" and cells > 4):
        return
    own = field(type=kind, **({"cells": cells} if cells else {}))
    value = {"date": "2026-11-24", "time": "08:05", "integer": "120", "id": "0123"}[kind]
    assert typed(own, value).value == value


def test_a_value_is_shown_as_it_is_written_where_that_is_what_it_means():
    day = field(type="date")
    assert as_typed(day, "2026-11-24", "24/11/2026") == "24/11/2026"
    assert as_typed(day, "2026-11-21", "24/11/2026") == "2026-11-21", "a check picked another"
    assert as_typed(day, "", "31/02/2026") == "31/02/2026"
    assert as_typed(field(type="tick"), "yes", "") == "yes"
