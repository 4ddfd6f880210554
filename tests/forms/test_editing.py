"""A form.json that people edit: what is wrong is said with its place, other files are out of reach, nobody's changes are written over."""

import copy
import json
import threading
import time

import cv2
import numpy as np
import pytest
from forms_drawn import FIELDS, SIZE

from inkdigits import files
from inkdigits.errors import InputError
from inkdigits.forms import editing
from inkdigits.forms.editing import ChangedError, FormFile, checked, fault_of
from inkdigits.forms.template import Template


@pytest.fixture
def found(form):
    """What form.json holds."""
    return json.loads(form.read_text())


def fault(found, path):
    with pytest.raises(InputError) as caught:
        checked(found, path)
    return fault_of(caught.value, found)


def test_a_form_that_is_right_keeps_its_checks(form, found):
    found["pages"][0]["fields"][1]["maximum"] = 90
    made = json.loads(checked(found, form).to_json())
    assert made["pages"][0]["fields"][1]["maximum"] == 90
    assert made["checks"] == found["checks"]


@pytest.mark.parametrize(
    ("change", "place", "said"),
    [
        pytest.param(lambda page: page["fields"][1].update(length=0), 1, "length must be", id="by the schema"),
        pytest.param(lambda page: page["fields"][2].update(name="a;b"), 2, "name must be a name without", id="a name"),
        pytest.param(lambda page: page["fields"][1].update(minimum=900), 1, "the minimum 900 is above", id="limits"),
        pytest.param(lambda page: page["fields"][3].update(box=[600, 400, 160, 54]), 3, "the box [600, 400, 160, 54] is not", id="a box"),
        pytest.param(lambda page: page["fields"][0].update(pattern="("), 0, "the pattern '(' is no regular", id="a pattern"),
        pytest.param(lambda page: page["fields"][0].update(places=2), 0, "an id has no 'places'", id="a key of another type"),
        pytest.param(
            lambda page: page["fields"][0].update(values="../ids.txt"), 0, "the list '../ids.txt' is in another", id="a list above"
        ),
        pytest.param(lambda page: page["fields"][0].update(values="/etc/passwd"), 0, "the list '/etc/passwd' is in", id="a list elsewhere"),
        pytest.param(lambda page: page["fields"][0].update(values="none.txt"), 0, "there is no ", id="a list that is not there"),
        pytest.param(lambda page: page["fields"].append(dict(page["fields"][1])), None, "has two fields 'first'", id="a name twice"),
        pytest.param(lambda page: page.update(image="/etc/passwd"), None, "its image is none of the form", id="another image"),
        pytest.param(lambda page: page.update(size=[7000, 9900]), None, "its image is none of the form", id="another size"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(form, found, change, place, said):
    change(found["pages"][0])
    one = fault(found, form)
    assert (one.page, one.field) == (0, place)
    assert one.message.startswith(said)


@pytest.mark.parametrize(
    "found", [[], {}, {"version": 1, "name": "x", "pages": [3]}, {"version": 1, "name": "x", "pages": [{"fields": 1}]}]
)
def test_what_is_no_form_is_said(form, found):
    assert fault(found, form).message


def test_a_field_of_a_check_that_is_gone_is_said(form, found):
    del found["pages"][0]["fields"][1]
    one = fault(found, form)
    assert (one.page, one.field) == (None, None)
    assert "checks[0]: there is no field 'first'" in one.message


def test_a_list_that_the_file_has_elsewhere_stays(form, found, tmp_path_factory):
    roster = tmp_path_factory.mktemp("elsewhere") / "ids.txt"
    roster.write_text("123456782\n")
    found["pages"][0]["fields"][0]["values"] = str(roster)
    form.write_text(json.dumps(found))
    found["pages"][0]["fields"][1]["maximum"] = 90
    assert checked(found, form).pages[0].fields[0].kind.values == ("123456782",)


def test_a_file_that_was_changed_meanwhile_is_not_written_over(form, found):
    file = FormFile(form)
    template, version = file.now()
    newer = file.save(template.to_json(), version)
    assert file.now() == (template, newer)
    form.write_text(form.read_text().replace('"maximum": 500', '"maximum": 400'))
    before = form.read_text()
    with pytest.raises(ChangedError, match="changed by somebody else"):
        file.save(template.to_json(), newer)
    assert form.read_text() == before
    form.unlink()
    with pytest.raises(ChangedError):
        file.save(template.to_json(), newer)
    assert file.now() is None


def test_of_many_who_save_at_once_one_does(form, monkeypatch):
    def slowly(path, text):
        time.sleep(0.05)
        files.write(path, text)

    monkeypatch.setattr(editing, "write", slowly)
    file = FormFile(form)
    template, version = file.now()
    won, texts = [], []
    for number in range(8):
        changed = copy.deepcopy(template.to_dict()) | {"name": f"form {number}"}
        texts.append(Template.from_dict(changed).to_json())

    def save(text):
        try:
            file.save(text, version)
            won.append(text)
        except ChangedError:
            pass

    threads = [threading.Thread(target=save, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [form.read_text()]


def test_a_form_begins_with_its_pages_and_replaces_none(tmp_path, blank):
    file = FormFile(tmp_path / "new.json")
    page = {"name": "page 1", "size": list(SIZE), "fields": FIELDS}
    picture = cv2.imencode(".png", blank)[1].tobytes()
    file.create("new", [page], [picture])
    template, _ = file.now()
    assert [own.name for own in template.pages[0].fields] == [own["name"] for own in FIELDS]
    assert np.array_equal(cv2.imread(str(template.image(template.pages[0])), cv2.IMREAD_GRAYSCALE), blank)
    before = file.path.read_bytes()
    with pytest.raises(ChangedError, match=r"new\.json is there already"):
        file.create("other", [page], [b""])
    file.path.unlink()
    with pytest.raises(ChangedError, match=r"new-1\.png is there already"):
        file.create("other", [page], [b""])
    assert (tmp_path / "new-1.png").read_bytes() == picture
    assert not file.path.exists()
    assert before
