"""What a run leaves for people: curves, confusion matrix and mistakes as PNG, the classification report, and one page with all of it."""

from __future__ import annotations

import base64
import html
import io
from pathlib import Path
from typing import Any

from . import plots
from .evaluate import Evaluation


def write(folder: Path, result: Evaluation, history: list[dict[str, float]], metrics: dict[str, Any]) -> None:
    """Write them all into the run folder."""
    figures = {"curves": plots.curves(history), "confusion": plots.confusion(result), "mistakes": plots.mistakes(result)}
    pictures = {name: _png(figure) for name, figure in figures.items()}
    for name, content in pictures.items():
        (folder / f"{name}.png").write_bytes(content)
    (folder / "classification_report.txt").write_text(result.report(), encoding="utf-8")
    (folder / "report.html").write_text(page(result, history, metrics, pictures), encoding="utf-8")


def page(result: Evaluation, history: list[dict[str, float]], metrics: dict[str, Any], pictures: dict[str, bytes]) -> str:
    """The report as one self-contained HTML page."""
    facts = {"accuracy": f"{result.accuracy:.2%}"}
    if result.corrected_accuracy is not None:
        facts["on corrected labels"] = f"{result.corrected_accuracy:.2%}"
    facts |= {
        "loss": f"{result.loss:.4f}",
        "calibration error": f"{result.calibration_error:.4f}",
        "test images": f"{len(result.data.labels):,}",
        "epochs": str(len(history)),
        "training time": f"{sum(row['seconds'] for row in history):.0f} s",
    }
    keys = [key for key in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "seconds") if any(key in row for row in history)]
    epochs = _table(keys, [[_number(key, row.get(key)) for key in keys] for row in history])
    per_class = _table(
        ["class", "precision", "recall", "f1", "images"],
        [
            [row["class"], f"{row['precision']:.4f}", f"{row['recall']:.4f}", f"{row['f1']:.4f}", str(row["images"])]
            for row in result.per_class
        ],
    )
    settings = _table(["setting", "value"], [[key, str(value)] for key, value in {**metrics["settings"], "seed": metrics["seed"]}.items()])
    made_by = _table(["part", "version"], [[key, value] for key, value in metrics["versions"].items()])
    trained_on = _table(
        ["data", "images", "licence", "sha256"],
        [[d["name"], str(d.get("images", "")), d.get("licence", ""), d.get("sha256", "")[:16]] for d in metrics["data"]],
    )
    image = {name: f'<img alt="{name}" src="data:image/png;base64,{base64.b64encode(png).decode()}">' for name, png in pictures.items()}
    cards = "".join(f"<div><b>{html.escape(value)}</b><span>{html.escape(name)}</span></div>" for name, value in facts.items())
    title = html.escape(f"{metrics['recipe']} on {result.data.name}")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>{STYLE}</style></head><body><main>
<h1>{title}</h1><p><code>{html.escape(metrics["command"])}</code></p>
<section class="facts">{cards}</section>
<h2>Learning</h2>{image["curves"]}{epochs}
<h2>Where it is wrong</h2>{image["confusion"]}{image["mistakes"]}
<h2>Every class</h2>{per_class}
<h2>How it was made</h2>{settings}{trained_on}{made_by}
</main></body></html>
"""


STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #6b7280; --paper: #fff; --line: #e3e6eb; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ec; --soft: #9aa3b2; --paper: #14171c; --line: #2b313b; }
  img { filter: invert(.9) hue-rotate(180deg); } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { margin: 0; font-size: 1.8rem; } h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
code { color: var(--soft); overflow-wrap: anywhere; } img { display: block; max-width: 100%; margin: 0 auto 1rem; }
.facts { display: flex; flex-wrap: wrap; gap: .75rem; margin-top: 1.25rem; }
.facts div { border: 1px solid var(--line); border-radius: .6rem; padding: .6rem 1rem; }
.facts b { display: block; font-size: 1.35rem; } .facts span { color: var(--soft); font-size: .85rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; margin: 0 0 1rem; font-variant-numeric: tabular-nums; }
table { font-size: .92rem; }
th, td { padding: .25rem .9rem .25rem 0; text-align: left; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; }
"""


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{cells}</tr>{body}</table></div>'


def _number(key: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if key == "epoch" else f"{value:.1f}" if key == "seconds" else f"{value:.4f}"


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
