"""form.json: what is accepted, what is refused and how that is said, and that the published schema says the same."""

import copy
import json

import pytest

from inkdigits import InputError
from inkdigits.forms.schema import SCHEMA
from inkdigits.forms.template import Template

FIELD = {"name": "id", "box": [10, 20, 90, 12], "type": "id", "length": 9, "cells": 9, "required": True}
FORM = {
    "version": 1,
    "name": "exam",
    "pages": [
        {
            "image": "form-1.png",
            "size": [200, 300],
            "fields": [
                FIELD,
                {"name": "q1", "box": [10, 40, 30, 12], "type": "integer", "maximum": 20},
                {"name": "q2", "box": [10, 60, 30, 12], "type": "integer"},
                {"name": "total", "box": [10, 80, 30, 12], "type": "integer"},
                {
                    "name": "sex",
                    "box": [10, 100, 50, 12],
                    "type": "choice",
                    "options": [{"name": "f", "box": [10, 100, 10, 10]}, {"name": "m", "box": [40, 100, 10, 10]}],
                },
            ],
        }
    ],
    "checks": [{"check": "sum", "of": ["q1", "q2"], "is": "total"}],
}


def changed(*path, to):
    """FORM with one place changed, or with it added."""
    form = copy.deepcopy(FORM)
    place = form
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return form


def test_a_form_is_what_its_file_says(tmp_path):
    template = Template.from_dict(FORM)
    assert template.columns == ("id", "q1", "q2", "total", "sex")
    own = template.pages[0].fields[0]
    assert (own.name, own.box, own.type, own.cells, own.required) == ("id", (10, 20, 90, 12), "id", 9, True)
    assert own.kind.lengths == (9, 9)
    assert template.checks[0].said == "q1 + q2 = total"
    assert template.pages[0].fields[4].boxes == [(10, 100, 10, 10), (40, 100, 10, 10)]
    template.save(tmp_path / "form.json")
    assert Template.load(tmp_path / "form.json").to_dict() == template.to_dict()
    assert Template.load(tmp_path / "form.json").folder == tmp_path


WRONG = [
    (("version",), 2, "version must be 1, not 2"),
    (("pages",), [], "pages has 0 entries"),
    (("nmae",), "x", "has 'nmae', which is not known here"),
    (("pages", 0, "fields", 0, "type"), "digits", "pages[0].fields[0].type must be one of integer, decimal"),
    (("pages", 0, "fields", 0, "box"), [150, 20, 90, 12], "(id): the box [150, 20, 90, 12] is not inside the page of 200 x 300"),
    (("pages", 0, "fields", 0, "box"), [1, 2, 3], "box has 3 entries"),
    (("pages", 0, "fields", 0, "box"), [1.5, 2, 3, 4], "box[0] must be an integer"),
    (("pages", 0, "fields", 0, "box"), [-1, 2, 3, 4], "box[0] must be at least 0, not -1"),
    (("pages", 0, "fields", 0, "places"), 2, "(id): an id has no 'places'"),
    (("pages", 0, "fields", 0, "check"), "mod10", "check must be one of luhn, mod11, mod97"),
    (("pages", 0, "fields", 0, "pattern"), "[0-9", "is no regular expression"),
    (("pages", 0, "fields", 0, "length"), 10, "a length of 10 to 10 digits does not fit into 9 cells"),
    (("pages", 0, "fields", 0, "values"), "missing.txt", "there is no missing.txt"),
    (("pages", 0, "fields", 0, "values"), ["123456789", "123456789"], "`values` has '123456789' more than once"),
    (("pages", 0, "fields", 0, "values"), ["12"], "the value '12' of its list is not an id"),
    (("pages", 0, "fields", 1, "name"), "id", "pages[0] has two fields 'id'"),
    (("pages", 0, "fields", 1, "name"), "a,b", "must be a name without commas"),
    (("pages", 0, "fields", 1, "minimum"), 30, "the minimum 30 is above the maximum 20"),
    (("pages", 0, "fields", 1, "minimum"), "3", "the limit '3' is no number"),
    (("pages", 0, "fields", 4, "options", 1, "box"), [195, 0, 10, 10], "(sex), option 'm': the box"),
    (("pages", 0, "fields", 4, "options", 1, "name"), "f", "has two options 'f'"),
    (("checks", 0, "is"), "sum", "checks[0]: there is no field 'sum'"),
    (("checks", 0, "of"), ["id", "q1"], "checks[0]: 'id' is an id"),
    (("checks", 0, "check"), "order", "checks[0] is no check"),
]


@pytest.mark.parametrize(("path", "to", "said"), WRONG, ids=[said for *_, said in WRONG])
def test_what_is_wrong_is_said_with_its_place_and_a_remedy(path, to, said):
    with pytest.raises(InputError) as raised:
        Template.from_dict(changed(*path, to=to), "form.json")
    assert said in str(raised.value)
    assert raised.value.source == "form.json"
    assert raised.value.remedy


@pytest.mark.parametrize(
    "text", ["", "{", '{"version": 1', "[" * 100_000, "\udce4"], ids=["empty", "torn", "torn later", "deep", "no UTF-8"]
)
def test_a_file_that_is_no_json(tmp_path, text):
    path = tmp_path / "form.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match="no JSON"):
        Template.load(path)


def test_a_form_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="no such file; make one with `inkdigits form new"):
        Template.load(tmp_path / "form.json")


def loaded(tmp_path, roster, name="ids.txt"):
    (tmp_path / name).write_text(roster, encoding="utf-8")
    (tmp_path / "form.json").write_text(json.dumps(changed("pages", 0, "fields", 0, "values", to=name)))
    return Template.load(tmp_path / "form.json").pages[0].fields[0].kind.values


def test_a_roster_is_read_beside_the_form(tmp_path):
    assert loaded(tmp_path, "123456789\n\n987654321\n") == ("123456789", "987654321")
    assert loaded(tmp_path, "\ufeffnumber;name\n123456789;Ada\n", "ids.csv") == ("123456789",)


@pytest.mark.parametrize(
    ("roster", "said"),
    [("123456789\n123456789\n", "has '123456789' more than once"), ("\n", "holds 0 values"), ("12345678\n", "is not an id")],
)
def test_a_roster_that_cannot_be_right(tmp_path, roster, said):
    with pytest.raises(InputError, match=said):
        loaded(tmp_path, roster)


def test_the_fields_of_a_form_of_several_pages_have_names_of_their_own():
    form = {**FORM, "pages": [FORM["pages"][0], {**FORM["pages"][0], "image": "form-2.png"}]}
    assert Template.from_dict(form).columns == ("id", "q1", "q2", "total", "sex")
    with pytest.raises(InputError, match="two pages of one form have a field 'id'"):
        Template.from_dict({**form, "group": "document"})


def test_the_published_schema_refuses_what_the_reader_of_forms_refuses():
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert validator.is_valid(FORM)
    refused = [said for path, to, said in WRONG if not validator.is_valid(changed(*path, to=to))]
    assert len(refused) == 9  # the others depend on more than one place
