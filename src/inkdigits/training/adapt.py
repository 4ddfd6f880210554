"""Learning hands: the last layers of the networks that read, trained further on writing whose text a person said.

What is trained are the layers from the one on whose result has no height any more: they say what the shapes before them mean. Those shapes
stay as they are, and so do all means and variances of batch normalization. Whether it paid is measured twice: on writing that was held
out, part by part, of sheets that the part's own training never saw; and on writing that is always at hand (`synthesis.familiar`), of which
no more may be misread than before. A network that fails either is not kept.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from inkdigits import __version__, files
from inkdigits.arrays import Bytes, Labels
from inkdigits.errors import DataError, ExportError, ModelError
from inkdigits.models import Card, NumberModel, locate, part
from inkdigits.recognition.alphabet import classes_of, text_of
from inkdigits.recognition.fields import ABOVE, Field
from inkdigits.recognition.known import Known
from inkdigits.recognition.networks import Networks
from inkdigits.recognition.numbers import look
from inkdigits.recognition.strips import HEIGHT

from .backend import batches, make_deterministic, use_backend
from .cards import metadata
from .evaluate_lines import edit_distance, greedy
from .export import TOLERANCE, real_strips
from .forward import forward
from .graph import Graph, graph_of
from .imported import keras_network
from .onnxwriter import onnx_bytes
from .settings import load_recipe
from .synthesis.familiar import familiar_rows
from .synthesis.rows import LONGEST, WIDTH, Shares, row
from .synthesis.sources import Picture, Sources
from .synthesis.supply import changed

Rng = np.random.Generator
Report = Callable[[int, int], None]
"""How many steps are done, how many there are."""

LEAST = 16
"""Fewer corrections are refused: of those that are held out, chance would decide."""
PARTS = 4
"""So often a part of the corrections is held out, each of them once."""
EPOCHS, ROWS, RATE = 10, 96, 5e-4
"""Passes, rows of corrections composed for each, and the highest rate of learning. Chosen, still without other writing, on two dev hands of
hands33 (16, 29) with 16 and 12 corrections: of 23 wrong digits 7 were left; 15 by the last layer alone at four times the rate; 14 without
the layer that takes the height away, 7 at four times the rate."""
FAMILIAR = 300
"""Rows of other writing that are read before and after; as many others are among those that are learned from, one for each of ROWS: a hand
that writes no points would else unlearn them."""
COMPARED = 32
"""Rows of digits on which a file is compared with the network that it is of."""
TALLEST = 72
"""A field is learned from no higher than so many pixels, as the photographed crops of the recipe are."""


@dataclass(frozen=True, slots=True)
class Errors:
    """What is wrong of some texts. wrong: so many of `of` texts; edits: signs to insert, leave out or replace, of `signs` in all."""

    wrong: int = 0
    of: int = 0
    edits: int = 0
    signs: int = 0

    @classmethod
    def between(cls, truths: Sequence[str], answers: Sequence[str]) -> Errors:
        """Of answers, each beside what is right."""
        edits = [edit_distance(truth, answer) for truth, answer in zip(truths, answers, strict=True)]
        return cls(sum(one > 0 for one in edits), len(edits), sum(edits), sum(map(len, truths)))

    @property
    def rate(self) -> float:
        """Edits by signs: the character error rate (Levenshtein 1966)."""
        return self.edits / max(self.signs, 1)

    def __add__(self, other: Errors) -> Errors:
        """Of both together."""
        return Errors(self.wrong + other.wrong, self.of + other.of, self.edits + other.edits, self.signs + other.signs)


@dataclass(frozen=True, slots=True)
class Adapted:
    """A network that was trained further, and what came of it.

    network: the Keras network, trained on every correction. card: of the one that it came from. corrections, sheets: it learned from so
    many, of so many sheets. held_out: the errors before and after on the corrections, each read by a training that did not have it or its
    sheet. familiar: the same on rows that are always at hand, by the network itself.
    """

    network: Any
    card: Card
    corrections: int
    sheets: int
    held_out: tuple[Errors, Errors]
    familiar: tuple[Errors, Errors]

    @property
    def improved(self) -> bool:
        """Whether it misreads fewer of the held-out signs, no more of the held-out texts, and no more of the signs of other writing."""
        (before, after), (known, still) = self.held_out, self.familiar
        return after.edits < before.edits and after.wrong <= before.wrong and still.edits <= known.edits


def adapted(known: Sequence[Known], model: str | Path | None = None, report: Report = lambda done, total: None) -> Adapted:
    """Train the number network further on fields whose text is known.

    known: LEAST or more, of two sheets or more. model: as of a Reader; its number network is what is begun with. report: is told how far it
    is. The result depends on the arguments alone. Raises DataError for too few, ModelError for a network that cannot be trained further,
    RecipeError without its recipe, MissingExtra without `inkdigits[train]`.
    """
    check_enough(known)
    use_backend()
    parts, path = held_out(known), locate(part(model, NumberModel.shipped))
    own = Networks(model, "cpu").number
    total = EPOCHS * (len(parts) + 1)

    def trained(some: Sequence[Known], turn: int) -> Any:
        return fitted(some, path, report=lambda epoch: report(EPOCHS * turn + epoch, total))

    after = Errors()
    for turn, held in enumerate(parts):
        network = trained([one for i, one in enumerate(known) if i not in held], turn)
        after += errors_of(NumberModel(*onnx_of(network, own.card)), [known[i] for i in held])
    network = trained(known, len(parts))
    rows = familiar_rows(FAMILIAR, 0)
    before = errors_of(own, known), errors_of_rows(own, *rows)
    return Adapted(
        network, own.card, len(known), len({one.group for one in known}), (before[0], after),
        (before[1], errors_of_rows(NumberModel(*onnx_of(network, own.card)), *rows)),
    )  # fmt: skip


def check_enough(known: Sequence[Known]) -> None:
    """Raise DataError where there are too few to learn from, with their number."""
    if len(known) < LEAST:
        raise DataError(f"{len(known)} corrections to learn from are too few: {LEAST} are needed; review more values first")
    if len({one.group for one in known}) < 2:
        raise DataError(f"all {len(known)} corrections are of one form: what is held out must be of another; review a second one first")


def held_out(known: Sequence[Known]) -> list[list[int]]:
    """The indices that are held out, part by part: each once, all of a sheet together; PARTS parts, or one for each of fewer sheets."""
    groups = sorted({one.group for one in known})
    order = np.random.default_rng(len(groups)).permutation(len(groups)).tolist()
    turn = {groups[place]: i % PARTS for i, place in enumerate(order)}
    parts = [[i for i, one in enumerate(known) if turn[one.group] == number] for number in range(min(PARTS, len(groups)))]
    return [one for one in parts if one]


def fitted(known: Sequence[Known], path: Path, *, seed: int = 0, report: Callable[[int], None] = lambda epoch: None) -> Any:
    """Train the last layers of a number network on fields, changed a little every time, side by side in rows; returns the Keras network.

    path: of its ONNX file, beside which its card is. report: is told the number of passes that are done. Raises ModelError where it cannot
    be trained further, RecipeError without its recipe.
    """
    make_deterministic(seed)
    card = Card.load(path.with_name("card.json"))
    if "recipe" not in card.training:
        raise ModelError(f"model {card.id}: its card names no recipe, so it cannot be trained further; train it with `inkdigits train`")
    if card.image_shape != (HEIGHT, WIDTH):
        raise ModelError(f"model {card.id}: it was trained on rows of {card.image_shape}, these are ({HEIGHT}, {WIDTH}); train it again")
    recipe: ModuleType = load_recipe(str(card.training["recipe"]))
    network = keras_network(recipe, path.read_bytes(), card)
    last = last_layers(graph_of(network))
    for layer in network.layers:  # a frozen batch normalization keeps its means and variances
        layer.trainable = layer in last and type(layer).__name__ != "BatchNormalization"
    settings = recipe.SETTINGS.changed(epochs=EPOCHS, learning_rate=RATE)
    recipe.compile_model(network, settings, -(-2 * ROWS // settings.batch_size))
    pictures, rng = Sources([], [], [], [picture(one) for one in known], [], []), np.random.default_rng(seed)
    others = _others()
    for epoch in range(EPOCHS):
        images, labels = _rows(pictures, rng)
        some = rng.permutation(FAMILIAR)[:ROWS]
        images, labels = np.concatenate([images, others[0][some]]), np.concatenate([labels, others[1][some]])
        with batches(changed(images, rng), labels, settings.batch_size, rng.permutation(len(images))) as given:
            network.fit(**given, epochs=1, shuffle=False, verbose=0)
        report(epoch + 1)
    return network


def last_layers(graph: Graph) -> list[Any]:
    """The layers with weights whose result has no height: of a network of lines from the one on that has taken it away."""
    return [
        step.layer for step in graph.steps if step.layer is not None and step.layer.weights and (len(step.shape) < 3 or step.shape[0] == 1)
    ]


def picture(known: Known) -> Picture:
    """A field as a photographed crop, of which rows are made."""
    image = known.image
    if len(image) > TALLEST:
        size = (max(1, round(image.shape[1] * TALLEST / len(image))), TALLEST)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    rim = ABOVE / (1 + 2 * ABOVE) * len(image)  # the room that a field has above and below its writing
    return Picture(image, classes_of(known.text), round(rim), round(len(image) - rim))


def onnx_of(network: Any, card: Card) -> tuple[bytes, Card]:
    """A Keras network as the bytes of an ONNX file, and its card. card: of the network that it came from."""
    content = onnx_bytes(graph_of(network), metadata(card))
    return content, replace(card, sha256=hashlib.sha256(content).hexdigest())


def errors_of(model: NumberModel, known: Sequence[Known]) -> Errors:
    """What a network by itself misreads of fields, looked at as the reader does."""
    return Errors.between([one.text for one in known], [_said(model, one.image) for one in known])


def errors_of_rows(model: NumberModel, images: Bytes, labels: Labels) -> Errors:
    """What it misreads of rows, uint8 (N, H, W), 255 = ink, by the likeliest class of each frame; labels as of `familiar_rows`."""
    truths = [text_of([int(sign) + 1 for sign in row if sign >= 0]) for row in labels]
    answers = [text_of(found.tolist()) for found in greedy(model.frames(np.divide(images, 255, dtype=np.float32)))]
    return Errors.between(truths, answers)


def save(made: Adapted, folder: Path, command: str) -> Card:
    """Write the network as a folder with model.onnx and card.json; returns its card. command: what was typed. Raises ExportError where the
    file does not say what the network does, OutputError where it cannot be written."""
    facts = {
        "from": made.card.id,
        "corrections": made.corrections,
        "sheets": made.sheets,
        "layers": "those whose result has no height",
        "epochs": EPOCHS,
        "rows": ROWS,
        "learning_rate": RATE,
        "command": command,
        "inkdigits": __version__,
        "confidence_from": f"weights and promises of the confidence were fitted on {made.card.id}, and not again",
    }
    figures = {
        name: {"before": asdict(before), "after": asdict(after)}
        for name, (before, after) in (("held_out", made.held_out), ("familiar", made.familiar))
    }
    training = {key: value for key, value in made.card.training.items() if key != "exported"}
    card = replace(
        made.card, version=datetime.date.today().strftime("%Y.%m"), training={**training, "adapted": facts}, metrics={"adapted": figures}
    )
    content, card = onnx_of(made.network, card)
    _check_same(made.network, NumberModel(content, card))
    files.write(folder / "model.onnx", content)
    card.save(folder / "card.json")
    return card


def _check_same(network: Any, model: NumberModel) -> None:
    """Raise ExportError unless the logits of a file are those of the network, computed in double precision, to what single precision holds.

    `export.export_onnx` asks more, that probabilities agree to 1e-5 on noise too: a network that learned a hand is surer, its logits are
    larger, and single precision does not always hold that."""
    images = real_strips(model.card.image_shape)[:COMPARED]
    wanted = forward(graph_of(network), images)
    difference, limit = float(np.abs(model.logits(images) - wanted).max()), TOLERANCE * max(1.0, float(np.abs(wanted).max()))
    if not difference <= limit:  # NaN is no agreement either
        raise ExportError(f"model {model.name}: its file is off by {difference:.1e}, allowed are {limit:.1e}; nothing was written")


@cache
def _others() -> tuple[Bytes, Labels]:
    """The rows of other writing that are learned from; they are only looked at."""
    return familiar_rows(FAMILIAR, 0, "train")


def _rows(pictures: Sources, rng: Rng) -> tuple[Bytes, Labels]:
    """Rows of fields side by side: uint8 (ROWS, H, W), 255 = ink, and the indices of their characters less one, int64 (ROWS, LONGEST)."""
    images, labels = np.zeros((ROWS, HEIGHT, WIDTH), np.uint8), np.full((ROWS, LONGEST), -1, np.int64)
    for image, signs in zip(images, labels, strict=True):
        made, characters = row(pictures, Shares(), rng)
        image[:] = np.round(255 * made)
        signs[: len(characters)] = np.array(characters, np.int64) - 1
    return images, labels


def _said(model: NumberModel, image: Bytes) -> str:
    """The likeliest text of a field; "" where there is none."""
    height, width = image.shape
    found = look(image, Field(0, width, height / 2, 0, -height / 2, height / 2), model.frames).candidates()
    return text_of(found[0].text) if found else ""
