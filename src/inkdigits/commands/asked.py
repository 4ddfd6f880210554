"""What the command line asks of `read` and `predict`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from ..reading import Reading


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments and options of `read`, or of `predict` (single).

    draw: called with each Reading that has an image, and whether there are several; it writes to `plot`, or to its like with numbers.
    """

    sources: tuple[str, ...]
    single: bool
    format_: str | None
    out: str | None
    resume: bool
    retry_errors: bool
    overwrite: bool
    threshold: float | None
    annotate: str | None
    review: str | None
    lists: tuple[BinaryIO, ...]
    null: bool
    jobs: int | None
    unordered: bool
    engine: str
    address: str | None
    gpus: float
    model: str | None
    quiet: bool
    alphabet: str | None = None
    digits_only: bool = False
    decimal: str | None = None
    second_opinion: bool = False
    sure: float | None = None
    printed: bool = False
    plot: str | None = None
    draw: Callable[[Reading, bool], None] | None = None
