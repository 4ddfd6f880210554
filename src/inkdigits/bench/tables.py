"""A table of figures as Markdown and as JSON, and what stands beside every figure: the machine, the versions, the models."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from inkdigits import files
from inkdigits.errors import DataError
from inkdigits.models import SHIPPED, Card

PACKAGES = (
    "inkdigits",
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "keras",
    "tensorflow-cpu",
    "scikit-learn",
    "rapidocr",
)


@dataclass(frozen=True, slots=True)
class Table:
    """name: of its section and in the JSON. head and rows: cells as text. figures: the same as numbers. note: said under the table."""

    name: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Sequence[dict[str, Any]] = field(default_factory=list)
    note: str = ""

    def markdown(self) -> str:
        """The table, and its note under it."""
        lines = ["| " + " | ".join(self.head) + " |", "|" + "---|" * len(self.head)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join([*lines, "", *([self.note, ""] if self.note else [])])


def models() -> dict[str, str]:
    """The models that ship, and the first of each one's hash."""
    return {card.parent.name: Card.load(card).sha256[:12] for card in sorted(SHIPPED.glob("*/card.json"))}


def machine() -> dict[str, Any]:
    """What figures depend on: processor, cores, system, load, versions, models."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        names = (x.split(":", 1)[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name"))
        cpu = next(names, cpu)
    found = {name: _version(name) for name in PACKAGES}
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        "versions": {"Python": platform.python_version(), **{name: version for name, version in found.items() if version}},
        "models": models(),
    }


def machine_text(facts: dict[str, Any]) -> str:
    """The same in three lines."""
    return "\n".join(
        [
            f"{facts['cpu']}, {facts['cores']} cores; load average at the start {facts['load_average']}; {facts['system']}.",
            ", ".join(f"{name} {version}" for name, version in facts["versions"].items()) + ".",
            "Models of inkdigits: " + ", ".join(f"{name} ({digest})" for name, digest in facts["models"].items()) + ".",
        ]
    )


def save(path: Path, facts: dict[str, Any], command: str, done: Sequence[Table]) -> None:
    """Write what is done so far as JSON."""
    tables = [{"name": t.name, "figures": asdict(t)["figures"], "note": t.note} for t in done]
    files.write(path, json.dumps({"command": command, "machine": facts, "tables": tables}, indent=2, ensure_ascii=False) + "\n")


def put(path: Path, facts: dict[str, Any], command: str, done: Sequence[Table]) -> None:
    """Put tables into a Markdown file, each between `<!-- NAME -->` and `<!-- /NAME -->`. Raises DataError where the marks are missing."""
    text = path.read_text(encoding="utf-8")
    for table in done:
        first, last = f"<!-- {table.name} -->", f"<!-- /{table.name} -->"
        if first not in text or last not in text:
            raise DataError(f"{path}: there is no {first} with {last} after it; put them where the table shall stand")
        filled = f"{first}\n`{command}`\n\n{table.markdown()}\n{machine_text(facts)}\n{last}"
        text = re.sub(re.escape(first) + ".*?" + re.escape(last), lambda _: filled, text, flags=re.DOTALL)  # noqa: B023
    files.write(path, text)


def real_sets() -> Path:
    """The folder of the real-handwriting sets. Raises DataError where there is none."""
    home = os.environ.get("INKDIGITS_DATA")
    if not home or not (Path(home) / "real").is_dir():
        raise DataError("INKDIGITS_DATA must name a folder with real/ in it, the sets of real handwriting")
    return Path(home) / "real"


def seconds(what: Callable[..., Any], *given: Any) -> float:
    """How long a call takes by the wall."""
    start = perf_counter()
    what(*given)
    return perf_counter() - start


def quartiles(values: Iterable[float]) -> list[float]:
    """First quartile, median, third quartile."""
    every = list(values)
    return statistics.quantiles(every, n=4) if len(every) > 1 else every * 3


def spread(values: Sequence[float], form: str) -> str:
    """mean ± standard deviation of the sample; the mean alone where there is one value."""
    mean = format(statistics.fmean(values), form)
    return f"{mean} ± {format(statistics.stdev(values), form)}" if len(values) > 1 else mean


def middle(values: Iterable[float], digits: int) -> str:
    """median [first quartile, third quartile]."""
    low, median, high = quartiles(values)
    return f"{median:,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]"


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
