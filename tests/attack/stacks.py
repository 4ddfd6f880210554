"""A stack of small images to read, the command that reads it, and what its file of rows must hold."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np

OUT = "rows.jsonl"
DIFFERS = ("ms",)
"""Keys of a row that are not the same in two runs."""


def make(folder: Path, count: int) -> list[str]:
    """Write 0.png, 1.png and so on, a printed digit each, but the seventh, which is damaged. Returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{i}.png" for i in range(count)]
    for i, name in enumerate(names):
        page = np.full((64, 64), 230, np.uint8)
        cv2.putText(page, str(i % 10), (16, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 30, 4)
        cv2.imwrite(str(folder / name), page)
    (folder / names[7]).write_bytes(b"damaged")
    return names


def command(names: list[str], *options: str, out: str = OUT) -> list[str]:
    """`inkdigits predict` of these, into a file of rows."""
    return [sys.executable, "-m", "inkdigits", "predict", *names, "--out", out, "--quiet", *options]


def begin(folder: Path, words: list[str]) -> subprocess.Popen[str]:
    """Start a command in a folder, as the first of a process group of its own."""
    return subprocess.Popen(words, cwd=folder, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows in a file, without what differs between two runs. Raises ValueError where one is not whole."""
    if not path.exists():
        return []
    text = path.read_text()
    if text and not text.endswith("\n"):
        raise ValueError(f"{path.name} ends in half a row")
    return [{key: value for key, value in json.loads(line).items() if key not in DIFFERS} for line in text.splitlines()]


def by_source(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows in an order that two runs share."""
    return sorted(found, key=lambda row: (row["source"], row["page"]))


def undisturbed(folder: Path, names: list[str]) -> list[dict[str, Any]]:
    """The rows of a run that nothing happens to."""
    subprocess.run(command(names, out="whole.jsonl"), cwd=folder, stderr=subprocess.DEVNULL, check=False)
    found = rows(folder / "whole.jsonl")
    assert len(found) == len(names), "the run that nothing happens to must be whole, or the attack tests nothing"
    return by_source(found)


def rows_there(folder: Path) -> int:
    """How many rows there are in the file so far."""
    path = folder / OUT
    return path.read_bytes().count(b"\n") if path.exists() else 0


def clear(folder: Path) -> None:
    """Delete the file of rows, and what lies beside it."""
    for path in folder.glob(f"{OUT}*"):
        path.unlink()


def broken_after_resuming(folder: Path, names: list[str], whole: list[dict[str, Any]], out: str = OUT) -> str:
    """Resume a run until it is over: what is wrong then with its rows; "" where nothing is."""
    running = begin(folder, command(names, "--resume", out=out))
    said = running.communicate()[1]
    if running.returncode != 1:  # one image is damaged
        return f"the resumed run ended with {running.returncode}: {said.strip()[-300:]}"
    try:
        found = by_source(rows(folder / out))
    except ValueError as error:
        return f"rows that are not whole: {error}"
    return "" if found == whole else f"{len(found)} rows, not the {len(whole)} of the run that nothing happened to"


def workers(pid: int) -> list[int]:
    """The processes that a process has started and that have not ended. Empty where the system does not tell."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(number) for number in path.read_text().split()] if path.exists() else []


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    path = Path(f"/proc/{pid}/stat")
    return not path.exists() or path.read_text().rpartition(")")[2].split()[0] == "Z"
