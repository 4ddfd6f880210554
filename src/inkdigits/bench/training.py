"""How soon a recipe is there: `fast` beside `cnn2`, as whole processes and without what every process starts with."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from inkdigits.training.datasets import load
from inkdigits.training.progress import making

from .tables import Table, seconds, spread

HEAD = ("recipe", "MNIST test", "training, s", "whole process, s", "of `cnn2`'s training", "n")
RECIPES = ("fast", "cnn2")


def table(seeds: int) -> Table:
    """Train each recipe with each seed, in turn. Training: from the first byte of the data to the last step. The process begins with Python
    and TensorFlow, and ends with the evaluation and the report. Raises DataError where MNIST is not to be had."""
    load("mnist", "train")
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in RECIPES}
    report = making(False)
    with tempfile.TemporaryDirectory() as home:
        for seed in range(seeds):
            for k, name in enumerate(RECIPES):
                report("training", seed * len(RECIPES) + k, seeds * len(RECIPES))
                runs[name].append(_run(name, seed, Path(home) / f"{name}-{seed}"))
    report("training", 1, 1)
    rows, figures = [], []
    for name, done in runs.items():
        ratios = [a["training"] / b["training"] for a, b in zip(done, runs["cnn2"], strict=True)]
        cells = [spread([run[key] for run in done], form) for key, form in (("accuracy", ".2%"), ("training", ".1f"), ("process", ".1f"))]
        rows.append([name, *cells, spread(ratios, ".3f"), str(len(done))])
        figures.append({"recipe": name, "runs": done, "ratios": ratios})
    return Table("training", HEAD, rows, figures, "Mean ± standard deviation over the seeds; both recipes in turn.")


def _run(recipe: str, seed: int, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "inkdigits", "train", "--recipe", recipe, "--seed", str(seed), "--out", str(folder), "--quiet"]
    took = seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    metrics: dict[str, Any] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return {"accuracy": metrics["test"]["accuracy"], "training": metrics["seconds"], "process": took}
