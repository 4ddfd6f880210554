"""The routes of the form editor: what is edited, its pages, proposals, a scan that is tried, saving; and every bad request refused."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")
sys.path.append(str(Path(__file__).parents[1] / "forms"))

from fastapi.testclient import TestClient
from forms_drawn import FIELDS, SIZE, blank_page, filled_page

from inkdigits.errors import InputError
from inkdigits.forms.schema import PROPERTIES
from inkdigits.forms.template import Template
from inkdigits.server.app import Settings, make_app

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
URL = "http://localhost"
CHECKS = [{"check": "sum", "of": ["first", "second"], "is": "total"}]


def png(image):
    return cv2.imencode(".png", image)[1].tobytes()


def put_form(folder):
    """A form.json with its blank in a folder."""
    (folder / "blank.png").write_bytes(png(blank_page()))
    page = {"name": "application", "image": "blank.png", "size": list(SIZE), "fields": FIELDS}
    text = json.dumps({"version": 1, "name": "application", "pages": [page], "checks": CHECKS})
    (folder / "form.json").write_text(text)
    return folder / "form.json"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("form") / "form.json"


@pytest.fixture(scope="module")
def client(path):
    put_form(path.parent)
    with TestClient(make_app(Settings(workers=1, form=path)), base_url=URL) as client:
        yield client


@pytest.fixture
def edited(client, path):
    """What the editor has loaded, anew for each test."""
    put_form(path.parent)
    return client.get("/v1/form").json()


def test_the_page_is_told_the_form_and_what_may_be_said_of_a_field(edited):
    assert edited["file"] == "form.json"
    assert edited["form"]["pages"][0]["fields"] == FIELDS
    assert edited["form"]["checks"] == CHECKS
    assert edited["keys"] == json.loads(json.dumps({key: {"schema": own, "types": types} for key, (own, types) in PROPERTIES.items()}))
    assert all("description" in own for key, (own, _) in PROPERTIES.items() if key not in ("name", "box", "type"))


def test_a_page_is_a_picture_and_its_fields_are_proposed(client, edited):
    picture = client.get("/v1/form/page/0")
    assert picture.headers["content-type"] == "image/png"
    assert np.array_equal(cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_GRAYSCALE), blank_page())
    proposed = client.post("/v1/form/propose", json={"page": 0}).json()["fields"]
    assert [own["type"] for own in proposed] == ["id", "integer", "integer", "integer", "integer", "tick"]
    assert client.get("/v1/form/page/1").status_code == client.post("/v1/form/propose", json={"page": 1}).status_code == 422
    assert client.get("/v1/form/page/-1").status_code == 422


def test_an_edited_form_is_saved_once(client, edited, path):
    edited["form"]["pages"][0]["fields"].reverse()
    answer = client.post("/v1/form/save", json={"version": edited["version"], "form": edited["form"]})
    assert answer.status_code == 200
    assert [own.name for own in Template.load(path).pages[0].fields] == [own["name"] for own in reversed(FIELDS)]
    assert client.get("/v1/form").json()["version"] == answer.json()["version"]
    again = client.post("/v1/form/save", json={"version": edited["version"], "form": edited["form"]})
    assert (again.status_code, "changed by somebody else" in again.json()["detail"]) == (409, True)


def test_what_is_wrong_with_a_form_is_said_with_its_place_and_nothing_is_saved(client, edited, path):
    before = path.read_text()
    edited["form"]["pages"][0]["fields"][1]["minimum"] = 900
    body = {"version": edited["version"], "form": edited["form"]}
    scan = {"file": ("a.png", png(blank_page()))}
    for answer in (client.post("/v1/form/save", json=body), client.post("/v1/form/try", data={"form": json.dumps(body)}, files=scan)):
        assert (answer.status_code, answer.json()["page"], answer.json()["field"]) == (422, 0, 1)
        assert answer.json()["detail"].startswith("the minimum 900 is above the maximum 500")
    assert path.read_text() == before


def test_a_file_that_cannot_be_written_is_said(client, edited, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    answer = client.post("/v1/form/save", json={"version": edited["version"], "form": edited["form"]})
    assert (answer.status_code, "No space left on device" in answer.json()["detail"]) == (500, True)


def test_a_scan_is_tried_with_the_form_as_it_is_edited(client, edited, path):
    fields = edited["form"]["pages"][0]["fields"]
    fields[1]["name"] = "one"
    edited["form"]["checks"][0]["of"][0] = "one"
    body = {"form": json.dumps({"version": edited["version"], "form": edited["form"]})}
    scan = filled_page(blank_page(), id="123456782", first="120", second="31", total="151")
    _, pages = cv2.imencodemulti(".tiff", [scan, np.full((400, 300), 255, np.uint8)])
    (first, second) = client.post("/v1/form/try", data=body, files={"file": ("a.tiff", pages.tobytes())}).json()["pages"]
    values = {name: (own["value"], own["status"]) for name, own in first["fields"].items() if name in ("id", "one", "day", "agreed")}
    assert values == {"id": ("123456782", "ok"), "one": ("120", "ok"), "day": ("", "empty"), "agreed": ("no", "ok")}
    assert np.abs(np.array(first["fields"]["one"]["box"]) - FIELDS[1]["box"]).max() <= 3
    assert first["size"] == list(SIZE)
    for text in (first["picture"], first["fields"]["one"]["crop"]):
        assert text
    assert (first["layout"], second["layout"], second["refused"]) == ("application", "", "it fits no page of the form")
    assert "one" not in path.read_text()


def test_a_form_begins_with_a_blank(tmp_path):
    with TestClient(make_app(Settings(workers=1, form=tmp_path / "new.json")), base_url=URL) as client:
        begun = client.get("/v1/form").json()
        assert (begun["form"], begun["version"]) == (None, None)
        as_bytes = {"Content-Type": "application/octet-stream"}
        for content, said in ((b"no image", "not an image"), (png(np.full((400, 300), 255, np.uint8)), "too little print")):
            refused = client.post("/v1/form/new?name=b.png", content=content, headers=as_bytes)
            assert (refused.status_code, said in refused.json()["detail"]) == (422, True)
        assert not list(tmp_path.iterdir())
        made = client.post("/v1/form/new?name=../application.png", content=png(blank_page()), headers=as_bytes).json()
        assert made["form"]["name"] == "application"
        assert len(made["form"]["pages"][0]["fields"]) == len(FIELDS)
        assert sorted(file.name for file in tmp_path.iterdir()) == ["new-1.png", "new.json"]
        again = client.post("/v1/form/new?name=b.png", content=png(blank_page()), headers=as_bytes)
        assert (again.status_code, again.json()["detail"]) == (409, "the file new.json is there already, and is not written over")


@pytest.mark.parametrize(
    ("route", "sent", "status"),
    [
        pytest.param(
            "save", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, id="JSON that a form of another page sends"
        ),
        pytest.param("propose", {"content": b'{"page": 0}', "headers": {"Content-Type": "text/plain"}}, 415, id="proposals likewise"),
        pytest.param("new", {"files": {"file": ("a.png", b"x")}}, 415, id="a blank that a form of another page sends"),
        pytest.param("save", {"json": {"version": "0", "form": {}}}, 422, id="no version"),
        pytest.param("save", {"json": {"version": "0" * 64, "form": []}}, 422, id="no form"),
        pytest.param("save", {"content": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}, 422, id="no JSON"),
        pytest.param("save", {"content": b" " * (1 << 20) + b"{}", "headers": {"Content-Type": "application/json"}}, 413, id="too large"),
        pytest.param("try", {"files": {"file": ("a.png", b"x")}}, 400, id="a scan without a form"),
        pytest.param("try", {"data": {"form": "{}"}}, 400, id="a form without a scan"),
        pytest.param("try", {"data": {"form": "no"}, "files": {"file": ("a.png", b"x")}}, 422, id="a form that is no JSON"),
        pytest.param("try", {"data": {"form": "x" * (2 << 20)}, "files": {"file": ("a.png", b"x")}}, 400, id="a form that is too large"),
        pytest.param("", {"json": {}}, 405, id="a wrong method"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(client, path, route, sent, status):
    before = put_form(path.parent).read_text()
    answer = client.post(f"/v1/form/{route}".rstrip("/"), **sent)
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)
    assert path.read_text() == before


def test_a_scan_that_cannot_be_read_is_said(client, edited):
    body = {"form": json.dumps({"version": edited["version"], "form": edited["form"]})}
    answer = client.post("/v1/form/try", data=body, files={"file": ("a.png", b"no image")})
    assert (answer.status_code, "a.png: not an image" in answer.json()["detail"]) == (422, True)


def test_a_file_that_became_none_is_said(client, path):
    path.write_text("{")
    answer = client.get("/v1/form")
    assert (answer.status_code, "no JSON" in answer.json()["detail"]) == (422, True)


def test_a_service_without_a_form_and_one_with_none_to_edit(tmp_path):
    (tmp_path / "form.json").write_text('{"version": 2}')
    with pytest.raises(InputError, match="lacks 'name'"):
        make_app(Settings(workers=1, form=tmp_path / "form.json"))
    client = TestClient(make_app(Settings(workers=1)), base_url=URL)
    assert client.get("/v1/form").status_code == client.post("/v1/form/save", json={}).status_code == 404


def test_a_key_covers_the_editor(path):
    put_form(path.parent)
    client = TestClient(make_app(Settings(workers=1, form=path, key="open sesame")), base_url=URL)
    assert client.get("/form.html").status_code == 200
    for route in ("", "/page/0"):
        assert client.get(f"/v1/form{route}").status_code == 401
    for route in ("propose", "new", "save", "try"):
        assert client.post(f"/v1/form/{route}", json={}).status_code == 401
    assert client.get("/v1/form", headers={"X-API-Key": "open sesame"}).json()["file"] == "form.json"
    assert client.get("/v1/form", headers={"Host": "rebound.example", "X-API-Key": "open sesame"}).status_code == 400
