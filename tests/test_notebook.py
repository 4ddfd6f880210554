"""The notebook: runs from top to bottom in a real kernel, is kept without its outputs, and is shown with them in the documentation."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "notebooks" / "handwritten_digit_recognition.ipynb"
CELLS = json.loads(NOTEBOOK.read_text())["cells"]


def source(cell):
    return "".join(cell["source"])


def test_it_is_kept_without_outputs():
    for cell in CELLS:
        assert cell["cell_type"] == "markdown" or (cell["outputs"] == [] and cell["execution_count"] is None), source(cell)
    assert len({cell["id"] for cell in CELLS}) == len(CELLS)


def test_the_first_code_installs_on_colab_only():
    first = next(cell for cell in CELLS if cell["cell_type"] == "code")
    guard = ast.parse(source(first)).body[-1]
    assert isinstance(guard, ast.If)
    assert ast.unparse(guard.test) == "COLAB"
    assert "pip" not in "".join(source(cell) for cell in CELLS if cell["cell_type"] == "code" and cell is not first)


@pytest.mark.slow
def test_it_runs_from_top_to_bottom(data_dir, tmp_path):
    """With a few hundred images, and with MNIST alone, as most people have it."""
    pytest.importorskip("nbclient", reason="needs inkdigits[dev]: nbclient, ipykernel")
    pytest.importorskip("ipykernel", reason="needs inkdigits[dev]: nbclient, ipykernel")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mnist").symlink_to((data_dir / "mnist").resolve())
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copy(NOTEBOOK, tmp_path / "notebooks")
    run = "import sys; from nbclient.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", run, f"notebooks/{NOTEBOOK.name}", "--output=run.ipynb", "--timeout=300"]
    env = {**os.environ, "INKDIGITS_NOTEBOOK": "glance", "INKDIGITS_DATA": str(tmp_path / "data"), "IPYTHONDIR": str(tmp_path / "ipython")}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
    assert done.returncode == 0, done.stderr
    cells = json.loads((tmp_path / "notebooks" / "run.ipynb").read_text())["cells"]
    outputs = [output for cell in cells if cell["cell_type"] == "code" for output in cell["outputs"]]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert len(pictures) == 8  # two of the data, two curves, confusion matrix, mistakes, digits on paper, every stage
    shown = ["".join(output["data"]["text/html"]) for output in outputs if "text/html" in output.get("data", {})]
    assert len(shown) == 2
    assert all(f"<b>{line}</b>" in shown[0] for line in ("48107", "926531", "70884")), "the model that ships reads the example"
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert (tmp_path / "notebooks" / "notebook-runs" / "digit" / "report.html").exists()
    shows_its_outputs(tmp_path, pictures=len(pictures))


def shows_its_outputs(folder, pictures):
    """The documentation, of a notebook that was run: it is built without running it again."""
    pytest.importorskip("myst_nb", reason="needs inkdigits[docs]")
    env = {**os.environ, "INKDIGITS_NOTEBOOK_RUN": str(folder / "notebooks" / "run.ipynb")}
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going", "--doctree-dir", folder / "trees"]
    done = subprocess.run([*command, ROOT / "docs", folder / "site"], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    page = (folder / "site" / "notebook.html").read_text()
    assert len(re.findall(r'<img [^>]*src="_images/[0-9a-f]{64}\.png"', page)) == pictures
    assert all(f"<b>{line}</b>" in page for line in ("48107", "926531", "70884"))
    assert "notebook.html" in (folder / "site" / "index.html").read_text()
