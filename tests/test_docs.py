"""The documentation: what is generated is as it would be generated now, what can run runs, what is a command parses, links lead somewhere.

A block of code is left out where the line above it says `<!-- not run: why -->`; `<!-- slow: why -->` puts its page among the slow tests.
"""

import base64
import contextlib
import gzip
import io
import json
import re
import shlex
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import click
import numpy as np
import pytest

import generate
import pictures
from inkdigits import __version__
from inkdigits.cli import group
from inkdigits.models import SHIPPED, Model
from inkdigits.recognition import tiles

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"(?:<!-- (not run|slow): ([^\n]+?) -->\n+)?^( *)```([^\n`]*)\n(.*?)^\3```$", re.MULTILINE | re.DOTALL)
SERVICE = "http://127.0.0.1:8000/"
REMEDY = "run `make docs`, or `python docs/generate.py`, and commit what it changed"


def blocks(page, *languages):
    """(mark, code) of each block in one of the languages; mark: "", "slow", or "not run"."""
    return [(found[1], found[5]) for found in BLOCK.finditer(page.read_text()) if found[4] in languages]


def name_of(page):
    return page.relative_to(ROOT).as_posix()


# What is generated


@pytest.mark.parametrize("page", generate.pages(), ids=name_of)
def test_what_is_generated_is_as_it_would_be_now(page):
    text = page.read_text()
    stale = [found[1] for found in generate.MARK.finditer(text) if found[2] != generate.made(found[1])]
    assert not stale, REMEDY


@pytest.mark.parametrize("page", generate.pages(), ids=name_of)
def test_marks_are_whole_and_swallow_no_text(page):
    text = page.read_text()
    assert text.count("<!-- made:") == text.count("<!-- /made -->") == len(generate.MARK.findall(text))
    # A line that begins with a comment is HTML up to its end, in every Markdown: what stands on it would not be seen as Markdown.
    assert not re.findall(r"^<!-- made:.*?-->(?=.)", text, re.MULTILINE)


def test_a_figure_that_is_not_there_is_missed():
    assert generate.filled("a <!-- made: figure real / usps / images -->7<!-- /made --> b").split("-->")[1] == "9,298<!-- /made "
    with pytest.raises(KeyError):
        generate.made("figure real / usps / colour")
    with pytest.raises(KeyError, match="no table weather"):
        generate.made("figure weather / usps / images")


def test_benchmarks_are_of_the_models_that_ship():
    """Else the model card would set the figures of one model beside the name of another."""
    digest = json.loads((SHIPPED / "digit" / "card.json").read_text())["sha256"][:12]
    part = (DOCS / "benchmarks.md").read_text().partition("<!-- real -->")[2].partition("<!-- /real -->")[0]
    assert f"digit ({digest})" in part, "measure again: inkdigits bench accuracy --table real --docs docs/benchmarks.md"


# Golden tiles

GOLDEN = json.loads(generate.GOLDEN.read_text())
CASES = [pytest.param(case, id=case["source"]) for case in GOLDEN["cases"]]


def bytes_of(text, *shape):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


def test_the_golden_tiles_are_of_what_ships():
    assert GOLDEN["contract"] == tiles.CONTRACT
    assert GOLDEN["model"] == Model.load("digit").name, REMEDY


@pytest.mark.parametrize("case", CASES)
def test_tiles_and_model_still_give_the_golden_tiles(case):
    shape, tile = (case["height"], case["width"]), bytes_of(case["tile"], 28, 28)
    strength, mask = bytes_of(case["strength"], *shape), bytes_of(case["mask"], *shape).astype(bool)
    made = tiles.tile(strength.astype(np.float32) / np.float32(255), mask)
    np.testing.assert_allclose(made * 255, tile, atol=0.51)
    model = Model.load("digit")
    (logits,) = model.logits(tile[None].astype(np.float32) / np.float32(255))
    np.testing.assert_allclose(logits, case["logits"], atol=0.5)  # the network has 8 bits, which processors round differently
    assert model.card.classes[int(logits.argmax())] == case["label"] == re.search(r"\d", case["source"])[0]


def test_the_contract_in_javascript_gives_the_golden_tiles(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs Node.js")
    ((_, code),) = [(mark, code) for mark, code in blocks(DOCS / "embed.md", "js") if mark != "not run"]
    check = """
    import { readFileSync } from "node:fs";
    const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));
    const off = JSON.parse(readFileSync(process.argv[2])).cases.map((one) => {
      const made = tile(Float32Array.from(bytes(one.strength), (v) => v / 255), bytes(one.mask), one.width, one.height);
      return Math.max(...bytes(one.tile).map((v, i) => Math.abs(v - Math.round(255 * made[i]))));
    });
    console.log(JSON.stringify(off));
    """
    (tmp_path / "check.mjs").write_text(code + check)
    done = subprocess.run([node, tmp_path / "check.mjs", generate.GOLDEN], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    off = json.loads(done.stdout)
    assert len(off) == len(CASES)
    assert max(off) <= 2, off


# Examples


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with all the files that the examples name."""
    for name, example in {"page.jpg": "page.jpg", "note.jpg": "page.jpg", "digit.png": "digit_7.png", "scan.pdf": "page.jpg"}.items():
        shutil.copy(ROOT / "examples" / example, tmp_path / name)
    shutil.copytree(ROOT / "examples", tmp_path / "scans")
    shutil.copytree(SHIPPED / "digit", tmp_path / "runs" / "cnn2-mnist-0")
    shutil.copy(SHIPPED / "digit" / "model.onnx", tmp_path)
    row = {"source": "scans/a.jpg", "page": 1, "text": "15?", "needs_review": True, "refused": None, "error": None}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    with zipfile.ZipFile(tmp_path / "gzip.zip", "w") as archive:
        for split in ("train", "test"):
            images, labels = np.zeros((26, 28, 28), np.uint8), np.arange(1, 27, dtype=np.uint8)
            for what, array in (("images-idx3", images), ("labels-idx1", labels)):
                content = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()
                archive.writestr(f"gzip/emnist-letters-{split}-{what}-ubyte.gz", gzip.compress(content))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def python_pages():
    for page in PAGES:
        marks = [mark for mark, _ in blocks(page, "python") if mark != "not run"]
        if marks:
            slow = "slow" in marks or SERVICE in page.read_text()
            yield pytest.param(page, id=name_of(page), marks=[pytest.mark.slow] if slow else [])


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # Keras on TensorFlow
@pytest.mark.parametrize("page", list(python_pages()))
def test_python_examples_run(page, desk, request):
    """All of a page in turn, in one namespace, as a reader would type them."""
    namespace, said = {"__name__": "example"}, io.StringIO()
    for mark, code in blocks(page, "python"):
        if mark == "not run":
            continue
        if SERVICE in code:
            code = code.replace(SERVICE, request.getfixturevalue("service"))
        with contextlib.redirect_stdout(said):
            exec(compile(code, name_of(page), "exec"), namespace)
    if page.name == "scale.md":
        assert said.getvalue().split() == ["scans/a.jpg", "1", "15?", "9"]
    if page.name == "data.md":
        from inkdigits.training.datasets import load

        assert load("letters.npz", "test").classes == tuple("abcdefghijklmnopqrstuvwxyz")


@pytest.mark.slow
def test_curl_examples_run(desk, service):
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    lines = [line for _, code in blocks(DOCS / "embed.md", "sh") for line in code.splitlines() if line.startswith("curl ")]
    assert len(lines) == 4
    for line in lines:
        done = subprocess.run(
            [*shlex.split(line.replace(SERVICE, service)), "--silent", "--fail-with-body"], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout
    assert (desk / "stages.png").read_bytes().startswith(b"\x89PNG")


def shell_lines():
    """Every line of a page's shell examples that calls inkdigits, alone or behind a pipe: fenced, or indented by four blanks."""
    for page in PAGES:
        indented = re.findall(r"^    (.*)$", BLOCK.sub("", page.read_text()), re.MULTILINE)
        fenced = [line for _, code in blocks(page, "sh", "console") for line in code.splitlines()]
        for line in [*indented, *fenced]:
            words = shlex.split(line.removeprefix("$ "), comments=True) if "inkdigits" in line else []
            while words and ("=" in words[0] or "|" in words):
                words = words[words.index("|") + 1 :] if "|" in words else words[1:]
            if words[:1] == ["inkdigits"]:
                yield pytest.param(words[1:], id=f"{name_of(page)}: {' '.join(words[1:])}")


@pytest.mark.parametrize("words", list(shell_lines()))
def test_shell_examples_are_commands_with_these_options(words, monkeypatch):
    monkeypatch.chdir(ROOT)
    command, context = group, click.Context(group)
    while isinstance(command, click.Group) and words:
        name, *words = words
        command = command.get_command(context, name)
        assert command is not None, f"there is no command {name}"
    command.make_context("inkdigits", list(words))


def test_json_examples_are_json_with_the_keys_of_a_row():
    from inkdigits import Reading

    for page in PAGES:
        for _, code in blocks(page, "json"):
            assert set(json.loads(code)) == set(Reading(()).to_dict())


# Links


def anchors(page):
    """The anchors of a page's headings, as GitHub and Sphinx make them."""
    heads = re.findall(r"^#+ (.+)$", BLOCK.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page):
    text = BLOCK.sub("", page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        drawn = there.parent.name == "pictures" and there.name in pictures.PICTURES
        assert there.exists() or drawn, target
        assert not anchor or anchor in anchors(there), target


def test_every_page_is_in_the_contents():
    contents = {name for _, code in blocks(DOCS / "index.md", "{toctree}") for name in code.split()}
    assert {page.stem for page in DOCS.glob("*.md")} - {"index"} <= contents


def test_the_citation_names_this_version():
    for name in ("CITATION.cff", "docs/cite.md"):
        assert re.search(rf"version\W+{re.escape(__version__)}\b", (ROOT / name).read_text()), name


# The site


def test_pictures_show_what_the_pages_say():
    """As the texts around them do, so the pictures: digits that touch are read, a digit that is crossed out is refused."""
    drawn = {name: picture() for name, picture in pictures.PICTURES.items()}
    used = {Path(t).name for page in DOCS.glob("*.md") for t in re.findall(r"\(pictures/([^)]+)\)", page.read_text())}
    assert used == set(drawn)
    for name, picture in drawn.items():
        assert picture.dtype == np.uint8, name
        assert min(picture.shape[:2]) > 200, name


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    pytest.importorskip("sphinx", reason="needs inkdigits[docs]")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--doctree-dir", tmp_path / "trees"]
    done = subprocess.run([*command, DOCS, tmp_path / "site"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "site" / "how_it_reads.html").read_text()
    assert "stages.png" in page
    assert "made:" not in re.sub(r"<!--.*?-->", "", page)
