"""The service's answers: rows as on the command line, and every bad request refused with a reason."""

import base64
import csv
import io
import json
import multiprocessing
import os
import signal
import struct
import zlib

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")

from fastapi.testclient import TestClient

from inkdigits import Reader
from inkdigits.errors import ModelError
from inkdigits.server.app import PAGE, Settings, make_app
from inkdigits.server.limits import HEADERS, Limits
from inkdigits.training.pen import write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
KEY, URL = "open sesame", "http://localhost"
LINE = ("text", "box", "confidence", "digits", "candidates", "value")
ROW = (
    "source",
    "page",
    "text",
    "confidence",
    "needs_review",
    "refused",
    "error",
    "lines",
    "ms",
    "model",
    "left_out",
    "review_reasons",
    "value",
    "fields",
    "tables",
)


def png(text: str, seed: int = 3) -> bytes:
    """A note as the bytes of a PNG."""
    ink = np.pad(write(text, np.random.default_rng(seed)), 40)
    return cv2.imencode(".png", np.round(235 * (1 - 0.8 * ink)).astype(np.uint8))[1].tobytes()


def bomb(side: int) -> bytes:
    """A PNG of a few bytes that promises side x side pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def client():
    with TestClient(make_app(Settings(workers=1, limits=Limits(body=1 << 20, files=3, pages=6))), base_url=URL) as client:
        yield client


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"content": png("27")}, id="raw bytes"),
        pytest.param({"files": {"file": ("body", png("27"))}}, id="a form"),
        pytest.param({"files": {"whatever": ("body", png("27"), "text/plain")}}, id="a form with other names"),
    ],
)
def test_a_row_is_that_of_the_command_line(client, body):
    (row,) = client.post("/v1/read", **body).json()
    expected = Reader().read(png("27"), source="body").to_dict()
    assert tuple(row) == ROW
    assert tuple(row["lines"][0]) == LINE
    assert {**row, "ms": None} == {**json.loads(json.dumps(expected)), "ms": None}
    assert row["text"] == "27"


def test_several_files_are_rows_in_order_and_a_bad_one_loses_nothing(client):
    files = [("a", ("two.png", png("2"))), ("b", ("none.png", b"hello")), ("c", ("../../etc/passwd", png("31")))]
    rows = client.post("/v1/read", files=files).json()
    assert [row["source"] for row in rows] == ["two.png", "none.png", "../../etc/passwd"]
    assert [row["text"] for row in rows] == ["2", "", "31"]
    assert "not an image" in rows[1]["error"]


def test_predict_gives_the_probability_of_each_class(client):
    (row,) = client.post("/v1/predict?tiles=true", content=png("7")).json()
    digit = row["lines"][0]["digits"][0]
    assert digit["label"] == "7"
    assert sum(digit["probabilities"].values()) == pytest.approx(1, abs=0.001)
    tile = np.frombuffer(base64.b64decode(digit["tile"]), np.uint8).reshape(28, 28)
    np.testing.assert_allclose(tile / 255, Reader().predict(png("7")).tile, atol=0.003)


def test_the_threshold_decides_what_is_answered(client):
    image = png("41421", seed=2)
    texts = {threshold: client.post(f"/v1/read?threshold={threshold}", content=image).json()[0]["text"] for threshold in (0, 0.9999)}
    assert texts == {threshold: Reader(threshold=threshold).read(image).text for threshold in texts}
    assert "?" in texts[0.9999]
    assert "?" not in texts[0]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"alphabet": "digits"}, id="digits"),
        pytest.param({"alphabet": "1345.,"}, id="some signs"),
        pytest.param({"decimal": "comma", "threshold": 0.2}, id="decimals"),
        pytest.param({"digits_only": True, "threshold": 0}, id="no symbols"),
        pytest.param({"sure": 0.9}, id="a promise"),
    ],
)
def test_the_options_of_read_are_those_of_a_reader(client, options):
    image = png("2735")
    (row,) = client.post("/v1/read", params=options, content=image).json()
    expected = Reader(**options).read(image, source="body").to_dict()
    assert {**row, "ms": None} == {**json.loads(json.dumps(expected)), "ms": None}
    (unasked,) = client.post("/v1/read", content=image).json()
    assert {**unasked, "ms": None} == {**json.loads(json.dumps(Reader().read(image, source="body").to_dict())), "ms": None}


def test_explain_can_promise_too(client):
    assert client.post("/v1/explain?sure=0.9", content=png("27")).status_code == 200
    for query in ("sure=0.9999", "sure=0.9&threshold=0.5", "sure=0.9&single=true"):
        assert client.post(f"/v1/explain?{query}", content=png("27")).status_code == 422, query


def test_a_service_promises_where_a_request_asks_for_nothing_else():
    sevens = png("7777")
    with TestClient(make_app(Settings(workers=1, sure=0.9)), base_url=URL) as client:
        rows = {
            query: client.post(f"/v1/read?{query}", content=sevens).json()[0] for query in ("", "sure=0.9", "sure=0.95", "threshold=0.99")
        }
        assert client.post("/v1/predict", content=png("7")).status_code == 200
        drawn = {"strokes": [[[20, 20], [60, 20], [40, 90]]]}
        for options in ({}, {"single": True}, {"threshold": 0.5}):
            assert client.post("/v1/strokes", json={**drawn, **options}).status_code == 200, options
    for query, options in {
        "": {"sure": 0.9},
        "sure=0.9": {"sure": 0.9},
        "sure=0.95": {"sure": 0.95},
        "threshold=0.99": {"threshold": 0.99},
    }.items():
        expected = Reader(**options).read(sevens)
        assert (rows[query]["text"], rows[query]["needs_review"], rows[query]["value"]) == (
            expected.text,
            expected.needs_review,
            expected.value,
        )
    with pytest.raises(ModelError, match="is promised"):
        make_app(Settings(sure=0.9999))


def test_an_alphabet_is_that_of_one_request(client):
    (some,), (every,) = (client.post("/v1/read", params=params, content=png("27")).json() for params in ({"alphabet": "13"}, {}))
    assert set(some["text"]) <= set("13?")
    assert every["text"] == "27"


@pytest.mark.parametrize(
    ("form", "check"),
    [
        pytest.param("csv", lambda text: next(iter(csv.DictReader(io.StringIO(text))))["text"] == "27", id="csv"),
        pytest.param("jsonl", lambda text: json.loads(text)["text"] == "27", id="jsonl"),
        pytest.param("text", lambda text: text == "27\n", id="text"),
    ],
)
def test_formats(client, form, check):
    answer = client.post(f"/v1/read?format={form}", content=png("27"))
    assert answer.status_code == 200
    assert check(answer.text)


def test_every_stage_is_drawn(client):
    answer = client.post("/v1/explain", content=png("27"))
    assert answer.headers["content-type"] == "image/png"
    assert cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR).shape[1] > 300
    assert client.post("/v1/explain", content=b"hello").status_code == 415
    assert client.post("/v1/explain", content=png("1")[:200]).status_code == 422
    assert client.post("/v1/explain", files=[("a", ("a", png("1"))), ("b", ("b", png("1")))]).status_code == 400


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        pytest.param({"content": b""}, 400, "there is no image", id="nothing"),
        pytest.param({"data": {"a": "b"}, "files": {"x": (None, "text")}}, 400, "no file in the form", id="a form without a file"),
        pytest.param(
            {"content": b"nonsense", "headers": {"content-type": "multipart/form-data; boundary=x"}},
            400,
            "parsed",
            id="bad form",
        ),
        pytest.param(
            {"content": b"abc", "headers": {"content-type": "multipart/form-data"}}, 400, "boundary", id="a form without a boundary"
        ),
        pytest.param({"files": [("a", (f"{i}.png", b"x")) for i in range(4)]}, 400, "Too many files", id="too many files"),
        pytest.param({"content": bytes((1 << 20) + 1)}, 413, "larger than 1 MB", id="too large, and says so"),
        pytest.param({"content": iter([bytes(1 << 19)] * 5)}, 413, "larger than 1 MB", id="too large, as it comes"),
        pytest.param({"content": png("1"), "params": {"threshold": 2}}, 422, "less than or equal to 1", id="no probability"),
        pytest.param({"content": png("1"), "params": {"sure": 0.9999}}, 422, "is promised", id="more than is promised"),
        pytest.param({"content": png("1"), "params": {"sure": 1}}, 422, "less than 1", id="nobody is that sure"),
        pytest.param({"content": png("1"), "params": {"sure": 0.9, "threshold": 0.9}}, 422, "give one", id="a promise and a threshold"),
        pytest.param({"content": png("1"), "params": {"format": "xml"}}, 422, "jsonl", id="no format"),
        pytest.param({"content": png("1"), "params": {"alphabet": "12ab"}}, 422, "some of 0123456789", id="no alphabet"),
        pytest.param({"content": png("1"), "params": {"alphabet": ""}}, 422, "alphabet must be digits", id="an alphabet of nothing"),
        pytest.param({"content": png("1"), "params": {"alphabet": "1" * 41}}, 422, "at most 40", id="a long alphabet"),
        pytest.param({"content": png("1"), "params": {"decimal": ","}}, 422, "'point' or 'comma'", id="no decimal"),
        pytest.param({"content": png("1"), "params": {"digits_only": "perhaps"}}, 422, "digits_only", id="neither yes nor no"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(client, request_, status, reason):
    answer = client.post("/v1/read", **request_)
    assert (answer.status_code, reason in answer.text) == (status, True), answer.text


def test_a_decompression_bomb_is_a_row_with_an_error(client):
    (row,) = client.post("/v1/read", content=bomb(100_000)).json()
    assert "pixels" in row["error"]
    assert client.post("/v1/read", content=png("27")).json()[0]["text"] == "27"


@pytest.mark.parametrize(
    ("pages", "others", "error"),
    [
        pytest.param(6, 0, None, id="as many as there may be"),
        pytest.param(7, 0, "7 pages are too many; at most 6 are read: split it", id="one more"),
        pytest.param(4, 1, "4 pages are too many; at most 3 are read: split it", id="each of two files has half of them"),
    ],
)
def test_the_pages_of_a_request_are_counted_before_one_is_read(client, pages, others, error):
    scan = cv2.imencodemulti(".tiff", [np.full((40, 40), 255, np.uint8)] * pages)[1].tobytes()
    files = [("file", ("scan.tiff", scan)), *[("file", ("27.png", png("27")))] * others]
    rows = client.post("/v1/read", files=files).json()
    assert [row["error"] for row in rows if row["source"] == "scan.tiff"] == ([error] if error else [None] * pages)
    assert [row["text"] for row in rows if row["source"] == "27.png"] == ["27"] * others


def test_a_queue_holds_at_least_one_full_request():
    with TestClient(make_app(Settings(workers=1, room=1, limits=Limits(files=12))), base_url=URL) as client:
        rows = client.post("/v1/read", files=[("a", (f"{i}.png", png("27"))) for i in range(12)]).json()
    assert [row["text"] for row in rows] == ["27"] * 12


def test_a_worker_that_is_killed_while_idle_costs_nobody_a_row(client):
    for worker in multiprocessing.active_children():
        os.kill(worker.pid, signal.SIGKILL)
    assert client.post("/v1/read", content=png("27")).json()[0]["text"] == "27"


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        pytest.param(b"hello", 415, "not an image", id="no image"),
        pytest.param(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", 415, "HEIC", id="an image of a kind that is not read"),
        pytest.param(png("27")[:300], 422, "cut short", id="an image that is cut short"),
        pytest.param(bomb(100_000), 422, "pixels", id="a bomb"),
    ],
)
def test_a_sole_image_that_cannot_be_read_is_an_error_with_its_row(client, content, status, reason):
    for path in ("/v1/read", "/v1/predict"):
        answer = client.post(path, content=content)
        (row,) = answer.json()
        assert (answer.status_code, reason in row["error"], tuple(row)) == (status, True, ROW)
        assert client.post(path, files={"file": ("a.png", content)}).status_code == status
        answer = client.post(f"{path}?format=csv", content=content)
        assert (answer.status_code, reason in next(csv.DictReader(io.StringIO(answer.text)))["error"]) == (status, True)
    files = [("file", ("a.png", content)), ("file", ("b.png", png("27")))]
    assert client.post("/v1/read", files=files).status_code == 200, "the others are read"


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "x" * 1000])
def test_a_threshold_that_is_none_is_refused_and_not_repeated(client, value):
    answer = client.post(f"/v1/read?threshold={value}", content=png("1"))
    assert (answer.status_code, answer.json()["detail"].startswith("threshold: Input should be")) == (422, True)
    assert value not in answer.text
    assert client.post("/v1/explain", params={"threshold": value}, content=png("1")).status_code == 422


def test_no_file_of_the_server_is_reachable(client):
    for path in (
        "/../app.py",
        "/%2e%2e/app.py",
        "/..%2fapp.py",
        "/etc/passwd",
        "//etc/passwd",
        "/app.py",
        "/../../weights/digit/card.json",
    ):
        assert client.get(path).status_code in (404, 405), path


def test_the_answers_carry_what_browsers_must_know(client):
    page, api = client.get("/"), client.get("/v1/model")
    for name, value in HEADERS.items():
        assert page.headers[name] == api.headers[name] == value
    assert api.headers["cache-control"] == "no-store"
    assert page.headers["content-type"].startswith("text/html")


def test_a_wrong_method_is_told_the_right_one(client):
    answer = client.delete("/v1/read")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.get("/v1/nothing").status_code == 404


def test_the_card_the_health_and_the_figures(client):
    told = client.get("/v1/model").json()
    assert (told["name"], told["read_by"]) == ("digit", [f"{card.name} {card.version}" for card in Reader().cards])
    assert [name.split()[0] for name in told["read_by"]] == ["digit", "number", "fields", "upright"]
    assert (client.get("/healthz").text, client.get("/readyz").text) == ("ok\n", "ok\n")
    client.post("/v1/read", content=png("27"))
    text = client.get("/metrics").text
    for line in (
        'inkdigits_requests_total{path="/v1/read",status="200"}',
        'inkdigits_stage_seconds_count{stage="ink"}',
        "inkdigits_queue 0.0",
    ):
        assert line in text
    assert 'inkdigits_images_total{result="read"}' in text
    assert 'inkdigits_model_info{name="digit-' in text


def test_a_key_covers_everything_but_the_page_and_its_health():
    with TestClient(make_app(Settings(workers=1, key=KEY)), base_url=URL) as client:
        for path in ("/v1/model", "/metrics", "/readyz", "/openapi.json", "/docs"):
            refused = client.get(path)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer"), path
            assert client.get(path, headers={"X-API-Key": "wrong"}).status_code == 401
            assert client.get(path, headers={"X-API-Key": KEY}).status_code == 200
            assert client.get(path, headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
        open_ = ["/", "/healthz", *("/" + path.relative_to(PAGE).as_posix() for path in PAGE.rglob("*.*"))]
        assert {client.get(path).status_code for path in open_} == {200}
        for path in ("/v1/read", "/v1/predict", "/v1/strokes", "/v1/explain", "/v1/inside", "/v1/nothing", "/nothing", "/healthz/"):
            assert client.post(path, content=png("1")).status_code == 401, path


def test_a_name_that_is_not_its_own_is_refused_and_the_remedy_named(client):
    for path in ("/", "/healthz", "/v1/model"):
        answer = client.get(path, headers={"Host": "rebound.example"})
        assert (answer.status_code, "--allow-host" in answer.json()["detail"]) == (400, True)
        assert "rebound" not in answer.text
    assert client.post("/v1/read", content=png("1"), headers={"Host": "rebound.example"}).status_code == 400
    for host in ("localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_the_description_names_every_route_and_its_refusals(client):
    described = client.get("/openapi.json").json()
    for path in ("/v1/read", "/v1/predict", "/v1/strokes", "/v1/explain", "/v1/inside"):
        assert {"200", "401", "413", "422", "503"} <= set(described["paths"][path]["post"]["responses"])
    read = described["paths"]["/v1/read"]["post"]
    options = {"threshold", "format", "tiles", "alphabet", "decimal", "digits_only", "sure", "printed"}
    assert options == {one["name"] for one in read["parameters"]}
    example = read["responses"]["200"]["content"]["application/json"]["example"]
    assert tuple(example[0]["lines"][0]) == LINE
    assert set(ROW) - set(example[0]) == {"refused", "error"}, "which are null"
