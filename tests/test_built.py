"""What is handed out: the sdist, the wheel built from it, the Dockerfile. Installed apart from the checkout, without network."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest

from inkdigits import __version__, cli

pytest.importorskip("hatchling", reason="needs inkdigits[dev]")

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SITE = Path(metadata.distribution("click").locate_file(""))
DOCKERFILE = (ROOT / "Dockerfile").read_text()
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        raise RuntimeError(f"the network was asked for: {event} {arguments}")

sys.addaudithook(refuse)
"""
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}  # pip reads the last one as a switch of the isolation


def run(*command, **options):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def core():
    """The distributions that `pip install inkdigits` would install."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    found, waiting = set(), [Requirement(line).name for line in declared]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = map(Requirement, metadata.requires(name) or [])
            waiting += [one.name for one in needs if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """Built from the unpacked sdist, as pip does: what the sdist lacks, the wheel lacks."""
    folder = tmp_path_factory.mktemp("wheel")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=folder / f"inkdigits-{__version__}")
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The folder of an environment's commands that holds the wheel and, as links, what it declares for reading; the network is refused."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env")
    (folder / "core").mkdir()
    (folder / "core" / "sitecustomize.py").write_text(NO_NETWORK)
    for name in core():
        for top in {file.parts[0] for file in metadata.files(name) or []} - {"..", "__pycache__"}:
            (folder / "core" / top).symlink_to(SITE / top)
    (site_packages(folder / "env") / "core.pth").write_text(f"{folder / 'core'}\n")
    run(sys.executable, "-m", "pip", "--python", folder / "env", "install", wheel, env={**os.environ, **OFFLINE})
    return folder / "env" / "bin"


def site_packages(env):
    return next(env.glob("lib/python*/site-packages"))


def clean():
    """The environment variables without those that point back at the checkout."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "INKDIGITS", "VIRTUAL_ENV"))}


@pytest.mark.slow
def test_the_sdist_holds_the_tests_and_no_data(sdist):
    with tarfile.open(sdist) as archive:
        sizes = {member.name.partition("/")[2]: member.size for member in archive if member.isfile()}
    wanted = {"tests/test_built.py", "examples/page.jpg", "docs/training.md", "Makefile", "constraints.txt", "Dockerfile", "LICENSE"}
    assert wanted <= set(sizes)
    assert not [name for name in sizes if re.search(r"(^|/)(runs|\.venv|\.git|__pycache__|out|data)/|\.(npz|gz|keras|zip)$", name)]
    assert max(sizes.values()) < 3e6
    assert sum(sizes.values()) < 10e6


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    with ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
    package = {str(path.relative_to(ROOT / "src")) for path in (ROOT / "src" / "inkdigits").rglob("*") if path.is_file()}
    package = {name for name in package if "__pycache__" not in name}
    shipped = {"weights/digit/model.onnx", "weights/digit/features.onnx", "server/page/index.html", "py.typed"}
    assert {f"inkdigits/{name}" for name in shipped} <= package
    assert {name for name in sizes if ".dist-info/" not in name} == package
    assert max(sizes.values()) < 3e6


@pytest.mark.slow
def test_the_installed_wheel_reads(installed, tmp_path):
    for name in ("digit_7.png", "number_314159.jpg"):
        shutil.copy(ROOT / "examples" / name, tmp_path)
    options = {"cwd": tmp_path, "env": clean()}
    assert run(installed / "inkdigits", "--version", **options) == f"inkdigits, version {__version__}\n"
    assert run(installed / "python", "-m", "inkdigits", "--version", **options) == f"inkdigits, version {__version__}\n"
    where = run(installed / "python", "-c", "import inkdigits; print(inkdigits.__file__)", **options)
    assert Path(where).is_relative_to(installed.parent), "not the checkout"
    assert run(installed / "inkdigits", "read", "number_314159.jpg", **options) == "314159\n"
    assert run(installed / "inkdigits", "predict", "digit_7.png", "--quiet", **options).startswith("7")


@pytest.mark.slow
def test_nothing_is_wrong_with_the_installed_wheel(installed, tmp_path):
    env = {**clean(), "INKDIGITS_HOME": str(tmp_path / "home")}
    said = run(installed / "inkdigits", "doctor", "--format", "json", cwd=tmp_path, env=env)
    rows = {row["what"]: row for row in json.loads(said)}
    assert rows["reading"]["state"] == "ok"
    assert rows["extra [train]"]["found"] == "not installed; lacks keras, matplotlib, onnx, scikit-learn, tensorflow-cpu"
    command = [installed / "inkdigits", "train", "--recipe", "dense"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 1
    assert done.stderr == "inkdigits: training needs an optional part of inkdigits: pip install 'inkdigits[train]'\n"


@pytest.mark.slow
def test_its_types_are_seen_by_who_uses_it(installed, tmp_path):
    (tmp_path / "user.py").write_text("from inkdigits import Reader\n\nreveal_type(Reader().read('note.jpg').text)\n")
    options = ["--strict", "--python-executable", installed / "python", "--cache-dir", tmp_path / "cache"]
    said = run(sys.executable, "-m", "mypy", *options, "user.py", cwd=tmp_path, env=clean())
    assert re.search(r'Revealed type is "(builtins\.)?str"', said)


def lines(instruction):
    """What the Dockerfile gives to an instruction, one text each."""
    return re.findall(rf"^{instruction} (.*)$", DOCKERFILE, re.MULTILINE)


def copied():
    """The paths of the checkout that the Dockerfile copies."""
    return [word for line in lines("COPY") if "--from" not in line for word in line.split()[:-1]]


def test_the_dockerfile_names_what_there_is():
    assert all((ROOT / name).exists() for name in copied())
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied()) == kept
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert [json.loads(line) for line in lines("ENTRYPOINT")] == [list(scripts)]
    assert lines("FROM")[-1] == lines("FROM")[0].removesuffix(" AS build"), "the environment runs on the Python that made it"
    assert lines("USER")[-1] != "root"


def test_the_commands_above_the_dockerfile_are_those_of_inkdigits():
    commands = [shlex.split(line)[1:] for line in re.findall(r"^#   docker run .*?( inkdigits .*)$", DOCKERFILE, re.MULTILINE)]
    assert [words[0] for words in commands] == ["read", "serve"]
    for name, *words in commands:
        command = cli.group.get_command(None, name)
        command.make_context(name, words)


def test_the_hooks_of_pre_commit_are_the_checks_of_make():
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    hooks = re.findall(r"^ +entry: (.+)$", (ROOT / ".pre-commit-config.yaml").read_text(), re.MULTILINE)
    assert hooks == [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()]


def test_a_release_is_looked_through_for_every_model():
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    looked_for = re.search(r"for model in (.+); do", release)[1].split()
    assert sorted(looked_for) == sorted(path.parent.name for path in (ROOT / "src" / "inkdigits" / "weights").glob("*/model.onnx"))


@pytest.mark.slow
def test_the_dockerfile_builds_what_runs(tmp_path):
    """Its own lines, with another place to install to, and with the packages that are here instead of those of an index."""
    for name in copied():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    env, place = tmp_path / "opt", "/opt/inkdigits"
    make, install, *_ = [line.replace(place, str(env)) for line in lines("RUN")]
    path = {**clean(), **OFFLINE, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    run("sh", "-c", make, cwd=tmp_path, env=path)
    (site_packages(env) / "here.pth").write_text(f"{SITE}\n")
    run("sh", "-c", install, cwd=tmp_path, env=path)
    assert run(env / "bin" / "inkdigits", "read", ROOT / "examples" / "number_314159.jpg", cwd=tmp_path, env=clean()) == "314159\n"
    assert "Serve" in run(env / "bin" / "inkdigits", "serve", "--help", cwd=tmp_path, env=clean())
