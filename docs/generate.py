"""Makes what the documentation holds that nobody writes by hand: `--help` texts, figures, tables of the models, golden tiles.

    python docs/generate.py         # after a change of the commands, of a model, or of docs/benchmarks.md; `make docs` does it too

In a page, `<!-- made: WHAT -->...<!-- /made -->` holds what `made(WHAT)` returns: WHAT is a name of `MAKERS` and what it is given, parted
by " / ". Figures come from the cards of the models that ship and from the tables of docs/benchmarks.md, and from nowhere else.
tests/test_docs.py fails where a page holds anything else.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from inkdigits.cli import group

DOCS = Path(__file__).parent
ROOT = DOCS.parent
GOLDEN = DOCS / "golden_tiles.json"
WIDTH = 100
MARK = re.compile(r"<!-- made: (.+?) -->(.*?)<!-- /made -->", re.DOTALL)
SETS = {
    "photos_single": "phone photos, drawings, sudoku cells",
    "cvl_digits": "CVL, European hands, 28x28",
    "exam_digits": "NSYSU exam digits, faint pencil, 28x28",
    "usps": "USPS envelopes, 16x16",
    "semeion": "Semeion, 16x16",
    "photos_multi": "strings and pages: photos, ruled paper, tables",
    "cheque_amounts": "amounts on bank cheques",
    "hands33": "ten-digit numbers of other hands",
    "registers": "cells of old registers, with points",
    "pen_numbers": "numbers with signs, drawn from pen strokes",
    "not_digits": "letters, words, signs, blank paper",
}
LICENCES = {"CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/", "MIT": "https://opensource.org/license/mit"}
EXAMPLES = ("digit_7.png", "digit_3_felt_tip.jpg", "digit_5_chalk.png", "digit_2_faint_pencil.jpg")


def pages() -> list[Path]:
    """The pages that may hold something made."""
    return sorted(DOCS.glob("*.md"))


def filled(text: str) -> str:
    """A page with everything made anew between its marks."""
    return MARK.sub(lambda found: f"<!-- made: {found[1]} -->{made(found[1])}<!-- /made -->", text)


def made(what: str) -> str:
    """What belongs between the marks of this name. Raises KeyError for a name, a table, a row or a column that there is not."""
    name, _, given = what.partition(" ")
    return MAKERS[name](*(given.split(" / ") if given else ()))


def help_texts() -> str:
    """What `--help` says, of every command."""
    parts = []
    for words, command in commands():
        context = click.Context(command, info_name=" ".join(words), terminal_width=WIDTH, max_content_width=WIDTH)
        context.help_option_names = ["-h", "--help"]
        command._help_option = None  # click keeps the one of an earlier call, which may not have known -h
        depth = "##" if len(words) < 3 else "###"
        parts.append(f"{depth} {' '.join(words)}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n\n" + "\n".join(parts) + "\n"


def commands() -> Iterator[tuple[list[str], click.Command]]:
    """Every command with its words, those of groups after their group."""
    top = click.Context(group)
    for name in group.list_commands(top):
        command = group.get_command(top, name)
        assert command is not None
        yield ["inkdigits", name], command
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield ["inkdigits", name, str(inner.name)], inner


def benchmark(table: str) -> list[dict[str, str]]:
    """The rows of a table of docs/benchmarks.md, by the names of its columns."""
    text = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    part = text.partition(f"<!-- {table} -->")[2].partition(f"<!-- /{table} -->")[0]
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    if not lines:
        raise KeyError(f"docs/benchmarks.md has no table {table}")
    return [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]


def figure(table: str, row: str, column: str) -> str:
    """One cell of a table of docs/benchmarks.md; the row is named by its first cell."""
    return {next(iter(line.values())): line for line in benchmark(table)}[row][column]


def real() -> str:
    """The table of real handwriting, with words for the names of the sets."""
    rows = [{**row, "set": SETS.get(row["set"], row["set"])} for row in benchmark("real")]
    return _table(list(rows[0]), [list(row.values()) for row in rows])


def share(table: str, row: str, column: str) -> str:
    """One cell as "one in N", to the nearest whole number, of what is missing to 100 %."""
    missing = 100 - float(figure(table, row, column).rstrip("% "))
    return f"one in {round(100 / missing)}"


def card(model: str) -> str:
    """What a card says of a model, as a table."""
    found = _card(model)
    training, settings = found["training"], found["training"]["settings"]
    weights = DOCS.parent / "src" / "inkdigits" / "weights" / model / "model.onnx"
    temperature, least = f"{found['temperature']:.3f}, from {training['calibrated_on']}", found["thresholds"]["answer"]
    said = {
        "name and version": name(model),
        "file": f"`src/inkdigits/weights/{model}/model.onnx`, {weights.stat().st_size / 1000:,.0f} kB, SHA-256 `{found['sha256'][:16]}…`",
        "classes": ", ".join(found["classes"]),
        "input": f"contract {found['preprocessing']['version']}, {found['image_shape'][0]} pixels high",
        "trained by": f"`{training['command']}`",
        "schedule": f"{training['epochs_done']} epochs, batches of {settings['batch_size']}, seed {training['seed']}",
        "temperature": temperature if least else "1: not calibrated by itself",
        "answers from": f"{least:.3f}, from {training['threshold_from']}" if least else "any probability",
        "exported by": f"`{training['exported']['command']}`" if "exported" in training else "the training itself",
        "with": ", ".join(f"{package} {number}" for package, number in training["versions"].items()),
    }
    return _table(["", model], [[name, value] for name, value in said.items()])


def data(model: str) -> str:
    """What a model was trained on, as its card lists it."""
    rows = [[d["name"], f"{d['images']:,}", d["licence"], f"`{d['sha256'][:16]}…`"] for d in _card(model)["training"]["data"]]
    return _table(["set", "images", "licence", "SHA-256"], rows)


def collections() -> str:
    """The collections that are not downloaded, as `inkdigits data list` knows them."""
    from inkdigits.training.data.catalogue import COLLECTIONS

    rows = [
        [f"`{name}`", c.holds, f"{c.trainable:,}", f"{c.dev:,}", c.licence, ", ".join(c.recipes) or "no recipe", f"`{c.folder}/`"]
        for name, c in COLLECTIONS.items()
    ]
    return _table(["name", "what", "may train", "only measures", "licence", "trains", "in"], rows)


def credits(licence: str) -> str:
    """The collections under one licence that recipes train on: their title, makers, source, and what they ask to be cited."""
    from inkdigits.training.data.catalogue import COLLECTIONS

    lines = []
    for name, c in COLLECTIONS.items():
        if c.recipes and c.licence == licence:
            cited = f" To be cited: {c.cite}." if c.cite else ""
            lines.append(f"- `{name}`: *{c.title}*, by {c.makers}, [{c.licence}]({LICENCES[licence]}), from <{c.source}>.{cited}")
    return "\n" + "\n".join(lines) + "\n"


def metric(model: str, name: str) -> str:
    """One figure of a card's test: shares in percent, counts with commas."""
    value = _card(model)["metrics"]["test"][name]
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}" if name in ("loss", "calibration_error") else f"{100 * value:.2f} %"


def name(model: str) -> str:
    """What a model calls itself in every row of output."""
    found = _card(model)
    return f"`{model}-{found['version']}/{found['sha256'][:8]}`"


def epochs(model: str) -> str:
    """How many epochs a model was trained."""
    return str(_card(model)["training"]["epochs_done"])


def threshold(model: str) -> str:
    """The probability below which a model does not answer."""
    return f"{_card(model)['thresholds']['answer']:.2f}"


def promise(model: str) -> str:
    """The largest share of right answers that a model promises."""
    return max(_card(model)["promises"], key=float)


MAKERS: dict[str, Callable[..., str]] = {
    "help": help_texts,
    "real": real,
    "figure": figure,
    "share": share,
    "card": card,
    "data": data,
    "collections": collections,
    "credits": credits,
    "metric": metric,
    "name": name,
    "epochs": epochs,
    "threshold": threshold,
    "promise": promise,
}


def golden() -> dict[str, Any]:
    """Strokes, the tiles that inkdigits makes of them, and what the digit model says of these: to check another implementation against."""
    import cv2
    import numpy as np

    from inkdigits import images
    from inkdigits.layout import grouping
    from inkdigits.layout.ink import find_ink
    from inkdigits.models import Model
    from inkdigits.recognition import tiles

    model, cases = Model.load("digit"), []
    for name in EXAMPLES:
        image = images.load(str(ROOT / "examples" / name)).decode(1, 0).image
        small = cv2.resize(image, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)  # a box below 20 pixels is enlarged
        for source, pixels in ((name, image), (f"{name}, at a tenth of its size", small)):
            ink = find_ink(pixels, side=160)
            region = grouping.one(ink)
            assert region is not None
            strength = np.ascontiguousarray(ink.strength[region.y : region.bottom, region.x : region.right])
            made = tiles.tile(strength.astype(np.float32) / np.float32(255), region.mask)
            coded = np.rint(made * 255).astype(np.uint8)
            (logits,) = model.logits(coded[None].astype(np.float32) / np.float32(255))
            cases.append(
                {
                    "source": source,
                    "width": region.width,
                    "height": region.height,
                    "strength": _coded(strength.tobytes()),
                    "mask": _coded(region.mask.astype(np.uint8).tobytes()),
                    "tile": _coded(coded.tobytes()),
                    "logits": [round(float(value), 4) for value in logits],
                    "label": model.card.classes[int(logits.argmax())],
                }
            )
    return {"contract": dict(tiles.CONTRACT), "model": model.name, "temperature": model.card.temperature, "cases": cases}


def _coded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _card(model: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "src" / "inkdigits" / "weights" / model / "card.json").read_text(encoding="utf-8"))
    return found


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rows)]
    return "\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    for page in pages():
        before = page.read_text(encoding="utf-8")
        if (after := filled(before)) != before:
            page.write_text(after, encoding="utf-8")
            print(f"{page.relative_to(ROOT)}: made anew")
    GOLDEN.write_text(json.dumps(golden(), indent=1) + "\n", encoding="utf-8")
