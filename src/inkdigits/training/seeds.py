"""The same recipe with several seeds, each a process and a run folder of its own: mean, standard deviation, n."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evaluate import Evaluation

INTERRUPTED = 130
FIGURES = ("accuracy", "corrected_accuracy", "loss", "calibration_error", "exact", "digit_error")


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over n seeds: mean and standard deviation (of the sample; 0 where n is 1)."""

    mean: float
    sd: float
    n: int


def train_seeds(
    command: Sequence[str], folder: Path, seeds: Sequence[int], *, jobs: int, resume: bool = False, say: Callable[[str], None] = print
) -> dict[int, int]:
    """Run `inkdigits train` once for each seed, `jobs` at a time, in folder/seed-S; returns the exit status of each seed.

    command: the options of `inkdigits train` that all seeds share. The cores are shared out among the jobs where the system can do so.
    resume: a finished run is left as it is, an unfinished one goes on. say: gets the lines of progress, each with its seed. After Ctrl-C
    no seed is begun; those that run keep their last finished epoch.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    share = len(cores) // jobs
    free = [set(cores[i * share : (i + 1) * share]) for i in range(jobs)]
    lock = threading.Lock()

    def run(seed: int) -> int:
        own = folder / f"seed-{seed}"
        if resume and (own / "metrics.json").exists():
            say(f"seed {seed}: finished before")
            return 0
        words = [sys.executable, "-m", "inkdigits", "train", *command, "--seed", str(seed), "--out", str(own)]
        with lock:
            mine = free.pop()
        with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
            if mine:
                os.sched_setaffinity(process.pid, mine)
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith(("epoch", "composing", "inkdigits", "interrupted")):
                    say(f"seed {seed}: {line.rstrip()}")
        with lock:
            free.append(mine)
        return process.returncode

    with ThreadPoolExecutor(jobs) as pool:
        runs = {seed: pool.submit(run, seed) for seed in seeds}
        try:
            wait(runs.values())
        except KeyboardInterrupt:  # those that run got it too, and keep what they have
            pool.shutdown(cancel_futures=True)
    return {seed: INTERRUPTED if done.cancelled() else done.result() for seed, done in runs.items()}


def spreads(folder: Path, seeds: Sequence[int]) -> dict[str, Spread]:
    """The figures that the finished runs of these seeds have in common."""
    found = [test for seed in seeds if (test := _test_figures(folder / f"seed-{seed}"))]
    out = {}
    for name in FIGURES:
        values = [float(test[name]) for test in found if test.get(name) is not None]
        if values and len(values) == len(found):
            out[name] = Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0, len(values))
    return out


def together(folder: Path, seeds: Sequence[int], data_name: str) -> Evaluation | None:
    """The finished runs of these seeds as a committee on the test data; None where there are fewer than two, or of lines."""
    from inkdigits.models import Model

    from .datasets import load
    from .evaluate import committee, evaluate

    digits = [own for seed in seeds if "accuracy" in _test_figures(own := folder / f"seed-{seed}")]
    if len(digits) < 2:
        return None
    test = load(data_name, "test")
    return committee([evaluate(Model.load(own), test) for own in digits])


def _test_figures(run: Path) -> dict[str, Any]:
    """What a finished run measured on the test data; empty where it is not finished."""
    path = run / "metrics.json"
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["test"] if path.exists() else {}
    return figures
