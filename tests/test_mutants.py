"""The faults that `make mutants` puts into code."""

import ast
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def mutants():
    """tools/mutants.py."""
    spec = importlib.util.spec_from_file_location("mutants", ROOT / "tools" / "mutants.py")
    sys.modules["mutants"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutants"]


@pytest.mark.parametrize(
    ("code", "faulty"),
    [
        pytest.param("x = a < b", ["x = a <= b"], id="comparison"),
        pytest.param("x = a not in b", ["x = a in b"], id="membership"),
        pytest.param("x = a + b", ["x = a - b"], id="operator"),
        pytest.param("x *= y", ["x /= y"], id="assignment"),
        pytest.param("x = a and b", ["x = a or b"], id="boolean"),
        pytest.param("x = 3, 0.5, True", ["x = (4, 0.5, True)", "x = (3, 1.1, True)", "x = (3, 0.5, False)"], id="constants"),
        pytest.param("x = min(y)", ["x = max(y)"], id="name"),
        pytest.param("if a:\n    b()", ["if not a:\n    b()", "if a:\n    None"], id="branch and call"),
        pytest.param("for a in b:\n    continue", ["for a in b:\n    pass"], id="jump"),
        pytest.param('x = "a" + b', [], id="texts stay"),
        pytest.param("def f(a: int | None) -> int | None:\n    pass", [], id="annotations stay"),
        pytest.param("x = zip(a, b, strict=True)", [], id="what holds anyway stays"),
    ],
)
def test_each_fault_is_one_change(mutants, code, faulty):
    found = []
    for place in range(len(list(mutants.changes(ast.parse(code))))):
        tree = ast.parse(code)
        list(mutants.changes(tree))[place][2]()
        found.append(ast.unparse(tree))
    assert found == faulty


def test_every_module_of_what_is_read_has_tests_that_name_it(mutants):
    """But `forms/storing`, which is tried with its command."""
    folders = [ROOT / "src/inkdigits" / name for name in ("recognition", "forms")]
    modules = [f"{path.parent.name}/{path.stem}" for folder in folders for path in folder.glob("[!_]*.py")]
    assert [module for module in modules if mutants.mutants(module) and not mutants.tests_of(module)] == ["forms/storing"]
