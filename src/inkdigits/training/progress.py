"""How far a training is: a live line on a terminal, one line an epoch elsewhere. On standard error, so that results stay clean."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

WIDTH = 24

Report = Callable[[str, int, int], None]
"""What is being made, how many are done, how many there will be."""


class Progress:
    """The line of one epoch. epoch: from 0; steps: batches in it; quiet: show nothing."""

    def __init__(self, epoch: int, epochs: int, steps: int, quiet: bool) -> None:
        self.head, self.steps, self.quiet = f"epoch {epoch + 1}/{epochs}", steps, quiet
        self.live = sys.stderr.isatty() and not quiet
        self.start = self.shown = time.perf_counter()
        self.steps_after = steps * (epochs - epoch - 1)

    def batch(self, done: int, loss: float, accuracy: float) -> None:
        """Show the number of batches done, the averages so far, and the time left for all epochs; ten times a second at most."""
        now = time.perf_counter()
        if not self.live or now - self.shown < 0.1:
            return
        self.shown = now
        left = (now - self.start) / done * (self.steps - done + self.steps_after)
        bar = "━" * (WIDTH * done // self.steps)
        self._clear()
        self._write(f"{self.head} {bar:╌<{WIDTH}} {done}/{self.steps}  loss {loss:.4f}  accuracy {accuracy:.4f}  {_clock(left)} left")

    def done(self, row: dict[str, float]) -> None:
        """Leave the epoch's line of history behind."""
        if self.quiet:
            return
        held_out = f"  validation: loss {row['val_loss']:.4f}  accuracy {row['val_accuracy']:.4f}" if "val_loss" in row else ""
        self._clear()
        self._write(f"{self.head}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.4f}{held_out}  {row['seconds']:.1f} s\n")

    def interrupted(self) -> None:
        """Say where Ctrl-C came, on a line of its own."""
        if not self.quiet:
            self._clear()
            self._write(f"{self.head}  interrupted\n")

    def _clear(self) -> None:
        if self.live:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def making(quiet: bool) -> Report:
    """A line of percentages while a data set is made: a live one on a terminal, one for each tenth elsewhere, none where it is quiet."""
    live = sys.stderr.isatty()
    step, start = (1, "\r") if live else (10, "")
    shown = ("", -1)

    def report(what: str, done: int, total: int) -> None:
        nonlocal shown
        percent = 100 * done // total
        if quiet or (what, percent // step) == shown:
            return
        shown = (what, percent // step)
        end = "" if live and done < total else "\n"
        sys.stderr.write(f"{start}{what} ... {percent} %{end}")
        sys.stderr.flush()

    return report


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
