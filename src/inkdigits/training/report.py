"""What a run leaves for people: curves, confusion matrix and mistakes as PNG, the classification report, and one page with all of it."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path
from typing import Any

from inkdigits import files

from . import plots
from .checkpoint import COLUMNS, History
from .evaluate import SHARES, Evaluation
from .evaluate_lines import LineEvaluation
from .evaluate_maps import MapEvaluation

CAPTIONS = {
    "curves": "Accuracy and loss of every epoch. Training is averaged while the network still learns, with dropout and moved images where "
    "there are any; so validation may look better.",
    "confusion": "Rows are the truth, columns the answer. Only errors are coloured.",
    "mistakes": "The errors it was surest of. Some are the label's.",
    "maps": "The pages on which it errs most.",
}


def write(folder: Path, result: Evaluation, history: History, metrics: dict[str, Any]) -> None:
    """Write them all into the run folder. metrics: what metrics.json holds."""
    figures = {"curves": plots.curves(history), "confusion": plots.confusion(result), "mistakes": plots.mistakes(result)}
    pictures = _saved(folder, figures)
    files.write(folder / "classification_report.txt", result.report())
    files.write(folder / "report.html", page(result, history, metrics, pictures))


def write_lines(folder: Path, result: LineEvaluation, history: History, metrics: dict[str, Any]) -> None:
    """The same for a model of lines, without a confusion matrix."""
    pictures = _saved(folder, {"curves": plots.curves(history), "mistakes": plots.line_mistakes(result)})
    files.write(folder / "reading_report.txt", result.report())
    files.write(folder / "report.html", line_page(result, history, metrics, pictures))


def write_maps(folder: Path, result: MapEvaluation, history: History, metrics: dict[str, Any]) -> None:
    """The same for a model of maps: what stands where on some pages."""
    pictures = _saved(folder, {"curves": plots.curves(history), "maps": plots.maps(result)})
    files.write(folder / "map_report.txt", result.report())
    files.write(folder / "report.html", map_page(result, history, metrics, pictures))


def page(result: Evaluation, history: History, metrics: dict[str, Any], pictures: dict[str, bytes]) -> str:
    """The report as one HTML page that needs nothing else. metrics: as in metrics.json. pictures: PNG by the names in CAPTIONS."""
    image = {name: _picture(name, png) for name, png in pictures.items()}
    sections = f"""<h2>Learning</h2>{image["curves"]}{_epochs(history)}
<h2>Where it is wrong</h2>{image["confusion"]}{image["mistakes"]}
<h2>Every class</h2>{_classes(result)}
<h2>If it answers only what it is surest of</h2>{_surest(result)}"""
    return _document(result.data.name, _facts(result), sections, history, metrics)


def line_page(result: LineEvaluation, history: History, metrics: dict[str, Any], pictures: dict[str, bytes]) -> str:
    """The report of a model of lines, as `page`."""
    image = {name: _picture(name, png) for name, png in pictures.items()}
    facts = {"strings right": f"{result.exact:.2%}", "digit error": f"{result.digit_error:.2%}", "test strips": f"{len(result.truths):,}"}
    rows = [[str(r["length"]), f"{r['strips']:,}", f"{r['exact']:.4f}", f"{r['digit_error']:.4f}"] for r in result.by_length]
    sections = f"""<h2>Learning</h2>{image["curves"]}{_epochs(history)}
<h2>Where it is wrong</h2>{image["mistakes"]}
<h2>Every length</h2>{_table(["digits", "strips", "strings right", "digit error"], rows)}"""
    return _document(result.data.name, facts, sections, history, metrics)


def map_page(result: MapEvaluation, history: History, metrics: dict[str, Any], pictures: dict[str, bytes]) -> str:
    """The report of a model of maps, as `page`."""
    image = {name: _picture(name, png) for name, png in pictures.items()}
    facts = {"pixels right": f"{result.accuracy:.2%}", "test pages": f"{len(result.data.images):,}"}
    rows = [[name, f"{share:.4f}"] for name, share in result.overlap.items()]
    sections = f"""<h2>Learning</h2>{image["curves"]}{_epochs(history)}
<h2>Where it is wrong</h2>{image["maps"]}
<h2>Every class</h2>{_table(["class", "overlap of answer and truth"], rows)}"""
    return _document(result.data.name, facts, sections, history, metrics)


def _document(data: str, facts: dict[str, str], sections: str, history: History, metrics: dict[str, Any]) -> str:
    """The page around the sections."""
    title = escape(f"{metrics['recipe']} on {data}")
    facts = {**facts, "epochs": str(len(history)), "training time": f"{sum(row['seconds'] for row in history):.0f} s"}
    boxes = "".join(f"<div><b>{escape(value)}</b><span>{escape(name)}</span></div>" for name, value in facts.items())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>{STYLE}</style></head><body><main>
<h1>{title}</h1><p><code>{escape(metrics["command"])}</code></p>
<section class="facts">{boxes}</section>
{sections}
<h2>How it was made</h2>{_making(metrics)}
</main></body></html>
"""


def _facts(result: Evaluation) -> dict[str, str]:
    facts = {"test accuracy": f"{result.accuracy:.2%}"}
    if result.corrected_accuracy is not None:
        facts["on corrected labels"] = f"{result.corrected_accuracy:.2%}"
    return facts | {
        "test loss": f"{result.loss:.4f}",
        "calibration error": f"{result.calibration_error:.4f}",
        "test images": f"{len(result.data.labels):,}",
    }


def _epochs(history: History) -> str:
    forms = {"epoch": ".0f", "learning_rate": ".2g", "seconds": ".1f"}
    columns = [column for column in COLUMNS if any(column in row for row in history)]
    rows = [[format(row[column], forms.get(column, ".4f")) if column in row else "" for column in columns] for row in history]
    return _table(columns, rows)


def _classes(result: Evaluation) -> str:
    measures = ("precision", "recall", "f1")
    rows = [[row["class"], *(f"{row[measure]:.4f}" for measure in measures), f"{row['images']:,}"] for row in result.per_class]
    return _table(["class", *measures, "images"], rows)


def _surest(result: Evaluation) -> str:
    answered = [(share, *result.answered(share)) for share in SHARES]
    rows = [[f"{share:.0%}", f"{accuracy:.4f}", f"{threshold:.4f}"] for share, threshold, accuracy in answered]
    return _table(["answered", "accuracy", "from confidence"], rows)


def _making(metrics: dict[str, Any]) -> str:
    calibration = f"{metrics['temperature']:.3f}, fitted on {metrics['calibrated_on']}"
    settings = {**metrics["settings"], "seed": metrics["seed"], "temperature": calibration}
    data = [[d["name"], f"{d['images']:,}", d["licence"], d["sha256"][:16]] for d in metrics["data"]]
    return (
        _table(["setting", "value"], [[name.replace("_", " "), str(value)] for name, value in settings.items()])
        + _table(["trained on", "images", "licence", "sha256"], data)
        + _table(["made with", "version"], [[name, version] for name, version in metrics["versions"].items()])
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{cells}</tr>{body}</table></div>'


def _picture(name: str, png: bytes) -> str:
    data = base64.b64encode(png).decode()
    return f'<figure><img alt="{name}" src="data:image/png;base64,{data}"><figcaption>{CAPTIONS[name]}</figcaption></figure>'


def _saved(folder: Path, figures: dict[str, Any]) -> dict[str, bytes]:
    """Write figures as PNG files; returns what was written, by name."""
    pictures = {name: png(figure) for name, figure in figures.items()}
    for name, content in pictures.items():
        files.write(folder / f"{name}.png", content)
    return pictures


def png(figure: Any) -> bytes:
    """A figure of matplotlib as the bytes of a PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #5f6877; --paper: #fff; --line: #e3e6eb; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ec; --soft: #9aa3b2; --paper: #14171c; --line: #2b313b; }
  img { filter: invert(.92) hue-rotate(180deg); }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { margin: 0; font-size: 1.8rem; }
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
code { color: var(--soft); overflow-wrap: anywhere; }
figure { margin: 0 0 1.5rem; }
img { display: block; max-width: 100%; margin: 0 auto .5rem; }
figcaption { color: var(--soft); font-size: .88rem; text-align: center; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.25rem; }
.facts div { border: 1px solid var(--line); border-radius: .6rem; padding: .6rem 1rem; }
.facts b { display: block; font-size: 1.35rem; }
.facts span { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: 0 0 1rem; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem 1.2rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; }
"""
