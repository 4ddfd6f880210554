"""`inkdigits site`: the reader in the browser as files. What they do in a browser is tested in `tests/server/test_site.py`."""

import hashlib
import os
import re
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from inkdigits.errors import DataError
from inkdigits.server import static
from inkdigits.training import fetch

Run = Callable[..., SimpleNamespace]


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache of its own, with nothing in it, and no npm but what a test puts there."""
    monkeypatch.setenv("INKDIGITS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)


@pytest.fixture
def npm(tmp_path: Path) -> Callable[[str], None]:
    """Puts a program of that name there, which runs these lines of Python."""

    def put(lines: str) -> None:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir()
        program.write_text(f"#!{sys.executable}\nimport sys\n{lines}")
        program.chmod(0o755)

    return put


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An archive that stands for ONNX Runtime Web, and is taken for the very one."""
    packed = tmp_path / "runtime.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        for name in static.RUNTIME_FILES:
            file = tmp_path / name
            file.write_text(name)
            archive.add(file, f"package/dist/{name}")
    monkeypatch.setattr(static, "PACKED", fetch.File(static.PACKED.name, outer=f"sha512:{_sha512(packed)}"))
    return packed


def _sha512(path: Path) -> str:
    return hashlib.sha512(path.read_bytes()).hexdigest()


def test_it_writes_all_that_the_page_needs(command_line: Run, runtime: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    found = command_line("site", "--out", str(out), "--runtime", str(runtime))
    assert found.code == 0
    assert f"{out}: " in found.err
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {
        "index.html",
        "main.js",
        "answers.js",
        "reader.js",
        "worker.js",
        "pad.js",
        "reader/reading.js",
        "models/number/card.json",
    } <= names
    worker = (out / "sw.js").read_text()
    assert static.LINE not in worker
    assert not any("form" in name or "api.js" in name for name in names if "/" not in name), "nothing of the service's own"
    assert (out / "answers.js").read_text() != (static.SERVER / "page" / "answers.js").read_text(), "the device answers"
    assert all(f'"{name}"' in worker for name in names - {"index.html", "sw.js"}), "the service worker keeps every file"


def test_the_page_is_the_service_s_with_a_policy(command_line: Run, runtime: Path, tmp_path: Path) -> None:
    command_line("site", "--out", str(tmp_path / "site"), "--runtime", str(runtime))
    page = (tmp_path / "site" / "index.html").read_text()
    assert f'http-equiv="Content-Security-Policy" content="{static.POLICY}"' in page
    assert "unsafe-inline" not in page
    assert 'class="on-device"' in page
    rest = (static.SERVER / "page" / "index.html").read_text().removeprefix("<!doctype html>\n" + static.HEAD)
    assert page.endswith(rest), "the rest is the same"


def test_modules_import_nothing_that_is_not_there(command_line: Run, runtime: Path, tmp_path: Path) -> None:
    command_line("site", "--out", str(tmp_path / "site"), "--runtime", str(runtime))
    for path in (tmp_path / "site").rglob("*.js"):
        for name in re.findall(r'^(?:import|\} from|import .* from) *"(\.[^"]+)"', path.read_text(), re.MULTILINE):
            assert (path.parent / name).is_file(), f"{path.name} imports {name}"


def test_a_newer_site_takes_the_place_of_an_older_one(command_line: Run, runtime: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    for _ in range(2):
        assert command_line("site", "--out", str(out), "--runtime", str(runtime)).code == 0
    (out / "old.js").write_text("")
    command_line("site", "--out", str(out), "--runtime", str(runtime))
    assert not (out / "old.js").exists()


def test_a_folder_of_other_things_is_left_alone(command_line: Run, runtime: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "draft.txt").write_text("years of work")
    found = command_line("site", "--out", str(tmp_path / "thesis"), "--runtime", str(runtime))
    assert found.code == 1
    assert "would be lost" in found.err
    assert (tmp_path / "thesis" / "draft.txt").read_text() == "years of work"


def test_another_archive_is_refused(command_line: Run, tmp_path: Path) -> None:
    (tmp_path / "other.tgz").write_bytes(b"\x1f\x8bno archive")
    found = command_line("site", "--out", str(tmp_path / "site"), "--runtime", str(tmp_path / "other.tgz"))
    assert found.code == 1
    assert f"it is not {static.RUNTIME}" in found.err
    assert not (tmp_path / "site").exists()


def test_without_npm_the_remedy_is_named(command_line: Run, tmp_path: Path) -> None:
    found = command_line("site", "--out", str(tmp_path / "site"))
    assert found.code == 1
    assert "npm, which fetches it, is not installed" in found.err
    assert "--runtime onnxruntime-web-" in found.err


def test_what_npm_says_is_passed_on(npm: Callable[[str], None]) -> None:
    npm("sys.exit('no network here')\n")
    with pytest.raises(DataError, match="npm ends with an error \\(no network here\\)"):
        static.obtained()


@pytest.mark.skipif(os.name == "nt", reason="npm is another kind of program there")
def test_what_npm_fetches_is_kept_and_not_fetched_again(npm: Callable[[str], None], runtime: Path, tmp_path: Path) -> None:
    npm(
        "import shutil\nassert sys.argv[1:3] == ['pack', 'onnxruntime-web@1.20.1'], sys.argv\n"
        f"shutil.copy({str(runtime)!r}, sys.argv[4] + '/onnxruntime-web-1.20.1.tgz')\n"
    )
    first = static.obtained()
    (tmp_path / "bin" / "npm").unlink()
    assert static.obtained() == first
    assert first.read_bytes() == runtime.read_bytes()
