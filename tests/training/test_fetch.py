"""Fetching, against a mirror on the loopback that serves good, cut off, wrong, slow and forbidden answers."""

import gzip
import hashlib
import http.server
import threading
import time

import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.training import fetch
from inkdigits.training.idx import build

PLAIN = build(np.random.default_rng(0).integers(0, 256, (50, 28, 28), dtype=np.uint8))
PACKED = gzip.compress(PLAIN)
FILE = fetch.File("images.gz", md5=hashlib.md5(PLAIN).hexdigest())


class Mirror(http.server.BaseHTTPRequestHandler):
    """The first part of the path says how to answer."""

    def do_GET(self):
        manner = self.path.split("/")[1]
        self.server.asked.append((manner, self.headers.get("Range")))
        if manner == "forbidden":
            self.send_error(403)
            return
        body = {"wrong": gzip.compress(b"something else"), "page": b"<html>sign in</html>"}.get(manner, PACKED)
        start = 0
        if (wanted := self.headers.get("Range")) and manner != "norange":
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                self.send_error(416)
                return
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if manner == "slow":
            time.sleep(1.5)
        body = body[start:]
        self.wfile.write(body[: len(body) // 2] if manner == "short" else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    monkeypatch.setenv("INKDIGITS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)
    monkeypatch.delenv("INKDIGITS_MIRROR", raising=False)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server, *manners, timeout=5.0):
    return fetch.content("test", FILE, tuple(f"{server.url}/{manner}/" for manner in manners), timeout=timeout)


def test_downloaded_once(mirror):
    assert get(mirror, "good") == PACKED
    assert get(mirror, "good") == PACKED
    assert len(mirror.asked) == 1


@pytest.mark.parametrize("bad", ["forbidden", "wrong", "page", "short", "slow"])
def test_a_bad_mirror_is_passed_over(mirror, bad):
    assert get(mirror, bad, "good", timeout=0.5) == PACKED


def test_when_all_fail_the_error_names_each_mirror_and_the_remedy(mirror, tmp_path):
    with pytest.raises(DataError) as error:
        get(mirror, "forbidden", "wrong", "slow", timeout=0.5)
    message = str(error.value)
    for part in ("/forbidden/", "Forbidden", "/wrong/", "MD5", "/slow/", "timed out", str(tmp_path / "home"), "--data digits"):
        assert part in message


@pytest.mark.parametrize("manner", [pytest.param("good", id="ranges"), pytest.param("norange", id="no ranges")])
def test_a_download_cut_off_is_resumed(mirror, tmp_path, manner):
    folder = tmp_path / "home" / "test"
    folder.mkdir(parents=True)
    (folder / "images.gz.part").write_bytes(PACKED[:1000])
    assert get(mirror, manner) == PACKED
    assert mirror.asked == [(manner, "bytes=1000-")]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(mirror, tmp_path):
    folder = tmp_path / "home" / "test"
    folder.mkdir(parents=True)
    (folder / "images.gz.part").write_bytes(PACKED + b"rubbish")
    assert get(mirror, "good", "good") == PACKED


def test_a_damaged_cache_is_repaired(mirror, tmp_path):
    get(mirror, "good")
    path = tmp_path / "home" / "test" / "images.gz"
    path.write_bytes(PACKED[:-20] + b"x" * 20)
    assert get(mirror, "good") == PACKED
    assert path.read_bytes() == PACKED


def test_inkdigits_data_comes_first_and_is_never_changed(mirror, tmp_path, monkeypatch):
    folder = tmp_path / "mine" / "test"
    folder.mkdir(parents=True)
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path / "mine"))
    (folder / "images").write_bytes(PLAIN)
    assert get(mirror, "good") == PLAIN
    (folder / "images").write_bytes(b"damaged")
    with pytest.raises(DataError, match="damaged"):
        get(mirror, "good")
    assert (folder / "images").read_bytes() == b"damaged"
    assert mirror.asked == []


def test_the_users_own_mirror_is_asked_first(mirror, monkeypatch):
    monkeypatch.setenv("INKDIGITS_MIRROR", f"{mirror.url}/good")
    assert get(mirror, "forbidden") == PACKED
    assert [manner for manner, _ in mirror.asked] == ["good"]


def test_two_at_once_download_once(mirror):
    found = []
    threads = [threading.Thread(target=lambda: found.append(get(mirror, "good"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [PACKED] * 4
    assert len(mirror.asked) == 1


def test_two_processes_download_once(mirror):
    import subprocess
    import sys

    code = (
        "import sys; from inkdigits.training import fetch\n"
        f"f = fetch.File('images.gz', md5={FILE.md5!r})\n"
        f"sys.stdout.buffer.write(fetch.content('test', f, ('{mirror.url}/slow/',), timeout=5))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[0] for process in both] == [PACKED, PACKED]
    assert len(mirror.asked) == 1
