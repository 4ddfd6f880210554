"""Mutation testing: small faults are put into the code one by one, and the tests that name the module must see each of them.

    python tools/mutants.py [--package recognition forms] [--count 80] [--seed 0]     prints each that no test saw, and how many were not

A fault is another comparison, operator, number, truth value or branch, `min` for `max`, `any` for `all`, or a call that is left out. Those
that are tried are drawn at random from all that there are; the same for a seed. Strings, annotations and decorators stay as they are. The
tests are those in tests/ that name the module (BESIDES has others), without what is slow or needs a server. They run on a copy of
src/, one after the other; what takes longer than LIMIT seconds counts as killed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 300
FOLDERS = ("tests", "tests/recognition", "tests/forms")
BESIDES = {
    "recognition/transcript": ("tests/test_options.py",),
    "recognition/known": ("tests/training/test_adapt.py",),
    "forms/propose": ("tests/forms/test_template.py", "tests/commands/test_form.py"),
}
"""Tests of modules that none of FOLDERS names."""
LEFT_OUT = ("test_reader.py", "test_docs.py", "test_package.py", "test_worked_examples.py")
"""Tests that read whole images, or the code."""
UNSEEN = "not postgresql and not kill and not many_at_once and not goes_away"
"""Tests that need a server, or seconds."""

COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
OPERATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.Pow: ast.Mult,
}  # fmt: skip
NAMED = {"min": "max", "max": "min", "any": "all", "all": "any"}
Change = Callable[[], object]


@dataclass(frozen=True)
class Mutant:
    """One fault. module: as "recognition/decode"; place: which change of the module it is; line and what: for people."""

    module: str
    place: int
    line: int
    what: str


def changes(tree: ast.Module) -> Iterator[tuple[int, str, Change]]:
    """Every fault that a module may have: its line, what it is, and what makes it, once."""
    for node in _code(tree):
        for what, change in _changes_of(node):
            yield getattr(node, "lineno", 0), what, change


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree but for annotations, decorators, docstrings and `strict=True`, which says what holds anyway."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (isinstance(child, ast.keyword) and child.arg == "strict"):
                yield from _code(child)


def _changes_of(node: ast.AST) -> Iterator[tuple[str, Change]]:
    shown = " ".join(ast.unparse(node).split())[:90] if isinstance(node, ast.expr | ast.stmt) else ""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        other = COMPARED[type(node.ops[0])]
        yield f"{shown}: {other.__name__}", lambda: node.ops.__setitem__(0, other())
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATED and not _is_text(node):
        operator = OPERATED[type(node.op)]
        yield f"{shown}: {operator.__name__}", lambda: setattr(node, "op", operator())
    elif isinstance(node, ast.BoolOp):
        joined = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{shown}: {joined.__name__}", lambda: setattr(node, "op", joined())
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        value = (
            (not node.value) if isinstance(node.value, bool) else node.value + 1 if isinstance(node.value, int) else 2 * node.value + 0.1
        )
        yield f"{shown}: {value}", lambda: setattr(node, "value", value)
    elif isinstance(node, ast.Name) and node.id in NAMED and isinstance(node.ctx, ast.Load):
        yield f"{shown}: {NAMED[node.id]}", lambda: setattr(node, "id", NAMED[node.id])
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        test = copy.deepcopy(node.test)
        yield f"{ast.unparse(test)[:90]}: not", lambda: setattr(node, "test", ast.UnaryOp(ast.Not(), test))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield f"{shown}: left out", lambda: setattr(node, "value", ast.Constant(None))
    elif isinstance(node, ast.Continue | ast.Break):
        yield f"{shown}: pass", lambda: (setattr(node, "__class__", ast.Pass), None)[1]


def _is_text(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether an operator joins or formats strings."""
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    return any(isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, str)) for side in sides)


def mutants(module: str) -> list[Mutant]:
    """All faults of a module."""
    tree = ast.parse((ROOT / "src/inkdigits" / f"{module}.py").read_text("utf-8"))
    return [Mutant(module, place, line, what) for place, (line, what, _) in enumerate(changes(tree))]


def faulty(one: Mutant) -> str:
    """The code of a module with its fault."""
    tree = ast.parse((ROOT / "src/inkdigits" / f"{one.module}.py").read_text("utf-8"))
    next(change for place, (*_, change) in enumerate(changes(tree)) if place == one.place)()
    return ast.unparse(ast.fix_missing_locations(tree))


def tests_of(module: str) -> list[str]:
    """The tests that name a module, smallest first."""
    package, name = module.split("/")
    named = re.compile(rf"inkdigits\.{package}(\.{name}\b| import .*\b{name}\b)")
    files = [path for folder in FOLDERS for path in (ROOT / folder).glob("test_*.py") if path.name not in LEFT_OUT]
    found = {path for path in files if named.search(path.read_text("utf-8"))} | {ROOT / name for name in BESIDES.get(module, ())}
    return [str(path) for path in sorted(found, key=lambda path: path.stat().st_size)]


def passes(source: Path, tests: list[str]) -> bool:
    """Whether the tests pass with the package in a folder."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", "-k", UNSEEN, *tests]
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=LIMIT).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main() -> int:
    """As the docstring of this file says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--package", nargs="+", default=["recognition", "forms"], help="folders of src/inkdigits, or modules as forms/decide"
    )
    parser.add_argument("--count", type=int, default=80, help="faults that are tried, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    whole = ROOT / "src/inkdigits"
    paths = [path for name in given.package for path in ([whole / f"{name}.py"] if "/" in name else sorted((whole / name).glob("*.py")))]
    modules = [f"{path.parent.name}/{path.stem}" for path in paths]
    every = [one for module in modules if tests_of(module) for one in mutants(module)]
    tried = sorted(random.Random(given.seed).sample(every, min(given.count, len(every))), key=lambda one: (one.module, one.line, one.place))
    survived = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as home:
        source = Path(home) / "src"
        shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
        sound: set[str] = set()
        for number, one in enumerate(tried, start=1):
            tests, file = tests_of(one.module), source / "inkdigits" / f"{one.module}.py"
            if one.module not in sound and not passes(source, tests):
                raise SystemExit(f"{one.module}: its tests must pass before faults are put in: {' '.join(tests)}")
            sound.add(one.module)
            file.write_text(faulty(one), "utf-8")
            if passes(source, tests):
                survived += 1
                print(f"survived: {one.module}.py:{one.line}  {one.what}", flush=True)
            shutil.copy(ROOT / "src/inkdigits" / f"{one.module}.py", file)
            if sys.stderr.isatty():
                print(f"\r\x1b[K{number} of {len(tried)}, {survived} survived", end="", file=sys.stderr)
    print(
        f"killed {len(tried) - survived} of {len(tried)} ({1 - survived / len(tried):.0%}), drawn of {len(every):,} with seed {given.seed}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
