"""The package as a whole: its public names, what it imports, and in which direction."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import inkdigits

SOURCE = Path(inkdigits.__file__).parent


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


MODULES = {".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path for path in SOURCE.rglob("*.py")}
"""Every file of the package, by its dotted name below it; its own __init__ and __main__ are `__init__` and `__main__`."""


def imports(path: Path) -> set[str]:
    """The modules of MODULES that a file imports: at its top, inside functions, and for type checkers only."""
    found = set()
    package = path.relative_to(SOURCE).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
        elif (node.module or "").split(".")[0] == "inkdigits":
            base = (node.module or "").split(".")[1:]
        else:
            continue
        package_name = ".".join(part for part in base if part)
        for name in (f"{package_name}.{alias.name}".strip(".") for alias in node.names):
            found.add(name if name in MODULES else package_name)
    return found & MODULES.keys()


@pytest.mark.parametrize("unit", [lambda name: name, lambda name: name.split(".")[0]], ids=["modules", "packages"])
def test_imports_go_one_way(unit):
    """No circle, type-only ones included: between files, and between folders. `__init__` names what is looked up in others."""
    graph = {}
    for name, path in MODULES.items():
        graph.setdefault(unit(name), set()).update({unit(other) for other in imports(path)} - {unit(name)})
    del graph["__init__"]
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) >= len(graph) > 20


LAST = {"training", "bench", "server", "commands", "cli", "__init__", "__main__"}
"""What stands after reading and forms, in which it is named nowhere; of these, `cli` and `__init__` import what they name when asked."""


def test_reading_never_imports_training_or_the_server():
    reading = {name: path for name, path in MODULES.items() if name.split(".")[0] not in LAST}
    assert len(reading) > 60
    for name, path in reading.items():
        assert not LAST - {"__init__"} & {module.split(".")[0] for module in imports(path)}, name


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
