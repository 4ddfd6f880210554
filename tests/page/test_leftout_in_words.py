"""What was left out, in the page's words, and what of it may be missing in a text."""

import pytest


def row(*reasons):
    """What a row says of marks with these reasons."""
    return {"left_out": [{"box": [90, 20, 20, 40], "reason": reason} for reason in reasons]}


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        pytest.param(("print",), "Left out: a row of print.", id="one"),
        pytest.param(("letter", "print", "print"), "Left out: a letter, 2 rows of print.", id="several"),
        pytest.param((), "", id="none"),
    ],
)
def test_what_was_left_out_is_said(modules, reasons, said):
    assert modules("../leftout.js", "leftOutInWords", row(*reasons)) == said


def test_print_and_what_lies_at_the_edge_are_not_missing_in_a_text(modules):
    assert [mark["reason"] for mark in modules("../leftout.js", "missing", row("print", "letter", "at the edge"))] == ["letter"]
    assert modules("../leftout.js", "missing", {}) == [], "rows of older services have no such list"
