"""What describes the service: /openapi.json and /docs. The commands in it are run."""

import html
import json
import re
import shutil
import subprocess
import urllib.request

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs inkdigits[serve]")

from inkdigits.server.describe import ADDRESS
from inkdigits.training.pen import write

CHECKS = {
    "POST /v1/read": lambda out, folder: out == "27\n",
    "POST /v1/predict": lambda out, folder: [row["source"] for row in json.loads(out)] == ["digit.png", "page.jpg"],
    "POST /v1/strokes": lambda out, folder: json.loads(out)["text"] == "7",
    "POST /v1/explain": lambda out, folder: (folder / "stages.png").read_bytes().startswith(b"\x89PNG"),
    "POST /v1/inside": lambda out, folder: len(json.loads(out)["saliency"]) == 28,
    "GET /v1/model": lambda out, folder: json.loads(out)["name"] == "digit",
    "GET /healthz": lambda out, folder: out == "ok\n",
    "GET /readyz": lambda out, folder: out == "ok\n",
    "GET /metrics": lambda out, folder: "inkdigits_requests_total" in out,
}


def get(address):
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode()


def commands(service):
    """The command of each route."""
    routes = json.loads(get(f"{service}openapi.json"))["paths"]
    return {
        f"{method.upper()} {path}": re.search(r"```sh\n(.*?)\n```", route["description"], re.DOTALL)[1]
        for path, methods in routes.items()
        for method, route in methods.items()
    }


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that the commands name."""
    for name, text in (("page.jpg", "27"), ("digit.png", "7")):
        ink = np.pad(write(text, np.random.default_rng(3)), 40)
        cv2.imwrite(str(tmp_path / name), np.round(235 * (1 - 0.8 * ink)).astype(np.uint8))
    (tmp_path / ".curlrc").write_text("fail-with-body\nsilent\nshow-error\n")
    return tmp_path


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_every_route_has_a_command_that_works(service, folder):
    found = commands(service)
    assert set(found) == set(CHECKS)
    for route, command in found.items():
        assert f"{ADDRESS}{route.split()[1][1:]}" in command
        shell = ["bash", "-o", "pipefail", "-c", command.replace(ADDRESS, service)]
        where = {"PATH": "/usr/bin:/bin", "CURL_HOME": str(folder)}
        done = subprocess.run(shell, cwd=folder, env=where, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, command + done.stdout + done.stderr
        assert CHECKS[route](done.stdout, folder), command + done.stdout


def test_the_page_shows_every_route_and_its_command_with_the_address_it_was_asked_at(service):
    page = get(f"{service}docs")
    shown = [html.unescape(block) for block in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]
    assert shown == [command.replace(ADDRESS, service) for command in commands(service).values()]
    for route in CHECKS:
        assert f"<h2>{route}</h2>" in page
    assert "<script" not in page, "its policy allows none, and it needs none"
    assert not re.search(r"(href|src)=.https?:", page), "nothing comes from elsewhere"
