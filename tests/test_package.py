"""The package as a whole: its public names, what it imports, and in which direction."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import inkdigits

SOURCE = Path(inkdigits.__file__).parent
ORDER = [
    "errors", "files", "spreadsheet", "tables", "reading", "avifheader", "imageheader", "conversions", "decode", "images", "ink",
    "regions", "edges", "clock", "rules", "layout", "page", "tiles", "models", "recognition", "options", "decide", "assemble", "rounds",
    "reader", "drawing",
    "sources", "pool", "batch", "formats", "resume", "results", "cluster", "review", "forms",
]  # fmt: skip


def test_the_public_names():
    assert inkdigits.__all__ == sorted(inkdigits.__all__)
    for name in inkdigits.__all__:
        assert getattr(inkdigits, name).__name__ == name
    assert set(inkdigits.__all__) == {
        "DataError", "Digit", "Error", "ExportError", "InputError", "Line", "MissingExtra", "ModelError", "OutputError", "Reader",
        "Reading", "RecipeError", "read",
    }  # fmt: skip
    assert set(dir(inkdigits)) == {*inkdigits.__all__, "DigitClassifier", "__version__"}


def test_the_public_name_that_needs_an_extra():
    pytest.importorskip("sklearn", reason="needs inkdigits[train]")
    assert inkdigits.DigitClassifier.__name__ == "DigitClassifier"
    assert not {"sklearn", "keras"} & loaded("from inkdigits import *")


def test_every_error_is_ours():
    for name in inkdigits.__all__:
        if name.endswith("Error") or name == "MissingExtra":
            assert issubclass(getattr(inkdigits, name), inkdigits.Error)


def imports(path: Path) -> set[str]:
    """The inkdigits modules that a file imports, as dotted names below the package; imports for type checkers only do not count."""
    found = set()
    package = path.relative_to(SOURCE).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            base = [part for part in base if part]
            found |= {".".join(base)} if base else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("inkdigits"):
            inner = (node.module or "").removeprefix("inkdigits").removeprefix(".")
            found |= {inner} if inner else {alias.name for alias in node.names}
    return found


def test_a_module_imports_only_from_those_above_it():
    for position, name in enumerate(ORDER):
        paths = [SOURCE / f"{name}.py"] if (SOURCE / f"{name}.py").exists() else sorted((SOURCE / name).glob("*.py"))
        below = {*ORDER[position:], "cli", "commands", "training", "bench", "server"}
        used = {module.split(".")[0] for path in paths for module in imports(path)} - {name}
        allowed = {"reading": {"drawing"}}.get(name, set())  # a Reading draws itself: loaded inside its method
        assert not (used & below) - allowed, f"{name}.py imports {used & below}"


def test_reading_never_imports_training_or_the_server():
    for path in SOURCE.glob("*.py"):
        if path.name not in {"cli.py", "__init__.py"}:  # both import what they name when it is asked for
            assert not {"training", "bench", "server"} & {module.split(".")[0] for module in imports(path)}, path.name


def loaded(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


def test_import_is_light():
    assert not {"numpy", "cv2", "onnxruntime"} & loaded("import inkdigits")


def test_help_is_light():
    heavy = {"numpy", "cv2", "onnxruntime", "keras", "tensorflow", "matplotlib"}
    call = "with contextlib.suppress(SystemExit): main()"
    statement = f"import contextlib\nfrom inkdigits.cli import main\nsys.argv = ['inkdigits', '--help']\n{call}"
    assert not heavy & loaded(statement)


def test_reading_needs_no_training_framework():
    assert not {"keras", "tensorflow", "matplotlib", "sklearn", "PIL"} & loaded("from inkdigits import Reader")
