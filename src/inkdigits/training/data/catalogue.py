"""The published collections of handwriting that are not downloaded by name: who made them, under which licence, where they lie.

They lie in the folder that INKDIGITS_DATA names, laid out as docs/data.md says, and are split there by who wrote them: trainable samples
may train what ships, the others only measure.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection that a module of this package reads.

    title: its published name. holds: what is in it. makers, source, licence: whom to name, where it is published, under which terms.
    named: what a card says of it beside the licence. trainable, dev: samples that may train, and that only measure. folder, files: where
    it lies below INKDIGITS_DATA, and what must be there. recipes: those that train on it. cite: the publication that the makers ask for.
    """

    title: str
    holds: str
    makers: str
    source: str
    licence: str
    named: str
    trainable: int
    dev: int
    folder: str
    files: tuple[str, ...]
    recipes: tuple[str, ...] = ()
    cite: str = ""

    @property
    def terms(self) -> str:
        """The licence and whose it is, as a card says it."""
        return f"{self.licence} ({self.named})"


PEN_KINDS = ("digits", "upper", "lower", "symbols", "numbers", "text")
"""The files of pen strokes, by what is written."""
COLLECTIONS = {
    "unipen": Collection(
        title="Unipen data set of on-line handwriting, train_r01_v07",
        holds="pen strokes of about 1,900 hands: digits, letters, symbols, numbers, text",
        makers="the Unipen Consortium; patched for parsing by GreenCappuccino",
        source="https://doi.org/10.5281/zenodo.1195803",
        licence="CC BY 4.0",
        named="UNIPEN train_r01_v07; Guyon, Schomaker, Plamondon, Liberman, Janet, ICPR 1994",
        trainable=92_390,
        dev=15_072,
        folder="pen",
        files=tuple(f"{kind}.npz" for kind in PEN_KINDS),
        recipes=("number",),
        cite="Guyon, Schomaker, Plamondon, Liberman, Janet: UNIPEN project of on-line data exchange and recognizer benchmarks, ICPR 1994",
    ),
    "hands33": Collection(
        title="Handwritten Number Dataset",
        holds="photos of ten-digit numbers by 23 hands, in five pens",
        makers="domagojlatecki",
        source="https://github.com/domagojlatecki/handwritten-number-dataset",
        licence="MIT",
        named="domagojlatecki/handwritten-number-dataset",
        trainable=939,
        dev=228,
        folder="real/hands33",
        files=("labels.csv",),
        recipes=("number",),
    ),
    "registers": Collection(
        title="lectaurep-repertoires, ground truth for various Parisian registries of notary deeds (French 19th and 20th centuries)",
        holds="cells of old registers: days, numbers, amounts with a point",
        makers="Aurélia Rostaing, Marc Durand, Alix Chagué",
        source="https://github.com/HTR-United/lectaurep-repertoires",
        licence="CC BY 4.0",
        named="HTR-United/lectaurep-repertoires",
        trainable=5_450,
        dev=342,
        folder="real/registers",
        files=("labels.csv",),
        recipes=("number",),
    ),
    "handwritten_lines": Collection(
        title="Copiste d'un jour",
        holds="lines of French handwriting of 2024, with numbers and without",
        makers="the project Copiste d'un jour (banq-dcn) and its 267 volunteers",
        source="https://github.com/banq-dcn/Copiste-d-un-jour",
        licence="CC BY 4.0",
        named="banq-dcn/Copiste-d-un-jour",
        trainable=2_543,
        dev=346,
        folder="real/handwritten_lines",
        files=("labels.csv",),
        recipes=("number",),
    ),
    "optdigits": Collection(
        title="Optical Recognition of Handwritten Digits",
        holds="digits of 43 Turkish hands, scanned, 32x32",
        makers="Ethem Alpaydin, Cenk Kaynak; UCI Machine Learning Repository",
        source="https://doi.org/10.24432/C50P49",
        licence="CC BY 4.0",
        named="Alpaydin, Kaynak 1998; UCI",
        trainable=2_880,
        dev=1_797,
        folder="real/optdigits",
        files=("digits.npz",),
        recipes=("digit", "number"),
    ),
    "pendigits": Collection(
        title="Pen-Based Recognition of Handwritten Digits",
        holds="digits of 44 Turkish hands, drawn from 8 points of the pen, 64x64",
        makers="Ethem Alpaydin, Fevzi Alimoglu; UCI Machine Learning Repository",
        source="https://doi.org/10.24432/C5MG6K",
        licence="CC BY 4.0",
        named="Alpaydin, Alimoglu 1998; UCI",
        trainable=7_494,
        dev=3_498,
        folder="real/pendigits",
        files=("digits.npz",),
        recipes=("digit", "number"),
    ),
    "bhmsds": Collection(
        title="Basic Handwritten Math Symbols Dataset",
        holds="photographed digits, minus, plus, slash, dot, w, x, y, z of few hands, 28x28",
        makers="wblachowski",
        source="https://github.com/wblachowski/bhmsds",
        licence="MIT",
        named="wblachowski/bhmsds",
        trainable=27_000,
        dev=0,
        folder="real/bhmsds",
        files=("symbols.npz",),
    ),
}
"""By the name that `inkdigits data list` and the readers give them."""


def found(name: str) -> Path | None:
    """The folder of a collection below INKDIGITS_DATA, None where that is not set or does not hold all its files."""
    home, entry = os.environ.get("INKDIGITS_DATA"), COLLECTIONS[name]
    folder = Path(home or "") / entry.folder
    return folder if home and all((folder / file).is_file() for file in entry.files) else None
