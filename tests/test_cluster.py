"""Reading on Ray Data: the same rows as in processes, past poisoned images and any kill. Real Ray, on this machine alone."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="needs inkdigits[ray]")
from pyarrow import parquet  # noqa: E402

from inkdigits import Reader, cluster  # noqa: E402
from inkdigits.batch.sources import File, expand  # noqa: E402
from inkdigits.errors import (  # noqa: E402
    InputError,
    ModelError,
    OutputError,
)
from inkdigits.files import Appended  # noqa: E402
from inkdigits.output.results import from_table  # noqa: E402
from inkdigits.output.resume import Terms  # noqa: E402
from inkdigits.reading import Reading  # noqa: E402
from standins import DIES, Fragile, digits_and_damage  # noqa: E402
from test_pool import image  # noqa: E402

COMMAND = [sys.executable, "-m", "inkdigits"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning")  # Ray's own


class Broken(Fragile):
    """A reader whose model is not there where it reads."""

    def read_pages(self, *_: object, **__: object) -> list[Reading | InputError]:
        raise ModelError("weights: no such model")


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """A cluster of this machine, as a program has one that uses Ray already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)  # where its actors find Fragile
        with cluster._running(cluster._ray(None), 2, None):
            yield


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve digits, one damaged file, and one that is no image by its name."""
    folder = tmp_path_factory.mktemp("scans")
    digits_and_damage(folder, 13, 12)
    (folder / "notes.txt").write_text("no image")
    return folder


def read(*what: object, seen: Callable[[dict[str, object]], None] = lambda row: None, **how: object) -> list[dict[str, object]]:
    """`cluster.read`, in rows."""

    def each(table: object) -> None:
        for row in from_table(table):
            seen(row)

    return [row for table in cluster.read(*what, seen=each, **how) for row in from_table(table)]


def rows_in(folder: Path) -> list[dict[str, object]]:
    return [row for path in sorted(folder.glob("*.parquet")) for row in from_table(parquet.read_table(path))]


def keyed(rows: list[dict[str, object]]) -> dict[tuple[str, int], dict[str, object]]:
    """Rows by source and page, without what differs between two runs."""
    assert len({(row["source"], row["page"]) for row in rows}) == len(rows)
    return {(Path(str(row["source"])).name, row["page"]): {k: v for k, v in row.items() if k not in ("ms", "source")} for row in rows}


@pytest.mark.slow
def test_both_engines_give_equal_rows(scans: Path, tmp_path: Path) -> None:
    """As a user starts it: from a folder, with a cluster of its own that lets nobody else in."""
    for options in (["--engine", "ray", "--jobs", "2", "--out", "rows"], ["--jobs", "2", "--out", "rows.parquet"]):
        words = [*COMMAND, "predict", str(scans), *options, "--review", f"{options[-1]}.jsonl"]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1, done.stderr
        assert "12.png: not an image" in done.stderr
        assert "read 13, to review" in done.stderr
    one, other = keyed(rows_in(tmp_path / "rows")), keyed(from_table(parquet.read_table(tmp_path / "rows.parquet")))
    assert len(one) == 13
    assert one == other
    reviewed = [
        [json.loads(line)["source"] for line in (tmp_path / name).read_text().splitlines()] for name in ("rows.jsonl", "rows.parquet.jsonl")
    ]
    assert reviewed[0] == reviewed[1] != []


@pytest.mark.slow
def test_urls_are_listed_fetched_and_read(running: None, scans: Path, tmp_path: Path) -> None:
    sources = [f"file://{scans}", f"file://{scans}/3.png", f"file://{scans}/none.png", "nowhere://bucket/a.png", str(scans / "5.png")]
    found = read(Reader(), cluster.expand_remote(sources), f"file://{tmp_path}/out", single=True, jobs=1)
    names = Counter(row["source"] for row in found)
    assert names[f"file://{scans}/3.png"] == 2
    assert sum(names.values()) == 13 + 4
    errors = {row["source"]: row["error"] for row in found if row["error"]}
    assert set(errors) == {f"file://{scans}/12.png", f"file://{scans}/none.png", "nowhere://bucket/a.png"}
    assert "cannot be fetched" in errors[f"file://{scans}/none.png"]
    assert "nowhere" in errors["nowhere://bucket/a.png"]


def test_a_poisoned_image_costs_its_own_row(running: None, tmp_path: Path) -> None:
    """And the actors read with the options of the reader."""
    heights = [*range(20, 30), DIES, *range(30, 40)]
    found = read(Fragile(threshold=0.25, alphabet="digits"), map(image, heights), str(tmp_path / "out"), jobs=1)
    assert sorted(row["source"] for row in found) == sorted(f"{height}.png" for height in heights)
    ((source, error),) = ((row["source"], row["error"]) for row in found if row["error"])
    assert source == "13.png"
    assert "died" in error
    assert re.fullmatch(r"20,25,\d+,False,digits", next(row["text"] for row in found if row["source"] == "20.png"))


def test_a_folder_of_rows_is_gone_on_with_where_that_is_asked_for(tmp_path: Path) -> None:
    """The folder alone, without Ray."""
    folder, path = cluster._place(str(tmp_path))
    rows = cluster.Rows.of(Fragile(), single=True)

    def old(**terms: bool) -> list[str]:
        return cluster._old(folder, path, "out", Terms(rows.record, **terms))

    assert old() == []
    whole = f"{path}/00000000-000000.parquet"
    cluster._write(folder, whole, rows.table([Reading((), "20.png"), Reading((), "lost.png", error="no such file")]))
    torn = tmp_path / f"00000000-000001.parquet{cluster.PART}"
    torn.write_bytes(b"as a kill leaves it")
    with pytest.raises(OutputError, match="has rows already; --resume"):
        old()
    assert torn.exists()
    assert old(resume=True) == [whole]
    assert not torn.exists()
    assert old(resume=True, retry_errors=True) == [whole]
    assert [row["source"] for row in rows_in(tmp_path)] == ["20.png"]
    assert old(overwrite=True) == rows_in(tmp_path) == []


@pytest.mark.slow
def test_resuming_reads_what_has_no_row(running: None, scans: Path, tmp_path: Path) -> None:
    out, every = tmp_path / "out", sorted(str(path) for path in scans.glob("*.png"))
    read(Fragile(), map(File, every[:4]), str(out), jobs=1)
    with pytest.raises(OutputError, match="has rows already; --resume"):
        read(Fragile(), map(File, every), str(out), jobs=1)
    lost = min(out.glob("*.parquet"))
    lost.rename(lost.with_suffix(".parquet.part"))  # as a kill leaves it
    kept, earlier = set(out.glob("*.parquet")), []
    found = read(Fragile(), map(File, [*every, every[0]]), str(out), jobs=1, resume=True, seen=earlier.append)
    assert len(earlier) == len(kept) < 4
    assert kept < set(out.glob("*.parquet"))
    assert not list(out.glob("*.part"))
    assert Counter(row["source"] for row in [*earlier, *found]) == Counter([*every, every[0]])
    assert Counter(row["source"] for row in rows_in(out)) == Counter([*every, every[0]])
    before = set(out.iterdir())
    read(Fragile(), map(File, [*every, every[0]]), str(out), jobs=1, resume=True)
    assert set(out.iterdir()) == before


@pytest.mark.slow
def test_rows_are_replaced_or_read_again_only_where_that_is_asked_for(running: None, tmp_path: Path) -> None:
    out, images = tmp_path / "out", [image(20), File("lost.png", error="no such file"), image(21)]
    read(Fragile(), images, str(out), jobs=1)
    before = set(out.iterdir())
    with pytest.raises(OutputError, match=r"made with another threshold \(0.5, now 0.9\)"):
        read(Fragile(threshold=0.9), images, str(out), jobs=1, resume=True)
    assert set(out.iterdir()) == before
    with pytest.raises(OutputError, match=r"made with another alphabet \(none, now digits\)"):
        read(Fragile(alphabet="digits"), images, str(out), jobs=1, resume=True)
    assert set(out.iterdir()) == before
    with Appended(out / cluster.LOCK), pytest.raises(OutputError, match="is being written by another run"):
        read(Fragile(), images, str(out), jobs=1, overwrite=True)
    (out / cluster.LOCK).unlink()
    assert set(out.iterdir()) == before
    found = read(Fragile(), [images[0], image(22), images[2]], str(out), jobs=1, resume=True, retry_errors=True)
    assert [row["source"] for row in found] == ["22.png"]
    assert sorted((row["source"], row["error"]) for row in rows_in(out)) == [("20.png", None), ("21.png", None), ("22.png", None)]
    read(Fragile(threshold=0.9), [images[0]], str(out), jobs=1, overwrite=True)
    assert [row["source"] for row in rows_in(out)] == ["20.png"]
    (out / "others.parquet").write_bytes(b"not ours")
    with pytest.raises(OutputError, match=r"others.parquet is no file of inkdigits"):
        read(Fragile(threshold=0.9), [images[0]], str(out), jobs=1, overwrite=True)
    assert len(list(out.glob("*.parquet"))) == 2, "nothing was deleted"


def test_what_is_wrong_with_the_model_is_said_before_anything_is_read(scans: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        read(Reader("none.onnx"), expand([str(scans)]), str(tmp_path / "out"))


def test_what_goes_wrong_in_an_actor_is_said_and_what_to_do(running: None, tmp_path: Path) -> None:
    with pytest.raises(cluster.EngineError, match=r"Ray gave up: .*ModelError: weights: no such model; --resume goes on"):
        read(Broken(), map(image, (20, 21)), str(tmp_path / "out"), jobs=1)
    with pytest.raises(cluster.EngineError, match=r"--gpus 0.5: the cluster has 0 GPUs"):
        read(Fragile(), map(image, (20, 21)), str(tmp_path / "other"), jobs=1, gpus=0.5)


def test_a_cluster_that_is_not_there_is_said(tmp_path: Path) -> None:
    words = [*COMMAND, "read", "a.png", "--engine", "ray", "--out", "rows", "--address", "127.0.0.1:1"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "inkdigits: Ray cannot be reached at 127.0.0.1:1: Connection refused; check --address\n"


@pytest.mark.parametrize("options", [[], ["--out", "rows", "--format", "csv"], ["--out", "rows", "--annotate", "seen"]])
def test_ray_writes_parquet_into_a_folder_only(options: list[str], tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "read", "a.png", "--engine", "ray", *options], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "give --out FOLDER" in done.stderr


@pytest.mark.slow
def test_twenty_kills_lose_no_row_and_double_none(tmp_path: Path) -> None:
    """Driver, Ray and actors killed together at random moments, the real model."""
    names = digits_and_damage(tmp_path, 3000, 7)
    (tmp_path / "list").write_text("\n".join(names))
    words = [*COMMAND, "predict", "--from", "list", "--engine", "ray", "--jobs", "2", "--out", "rows", "--resume", "--quiet"]
    out, chance, kills = tmp_path / "rows", random.Random(2), 0
    while True:
        process = subprocess.Popen(words, cwd=tmp_path, start_new_session=True, stderr=subprocess.DEVNULL)
        if kills == 20:
            assert process.wait(120) == 1
            break
        before = len(list(out.glob("*.parquet")))
        while process.poll() is None and len(list(out.glob("*.parquet"))) == before:
            time.sleep(0.002)  # each run gets somewhere
        time.sleep(chance.uniform(0, 0.05))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            break  # all was read before
        kills += 1
    assert Counter(row["source"] for row in rows_in(out)) == Counter(names)
    assert kills >= 10, f"only {kills} of the runs were killed before they were over"
