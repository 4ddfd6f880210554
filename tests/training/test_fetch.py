"""Fetching, against a mirror on the loopback that serves good, cut off, wrong, slow and forbidden answers."""

import gzip
import hashlib
import http.server
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from inkdigits.errors import DataError
from inkdigits.training import fetch
from inkdigits.training.idx import build

PLAIN = build(np.random.default_rng(0).integers(0, 256, (50, 28, 28), dtype=np.uint8))
PACKED = gzip.compress(PLAIN)
FILE = fetch.File("images.gz", inner=f"md5:{hashlib.md5(PLAIN).hexdigest()}")
PACKED_KNOWN = fetch.File("images.gz", outer=f"sha256:{hashlib.sha256(PACKED).hexdigest()}")


class Mirror(http.server.BaseHTTPRequestHandler):
    """The first part of the path says how to answer."""

    def do_GET(self):
        manner = self.path.split("/")[1]
        self.server.asked.append((manner, self.headers.get("Range")))
        if manner == "forbidden":
            self.send_error(403)
            return
        if manner == "hangup":
            return
        body = {"wrong": gzip.compress(b"something else"), "page": b"<html>sign in</html>"}.get(manner, PACKED)
        start = 0
        if (wanted := self.headers.get("Range")) and manner != "norange":
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                self.send_error(416)
                return
            start = 0 if manner == "badrange" else start
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if manner != "nolength":
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        if manner == "slow":
            time.sleep(self.server.slowness)
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
    server.asked, server.slowness = [], 1.0
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server, *manners, timeout=5.0):
    return fetch.obtain("test", FILE, tuple(f"{server.url}/{manner}/" for manner in manners), timeout=timeout).read_bytes()


def test_downloaded_once(mirror):
    assert get(mirror, "good") == PACKED
    assert get(mirror, "good") == PACKED
    assert len(mirror.asked) == 1


@pytest.mark.parametrize("bad", ["forbidden", "wrong", "page", "short", "slow", "hangup"])
def test_a_bad_mirror_is_passed_over(mirror, bad):
    assert get(mirror, bad, "good", timeout=0.5) == PACKED


def test_when_all_fail_the_error_names_each_mirror_and_the_remedy(mirror, tmp_path):
    with pytest.raises(DataError) as error:
        get(mirror, "forbidden", "wrong", "slow", timeout=0.5)
    message = str(error.value)
    for part in ("/forbidden/", "Forbidden", "/wrong/", "MD5", "/slow/", "timed out", str(tmp_path / "home"), "--data digits"):
        assert part in message


@pytest.fixture
def begun(tmp_path):
    """Puts the beginning of a download there."""

    def write(data):
        folder = tmp_path / "home" / "test"
        folder.mkdir(parents=True)
        (folder / "images.gz.part").write_bytes(data)

    return write


def test_a_download_cut_off_is_resumed(mirror, begun):
    begun(PACKED[:1000])
    assert get(mirror, "good") == PACKED
    assert mirror.asked == [("good", "bytes=1000-")]


@pytest.mark.parametrize(
    ("beginning", "manner", "requests"),
    [
        pytest.param(PACKED[:1000], "norange", 1, id="a mirror without ranges sends it all"),
        pytest.param(PACKED[:1000], "badrange", 2, id="a mirror that sends another range"),
        pytest.param(b"<html>sign in</html>", "good", 2, id="the beginning is another file's"),
        pytest.param(PACKED + b"rubbish", "good", 2, id="longer than the file"),
        pytest.param(b"", "good", 1, id="empty"),
    ],
)
def test_a_beginning_that_cannot_be_used_is_thrown_away(mirror, begun, beginning, manner, requests):
    begun(beginning)
    assert get(mirror, manner) == PACKED
    assert len(mirror.asked) == requests


def test_what_was_cut_off_is_kept_for_the_next_time(mirror, tmp_path):
    with pytest.raises(DataError, match="ended after"):
        get(mirror, "short")
    assert (tmp_path / "home" / "test" / "images.gz.part").read_bytes() == PACKED[: len(PACKED) // 2]
    assert get(mirror, "good") == PACKED


def test_a_mirror_that_does_not_say_how_long(mirror):
    assert get(mirror, "nolength") == PACKED


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


@pytest.mark.parametrize(
    ("name", "data", "file"),
    [
        pytest.param("images", PLAIN, FILE, id="decompressed"),
        pytest.param("images.gz", gzip.compress(PLAIN, 1), FILE, id="recompressed"),
        pytest.param("images", PLAIN, PACKED_KNOWN, id="decompressed where only the packed hash is known"),
    ],
)
def test_a_copy_with_the_same_content_is_as_good(mirror, tmp_path, name, data, file):
    path = tmp_path / "home" / "test" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    assert fetch.obtain("test", file, ()) == path


def test_the_hash_of_the_packed_file(mirror, tmp_path):
    path = fetch.obtain("test", PACKED_KNOWN, (f"{mirror.url}/good/",))
    path.write_bytes(gzip.compress(PLAIN, 1))
    assert "SHA256" in fetch.fault(path, PACKED_KNOWN)
    assert fetch.obtain("test", PACKED_KNOWN, (f"{mirror.url}/good/",)).read_bytes() == PACKED


def test_a_cache_that_cannot_be_written(mirror, tmp_path):
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(DataError, match="INKDIGITS_HOME"):
        get(mirror, "good")


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
    code = (
        "import sys; from inkdigits.training import fetch\n"
        f"f = fetch.File('images.gz', inner={FILE.inner!r})\n"
        f"sys.stdout.buffer.write(fetch.obtain('test', f, ('{mirror.url}/slow/',), timeout=5).read_bytes())"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[0] for process in both] == [PACKED, PACKED]
    assert len(mirror.asked) == 1


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        pytest.param("linux", {"INKDIGITS_HOME": "/own"}, "/own", id="named"),
        pytest.param("linux", {"XDG_CACHE_HOME": "/xdg"}, "/xdg/inkdigits", id="XDG"),
        pytest.param("linux", {}, "/home/me/.cache/inkdigits", id="Linux"),
        pytest.param("darwin", {}, "/home/me/Library/Caches/inkdigits", id="macOS"),
        pytest.param("win32", {"LOCALAPPDATA": "/local"}, "/local/inkdigits", id="Windows"),
    ],
)
def test_where_the_cache_is(monkeypatch, platform, variables, folder):
    for name in ("INKDIGITS_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(fetch.sys, "platform", platform)
    monkeypatch.setattr(fetch.Path, "home", lambda: Path("/home/me"))
    assert fetch.cache_folder() == Path(folder)
