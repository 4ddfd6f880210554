"""`inkdigits doctor`: faults that installations have, each found, explained, and survived."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from inkdigits.commands import doctor

ROOT = Path(__file__).parents[2]


def examined(*path, **environment):
    """Exit code and findings by name, of a process that finds the folders `path` before anything that is installed."""
    paths = os.pathsep.join([*map(str, path), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": paths, **{name: str(value) for name, value in environment.items()}}
    command = [sys.executable, "-P", "-m", "inkdigits", "doctor", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.stderr == ""
    rows = json.loads(done.stdout)
    assert all(row["remedy"] for row in rows if row["state"] != "ok")
    return done.returncode, {row["what"]: row for row in rows}


def record(folder, name, version, *lines):
    """What pip leaves of an installed distribution: its metadata."""
    (folder / f"{name}-{version}.dist-info").mkdir(parents=True)
    text = "\n".join(["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", *lines])
    (folder / f"{name}-{version}.dist-info" / "METADATA").write_text(text + "\n")


def problems(rows):
    return {name for name, row in rows.items() if row["state"] == "problem"}


def test_nothing_is_wrong_here(monkeypatch):
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)
    code = "import sys\nfrom inkdigits.cli import main\nsys.argv = ['inkdigits', 'doctor']\ntry: main()\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    *rows, summary, modules = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert {"ok       reading                0123456789, that it wrote, was read"} < set(rows)
    assert summary.startswith("no problems")
    assert not {"numpy", "cv2", "onnxruntime"} & set(modules.split()), "what may be broken is loaded in other processes"


def test_what_it_knows_of_inkdigits_is_so():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {one.name for one in doctor.requirements() if not one.extra} == set(doctor.CORE)
    assert {line.partition(">=")[0] for line in declared["dependencies"]} == set(doctor.CORE)
    assert {path.name for path in (doctor.PACKAGE / "weights").iterdir()} == set(doctor.MODELS)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        pytest.param("raise ImportError('libgomp.so.1: cannot open')", "ImportError: libgomp.so.1: cannot open", id="a library is missing"),
        pytest.param("import os; os.kill(os.getpid(), 4)", "SIGILL: the processor lacks instructions", id="it crashes"),
    ],
)
def test_a_package_that_cannot_be_imported(tmp_path, code, reason):
    (tmp_path / "onnxruntime.py").write_text(code)
    status, rows = examined(tmp_path)
    assert status == 1
    assert problems(rows) == {"onnxruntime", "reading"}
    assert reason in rows["onnxruntime"]["found"]
    assert "pip install --force-reinstall 'onnxruntime>=" in rows["onnxruntime"]["remedy"]
    assert reason in rows["reading"]["found"]


def test_packages_that_are_too_old_or_in_each_others_way(tmp_path):
    record(tmp_path, "numpy", "1.26.4")
    record(tmp_path, "keras", "3.9.2")
    record(tmp_path, "opencv_python", "4.11.0.86")
    status, rows = examined(tmp_path)
    assert status == 1
    assert problems(rows) >= {"numpy", "packages"}
    assert rows["numpy"]["found"] == "1.26.4, needed is 2.0 or later"
    assert rows["numpy"]["remedy"] == "pip install --upgrade 'numpy>=2.0'"
    assert "opencv-python 4.11.0.86" in rows["packages"]["found"]
    assert "pip uninstall --yes opencv-python-headless opencv-python" in rows["packages"]["remedy"]
    if rows["extra [train]"]["state"] != "note":  # installed here
        assert rows["extra [train]"]["found"] == "too old: keras 3.9.2, needed is 3.10 or later"


def test_an_installation_and_places_that_do_not_fit(tmp_path):
    """The code and its installation, and the folders that the environment names."""
    needs = ["Requires-Python: >=3.99", "Requires-Dist: numpy>=2.0", "Requires-Dist: nothing-such>=1; extra == 'other'"]
    record(tmp_path, "inkdigits", "0.0.1", *needs)
    (tmp_path / "file").touch()
    places = {"INKDIGITS_HOME": tmp_path / "file" / "cache", "INKDIGITS_DATA": tmp_path / "none"}
    status, rows = examined(tmp_path, PATH="/nowhere", **places)
    assert status == 1
    assert problems(rows) == {"inkdigits", "Python", "cache", "INKDIGITS_DATA"}
    assert "installed is 0.0.1" in rows["inkdigits"]["found"]
    assert "3.99 or later" in rows["Python"]["remedy"]
    assert rows["extra [other]"]["remedy"].endswith("'inkdigits[other]'")
    assert "python -m inkdigits" in rows["command"]["remedy"]
    assert f"{tmp_path / 'file'} is not a folder" in rows["cache"]["found"]
    assert not (tmp_path / "none").exists()


def flip(folder):
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)


def cut(folder):
    card = folder / "card.json"
    card.write_text(card.read_text()[:-20])


def lose(folder):
    (folder / "model.onnx").unlink()


@pytest.mark.parametrize(
    "damages",
    [
        pytest.param(
            {"digit": (flip, "hash is not the one in its card"), "number": (cut, "card.json is damaged")}, id="a bit and half a card"
        ),
        pytest.param(
            {"digit": (lose, "model.onnx is missing"), "number": (shutil.rmtree, "card.json is missing")},
            id="no file and no folder",
            marks=pytest.mark.slow,
        ),
        pytest.param({"digit": (flip, "hash is not the one in its card")}, id="a bit of one", marks=pytest.mark.slow),
        pytest.param({"number": (cut, "card.json is damaged")}, id="half a card of one", marks=pytest.mark.slow),
    ],
)
def test_models_that_are_not_whole(tmp_path, damages):
    shutil.copytree(doctor.PACKAGE, tmp_path / "inkdigits", ignore=shutil.ignore_patterns("__pycache__"))
    for model, (damage, _) in damages.items():
        damage(tmp_path / "inkdigits" / "weights" / model)
    status, rows = examined(tmp_path)
    assert status == 1
    assert problems(rows) == {*(f"model {model}" for model in damages), "reading"}
    for model, (_, reason) in damages.items():
        assert reason in rows[f"model {model}"]["found"]
    assert "ModelError" in rows["reading"]["found"]
