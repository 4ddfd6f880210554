"""Files are there whole or not at all, and one process at a time writes where a lock is held."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from inkdigits import OutputError, files


def test_a_file_is_written_with_the_folder_that_it_lies_in(tmp_path: Path) -> None:
    files.write(tmp_path / "new" / "a.txt", "résumé \udcff\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "résumé ".encode() + b"\xff\n", "a name that is not valid UTF-8 keeps its bytes"
    assert os.listdir(tmp_path / "new") == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_was_there_stays_until_the_new_is_whole(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.txt").write_text("old")
    with suppress(error), files.whole(tmp_path / "a.txt") as part:
        part.write_text("ne")
        raise error
    assert (tmp_path / "a.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"], "no half of it is left"


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("a.txt")
    files.write(tmp_path / "link.txt", b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "a.txt").read_bytes() == b"new"
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", str(tmp_path / "pipe")], stdout=subprocess.PIPE)
    files.write(tmp_path / "pipe", b"new")
    assert reader.communicate(timeout=10)[0] == b"new"
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("check", [files.check_writable, lambda path: files.write(path, b"new")])
def test_what_cannot_be_written_is_said_by_its_name(tmp_path: Path, check) -> None:
    (tmp_path / "file").write_text("old")
    for path in (tmp_path / "file" / "a.txt", tmp_path):
        with pytest.raises(OutputError, match=f"^{path} cannot be written: .*choose another place"):
            check(path)
    assert os.listdir(tmp_path) == ["file"]


def test_a_lock_is_held_against_other_processes_and_given_back(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    code = "import sys; from inkdigits import files; print(files.lock(open(sys.argv[1], 'ab'), wait=False))"

    def other() -> str:
        return subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout.strip()

    with path.open("ab") as file:
        assert files.lock(file, wait=False)
        assert other() == "False"
    assert other() == "True"
