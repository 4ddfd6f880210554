"""Pages become rows: a row a page, or the pages of a document together; rows of CSV are known again."""

import csv
import io

import pytest

from inkdigits.forms.reading import FieldValue, FormReading
from inkdigits.forms.rows import TableReading, columns, columns_of, forms
from inkdigits.forms.template import Template
from inkdigits.reading import Reading


def template(group):
    own = {"box": [0, 0, 9, 9], "type": "integer"}
    pages = [
        {"name": "front", "image": "1.png", "size": [10, 10], "fields": [{"name": "a", **own}]},
        {"name": "back", "image": "2.png", "size": [10, 10], "fields": [{"name": "b", **own}, {"name": "t", **own}]},
    ]
    checks = [{"check": "sum", "of": ["a", "b"], "is": "t"}] if group == "document" else []
    return Template.from_dict({"version": 1, "name": "two pages", "group": group, "pages": pages, "checks": checks})


def page(number, layout, source="scan.pdf", **values):
    read = tuple(FieldValue(name, value, value, 0.99, "ok", candidates=((value, 0.99),)) for name, value in values.items())
    return FormReading((), source, number, layout=layout, values=read, pages=(number,))


def told(rows):
    return [(row.source, row.pages, row.layout, {own.name: (own.value, own.status) for own in row.values}) for row in rows]


def test_every_page_is_a_form_of_its_own_by_default():
    rows = forms([page(1, "front", a="1"), page(2, "back", b="2", t="3")], template("page"))
    assert told(rows) == [
        ("scan.pdf", (1,), "front", {"a": ("1", "ok")}),
        ("scan.pdf", (2,), "back", {"b": ("2", "ok"), "t": ("3", "ok")}),
    ]


def test_the_pages_of_a_document_are_one_form_in_whatever_order():
    pages = [page(1, "back", b="2", t="3"), page(2, "front", a="1"), page(3, "front", a="7"), page(1, "front", "other.pdf", a="4")]
    missing = {"b": ("", "no such page"), "t": ("", "no such page")}
    assert told(forms(pages, template("document"))) == [
        ("scan.pdf", (1, 2), "back + front", {"a": ("1", "ok"), "b": ("2", "ok"), "t": ("3", "ok")}),
        ("scan.pdf", (3,), "front", {"a": ("7", "ok"), **missing}),
        ("other.pdf", (1,), "front", {"a": ("4", "ok"), **missing}),
    ]


def test_a_check_sees_all_pages_of_a_form():
    (row,) = forms([page(1, "front", a="1"), page(2, "back", b="2", t="4")], template("document"))
    assert {(own.status, own.note) for own in row.values} == {("invalid", "not a + b = t")}
    assert row.needs_review


def test_a_page_that_could_not_be_read_is_a_row_between_and_parts_no_form():
    pages = [page(1, "front", a="1"), Reading((), "scan.pdf", 2, error="page 2 of the PDF is damaged"), page(3, "back", b="2", t="3")]
    rows = list(forms(pages, template("document")))
    assert [(row.pages, row.error) for row in rows] == [((2,), "page 2 of the PDF is damaged"), ((1, 3), None)]


@pytest.mark.parametrize("source", ["scan.pdf", "=cmd|x.png", 'a,b "c".png'])
def test_a_row_of_csv_is_known_again(source):
    known = template("page")
    row = TableReading.of(page(2, "back", source, b="2", t="3"), known)
    head, cells = csv.reader(io.StringIO(row.to_csv()))
    assert tuple(head) == columns_of(known)
    found = columns(known).parse(cells)
    assert found == {"source": source, "page": 2, "pages": [2], "needs_review": False, "refused": None, "error": None}
    if source.startswith("="):
        assert cells[0].startswith("'=")
