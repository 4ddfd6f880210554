"""The networks that have a say in a reading: each loaded when it is first needed, and refused if it was made for other images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ModelError
from ..layout import maps
from ..models import NOT_A_DIGIT, Card, FieldsModel, Model, NumberModel, part
from . import strips, tiles, upright
from .alphabet import CLASSES
from .confidence import promised
from .second import SecondOpinion

AnyModel = TypeVar("AnyModel", Model, NumberModel, FieldsModel)
DIGITS = tuple("0123456789")


class Networks:
    """The networks of a Reader.

    model: the one that classifies tiles: a name of a shipped model, a run folder or an ONNX file; None is the shipped `digit`; or a folder
    of `inkdigits adapt`, with the one that reads strips. device: "cpu", or "cuda". Each property raises ModelError if its model does not
    fit, `second` MissingExtra where it is not installed.
    """

    def __init__(self, model: str | Path | None, device: str) -> None:
        self.model = model
        self.device = device

    @cached_property
    def digit(self) -> Model:
        """What classifies tiles."""
        return _fitting(Model.load(part(self.model, "digit"), device=self.device), tiles.CONTRACT)

    @cached_property
    def number(self) -> NumberModel:
        """What reads strips of numbers."""
        return _fitting(NumberModel.load(part(self.model, "number"), device=self.device), strips.CONTRACT, CLASSES)

    @cached_property
    def fields(self) -> FieldsModel:
        """What maps pages."""
        return _fitting(FieldsModel.load("fields", device=self.device), maps.CONTRACT, maps.CLASSES)

    @cached_property
    def standing(self) -> Model:
        """What tells writing that stands upright."""
        return _fitting(Model.load("upright", device=self.device), strips.CONTRACT, upright.CLASSES)

    @cached_property
    def second(self) -> SecondOpinion:
        """The engine of others that reads too."""
        return SecondOpinion()

    @cached_property
    def read_numbers(self) -> bool:
        """Whether the tiles' model knows the ten digits: then `number` reads, and it checks; a model of other classes reads region by
        region, by itself."""
        return tuple(name for name in self.digit.card.classes if name != NOT_A_DIGIT) == DIGITS

    @property
    def cards(self) -> list[Card]:
        """The cards of all that have a say, the tiles' model first."""
        return [self.digit.card, self.number.card, self.fields.card, self.standing.card] if self.read_numbers else [self.digit.card]

    def promised(self, sure: float, *, single: bool) -> float:
        """The probability from which on this share of lines is right; single: one digit is read, as `predict` does. Raises ModelError
        where it is not promised."""
        if single or not self.read_numbers:
            what = "a single digit" if single else f"a model of other classes ({self.digit.name})"
            raise ModelError(f"sure {sure:g}: nothing is promised of {what}; give a threshold")
        try:
            return promised(sure, self.number.card.promises)
        except ValueError as error:
            raise ModelError(f"model {self.number.name}: {error}; ask for less, or give a threshold instead") from None


def _fitting(model: AnyModel, contract: Mapping[str, Any], classes: Sequence[str] | None = None) -> AnyModel:
    """The model, if it was trained on images made as this version makes them and, where classes are given, knows these in this order.
    Raises ModelError."""
    if model.card.preprocessing != contract:
        raise ModelError(
            f"model {model.name}: made for images of contract {model.card.preprocessing}, this reader makes {contract}; "
            "train it again with this version, or install the version it was made with"
        )
    if classes is not None and model.card.classes != tuple(classes):
        raise ModelError(
            f"model {model.name}: it knows {' '.join(model.card.classes)}, this reader needs {' '.join(classes)}, in this order; "
            "train it again with this version, or install the version it was made with"
        )
    return model
