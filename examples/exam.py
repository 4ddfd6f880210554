"""A worked example: exams with a student's number in boxes, matched against a class list, points per question and their sum.

    python examples/exam.py exam
    cd exam
    inkdigits form read scans --form form.json --out points.csv

makes the folder `exam` with the blank, form.json, the class list, eight scans and what they say (truth.csv), and reads them.
"""

import sys
from pathlib import Path

import numpy as np
from paper import Paper, stack

QUESTIONS, MOST, EXAMS = 4, 20, 8


def blank(students: str) -> Paper:
    """The first page of the exam. students: the file of the class list."""
    page = Paper("exam", 827, 900)
    page.text(60, 80, "Department of Mathematics")
    page.text(60, 130, "Written examination", 1.1, 2)
    page.text(60, 225, "Student's number")
    page.field("student", 330, 190, 396, "id", cells=9, length=9, values=students, required=True)
    page.text(60, 310, "Date")
    page.field("day", 330, 275, 370, "date", order="dmy", minimum="2020-01-01", maximum="2030-12-31")
    for number in range(1, QUESTIONS + 1):
        y = 370 + 85 * (number - 1)
        page.text(60, y + 36, f"Question {number} (at most {MOST})")
        page.field(f"question {number}", 480, y, 120, "integer", minimum=0, maximum=MOST)
    page.text(60, 766, "Sum of all points", 0.8, 2)
    page.field("sum", 480, 730, 140, "integer", minimum=0, maximum=QUESTIONS * MOST)
    page.text(60, 850, "Write clearly and with a dark pen; do not write outside of the boxes.", 0.5)
    return page


def exam(roster: list[str], rng: np.random.Generator) -> dict[str, str]:
    """What one exam says."""
    points = rng.integers(0, MOST + 1, QUESTIONS).tolist()
    values = {"student": roster[int(rng.integers(len(roster)))], "day": f"{int(rng.integers(1, 29))}/11/2026", "sum": str(sum(points))}
    return values | {f"question {number}": str(own) for number, own in enumerate(points, start=1)}


def main(folder: Path) -> None:
    """Make the example in a folder."""
    rng = np.random.default_rng(26)
    folder.mkdir(parents=True, exist_ok=True)
    roster = [f"{number:09d}" for number in rng.choice(10**9, 120, replace=False)]
    (folder / "students.txt").write_text("\n".join(roster) + "\n")
    page = blank("students.txt")
    page.form(folder, [{"check": "sum", "of": [f"question {number}" for number in range(1, QUESTIONS + 1)], "is": "sum"}])
    stack(page, folder, (exam(roster, rng) for _ in range(EXAMS)), rng, upside_down=5)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
