"""A worked example: cheques, of which the number, the account, the date and the amount in the courtesy box are read.

    python examples/cheques.py cheques
    cd cheques
    inkdigits form read scans --form form.json --out amounts.csv

makes the folder `cheques` with the blank, form.json, the list of accounts, eight scans and what they say (truth.csv), and reads them.
"""

import sys
from pathlib import Path

import cv2
import numpy as np
from paper import Paper, stack

CHEQUES = 8


def blank(accounts: str) -> Paper:
    """A cheque. accounts: the file of the accounts that there are."""
    page = Paper("cheque", 1000, 460)
    page.text(40, 70, "First Savings Bank of the Valley", 0.9, 2)
    page.text(40, 135, "Cheque no.")
    page.field("number", 200, 100, 264, "id", cells=6, length=6, required=True)
    page.text(530, 135, "Date")
    page.field("day", 600, 100, 370, "date", order="dmy", minimum="2020-01-01", maximum="2030-12-31")
    page.text(40, 225, "Pay against this cheque to")
    cv2.line(page.pixels, (400, 232), (950, 232), 60, 1)
    page.text(560, 315, "Amount")
    page.field("amount", 680, 270, 270, "money", height=66, minimum=0.01, maximum=99999)
    page.text(40, 315, "Account")
    page.field("account", 160, 275, 352, "id", cells=8, length=8, values=accounts, required=True)
    page.text(40, 420, "Signature", 0.6)
    cv2.line(page.pixels, (160, 422), (600, 422), 60, 1)
    return page


def cheque(accounts: list[str], rng: np.random.Generator) -> dict[str, str]:
    """What one cheque says."""
    return {
        "number": f"{int(rng.integers(10**6)):06d}",
        "day": f"{int(rng.integers(1, 29))}/{int(rng.integers(10, 13))}/2026",
        "amount": f"{int(np.exp(rng.uniform(2, 9)))}.{int(rng.integers(100)):02d}",
        "account": accounts[int(rng.integers(len(accounts)))],
    }


def main(folder: Path) -> None:
    """Make the example in a folder."""
    rng = np.random.default_rng(11)
    folder.mkdir(parents=True, exist_ok=True)
    accounts = [f"{number:08d}" for number in rng.choice(10**8, 60, replace=False)]
    (folder / "accounts.txt").write_text("\n".join(accounts) + "\n")
    page = blank("accounts.txt")
    page.form(folder, [])
    stack(page, folder, (cheque(accounts, rng) for _ in range(CHEQUES)), rng, upside_down=3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
