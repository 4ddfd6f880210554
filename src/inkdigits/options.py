"""How a Reader is to answer: the choices of whoever asks, the same for Python, the command line and the service."""

from __future__ import annotations

from dataclasses import dataclass

from .recognition.alphabet import allowed_in
from .recognition.value import DECIMALS


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of a Reader.

    threshold: the calibrated probability in [0, 1] below which a position is answered "?", and a line needs review; 0 always answers; None
    is the models' own. alphabet: "digits", or the characters that a number may have, as "0123456789.,": the search is for these alone;
    None allows all that the number network knows. decimal: "point" or "comma" where it is known how decimals are written. digits_only:
    leave symbols out of the text. second_opinion: let an engine of others read every line too, which needs `inkdigits[second]`. sure: in
    place of a threshold, the share of lines that nobody has to look at that are to be right, above 0 and below 1; positions are answered
    as without it. printed: read printed numbers too, and whatever else looks like one, beside the handwritten ones. Raises ValueError that
    names the option, for a value that it cannot have.
    """

    threshold: float | None = None
    alphabet: str | None = None
    decimal: str | None = None
    digits_only: bool = False
    second_opinion: bool = False
    sure: float | None = None
    printed: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be in [0, 1], not {self.threshold}")
        if self.sure is not None and not 0 < self.sure < 1:
            raise ValueError(f"sure must be above 0 and below 1, not {self.sure}")
        if self.sure is not None and self.threshold is not None:
            raise ValueError("sure and threshold are two answers to the same question; give one: sure promises, threshold does not")
        if self.decimal is not None and self.decimal not in DECIMALS:
            raise ValueError(f"decimal must be {' or '.join(DECIMALS)}, not {self.decimal!r}")
        _ = self.allowed

    @property
    def allowed(self) -> list[int] | None:
        """The indices of CLASSES that a text may have; None allows all."""
        return None if self.alphabet is None else allowed_in(self.alphabet)
